//! How far a long run is, on stderr, only where a person watches.

use camino::Utf8Path;
use meshscope::{OpenError, OsFileSystem, Workspace};
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Nothing is shown before this: most runs are over by then.
const PATIENCE: Duration = Duration::from_millis(700);

/// Opens a repository and reads every file of it.
///
/// # Errors
/// As for [`Workspace::open`].
pub fn open(root: &Utf8Path) -> Result<Workspace, OpenError> {
    let shown = std::io::stderr().is_terminal() && std::env::var_os("CI").is_none();
    let start = Instant::now();
    let late = || shown && start.elapsed() > PATIENCE;
    let done = AtomicUsize::new(0);
    let opened = Workspace::open_watched(root, &OsFileSystem, &|all| {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if shown && done.is_multiple_of(100) && late() {
            let _ = write!(std::io::stderr().lock(), "\rreading {done}/{all} files");
        }
    });
    if late() {
        // The line is taken away.
        let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
    }
    opened
}
