//! Where other tools show a finding: files as the whole git repository has them, and a place for what is
//! in no file.

use camino::Utf8Path;
use meshscope::Workspace;
use meshscope::finding::{Finding, Location, Position, Range};

/// Makes places.
pub struct Places {
    /// The root inside the git repository: empty, or with a `/` at the end.
    prefix: String,
    /// What stands for findings on what no file holds.
    fallback: Option<String>,
}

impl Places {
    /// For the files of a repository.
    pub fn new(workspace: &Workspace) -> Places {
        let settings = workspace.settings().file.as_deref();
        let first = workspace.files().next();
        let first = first.map(|(path, _)| path.as_str());
        Places {
            prefix: prefix(workspace.root()).unwrap_or_default(),
            fallback: settings.or(first).map(str::to_owned),
        }
    }

    /// Where to show a finding: where it is, else where another party is, else the settings, which say
    /// what is installed from elsewhere. `None` in a repository without files.
    pub fn of(&self, finding: &Finding) -> Option<Location> {
        let related = finding.related.iter().find_map(|r| r.location.clone());
        finding.location.clone().or(related).or_else(|| {
            let start = Position {
                line: 1,
                column: 1,
                offset: 0,
            };
            Some(Location {
                file: self.fallback.clone()?,
                range: Range { start, end: start },
            })
        })
    }

    /// A path from the top of the git repository.
    pub fn path(&self, file: &str) -> String {
        format!("{}{file}", self.prefix)
    }
}

/// The path from the top of the git repository around a root to that root.
fn prefix(root: &Utf8Path) -> Option<String> {
    let real = match root.as_str() {
        "" => return None,
        _ => root.canonicalize_utf8().ok()?,
    };
    let top = real
        .ancestors()
        .find(|folder| folder.join(".git").exists())?;
    let below = real.strip_prefix(top).ok()?;
    let parts: Vec<&str> = below.components().map(|c| c.as_str()).collect();
    (!parts.is_empty()).then(|| format!("{}/", parts.join("/")))
}
