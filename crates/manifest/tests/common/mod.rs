//! What the tests over real repositories share: where the corpora are, and files from disk.

#![allow(dead_code)]

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use meshscope_manifest::kustomize::Files;
use meshscope_yaml::Stream;

/// The unpacked corpora; says so when there are none.
pub fn corpora() -> Option<PathBuf> {
    static UNPACKED: OnceLock<Option<PathBuf>> = OnceLock::new();
    UNPACKED.get_or_init(unpacked).clone()
}

fn unpacked() -> Option<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = manifest.parent()?.parent()?;
    let mut places: Vec<PathBuf> = std::env::var("MESHSCOPE_SHARED")
        .map(PathBuf::from)
        .into_iter()
        .collect();
    places.extend(root.ancestors().skip(1).map(|a| a.join("shared")));
    let shared = places
        .iter()
        .find(|p| p.join("corpora/repos.tar.gz").is_file());
    let Some(shared) = shared else {
        let message =
            "the corpora are not here: set MESHSCOPE_SHARED to the directory that holds corpora/";
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("SKIPPED: {message}");
        return None;
    };
    let corpora = shared.join("corpora");
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("corpora");
    let size = |name: &str| std::fs::metadata(corpora.join(name)).map_or(0, |m| m.len());
    let stamp = format!("{} {}", size("repos.tar.gz"), size("rendered.tar.gz"));
    let done = target.join("done");
    if std::fs::read_to_string(&done).ok().as_deref() != Some(&stamp) {
        // Tests of several binaries may unpack at once: each into its own place, then one move.
        let own = target.with_extension(std::process::id().to_string());
        std::fs::create_dir_all(&own).expect("a place to unpack");
        for name in ["repos.tar.gz", "rendered.tar.gz"] {
            let status = Command::new("tar")
                .arg("xzf")
                .arg(corpora.join(name))
                .current_dir(&own)
                .status();
            assert!(status.is_ok_and(|s| s.success()), "{name} does not unpack");
        }
        std::fs::copy(corpora.join("render.json"), own.join("render.json")).expect("render.json");
        std::fs::write(own.join("done"), &stamp).expect("a mark");
        let _ = std::fs::remove_dir_all(&target);
        if std::fs::rename(&own, &target).is_err() {
            let _ = std::fs::remove_dir_all(&own);
        }
    }
    Some(target)
}

/// The files of one repository on disk, each read once.
pub struct Disk {
    root: PathBuf,
    parsed: RefCell<HashMap<String, Option<Arc<Stream>>>>,
}

impl Disk {
    pub fn new(root: &Path) -> Disk {
        let root = root.canonicalize().expect("a repository");
        let parsed = RefCell::default();
        Disk { root, parsed }
    }

    fn real(&self, path: &str) -> Option<PathBuf> {
        let real = self.root.join(path).canonicalize().ok()?;
        real.starts_with(&self.root).then_some(real)
    }
}

impl Files for Disk {
    fn documents(&self, path: &str) -> Option<Arc<Stream>> {
        if let Some(known) = self.parsed.borrow().get(path) {
            return known.clone();
        }
        let bytes = self.real(path).and_then(|real| std::fs::read(real).ok());
        let parsed = bytes.map(|bytes| {
            let text = String::from_utf8_lossy(&bytes);
            Arc::new(meshscope_yaml::parse(&text))
        });
        let known = parsed.clone();
        self.parsed.borrow_mut().insert(path.to_owned(), known);
        parsed
    }

    fn bytes(&self, path: &str) -> Option<Arc<[u8]>> {
        std::fs::read(self.real(path)?).ok().map(Arc::from)
    }

    fn is_dir(&self, path: &str) -> bool {
        self.real(path).is_some_and(|p| p.is_dir())
    }
}

/// The directories below `root` with a kustomization, relative to it.
pub fn kustomizations(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut stack = vec![PathBuf::new()];
    while let Some(dir) = stack.pop() {
        let Ok(entries) = std::fs::read_dir(root.join(&dir)) else {
            continue;
        };
        let mut has = false;
        for entry in entries.flatten() {
            let name = entry.file_name();
            let kind = entry.file_type().ok();
            if kind.is_some_and(|k| k.is_dir()) {
                stack.push(dir.join(&name));
            } else {
                has |= meshscope_manifest::kustomize::is_kustomization(&name.to_string_lossy());
            }
        }
        if has {
            found.push(dir.to_string_lossy().into_owned());
        }
    }
    found.sort();
    found
}
