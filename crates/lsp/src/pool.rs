//! The threads that answer questions, each on a world of its own.
//!
//! A question whose world was edited away is asked again; one that panics is answered with an error,
//! and the thread lives on. It must not know what is asked.

use crate::owner::{Mailbox, Message};
use crate::world::World;
use meshscope::{CancellationToken, Cancelled};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;
use tokio::sync::oneshot;
use tower_lsp::jsonrpc::{Error, ErrorCode, Result};
use tower_lsp::ls_types::Uri;

/// Names nest as deep as YAML does.
pub const STACK: usize = 16 * 1024 * 1024;

/// How often a question is asked again before it is given up.
const TRIES: u32 = 50;

/// What a question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// A position in a document: an answer for a newer text would be a wrong one.
    Position(Uri),
    /// A document: the newest answer is the best.
    Document(Uri),
    /// All folders.
    Everything,
}

/// A question on its way.
pub struct Job {
    question: Box<dyn Question>,
    /// What it is about.
    pub about: About,
    /// The version of its document when it was asked.
    pub version: Option<i32>,
    /// When it is answered with nothing, if there is no world to ask by then.
    pub patience: Option<Instant>,
    tries: u32,
    ticket: Arc<Ticket>,
}

/// Lets whoever asked give up.
#[derive(Default)]
struct Ticket {
    running: Mutex<Vec<CancellationToken>>,
}

impl Ticket {
    fn set(&self, tokens: Vec<CancellationToken>) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = tokens;
    }

    fn cancel(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.iter().for_each(CancellationToken::cancel);
    }
}

/// The answer to come. When it is dropped before, the question is given up.
pub struct Answer<T> {
    receiver: oneshot::Receiver<Result<T>>,
    ticket: Arc<Ticket>,
    arrived: bool,
}

impl<T> Answer<T> {
    /// Waits for the answer.
    ///
    /// # Errors
    /// What the question was answered with; an internal error when nobody answers any more.
    pub async fn get(mut self) -> Result<T> {
        let answer = (&mut self.receiver).await;
        self.arrived = true;
        answer.unwrap_or_else(|_| Err(internal("the server is stopping")))
    }
}

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        if !self.arrived {
            self.ticket.cancel();
        }
    }
}

trait Question: Send {
    fn answer(&mut self, world: &World);
    fn say_nothing(&mut self);
    fn refuse(&mut self, error: Error);
    fn is_given_up(&self) -> bool;
}

struct Asked<T, F> {
    ask: F,
    to: Option<oneshot::Sender<Result<T>>>,
}

impl<T: Default + Send, F: Fn(&World) -> Result<T> + Send> Question for Asked<T, F> {
    fn answer(&mut self, world: &World) {
        let answer = (self.ask)(world);
        self.send(answer);
    }

    fn say_nothing(&mut self) {
        self.send(Ok(T::default()));
    }

    fn refuse(&mut self, error: Error) {
        self.send(Err(error));
    }

    fn is_given_up(&self) -> bool {
        self.to.as_ref().is_none_or(oneshot::Sender::is_closed)
    }
}

impl<T, F> Asked<T, F> {
    fn send(&mut self, answer: Result<T>) {
        if let Some(to) = self.to.take() {
            // Whoever asked may have given up.
            let _ = to.send(answer);
        }
    }
}

impl Job {
    /// A question, and its answer to come.
    pub fn new<T, F>(about: About, ask: F) -> (Job, Answer<T>)
    where
        T: Default + Send + 'static,
        F: Fn(&World) -> Result<T> + Send + 'static,
    {
        let (to, receiver) = oneshot::channel();
        let ticket = Arc::new(Ticket::default());
        let job = Job {
            question: Box::new(Asked { ask, to: Some(to) }),
            about,
            version: None,
            patience: None,
            tries: 0,
            ticket: ticket.clone(),
        };
        let answer = Answer {
            receiver,
            ticket,
            arrived: false,
        };
        (job, answer)
    }

    /// Answers that nothing is known.
    pub fn say_nothing(mut self) {
        self.question.say_nothing();
    }

    /// Answers that the text it was about is another one by now.
    pub fn refuse_as_outdated(mut self) {
        self.question.refuse(content_modified());
    }

    /// Whether nobody waits for the answer any more.
    pub fn is_given_up(&self) -> bool {
        self.question.is_given_up()
    }

