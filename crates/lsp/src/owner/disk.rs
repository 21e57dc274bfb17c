//! Reading the disk, on a thread of its own, one thing after the other.
//!
//! What a client says of files on the disk is a hint: they are read again, and only what differs is an
//! edit. Many at once, or folders, are a reason to read all again.

use super::{Mailbox, Message, Owner};
use crate::outgoing::Outgoing;
use crate::places::{FolderId, Root};
use crate::pool::{STACK, words};
use crate::progress::{Step, Steps, Worker};
use camino::{Utf8Path, Utf8PathBuf};
use meshscope::fs::{FileSystem, Found, OsFileSystem, is_manifest_path};
use meshscope::manifest::Str;
use meshscope::settings::FILE_NAMES;
use meshscope::{OpenError, Workspace};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};
use tower_lsp::ls_types::MessageType;

/// How long to wait for more files after one was touched: a checkout touches thousands.
const PAUSE: Duration = Duration::from_millis(50);

/// From so many files on all are read.
const MANY: usize = 500;

/// Something to read.
pub enum Order {
    /// A folder, all of it.
    Open {
        /// Which.
        folder: FolderId,
        /// Where.
        root: Root,
    },
    /// Some files of a folder.
    Read {
        /// Which folder.
        folder: FolderId,
        /// Where.
        root: Root,
        /// The files.
        paths: Vec<String>,
    },
    /// Something large that nobody needs any more.
    Drop(Box<Workspace>),
}

/// What was read.
pub enum FromDisk {
    /// How many files there are in a folder that is being read.
    Started(Steps),
    /// A folder.
    Folder(FolderId, Result<Box<Workspace>, String>),
    /// Files and their texts; none for those that are gone or no manifests.
    Files(FolderId, Vec<(Str, Option<Arc<str>>)>),
}

/// The thread that reads.
pub struct Disk(Sender<Order>);

impl Disk {
    /// Starts the thread.
    pub fn new(mailbox: &Mailbox) -> Disk {
        let (orders, queue) = channel();
        let mailbox = mailbox.clone();
        let builder = thread::Builder::new().name("disk".into()).stack_size(STACK);
        // Without the thread nothing is ever read, and every question is answered with nothing.
        let _ = builder.spawn(move || {
            for (number, order) in (0..).zip(queue) {
                match order {
                    Order::Open { folder, root } => {
                        let (worker, steps) = Steps::new("meshscope: reading", number);
                        mailbox.send(Message::Disk(FromDisk::Started(steps)));
                        let opened = guarded(|| open(&root.real, &worker));
                        let opened = opened.map(Box::new);
                        mailbox.send(Message::Disk(FromDisk::Folder(folder, opened)));
                    }
                    Order::Read {
                        folder,
                        root,
                        paths,
                    } => {
                        let texts = paths
                            .iter()
                            .map(|path| (Str::new(path), read(&root.real, path)));
                        let texts = texts.collect();
                        mailbox.send(Message::Disk(FromDisk::Files(folder, texts)));
                    }
                    Order::Drop(workspace) => drop(workspace),
                }
            }
        });
        Disk(orders)
    }

    /// Has something read.
    pub fn order(&self, order: Order) {
        let _ = self.0.send(order);
    }
}

fn guarded(open: impl FnOnce() -> Result<Workspace, String>) -> Result<Workspace, String> {
    match catch_unwind(AssertUnwindSafe(open)) {
        Ok(opened) => opened,
        Err(panic) => Err(words(&*panic)),
    }
}

fn open(root: &Utf8Path, worker: &Worker) -> Result<Workspace, String> {
    let done = AtomicUsize::new(0);
    let on_file = |all| {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(64) {
            worker.send_replace(Step { done, all });
        }
    };
    let workspace = match Workspace::open_watched(root, &OsFileSystem, &on_file) {
        Ok(workspace) => workspace,
        // Half-written settings: the repository is read without them, and what is wrong with them is
        // a finding.
        Err(OpenError::Settings(broken)) => {
            let without = Without(broken.file.as_str());
            let mut workspace = Workspace::open(root, &without).map_err(|e| e.to_string())?;
            let text = read(root, &broken.file).unwrap_or_default();
            workspace.set_text(&broken.file, &text);
            workspace
        }
        Err(error) => return Err(error.to_string()),
    };
    Ok(workspace)
}

/// The disk without one file.
struct Without<'p>(&'p str);

