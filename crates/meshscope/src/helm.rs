//! `helm template`, for those who allow it in their settings: a chart as the manifests it makes.
//!
//! Bounded in time and size, without a network: nothing is fetched and no cluster is asked. It must not
//! know meshes.

use camino::Utf8Path;
use meshscope_manifest::Value;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// One chart may take so long.
const MAX_TIME: Duration = Duration::from_secs(10);

/// One chart may make so much text.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// How long to wait before looking again whether helm is done.
const PAUSE: Duration = Duration::from_millis(10);

/// What to render.
pub(crate) struct Request<'a> {
    /// The root of the repository.
    pub root: &'a Utf8Path,
    /// The directory of the chart, relative to the root.
    pub chart: &'a str,
    /// The name of the release.
    pub release: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// Files with values, relative to the root, the weakest first.
    pub value_files: Vec<String>,
    /// Values over those.
    pub values: &'a Value,
}

/// Renders a chart with the `helm` that is on the path.
///
/// # Errors
/// In words: when helm cannot be started, refuses the chart, or takes too long or too much.
pub(crate) fn template(request: &Request<'_>) -> Result<String, String> {
    for name in [request.release, request.namespace] {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if name.is_empty() || name.starts_with('-') || !name.chars().all(plain) {
            return Err(format!("{name:?} is no name for helm"));
        }
    }
    let mut command = Command::new("helm");
    command
        .current_dir(request.root)
        .args(["template", request.release])
        .arg(format!("./{}", request.chart))
        .args(["--namespace", request.namespace]);
    for file in &request.value_files {
        command.arg("--values").arg(format!("./{file}"));
    }
    command
        .args(["--values", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn();
    let mut child = child.map_err(|error| format!("helm cannot be started: {error}"))?;
    let values = json(request.values).to_string();
    let stdin = child.stdin.take();
    let feed = thread::spawn(move || {
        // Helm may be done before it has read all of it.
        let _ = stdin.map(|mut stdin| stdin.write_all(values.as_bytes()));
    });
    let out = collect(child.stdout.take(), MAX_BYTES + 1);
    let told = collect(child.stderr.take(), 64 * 1024);
    // Whoever is ended by force is not waited for.
    let succeeded = wait(&mut child)?;
    let _ = feed.join();
    let out = out.join().unwrap_or_default();
    let told = told.join().unwrap_or_default();
    if !succeeded {
        let told = String::from_utf8_lossy(&told);
        let first = told.lines().find(|line| !line.trim().is_empty());
        return Err(format!(
            "helm refuses it: {}",
            first.unwrap_or("it says nothing")
        ));
    }
    if out.len() as u64 > MAX_BYTES {
        return Err("it makes more than 16 MB".to_owned());
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// Reads a stream to its end, or to a limit; what comes after is not read.
fn collect(stream: Option<impl Read + Send + 'static>, limit: u64) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(stream) = stream {
            let _ = stream.take(limit).read_to_end(&mut bytes);
        }
        bytes
    })
}

/// Waits for the end, and makes one after a while. Whether it was a good one.
fn wait(child: &mut Child) -> Result<bool, String> {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.success()),
            Ok(None) if start.elapsed() < MAX_TIME => thread::sleep(PAUSE),
            Ok(None) | Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!(
                    "helm takes more than {} seconds",
                    MAX_TIME.as_secs()
                ));
            }
        }
    }
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Object(serde_json::Map::new()),
        other => inner(other),
    }
}

fn inner(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(b) => (*b).into(),
        Value::Int(i) => (*i).into(),
        Value::Float(f) => (*f).into(),
        Value::String(s) => s.as_str().into(),
        Value::Seq(items) => items.iter().map(inner).collect(),
        Value::Map(map) => {
            let fields = map
                .iter()
                .map(|(key, value)| (key.to_string(), inner(value)));
            serde_json::Value::Object(fields.collect())
        }
    }
}
