//! What `check` shows to people: the worst last, infos in a line, the same words once.

use std::path::PathBuf;
use std::process::Command;

/// A provider nobody defines, asked for twice, and an object the webhook refuses.
const MESH: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: one, namespace: shop}
spec: {tracing: [{providers: [{name: collector}]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: broken, namespace: shop}
spec: {hosts: [a.example.com]}
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: two, namespace: shop}
spec: {metrics: [{providers: [{name: collector}]}]}
";

#[test]
fn infos_are_lines_and_errors_come_last_with_their_text() {
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("check-human");
    std::fs::create_dir_all(&root).unwrap();
    std::fs::write(root.join("mesh.yaml"), MESH).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_meshscope"))
        .args(["check", "--color", "never", "--root"])
        .arg(&root)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let at = |words: &str| {
        text.find(words)
            .unwrap_or_else(|| panic!("{words:?} is not in\n{text}"))
    };
    let provider = at("mesh.yaml:9:38: info[unknown-extension-provider]");
    let same = at("    the same at mesh.yaml:19:38\n");
    let error = at("Error:");
    assert!(provider < same && same < error);
    assert_eq!(text.matches("no extension provider collector").count(), 1);
    assert_eq!(output.status.code(), Some(1));
}