impl FileSystem for Without<'_> {
    fn walk(&self, root: &Utf8Path) -> io::Result<Found> {
        let mut found = OsFileSystem.walk(root)?;
        found.files.retain(|path| path != self.0);
        Ok(found)
    }

    fn read(&self, path: &Utf8Path) -> io::Result<Vec<u8>> {
        if path.ends_with(self.0) {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        OsFileSystem.read(path)
    }
}

/// The text of a manifest that nothing ignores.
fn read(root: &Utf8Path, path: &str) -> Option<Arc<str>> {
    let relative = Utf8Path::new(path);
    let known = FILE_NAMES.contains(&path) || OsFileSystem.holds(root, relative);
    let bytes = known.then(|| OsFileSystem.read(&root.join(relative)).ok())??;
    Some(String::from_utf8_lossy(&bytes).into())
}

impl Owner {
    /// Files may have changed on the disk.
    pub(super) fn touched(&mut self, files: &[Utf8PathBuf]) {
        for file in files {
            for folder in &mut self.folders {
                let path = folder.root.as_ref().and_then(|root| root.relative(file));
                if let Some(path) = path {
                    folder.touched.insert(path);
                    folder.touched_due.get_or_insert(Instant::now() + PAUSE);
                }
            }
        }
    }

    /// Has read what was touched, when nothing more has been touched for a moment.
    pub(super) fn read_touched(&mut self) {
        let now = Instant::now();
        let due = |due: Option<Instant>| due.is_some_and(|due| due <= now);
        let due: Vec<FolderId> = self
            .folders
            .iter()
            .filter(|f| due(f.touched_due()))
            .map(|f| f.id)
            .collect();
        for id in due {
            let Some(folder) = self.folder(id) else {
                continue;
            };
            folder.touched_due = None;
            let touched = std::mem::take(&mut folder.touched);
            let Some(root) = folder.root.clone() else {
                continue;
            };
            let (manifests, others): (Vec<String>, Vec<String>) = touched
                .into_iter()
                .partition(|path| is_manifest_path(path.as_str().into()));
            let rules = |path: &String| path.ends_with(".gitignore") || path.ends_with(".ignore");
            let folders = |path: &String| {
                let there = root.real.join(path);
                there.is_dir() || (!there.exists() && there.extension().is_none())
            };
            let mut others = others.iter();
            if manifests.len() > MANY || others.any(|path| rules(path) || folders(path)) {
                self.read_folder(id);
            } else if !manifests.is_empty() {
                self.disk.order(Order::Read {
                    folder: id,
                    root,
                    paths: manifests,
                });
            }
        }
    }

    /// The disk was read.
    pub(super) fn disk_was_read(&mut self, read: FromDisk) {
        match read {
            FromDisk::Started(steps) => {
                if self.traits.progress {
                    self.voice.say(Outgoing::Progress(steps));
                }
            }
            FromDisk::Folder(id, Ok(workspace)) => {
                let folder = self.folder(id);
                if let Some(old) = folder.and_then(|folder| folder.workspace.take()) {
                    self.disk.order(Order::Drop(Box::new(old)));
                }
                self.folder_was_read(id, *workspace);
            }
            FromDisk::Folder(id, Err(reason)) => self.folder_is_unreadable(id, &reason),
            FromDisk::Files(id, mut texts) => {
                let open: Vec<String> = self.open_in(id);
                texts.retain(|(path, _)| !open.iter().any(|open| open == path.as_str()));
                let Some(folder) = self.folder(id) else {
                    return;
                };
                if let Some(workspace) = &mut folder.workspace {
                    let db = workspace.db();
                    let same = |path: &str, text: &Option<Arc<str>>| {
                        workspace.file(path).map(|file| file.text(db)) == text.as_ref()
                    };
                    texts.retain(|(path, text)| !same(path, text));
                    if !texts.is_empty() {
                        workspace.set_texts(&texts);
                        self.folder_changed(id);
                        self.refresh_cached();
                    }
                }
            }
        }
    }

    fn folder_is_unreadable(&mut self, id: FolderId, reason: &str) {
        let text = format!("meshscope: {reason}");
        self.voice.say(Outgoing::Show(MessageType::ERROR, text));
        // What is open in it can be looked at all the same.
        let empty = Workspace::open(Utf8Path::new(""), &meshscope::MemoryFileSystem::new());
        if let Ok(empty) = empty {
            self.folder_was_read(id, empty);
        }
    }

    /// The paths of the documents that are open in a folder.
    pub(super) fn open_in(&self, id: FolderId) -> Vec<String> {
        let homes = self.homes.values().filter(|home| home.folder == id);
        homes.map(|home| home.path.clone()).collect()
    }
}
