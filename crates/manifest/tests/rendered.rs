//! Our kustomize against kustomize 5.5: every rendered root of the corpora, object by object, and
//! every root kustomize refuses.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used
)]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Disk, corpora, kustomizations};
use meshscope_manifest::Value;
use meshscope_manifest::kustomize::{Built, Problem, ProblemKind, build};

type Objects = BTreeMap<String, Value>;

/// Names that differ in their hash only.
static HASHES: AtomicUsize = AtomicUsize::new(0);

fn identity(value: &Value) -> String {
    let metadata = value.get("metadata");
    format!(
        "{} {} {}/{}",
        value.str_or_empty("apiVersion"),
        value.str_or_empty("kind"),
        metadata.str_or_empty("namespace"),
        metadata.str_or_empty("name"),
    )
}

fn ours(built: &Built) -> Objects {
    let objects = built.objects.iter().map(|o| o.value.clone());
    objects.map(|value| (identity(&value), value)).collect()
}

fn golden(file: &Path) -> Objects {
    let text = std::fs::read_to_string(file).expect("a rendered root");
    let stream = meshscope_yaml::parse(&text);
    let roots = stream.documents.iter().filter_map(|d| d.root());
    roots
        .map(value)
        .filter(|v| !v.is_null())
        .map(|value| (identity(&value), value))
        .collect()
}

fn value(node: meshscope_yaml::Node<'_>) -> Value {
    use meshscope_yaml::{Content, Typed};
    match node.content() {
        Content::Scalar(_) => match node.typed() {
            Some(Typed::Bool(b)) => Value::Bool(b),
            Some(Typed::Int(i)) => Value::Int(i),
            Some(Typed::Uint(u)) => Value::Float(u as f64),
            Some(Typed::Float(f)) => Value::Float(f),
            Some(Typed::Str(s)) => Value::String(s.as_ref().into()),
            _ => Value::Null,
        },
        Content::Sequence(items) => Value::Seq(items.map(value).collect()),
        Content::Mapping(_) => {
            let fields = node.fields();
            let entries = fields.map(|e| {
                let key = e.key.key_text().unwrap_or_default();
                (key.as_ref().into(), value(e.value))
            });
            Value::Map(entries.collect())
        }
    }
}

/// The kinds the rendered roots were cut down to.
const KINDS: [&str; 22] = [
    "AuthorizationPolicy",
    "DaemonSet",
    "Deployment",
    "DestinationRule",
    "EnvoyFilter",
    "Gateway",
    "GatewayClass",
    "HTTPRoute",
    "IstioOperator",
    "ListenerSet",
    "Namespace",
    "PeerAuthentication",
    "RequestAuthentication",
    "Service",
    "ServiceAccount",
    "ServiceEntry",
    "Sidecar",
    "StatefulSet",
    "TCPRoute",
    "Telemetry",
    "VirtualService",
    "WasmPlugin",
];

/// A name without the hash kustomize gives it: the corpora leave out files that are no YAML, and
/// with them what the hash is of.
fn unhashed(text: &str) -> Option<&str> {
    let (name, hash) = text.rsplit_once('-')?;
    let is_digit = |c: char| "bcdfghkmt2456789".contains(c);
    (hash.len() == 10 && hash.chars().all(is_digit)).then_some(name)
}

/// Whether a problem is due to how the corpora were made: files that are no YAML or too large were
/// left out, and `generators` that call plugins were taken out before rendering.
fn is_of_the_corpora(problem: &Problem) -> bool {
    match problem.kind {
        ProblemKind::Missing => true,
        ProblemKind::Unsupported => problem.place.path.to_string().starts_with("generators"),
        _ => false,
    }
}

fn without_blanks(text: &str) -> Option<Vec<&str>> {
    let several = text.contains('\n');
    several.then(|| text.lines().filter(|l| !l.is_empty()).collect())
}

/// Equal as Kubernetes objects; the first difference otherwise.
fn difference(path: &str, ours: &Value, theirs: &Value) -> Option<String> {
    match (ours, theirs) {
        (Value::String(a), Value::String(b))
            if a != b && unhashed(a).is_some() && unhashed(a) == unhashed(b) =>
        {
            HASHES.fetch_add(1, Ordering::Relaxed);
            None
        }
        (Value::Map(a), Value::Map(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            keys.into_iter().find_map(|key| {
                let path = format!("{path}.{key}");
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => difference(&path, a, b),
                    (a, b) => Some(format!("{path}: ours {a:?}, theirs {b:?}")),
                }
            })
        }
        (Value::Seq(a), Value::Seq(b)) if a.len() == b.len() => {
            let pairs = a.iter().zip(b).enumerate();
            pairs
                .into_iter()
                .find_map(|(i, (a, b))| difference(&format!("{path}[{i}]"), a, b))
        }
        (a, b) if a == b => None,
        // go-yaml writes a folded text with indented lines back with blank lines it did not have.
        (Value::String(a), Value::String(b)) if without_blanks(a) == without_blanks(b) => None,
        (a, b) if a.as_int().is_some() && a.as_int() == b.as_int() => None,
        (a, b) => Some(format!("{path}: ours {a:?}, theirs {b:?}")),
    }
}