    fn run(mut self, world: World, mailbox: &Mailbox) {
        if self.is_given_up() {
            return;
        }
        let folders = world.folders.iter();
        let tokens = folders.map(|f| f.workspace.cancellation_token());
        self.ticket.set(tokens.collect());
        let question = &mut self.question;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            Cancelled::catch(AssertUnwindSafe(|| question.answer(&world)))
        }));
        drop(world);
        self.ticket.set(Vec::new());
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(Cancelled::PropagatedPanic)) => {
                self.question.refuse(internal("a question panicked"))
            }
            Ok(Err(_)) if self.tries < TRIES => {
                self.tries += 1;
                mailbox.send(Message::Ask(self));
            }
            Ok(Err(_)) => self.refuse_as_outdated(),
            Err(panic) => self.question.refuse(internal(&words(&*panic))),
        }
    }
}

/// The threads.
pub struct Pool {
    jobs: Sender<(Job, World)>,
    free: usize,
}

impl Pool {
    /// Starts `threads` threads. They tell the owner when they are free again, and give questions back
    /// that were cancelled.
    pub fn new(threads: usize, mailbox: &Mailbox) -> Pool {
        let (jobs, queue) = channel::<(Job, World)>();
        let queue = Arc::new(Mutex::new(queue));
        let mut free = 0;
        for number in 0..threads {
            let (queue, mailbox) = (queue.clone(), mailbox.clone());
            let builder = thread::Builder::new().name(format!("reader {number}"));
            let started = builder.stack_size(STACK).spawn(move || {
                while let Some((job, world)) = next(&queue) {
                    job.run(world, &mailbox);
                    mailbox.send(Message::ReaderIsFree);
                }
            });
            free += usize::from(started.is_ok());
        }
        Pool { jobs, free }
    }

    /// Whether a question would be answered at once. A world is made only then: an edit waits for
    /// every world that exists.
    pub fn is_free(&self) -> bool {
        self.free > 0
    }

    /// Has a question answered.
    pub fn ask(&mut self, job: Job, world: World) {
        self.free = self.free.saturating_sub(1);
        // Without its threads the pool drops the question, which answers it with an error.
        let _ = self.jobs.send((job, world));
    }

    /// A thread is free again.
    pub fn release(&mut self) {
        self.free += 1;
    }
}

fn next(queue: &Mutex<Receiver<(Job, World)>>) -> Option<(Job, World)> {
    queue
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .recv()
        .ok()
}

/// What a panic says.
pub fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a question panicked").to_owned()
}

/// A fault of the server itself.
pub fn internal(message: &str) -> Error {
    Error {
        message: message.to_owned().into(),
        ..Error::internal_error()
    }
}

fn content_modified() -> Error {
    Error {
        code: ErrorCode::ContentModified,
        message: "the document was changed meanwhile".into(),
        data: None,
    }
}

#[cfg(test)]
mod tests {
    use crate::outgoing::Voice;
    use crate::owner::{Mailbox, Owner};
    use crate::pool::About;
    use tower_lsp::jsonrpc::ErrorCode;

    fn mailbox() -> Mailbox {
        let (voice, _) = Voice::new();
        Owner::start(voice).unwrap()
    }

    fn wait<T>(answer: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(answer)
    }

    #[test]
    fn a_panic_is_an_internal_error_and_the_server_lives() {
        let mailbox = mailbox();
        for _ in 0..10 {
            let answer = mailbox.ask(About::Everything, |_| -> super::Result<i32> {
                panic!("no")
            });
            let error = wait(answer).unwrap_err();
            assert_eq!(
                (error.code, &*error.message),
                (ErrorCode::InternalError, "no")
            );
        }
        assert_eq!(wait(mailbox.ask(About::Everything, |_| Ok(7))), Ok(7));
    }

    #[test]
    fn more_questions_than_threads_are_all_answered() {
        let mailbox = mailbox();
        let ask = |number| mailbox.ask(About::Everything, move |_| Ok(number));
        let answers: Vec<_> = (0..100).map(ask).collect();
        for (number, answer) in answers.into_iter().enumerate() {
            assert_eq!(wait(answer), Ok(number));
        }
    }

    #[test]
    fn a_question_given_up_keeps_nobody_busy() {
        let mailbox = mailbox();
        for _ in 0..10 {
            drop(mailbox.ask(About::Everything, |_| Ok(1)));
        }
        assert_eq!(wait(mailbox.ask(About::Everything, |_| Ok(2))), Ok(2));
    }
}
