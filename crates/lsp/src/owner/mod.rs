//! The thread that owns the workspaces: the only one that sets anything.
//!
//! Everything that happens arrives here as a message, in the order the client said it. Edits are kept
//! in documents at once and reach the workspaces when the queue is empty or somebody asks; questions
//! get a world of their own and are answered elsewhere; findings are looked for when it is quiet. It
//! must not compute anything about a mesh itself, nor wait for the client.

mod checks;
mod disk;
mod edits;
mod folders;
mod pull;
mod watch;

pub use pull::Pull;

use crate::client::Traits;
use crate::diagnostics::Found;
use crate::documents::Documents;
use crate::outgoing::{Refresh, Voice};
use crate::places::{FolderId, Home, Root};
use crate::pool::{About, Answer, Job, Pool, STACK, words};
use crate::settings::Settings;
use crate::world::World;
use camino::Utf8PathBuf;
use checks::Checks;
use disk::{Disk, FromDisk};
use folders::Folder;
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::{
    DidChangeTextDocumentParams, MessageType, TextDocumentItem, Uri,
    VersionedTextDocumentIdentifier,
};
use watch::Watch;

/// Threads that answer questions.
const READERS: usize = 2;

/// How long a question waits for a folder that is being read.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a question waits that a person asked for: nothing would be no answer.
const LONG_PATIENCE: Duration = Duration::from_secs(120);

/// Something that happened.
pub enum Message {
    /// The client introduced itself.
    Start(Box<Start>),
    /// A document was opened.
    Open(TextDocumentItem),
    /// A document was edited.
    Change(DidChangeTextDocumentParams),
    /// A document was saved.
    Save(Uri),
    /// A document was closed.
    Close(Uri),
    /// Files may have changed on the disk.
    Touched(Vec<Utf8PathBuf>),
    /// Folders came and went.
    Folders {
        /// Those that came.
        added: Vec<Uri>,
        /// Those that went.
        removed: Vec<Uri>,
    },
    /// The client wants to see something else.
    Configure(Settings),
    /// A question.
    Ask(Job),
    /// A request for the findings of the workspace.
    Pull(Pull),
    /// A reader is free.
    ReaderIsFree,
    /// The disk was read.
    Disk(FromDisk),
    /// Findings were looked for.
    Found(Found),
    /// Nothing more will be asked.
    Stop,
}

/// What the client says of itself.
pub struct Start {
    /// What it can do.
    pub traits: Traits,
    /// Its folders.
    pub folders: Vec<Uri>,
    /// What it wants to see.
    pub settings: Settings,
}

/// Where to put messages for the owner.
#[derive(Clone)]
pub struct Mailbox(Sender<Message>);

impl Mailbox {
    /// Puts a message in. Never waits.
    pub fn send(&self, message: Message) {
        // The owner lives as long as the process; a message for a dead one is lost like it.
        let _ = self.0.send(message);
    }

    /// Asks something. The question is in the queue when this returns, before anything is awaited.
    pub fn ask<T, F>(&self, about: About, ask: F) -> impl Future<Output = Result<T>> + use<T, F>
    where
        T: Default + Send + 'static,
        F: Fn(&World) -> Result<T> + Send + 'static,
    {
        let (job, answer) = Job::new(about, ask);
        self.send(Message::Ask(job));
        Answer::get(answer)
    }

    /// The same for what a person waits for: a folder that is being read is waited for longer.
    pub fn ask_patiently<T, F>(
        &self,
        about: About,
        ask: F,
    ) -> impl Future<Output = Result<T>> + use<T, F>
    where
        T: Default + Send + 'static,
        F: Fn(&World) -> Result<T> + Send + 'static,
    {
        let (mut job, answer) = Job::new(about, ask);
        job.patience = Some(Instant::now() + LONG_PATIENCE);
        self.send(Message::Ask(job));
        Answer::get(answer)
    }
}

/// The state of the server.
pub struct Owner {
    voice: Voice,
    traits: Traits,
    /// Whether the client asks for findings instead of being told.
    pulls_findings: bool,
    settings: Arc<Settings>,
    folders: Vec<Folder>,
    next_folder: FolderId,
    documents: Arc<Documents>,
    homes: Arc<BTreeMap<Uri, Home>>,
    /// Documents whose text the workspaces do not have yet.
    unwritten: Vec<Uri>,
    pool: Pool,
    waiting: VecDeque<Job>,
    disk: Disk,
    /// For clients that watch nothing.
    watch: Option<Watch>,
    mailbox: Mailbox,
    checks: Checks,
    pulls: Vec<Pull>,
    stopped: bool,
}

