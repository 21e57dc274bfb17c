//! WasmPlugin and TrafficExtension (validation-rules.md §9). Rule invalid-resource.
//!
//! Must not know proxies.

use super::common;
use crate::validate::go;
use crate::validate::report::At;

pub(super) fn check_plugin(spec: At<'_>) {
    common::policy_target(spec);
    module(spec);
    ports(spec);
}

pub(super) fn check_extension(spec: At<'_>) {
    let (wasm, lua) = (spec.field("wasm"), spec.field("lua"));
    match (wasm, lua) {
        (None, None) => {
            spec.kind_error("§9", "there is neither wasm nor lua");
        }
        (Some(wasm), Some(lua)) => {
            lua.kind_error("§9", "wasm and lua exclude each other")
                .at_key()
                .related(wasm)
                .covers(spec);
        }
        _ => {}
    }
    common::policy_target(spec);
    if let Some(lua) = lua {
        let code = lua.get("inlineCode");
        if code.text().is_empty() {
            code.value_error("§9", "the code is missing");
        } else if code.text().len() > 65536 {
            code.value_error("§9", "the code is larger than 64 KB");
        }
    }
    wasm.into_iter().for_each(module);
    ports(spec);
}

/// A Wasm module: where it is from and how it runs.
fn module(at: At<'_>) {
    url(at.get("url"));
    let sha = at.get("sha256");
    if !sha.text().is_empty() {
        let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if sha.text().len() != 64 {
            sha.value_error(
                "§9",
                format!("a SHA-256 has 64 digits, this has {}", sha.text().len()),
            );
        } else if !sha.text().bytes().all(hex) {
            sha.value_error(
                "§9",
                "a SHA-256 is written in digits and small letters from a to f",
            );
        }
    }
    for (key, max) in [("imagePullSecret", 253), ("pluginName", 256)] {
        if at.str(key).len() > max {
            at.get(key)
                .value_error("§9", format!("has more than {max} characters"));
        }
    }
    environment(at.get("vmConfig"));
}

fn url(at: At<'_>) {
    if at.text().is_empty() {
        at.value_error("§9", "the URL of the module is missing");
        return;
    }
    let url =
        go::request_url(at.text()).or_else(|| go::request_url(&format!("http://{}", at.text())));
    match url {
        None => {
            at.value_error("§9", format!("\"{}\" is no URL", at.text()));
        }
        Some(url) if !matches!(url.scheme.as_str(), "" | "file" | "http" | "https" | "oci") => {
            at.value_error(
                "§9",
                format!(
                    "a module comes by file, http, https or oci, not by {}",
                    url.scheme
                ),
            );
        }
        Some(_) => {}
    }
}

/// The first fault only, as istiod.
fn environment(config: At<'_>) {
    let mut seen: Vec<&str> = Vec::new();
    for entry in config.list("env") {
        let name = entry.get("name");
        let fact = if name.text().is_empty() {
            "a variable needs a name".to_string()
        } else if name.text().len() > 256 {
            "has more than 256 characters".into()
        } else if seen.contains(&name.text()) {
            format!("the variable {} is here twice", name.text())
        } else {
            seen.push(name.text());
            if entry.str("valueFrom") == "HOST" && !entry.str("value").is_empty() {
                let value = entry.get("value");
                let fact = "excludes valueFrom HOST";
                value
                    .value_error("§9", fact)
                    .at_key()
                    .related(entry.get("valueFrom"))
                    .covers(entry);
                return;
            }
            continue;
        };
        name.value_error("§9", fact).covers(config.get("env"));
        return;
    }
}

/// The ports of matches.
fn ports(spec: At<'_>) {
    for port in spec
        .list("match")
        .flat_map(|selector| selector.list("ports"))
    {
        let number = port.get("number");
        if !(1..=65535).contains(&port.int("number")) {
            number.value_error(
                "PORT",
                format!("port {} is not in 1..65535", port.int("number")),
            );
        }
    }
}
