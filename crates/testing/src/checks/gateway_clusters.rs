//! `gateway_clusters`: what a gateway workload is sent with and without filtering (V:R6.9).

use super::proxy::proxy;
use super::sets::{Names, equal, includes, names};
use crate::case::Case;
use crate::json::json;
use crate::report::{Check, CheckKind};
use meshscope::Mesh;
use meshscope::engine::gateways::gateway_clusters_if;

const KIND: CheckKind = CheckKind::GatewayClusters;

/// One check per set that a claim gives.
pub fn check(mesh: Mesh<'_>, case: &Case) -> Vec<Check> {
    let mut checks = Vec::new();
    for (i, claim) in case.value.list("gateway_clusters").iter().enumerate() {
        let at = format!("gateway_clusters[{i}]");
        let proxy = match proxy(mesh, claim) {
            Ok(proxy) => proxy,
            Err(why) => {
                let failed = Check::failed(KIND, at, why);
                checks.push(failed.with(json(claim), Default::default()));
                continue;
            }
        };
        let sent = |filtered: bool| -> Names {
            let clusters = gateway_clusters_if(mesh.db(), mesh.input(), &proxy, filtered);
            clusters.into_iter().map(|c| c.name).collect()
        };
        if claim.has("filtered") {
            let expected = names(claim.get("filtered"));
            checks.push(equal(
                KIND,
                format!("{at}.filtered"),
                &expected,
                &sent(true),
            ));
        }
        if claim.has("unfiltered_includes") {
            let expected = names(claim.get("unfiltered_includes"));
            let name = format!("{at}.unfiltered_includes");
            checks.push(includes(KIND, name, &expected, &sent(false)));
        }
    }
    checks
}
