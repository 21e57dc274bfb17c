//! Contents of git objects by id, from one `git cat-file` that stays open.

use camino::Utf8Path;
use meshscope::fs::MAX_FILE_BYTES;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{Mutex, PoisonError};

/// The objects of a repository.
pub struct Objects(Mutex<Batch>);

struct Batch {
    child: Child,
    // Taken when it ends: git waits for more otherwise.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Objects {
    /// Opens the repository around a root.
    pub fn open(root: &Utf8Path) -> io::Result<Objects> {
        let mut child = super::command(root)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let closed = || io::Error::from(io::ErrorKind::BrokenPipe);
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().ok_or_else(closed)?);
        Ok(Objects(Mutex::new(Batch {
            child,
            input,
            output,
        })))
    }

    /// The bytes of a blob by id, or by `TREE:PATH`; `None` when it is not there.
    pub fn blob(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        // A name of two lines would be two questions.
        if name.contains('\n') {
            return Ok(None);
        }
        let mut batch = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        batch.ask(name)
    }
}

impl Batch {
    fn ask(&mut self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let ended = || io::Error::new(io::ErrorKind::UnexpectedEof, "git ended early");
        let input = self.input.as_mut().ok_or_else(ended)?;
        writeln!(input, "{name}")?;
        input.flush()?;
        let mut head = String::new();
        if self.output.read_line(&mut head)? == 0 {
            return Err(ended());
        }
        // `<id> <type> <size>`, or `<name> missing`, or `<name> ambiguous`.
        let Some((_, size)) = head.trim_end().split_once(" blob ") else {
            return self.skip(&head);
        };
        let size: u64 = size.parse().map_err(io::Error::other)?;
        if size > MAX_FILE_BYTES {
            io::copy(&mut (&mut self.output).take(size + 1), &mut io::sink())?;
            let why = "larger than 100 MB";
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        let mut bytes = Vec::new();
        (&mut self.output).take(size).read_to_end(&mut bytes)?;
        let mut newline = [0];
        self.output.read_exact(&mut newline)?;
        Ok(Some(bytes))
    }

    /// Reads past what is no blob.
    fn skip(&mut self, head: &str) -> io::Result<Option<Vec<u8>>> {
        let size = head
            .trim_end()
            .rsplit(' ')
            .next()
            .and_then(|n| n.parse::<u64>().ok());
        if let Some(size) = size {
            io::copy(&mut (&mut self.output).take(size + 1), &mut io::sink())?;
        }
        Ok(None)
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.input = None;
        // It ends by itself; nothing is left behind for the system to keep.
        let _ = self.child.wait();
    }
}
