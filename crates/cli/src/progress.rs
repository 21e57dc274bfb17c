//! How far a long run is, on stderr, only where a person watches.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Nothing is shown before this: most runs are over by then.
const PATIENCE: Duration = Duration::from_millis(700);

/// A counter of files.
pub struct Progress {
    total: usize,
    done: AtomicUsize,
    start: Instant,
    shown: bool,
}

impl Progress {
    /// A counter up to `total`.
    pub fn new(total: usize) -> Progress {
        let shown = std::io::stderr().is_terminal() && std::env::var_os("CI").is_none();
        Progress {
            total,
            done: AtomicUsize::new(0),
            start: Instant::now(),
            shown,
        }
    }

    /// One more file is read.
    pub fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if self.shown && done.is_multiple_of(100) && self.start.elapsed() > PATIENCE {
            let mut err = std::io::stderr().lock();
            let _ = write!(err, "\rreading {done}/{} files", self.total);
        }
    }

    /// All are read: the line is taken away.
    pub fn done(&self) {
        if self.shown && self.start.elapsed() > PATIENCE {
            let mut err = std::io::stderr().lock();
            let _ = write!(err, "\r\x1b[K");
        }
    }
}
