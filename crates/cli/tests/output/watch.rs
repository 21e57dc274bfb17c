//! `check --watch`: what is new and what is gone, after each change, until it is interrupted.

use crate::repository::{ROUTES, Repository};
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Long enough for any machine; it passes only when the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    fn start(repo: &Repository) -> Watching {
        let mut command = repo.command(&["check", "--watch", "--format", "concise"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, lines) = channel();
        let say = |stream: Box<dyn std::io::Read + Send>| {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            });
        };
        say(Box::new(child.stdout.take().unwrap()));
        say(Box::new(child.stderr.take().unwrap()));
        let watching = Watching { child, lines };
        watching.wait_for("watching for changes");
        watching
    }

    /// The lines up to one that holds a text.
    fn wait_for(&self, text: &str) -> Vec<String> {
        let mut seen = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => seen.push(line),
                Err(_) => panic!("no {text:?} in {seen:#?}"),
            }
            if seen.last().is_some_and(|line| line.contains(text)) {
                return seen;
            }
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn changes_are_reported_as_they_come() {
    let repo = Repository::shop();
    let watching = Watching::start(&repo);
    repo.edit("routes.yaml", "crat", "cart");
    watching.wait_for("fixed: routes.yaml:11:27: error[destination-host-unknown]");
    watching.wait_for("nothing found");
    repo.write(
        "folder/more.yaml",
        ROUTES
            .replace("name: cart", "name: more")
            .replace("[cart]", "[more.example.com]"),
    );
    watching.wait_for("new: folder/more.yaml:11:27: error[destination-host-unknown]");
    std::fs::remove_file(repo.file("folder/more.yaml")).unwrap();
    watching.wait_for("fixed: folder/more.yaml:11:27: error[destination-host-unknown]");
    // The settings count at once, and a broken file of them changes nothing.
    repo.edit("routes.yaml", "host: cart}\n", "host: crat}\n");
    watching.wait_for("new: routes.yaml:9:27:");
    repo.write("meshscope.yaml", "rules: {destination-host-unknown: off}\n");
    watching.wait_for("fixed: routes.yaml:9:27:");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it() {
    let repo = Repository::shop();
    let mut watching = Watching::start(&repo);
    let id = watching.child.id().to_string();
    // Whoever runs tests in the background makes them ignore ctrl-c; what ends a process by default is
    // left as it is for both signals.
    let sent = std::process::Command::new("kill")
        .args(["-TERM", &id])
        .status()
        .unwrap();
    assert!(sent.success());
    assert!(!watching.child.wait().unwrap().success());
}

#[test]
fn formats_for_machines_are_refused() {
    let said = Repository::shop().refusal(&["check", "--watch", "--format", "json"]);
    assert!(said.contains("human and concise"), "{said}");
}
