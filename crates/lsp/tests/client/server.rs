//! A server in this process, on one end of a socket, and folders for it.

#![allow(dead_code, reason = "each test file uses its part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::client::Client;
use meshscope_lsp::Ended;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

/// A folder that goes away with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    /// A folder with some files.
    pub fn with(files: &[(&str, &str)]) -> Folder {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("meshscope-lsp-{}-{number}", std::process::id());
        let folder = Folder(std::env::temp_dir().join(name));
        std::fs::create_dir_all(&folder.0).unwrap();
        for (path, text) in files {
            folder.write(path, text);
        }
        folder
    }

    /// Writes a file.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Takes a file away.
    pub fn remove(&self, path: &str) {
        std::fs::remove_file(self.0.join(path)).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A client of a server of its own, not yet introduced; how the server ends.
pub fn start(root: &Path) -> (Client, JoinHandle<Ended>) {
    let (here, there) = UnixStream::pair().unwrap();
    let server = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let ended = runtime.block_on(async {
            there.set_nonblocking(true).unwrap();
            let stream = tokio::net::UnixStream::from_std(there).unwrap();
            let (input, output) = stream.into_split();
            meshscope_lsp::serve(input, output).await.unwrap()
        });
        runtime.shutdown_background();
        ended
    });
    let client = Client::new(here.try_clone().unwrap(), here, root);
    (client, server)
}

/// A client that introduced itself.
pub fn started(folder: &Folder) -> Client {
    let (mut client, _) = start(&folder.0);
    client.initialize();
    client
}