fn compare(ours: &Objects, theirs: &Objects) -> Option<String> {
    for (id, theirs) in theirs {
        match ours.get(id) {
            None => return Some(format!("{id} is not made")),
            Some(ours) => {
                if let Some(difference) = difference("", ours, theirs) {
                    return Some(format!("{id}: {difference}"));
                }
            }
        }
    }
    let kinds = theirs.values().map(|v| v.str_or_empty("kind"));
    let whole = kinds.into_iter().any(|k| !KINDS.contains(&k.as_str()));
    let counts = |v: &Value| whole || KINDS.contains(&v.str_or_empty("kind").as_str());
    let mut extra = ours
        .iter()
        .filter(|(id, v)| !theirs.contains_key(*id) && counts(v));
    extra.next().map(|(id, _)| format!("{id} is made"))
}

#[test]
fn every_rendered_root_is_equal() {
    let Some(corpora) = corpora() else { return };
    let (mut equal, mut but_for_hashes, mut wrong) = (0, 0, Vec::new());
    for repository in std::fs::read_dir(corpora.join("rendered"))
        .expect("rendered")
        .flatten()
    {
        let name = repository.file_name();
        let root = corpora.join("repos").join(&name);
        let dirs = kustomizations(&root);
        let files = Disk::new(&root);
        for rendered in std::fs::read_dir(repository.path())
            .expect("roots")
            .flatten()
        {
            let file = rendered.file_name().to_string_lossy().into_owned();
            let encoded = file.trim_end_matches(".yaml");
            let dir = dirs.iter().find(|d| d.replace('/', "__") == encoded);
            let dir = dir.unwrap_or_else(|| panic!("{file} has no kustomization"));
            let built = build(dir, &files);
            let before = HASHES.load(Ordering::Relaxed);
            let compared = compare(&ours(&built), &golden(&rendered.path()));
            let hashes = HASHES.load(Ordering::Relaxed) - before;
            let absent = built.problems.iter().any(is_of_the_corpora);
            let other = built.problems.iter().find(|p| !is_of_the_corpora(p));
            let what = match (compared, other) {
                (Some(difference), _) => difference,
                (None, Some(problem)) => format!("a problem kustomize does not have: {problem:?}"),
                (None, None) if hashes > 0 && !absent => "another hash of the same data".to_owned(),
                (None, None) => {
                    equal += usize::from(hashes == 0);
                    but_for_hashes += usize::from(hashes > 0);
                    continue;
                }
            };
            wrong.push(format!("{}/{dir}: {what}", name.to_string_lossy()));
        }
    }
    println!(
        "{equal} rendered roots are equal, {but_for_hashes} but for hashes of absent data, {} are not",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let found = equal + but_for_hashes;
    assert!(found >= 100, "only {found} rendered roots found");
}

#[test]
fn every_refused_root_has_a_problem() {
    let Some(corpora) = corpora() else { return };
    let text = std::fs::read_to_string(corpora.join("render.json")).expect("render.json");
    let render: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let (mut told, mut silent) = (0, Vec::new());
    for (repository, facts) in render.as_object().expect("repositories") {
        let root = corpora.join("repos").join(repository.replace('/', "+"));
        let failures = facts["failures"].as_array().cloned().unwrap_or_default();
        for failure in failures {
            let dir = failure[0].as_str().expect("a root").to_owned();
            let built = build(&dir, &Disk::new(&root));
            if built.problems.is_empty() {
                silent.push(format!("{repository}/{dir}: {}", failure[1]));
            } else {
                told += 1;
            }
        }
    }
    println!(
        "{told} refused roots have a problem, {} have none",
        silent.len()
    );
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

/// Every kustomization directory against the output of a real `kubectl kustomize`, kept in a
/// directory that `MESHSCOPE_RENDERED` names. For work on kustomize itself.
#[test]
fn every_directory_of_a_wider_rendering_is_equal() {
    let Ok(wider) = std::env::var("MESHSCOPE_RENDERED") else {
        return;
    };
    let corpora = corpora().expect("the corpora");
    let index = std::fs::read_to_string(Path::new(&wider).join("index.json")).expect("index.json");
    let index: BTreeMap<String, String> = serde_json::from_str(&index).expect("JSON");
    let (mut equal, mut wrong) = (0, Vec::new());
    let mut disks: BTreeMap<String, Disk> = BTreeMap::new();
    for (key, state) in &index {
        let (repository, dir) = key.split_once("//").expect("repository//directory");
        let dir = if dir == "." { "" } else { dir };
        let root = corpora.join("repos").join(repository);
        let disk = disks.entry(repository.to_owned());
        let disk = disk.or_insert_with(|| Disk::new(&root));
        let built = build(dir, disk);
        let encoded = if dir.is_empty() {
            ".".to_owned()
        } else {
            dir.replace('/', "__")
        };
        let what = if state == "ok" {
            let file = Path::new(&wider)
                .join(repository)
                .join(format!("{encoded}.yaml"));
            match compare(&ours(&built), &golden(&file)) {
                None if built
                    .problems
                    .iter()
                    .all(|p| p.kind == ProblemKind::Limited) =>
                {
                    None
                }
                None => Some(format!("a problem too many: {:?}", built.problems[0])),
                Some(d) => Some(format!("{d}; {:?}", built.problems.first())),
            }
        } else if built.problems.is_empty() && built.charts.is_empty() {
            Some(format!("no problem, but kustomize says {state}"))
        } else {
            None
        };
        match what {
            None => equal += 1,
            Some(what) => wrong.push(format!("{key}: {what}")),
        }
    }
    println!("{equal} directories agree, {} do not", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
