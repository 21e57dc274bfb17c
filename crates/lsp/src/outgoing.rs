//! What the server says by itself, in the order it is said.
//!
//! Nobody waits here for the client: what needs an answer runs as a task of its own.

use crate::progress::Steps;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tower_lsp::Client;
use tower_lsp::ls_types::notification::PublishDiagnostics;
use tower_lsp::ls_types::{MessageType, PublishDiagnosticsParams};

/// Something to say.
pub enum Outgoing {
    /// The findings of a file.
    Publish(PublishDiagnosticsParams),
    /// A line for the log.
    Log(MessageType, String),
    /// A message for the person.
    Show(MessageType, String),
    /// Ask again for what is cached.
    Refresh(Refresh),
    /// Something that takes long, and how far it is.
    Progress(Steps),
}

/// What the client is to ask for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// Lenses.
    Lenses,
    /// Hints.
    Hints,
    /// Diagnostics.
    Diagnostics,
}

/// Where to say it.
#[derive(Clone)]
pub struct Voice(UnboundedSender<Outgoing>);

impl Voice {
    /// A voice, and what to hand to [`speak`].
    pub fn new() -> (Voice, UnboundedReceiver<Outgoing>) {
        let (sender, receiver) = unbounded_channel();
        (Voice(sender), receiver)
    }

    /// Says it, some time soon.
    pub fn say(&self, message: Outgoing) {
        // Nobody listens any more when the server stops.
        let _ = self.0.send(message);
    }

    /// Writes a line to the log.
    pub fn log(&self, kind: MessageType, text: impl Into<String>) {
        self.say(Outgoing::Log(kind, text.into()));
    }
}

/// Says everything, one after the other, until nobody has anything to say.
pub async fn speak(client: Client, mut queue: UnboundedReceiver<Outgoing>) {
    while let Some(message) = queue.recv().await {
        match message {
            Outgoing::Publish(params) => {
                client.send_notification::<PublishDiagnostics>(params).await
            }
            Outgoing::Log(kind, text) => client.log_message(kind, text).await,
            Outgoing::Show(kind, text) => client.show_message(kind, text).await,
            Outgoing::Refresh(what) => {
                tokio::spawn(refresh(client.clone(), what));
            }
            Outgoing::Progress(steps) => {
                tokio::spawn(steps.show(client.clone()));
            }
        }
    }
}

async fn refresh(client: Client, what: Refresh) {
    // A client that refuses shows what it has.
    let _ = match what {
        Refresh::Lenses => client.code_lens_refresh().await,
        Refresh::Hints => client.inlay_hint_refresh().await,
        Refresh::Diagnostics => client.workspace_diagnostic_refresh().await,
    };
}
