//! What policies let out, on small meshes.

use super::*;
use crate::testing::mesh_of;
use crate::workloads::find_workload;

const POD: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, namespace: shop}
spec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c}]}}}
---
";

fn judged(policies: &str) -> Confinement {
    let (db, mesh) = mesh_of(&format!("{POD}{policies}"));
    let workload = find_workload(&db, mesh, "shop", "a").unwrap();
    confinement(&db, mesh, &workload)
}

fn kubernetes(egress: &str) -> Confinement {
    judged(&format!(
        "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: p, namespace: shop}}
spec: {{podSelector: {{}}, policyTypes: [Egress], egress: {egress}}}
"
    ))
}

fn calico(policies: &[(&str, &str)]) -> Confinement {
    let texts: Vec<String> = policies
        .iter()
        .map(|(name, spec)| {
            format!(
                "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {{name: {name}}}\nspec: {spec}\n"
            )
        })
        .collect();
    judged(&texts.join("---\n"))
}

#[test]
fn no_policy_restricts_nothing() {
    assert_eq!(judged("").verdict, Confined::Unrestricted);
    let ingress_only = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
";
    assert_eq!(judged(ingress_only).verdict, Confined::Unrestricted);
}

#[test]
fn pods_only_is_confined() {
    let ns = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-system}}}";
    assert_eq!(kubernetes("[]").verdict, Confined::Yes);
    assert_eq!(
        kubernetes(&format!("[{{to: [{ns}]}}]")).verdict,
        Confined::Yes
    );
}

#[test]
fn a_rule_without_peers_is_a_hole_with_its_place() {
    let open = kubernetes("[{ports: [{protocol: UDP, port: 53}]}]");
    assert_eq!(open.verdict, Confined::No);
    let hole = &open.holes[0];
    assert_eq!(hole.because.path, "spec.egress[0]");
    assert_eq!((hole.protocol.as_str(), hole.port), ("UDP", 53));
}

#[test]
fn blocks_count_by_what_is_public_in_them() {
    let all_but = |except: &str| {
        kubernetes(&format!(
            "[{{to: [{{ipBlock: {{cidr: 0.0.0.0/0, except: {except}}}}}]}}]"
        ))
        .verdict
    };
    assert_eq!(all_but("[]"), Confined::No);
    assert_eq!(all_but("[10.0.0.0/8]"), Confined::No);
    // The exceptions cover all that is public; what is left may be the cluster's own or not.
    let public = "[1.0.0.0/8, 2.0.0.0/7, 4.0.0.0/6, 8.0.0.0/7, 11.0.0.0/8, 12.0.0.0/6, 16.0.0.0/4, 32.0.0.0/3, 64.0.0.0/2, 128.0.0.0/1]";
    assert_eq!(all_but(public), Confined::Unknown);
    let block =
        |cidr: &str| kubernetes(&format!("[{{to: [{{ipBlock: {{cidr: {cidr}}}}}]}}]")).verdict;
    assert_eq!(block("10.0.0.0/8"), Confined::Unknown);
    assert_eq!(block("93.184.216.34/32"), Confined::No);
    assert_eq!(block("'::/0'"), Confined::No);
}

#[test]
fn policies_add_up_in_kubernetes() {
    let two = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Egress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: open, namespace: shop}
spec: {podSelector: {matchLabels: {app: a}}, policyTypes: [Egress], egress: [{}]}
";
    let judged = judged(two);
    assert_eq!(judged.verdict, Confined::No);
    assert_eq!(judged.holes[0].because.object.name, "open");
}

#[test]
fn the_lower_order_wins_in_calico() {
    let allow = "{order: 10, types: [Egress], egress: [{action: Allow, destination: {nets: [8.8.8.8/32]}}]}";
    let deny = "{order: 20, types: [Egress], egress: [{action: Deny}]}";
    let open = calico(&[("allow", allow), ("deny", deny)]);
    assert_eq!(open.verdict, Confined::No);
    assert_eq!(open.holes[0].address.to_string(), "8.8.8.8");
    let late = allow.replace("order: 10", "order: 30");
    assert_eq!(
        calico(&[("allow", &late), ("deny", deny)]).verdict,
        Confined::Yes
    );
}

#[test]
fn pass_leaves_the_tier_and_its_end_denies() {
    let pass = "{tier: security, types: [Egress], egress: [{action: Pass}]}";
    let deny = "{types: [Egress], egress: [{action: Deny}]}";
    assert_eq!(
        calico(&[("pass", pass), ("deny", deny)]).verdict,
        Confined::Yes
    );
    let ends = "{tier: security, types: [Egress], egress: [{action: Allow, destination: {selector: all()}}]}";
    let allow = "{types: [Egress], egress: [{action: Allow}]}";
    assert_eq!(
        calico(&[("ends", ends), ("allow", allow)]).verdict,
        Confined::Yes
    );
    assert_eq!(
        calico(&[("pass", pass), ("allow", allow)]).verdict,
        Confined::No
    );
}

#[test]
fn calico_policies_select_by_expression() {
    let others = "{selector: \"app == 'other'\", types: [Egress], egress: [{action: Deny}]}";
    assert_eq!(calico(&[("p", others)]).verdict, Confined::Unrestricted);
    let ns = "{namespaceSelector: \"projectcalico.org/name == 'shop'\", types: [Egress]}";
    assert_eq!(calico(&[("p", ns)]).verdict, Confined::Yes);
    let unknown = "{namespaceSelector: \"team == 'x'\", types: [Egress]}";
    assert_eq!(calico(&[("p", unknown)]).verdict, Confined::Unknown);
}

#[test]
fn pods_in_the_hosts_network_are_beyond_policies() {
    let text = POD.replace("containers:", "hostNetwork: true, containers:");
    let (db, mesh) = mesh_of(&text);
    let workload = find_workload(&db, mesh, "shop", "a").unwrap();
    assert_eq!(
        confinement(&db, mesh, &workload).verdict,
        Confined::HostNetwork
    );
}

#[test]
fn what_the_mesh_needs_can_be_asked() {
    let policy = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
  - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: infra}}, podSelector: {matchLabels: {istio: egress}}}]
    ports: [{port: 8443}]
";
    let (db, mesh) = mesh_of(&format!("{POD}{policy}"));
    let from = find_workload(&db, mesh, "shop", "a").unwrap();
    let labels = [("istio", "egress")].into_iter().collect();
    let gateway = |namespace| Pod {
        namespace,
        labels: &labels,
        service_account: "",
        ports: &[],
    };
    let ask = |pod: &Pod, port| reaches_pod(&db, mesh, &from, pod, "TCP", port).certain();
    assert_eq!(ask(&gateway("infra"), 8443), Some(true));
    assert_eq!(ask(&gateway("infra"), 443), Some(false));
    assert_eq!(ask(&gateway("other"), 8443), Some(false));
}
