//! Everything that can be asked of a workspace, as text.

use meshscope::Workspace;
use meshscope::engine::workloads::{proxy_of, workloads};

/// The findings with their places, and what every proxy gets.
pub fn state(workspace: &Workspace) -> Vec<String> {
    let mut lines = Vec::new();
    for mesh in workspace.meshes() {
        let report = mesh.report();
        lines.push(format!("{}: {} suppressed", mesh.name(), report.suppressed));
        lines.extend(report.findings.iter().map(|f| format!("{f:?}")));
        for workload in workloads(mesh.db(), mesh.input()).iter() {
            let Some(proxy) = proxy_of(workload) else {
                continue;
            };
            let seen = mesh.visibility(&proxy);
            lines.push(workload.label());
            lines.extend(seen.services.iter().map(|m| {
                format!(
                    "  {}/{} {:?}",
                    m.service.namespace, m.service.host, m.reason
                )
            }));
            lines.extend(seen.virtual_services.iter().map(|vs| format!("  {vs:?}")));
            let rules = seen.destination_rule_objects();
            lines.extend(rules.iter().map(|key| format!("  {key}")));
        }
    }
    lines
}
