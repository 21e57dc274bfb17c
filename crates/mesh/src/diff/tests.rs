//! Differences of small meshes, and the laws of a difference.

use super::*;
use crate::db::{MeshSettings, SourceFile, Unit};
use crate::testing::TestDb;

const BASE: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, namespace: shop}
spec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c}]}}}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ext, namespace: shop}
spec: {hosts: [ext.com], ports: [{number: 443, name: tls, protocol: TLS}], resolution: DNS}
---
";

fn two(base: &str, head: &str) -> (TestDb, Mesh, Mesh) {
    let db = TestDb::default();
    let mesh = |name: &str, text: &str| {
        let file = SourceFile::new(&db, format!("{name}.yaml").into(), text.into(), None);
        let unit = Unit {
            file,
            namespace: Some("default".into()),
        };
        Mesh::new(
            &db,
            name.into(),
            [unit].into(),
            Arc::new(MeshSettings::default()),
        )
    };
    let (a, b) = (mesh("base", base), mesh("head", head));
    (db, a, b)
}

#[test]
fn nothing_differs_from_itself_or_from_a_comment() {
    let (db, a, b) = two(BASE, &format!("# a comment\n{BASE}"));
    assert!(diff(&db, a, b).is_empty());
}

#[test]
fn what_one_direction_gains_the_other_loses() {
    let hidden = BASE.replace("hosts: [ext.com]", "exportTo: ['~'], hosts: [ext.com]");
    let (db, a, b) = two(BASE, &hidden);
    let (there, back) = (diff(&db, a, b), diff(&db, b, a));
    assert_eq!(there.visibility[0].services_lost, ["shop/ext.com"]);
    assert_eq!(
        there.visibility[0].services_lost,
        back.visibility[0].services_gained
    );
    assert_eq!(there.calls.len(), back.calls.len());
}

#[test]
fn a_narrowed_export_is_pushed_to_who_had_it() {
    // V:R9.12: the scope before counts.
    let hidden = BASE.replace("hosts: [ext.com]", "exportTo: ['~'], hosts: [ext.com]");
    let (db, a, b) = two(BASE, &hidden);
    let diff = diff(&db, a, b);
    let touched: Vec<&str> = diff.workloads.iter().map(|t| t.workload.as_str()).collect();
    assert_eq!(touched, ["shop/a"]);
    assert_eq!(diff.objects[0].change, Change::Changed);
}

#[test]
fn calls_that_end_otherwise_are_found() {
    let closed = format!(
        "{BASE}
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {{name: default, namespace: shop}}
spec: {{outboundTrafficPolicy: {{mode: REGISTRY_ONLY}}, egress: [{{hosts: ['./*']}}]}}
"
    );
    let (db, a, b) = two(BASE, &closed);
    let diff = diff(&db, a, b);
    // Everything else is refused from now on; what the Sidecar lists stays as it was.
    assert!(!diff.calls.is_empty());
    for change in &diff.calls {
        assert_eq!(
            change.before.verdict,
            crate::trace::Verdict::Passthrough,
            "{}",
            change.call
        );
        assert_eq!(
            change.after.verdict,
            crate::trace::Verdict::Blackhole,
            "{}",
            change.call
        );
        assert_eq!(change.workloads, ["shop/a"]);
    }
    assert!(diff.calls.iter().any(|c| c.call.host.contains("other")));
    assert!(
        !diff
            .calls
            .iter()
            .any(|c| c.call.host == "ext.com" && c.call.port == 443)
    );
}

#[test]
fn workloads_come_and_go() {
    let more = format!(
        "{BASE}
apiVersion: apps/v1
kind: Deployment
metadata: {{name: b, namespace: shop}}
spec: {{selector: {{matchLabels: {{app: b}}}}, template: {{metadata: {{labels: {{app: b}}}}, spec: {{containers: [{{name: c}}]}}}}}}
"
    );
    let (db, a, b) = two(BASE, &more);
    let change = |d: MeshDiff| {
        let touched = d.workloads.into_iter().find(|t| t.workload == "shop/b");
        touched.and_then(|t| t.change)
    };
    assert_eq!(change(diff(&db, a, b)), Some(Change::Added));
    assert_eq!(change(diff(&db, b, a)), Some(Change::Removed));
}

/// Two namespaces, a gateway, a Sidecar, an entry of two owners, rules and routes.
const LAWS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, namespace: shop}
spec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: b, namespace: shop}
spec: {selector: {matchLabels: {app: b}}, template: {metadata: {labels: {app: b}}, spec: {containers: [{name: c}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: gw, namespace: infra}
spec: {selector: {matchLabels: {istio: gw}}, template: {metadata: {labels: {istio: gw}}, spec: {containers: [{name: istio-proxy, args: [proxy, router]}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: a, namespace: shop}
spec: {selector: {app: a}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: public, namespace: infra}
spec: {selector: {istio: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: vs, namespace: shop}
spec:
  hosts: [shop.example.com, a.shop.svc.cluster.local]
  gateways: [infra/public, mesh]
  http:
  - match: [{uri: {prefix: /api}}]
    route: [{destination: {host: a, subset: v1}}]
  - route: [{destination: {host: a}}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: dr, namespace: shop}
spec: {host: a, subsets: [{name: v1, labels: {app: a}}]}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ext, namespace: shop}
spec: {hosts: [ext.com], ports: [{number: 443, name: tls, protocol: TLS}], resolution: DNS}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ext, namespace: infra}
spec: {hosts: [ext.com], ports: [{number: 443, name: tls, protocol: TLS}], resolution: NONE}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: narrow, namespace: shop}
spec: {workloadSelector: {labels: {app: b}}, egress: [{hosts: ['./*']}]}
";

/// Effect is within push (V:R9.15): whoever sees otherwise after an object comes or goes is pushed.
#[test]
fn whoever_sees_otherwise_is_touched() {
    let documents: Vec<&str> = LAWS.split("\n---\n").collect();
    for left_out in 0..documents.len() {
        let mut rest = documents.clone();
        let gone = rest.remove(left_out);
        let (db, a, b) = two(LAWS, &rest.join("\n---\n"));
        for (from, to) in [(a, b), (b, a)] {
            let diff = diff(&db, from, to);
            assert_eq!(diff.objects.len(), 1, "{gone}");
            let touched = |w: &Str| diff.workloads.iter().any(|t| t.workload == *w);
            for workload in diff.visibility.iter().flat_map(|v| &v.workloads) {
                assert!(touched(workload), "{workload} is not touched by {gone}");
            }
        }
    }
}