impl Owner {
    /// Starts the thread. Returns where to put messages.
    ///
    /// # Errors
    /// When the system has no thread for it.
    pub fn start(voice: Voice) -> std::io::Result<Mailbox> {
        let (sender, messages) = channel();
        let mailbox = Mailbox(sender);
        let own = mailbox.clone();
        let builder = thread::Builder::new()
            .name("owner".into())
            .stack_size(STACK);
        builder.spawn(move || Owner::new(&own, voice).run(&messages))?;
        Ok(mailbox)
    }

    fn new(mailbox: &Mailbox, voice: Voice) -> Owner {
        Owner {
            pool: Pool::new(READERS, mailbox),
            disk: Disk::new(mailbox),
            watch: None,
            mailbox: mailbox.clone(),
            checks: Checks::new(mailbox),
            voice,
            traits: Traits::default(),
            pulls_findings: false,
            settings: Arc::default(),
            folders: Vec::new(),
            next_folder: 0,
            documents: Arc::default(),
            homes: Arc::default(),
            unwritten: Vec::new(),
            waiting: VecDeque::new(),
            pulls: Vec::new(),
            stopped: false,
        }
    }

    fn run(mut self, messages: &Receiver<Message>) {
        loop {
            let message = match self.next_due() {
                Some(due) => {
                    let wait = due.saturating_duration_since(Instant::now());
                    match messages.recv_timeout(wait) {
                        Ok(message) => Some(message),
                        Err(RecvTimeoutError::Timeout) => None,
                        Err(RecvTimeoutError::Disconnected) => return,
                    }
                }
                None => match messages.recv() {
                    Ok(message) => Some(message),
                    Err(_) => return,
                },
            };
            self.guarded(|owner| {
                for message in message.into_iter().chain(messages.try_iter()) {
                    owner.handle(message);
                }
                owner.write();
                owner.answer_waiting();
                owner.read_touched();
                owner.check_what_is_due();
            });
        }
    }

