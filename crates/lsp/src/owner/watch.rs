//! Watching folders, for clients that do not watch files themselves.
//!
//! What is seen is a hint, as what clients say is: the files are read again. It must not know what is
//! in them.

use super::{Mailbox, Message};
use crate::outgoing::Voice;
use camino::{Utf8Path, Utf8PathBuf};
use meshscope::fs::is_manifest_path;
use notify::{Event, EventKind, RecursiveMode, Watcher};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use tower_lsp::ls_types::MessageType;

/// What to do about a folder.
enum Order {
    Begin(Utf8PathBuf),
    End(Utf8PathBuf),
}

/// The thread that watches.
pub struct Watch(Sender<Order>);

impl Watch {
    /// Starts the thread. What is touched goes to the owner.
    pub fn new(mailbox: &Mailbox, voice: &Voice) -> Watch {
        let (orders, queue) = channel();
        let (mailbox, voice) = (mailbox.clone(), voice.clone());
        let builder = thread::Builder::new().name("watch".into());
        // Without the thread, changes on the disk are seen when a file is opened or closed.
        let _ = builder.spawn(move || {
            if let Err(error) = watch(&queue, mailbox, &voice) {
                complain(&voice, &error);
            }
        });
        Watch(orders)
    }

    /// Watches a folder.
    pub fn begin(&self, root: &Utf8Path) {
        let _ = self.0.send(Order::Begin(root.to_owned()));
    }

    /// Watches a folder no more.
    pub fn end(&self, root: &Utf8Path) {
        let _ = self.0.send(Order::End(root.to_owned()));
    }
}

/// Folders are looked through before they are watched: not on the thread of the owner.
fn watch(queue: &Receiver<Order>, mailbox: Mailbox, voice: &Voice) -> notify::Result<()> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if let Ok(event) = event {
            let touched = touched(event);
            if !touched.is_empty() {
                mailbox.send(Message::Touched(touched));
            }
        }
    })?;
    for order in queue {
        let done = match order {
            Order::Begin(root) => watcher.watch(root.as_std_path(), RecursiveMode::Recursive),
            Order::End(root) => watcher.unwatch(root.as_std_path()),
        };
        if let Err(error) = done {
            complain(voice, &error);
        }
    }
    Ok(())
}

fn complain(voice: &Voice, error: &notify::Error) {
    let text = format!("changes on the disk may go unnoticed: {error}");
    voice.log(MessageType::WARNING, text);
}

/// The paths of an event that may matter: manifests, what is ignored, and folders.
fn touched(event: Event) -> Vec<Utf8PathBuf> {
    let comes_or_goes = match event.kind {
        EventKind::Access(_) => return Vec::new(),
        EventKind::Create(_) | EventKind::Remove(_) => true,
        EventKind::Modify(change) => matches!(change, notify::event::ModifyKind::Name(_)),
        _ => false,
    };
    let matters = |path: PathBuf| {
        let path = Utf8PathBuf::from_path_buf(path).ok()?;
        let in_git = path.components().any(|part| part.as_str() == ".git");
        let may_be_folder = comes_or_goes && path.extension().is_none();
        let named = is_manifest_path(&path) || path.file_name() == Some(".gitignore");
        (!in_git && (named || may_be_folder)).then_some(path)
    };
    event.paths.into_iter().filter_map(matters).collect()
}
