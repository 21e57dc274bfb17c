//! How far something that takes long is, shown when it takes longer than a moment.

use std::time::Duration;
use tokio::sync::watch;
use tower_lsp::Client;
use tower_lsp::ls_types::ProgressToken;

/// What is over by then is not shown.
const PATIENCE: Duration = Duration::from_millis(300);

/// How often progress is told, at most.
const PACE: Duration = Duration::from_millis(100);

/// How many are done, of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Done.
    pub done: usize,
    /// Of all.
    pub all: usize,
}

impl Step {
    fn percentage(self) -> u32 {
        let share = (self.done * 100).checked_div(self.all).unwrap_or(0);
        u32::try_from(share.min(100)).unwrap_or(100)
    }
}

/// Whoever works tells the steps here; dropping it is the end.
pub type Worker = watch::Sender<Step>;

/// The steps of one work.
pub struct Steps {
    title: String,
    token: ProgressToken,
    steps: watch::Receiver<Step>,
}

impl Steps {
    /// A work with a title and a number of its own.
    pub fn new(title: impl Into<String>, number: u32) -> (Worker, Steps) {
        let (worker, steps) = watch::channel(Step::default());
        let token = ProgressToken::String(format!("meshscope/{number}"));
        let title = title.into();
        let steps = Steps {
            title,
            token,
            steps,
        };
        (worker, steps)
    }

    /// Shows the steps until the work is done.
    pub async fn show(mut self, client: Client) {
        let over = async { while self.steps.changed().await.is_ok() {} };
        if tokio::time::timeout(PATIENCE, over).await.is_ok() {
            return;
        }
        if client
            .create_work_done_progress(self.token.clone())
            .await
            .is_err()
        {
            return;
        }
        if self.steps.has_changed().is_err() {
            return;
        }
        let shown = client.progress(self.token, self.title).with_percentage(0);
        let shown = shown.begin().await;
        while self.steps.changed().await.is_ok() {
            let step = *self.steps.borrow_and_update();
            let message = format!("{}/{} files", step.done, step.all);
            shown.report_with_message(message, step.percentage()).await;
            tokio::time::sleep(PACE).await;
        }
        shown.finish().await;
    }
}