    /// A fault in one message must not take the others with it.
    fn guarded(&mut self, work: impl FnOnce(&mut Owner)) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(self))) {
            let text = format!("a fault of meshscope, please report it: {}", words(&*panic));
            self.voice.log(MessageType::ERROR, text);
        }
    }

    fn handle(&mut self, message: Message) {
        if self.stopped {
            // What is dropped here answers itself.
            return;
        }
        match message {
            Message::Start(start) => self.introduce(*start),
            Message::Open(item) => self.open(item),
            Message::Change(params) => {
                let VersionedTextDocumentIdentifier { uri, version } = params.text_document;
                self.change(&uri, version, params.content_changes);
            }
            Message::Save(uri) => self.saved(&uri),
            Message::Close(uri) => self.close(&uri),
            Message::Touched(files) => self.touched(&files),
            Message::Folders { added, removed } => self.change_folders(&added, &removed),
            Message::Configure(settings) => self.configure(settings),
            Message::Ask(job) => self.ask(job),
            Message::Pull(pull) => self.pull(pull),
            Message::ReaderIsFree => self.pool.release(),
            Message::Disk(read) => self.disk_was_read(read),
            Message::Found(found) => self.found(found),
            Message::Stop => self.stop(),
        }
    }

    fn introduce(&mut self, start: Start) {
        self.traits = start.traits;
        self.pulls_findings = start.settings.pulls(&start.traits);
        self.settings = Arc::new(start.settings);
        if !self.traits.watches {
            self.watch = Some(Watch::new(&self.mailbox, &self.voice));
        }
        self.change_folders(&start.folders, &[]);
    }

    fn configure(&mut self, settings: Settings) {
        if *self.settings != settings {
            self.settings = Arc::new(settings);
            self.check_everything();
            self.refresh_cached();
        }
    }

    /// Questions are answered in the order they are asked, on the text as it is at their place in the
    /// queue.
    fn ask(&mut self, mut job: Job) {
        if let About::Position(uri) = &job.about
            && job.version.is_none()
        {
            job.version = self.documents.get(uri).map(|document| document.version);
        }
        if job.patience.is_none() {
            job.patience = Some(Instant::now() + PATIENCE);
        }
        self.waiting.push_back(job);
        self.write();
        self.answer_waiting();
    }

    fn answer_waiting(&mut self) {
        let mut left = VecDeque::new();
        while self.pool.is_free() {
            let Some(job) = self.waiting.pop_front() else {
                break;
            };
            if job.is_given_up() {
                continue;
            }
            if self.is_outdated(&job) {
                job.refuse_as_outdated();
            } else if self.is_reading(&job.about) {
                match job.patience {
                    Some(patience) if patience > Instant::now() => left.push_back(job),
                    _ => job.say_nothing(),
                }
            } else {
                let world = self.world(&job.about);
                self.pool.ask(job, world);
            }
        }
        left.append(&mut self.waiting);
        self.waiting = left;
    }

    fn is_outdated(&self, job: &Job) -> bool {
        let About::Position(uri) = &job.about else {
            return false;
        };
        let now = self.documents.get(uri).map(|document| document.version);
        job.version.is_some() && job.version != now
    }

    /// Everything that a question may ask, as it is now.
    fn world(&self, about: &About) -> World {
        let only = match about {
            About::Position(uri) | About::Document(uri) => self.home(uri).map(|home| home.folder),
            About::Everything => None,
        };
        self.world_of(only)
    }

    /// Everything, or one folder: an edit of the others does not wait for those who see only one.
    fn world_of(&self, only: Option<FolderId>) -> World {
        let folders = self.folders.iter();
        let folders = folders.filter(|folder| only.is_none_or(|id| folder.id == id));
        World {
            folders: folders.filter_map(Folder::view).collect(),
            documents: self.documents.clone(),
            homes: self.homes.clone(),
            settings: self.settings.clone(),
            traits: self.traits,
        }
    }

    /// When something is to be done although nothing happens.
    fn next_due(&self) -> Option<Instant> {
        if self.stopped {
            return None;
        }
        let reading = self.folders.iter().any(|folder| folder.is_reading());
        let patience = self.waiting.iter().filter_map(|job| job.patience);
        let patience = patience.filter(|_| reading && self.pool.is_free()).min();
        let touched = self
            .folders
            .iter()
            .filter_map(|folder| folder.touched_due());
        [self.checks_due(), patience, touched.min()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Tells the client that what it shows beside texts may be another by now.
    fn refresh_cached(&self) {
        use crate::outgoing::Outgoing;
        if self.traits.refreshes_lenses {
            self.voice.say(Outgoing::Refresh(Refresh::Lenses));
        }
        if self.traits.refreshes_hints {
            self.voice.say(Outgoing::Refresh(Refresh::Hints));
        }
    }

    /// Gives everything up: what waits is answered, and nothing is read or written any more.
    fn stop(&mut self) {
        self.stopped = true;
        for job in self.waiting.drain(..) {
            job.say_nothing();
        }
        self.pulls.clear();
        self.unwritten.clear();
        self.checks.forget();
    }

    /// Where a file belongs, open or not.
    fn home(&self, uri: &Uri) -> Option<Home> {
        match self.homes.get(uri) {
            Some(home) => Some(home.clone()),
            None => self.home_in_folders(uri),
        }
    }

    fn home_in_folders(&self, uri: &Uri) -> Option<Home> {
        let file = crate::places::file_path(uri)?;
        self.folders.iter().find_map(|folder| {
            let path = folder.root.as_ref()?.relative(&file)?;
            Some(Home {
                folder: folder.id,
                path,
            })
        })
    }

    fn folder(&mut self, id: FolderId) -> Option<&mut Folder> {
        self.folders.iter_mut().find(|folder| folder.id == id)
    }

    /// The root of a folder.
    fn root(&self, id: FolderId) -> Option<&Root> {
        let folder = self.folders.iter().find(|folder| folder.id == id)?;
        folder.root.as_ref()
    }

    /// Whether a question has to wait for a folder that is being read.
    fn is_reading(&self, about: &About) -> bool {
        let only = match about {
            About::Position(uri) | About::Document(uri) => match self.home(uri) {
                Some(home) => Some(home.folder),
                None => return false,
            },
            About::Everything => None,
        };
        let mut folders = self.folders.iter();
        folders.any(|folder| only.is_none_or(|id| id == folder.id) && folder.is_reading())
    }
}
