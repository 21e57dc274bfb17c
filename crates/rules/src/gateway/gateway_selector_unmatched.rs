//! gateway-selector-unmatched: a Gateway that no gateway workload carries (G:SEL-2, G:SEL-3, V:R6.1,
//! V:R6.2).

use crate::gateways::words;
use crate::prelude::*;
use meshscope_manifest::spec::Labels;
use meshscope_manifest::spec::meshconfig::Flag;
use meshscope_mesh::gateways::{Gateway, Selection, gateways_in, workloads_of_gateway};
use meshscope_mesh::workloads::{Workload, gateway_workloads};

/// The rule.
pub static RULE: Rule = Rule {
    name: "gateway-selector-unmatched",
    group: Group::Gateway,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "a Gateway that no gateway workload carries",
    equivalents: &["IST0101", "KIA0302"],
    page: include_str!("../../pages/gateway-selector-unmatched.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let all = gateways_in(db, mesh, namespace);
    let written = all.iter().filter(|g| g.object.kind == Kind::Gateway);
    written.filter_map(|g| unmatched(db, mesh, g)).collect()
}

fn unmatched(db: &dyn Db, mesh: Mesh, gateway: &Gateway) -> Option<Finding> {
    let Selection::Labels(selector) = &gateway.selection else {
        return None;
    };
    let open = selector.0.iter().any(|(_, v)| is_unknown(v));
    if selector.is_empty() || open {
        return None;
    }
    if !workloads_of_gateway(db, mesh, name(db, &gateway.label())).is_empty() {
        return None;
    }
    let workloads = gateway_workloads(db, mesh);
    let finding = |message: String| {
        Finding::new(
            RULE.name,
            RULE.severity,
            &gateway.object,
            "spec.selector",
            message,
        )
        .missing(&[Kind::Deployment, Kind::DaemonSet], &gateway.namespace)
    };
    let selected = words(selector);
    let scoped = facts(db, mesh).flag(Flag::ScopeGatewayToNamespace);
    if scoped && let Some(w) = workloads.iter().find(|w| selector.subset_of(&w.labels)) {
        if is_unknown(&gateway.namespace) || is_unknown(w.namespace()) {
            return None;
        }
        let message = format!(
            "no gateway workload of {} has {selected}: {} has it, but PILOT_SCOPE_GATEWAY_TO_NAMESPACE keeps Gateways in their namespace; this Gateway programs nothing",
            gateway.namespace,
            w.label()
        );
        let related = "has the labels, in another namespace";
        let help = format!("move the Gateway to {}", w.namespace());
        return Some(finding(message).help(help).related(&w.object, "", related));
    }
    if let Some(w) = workloads.iter().find(|w| is_meant(gateway, selector, w)) {
        let has: Vec<(Str, Str)> = selector
            .0
            .iter()
            .filter_map(|(k, _)| Some((k.clone(), w.labels.get(k)?.clone())))
            .collect();
        let has = Labels(has);
        let nearest = match has.is_empty() {
            true => format!("{} has none of it", w.label()),
            false => format!("nearest: {} has {}", w.label(), words(&has)),
        };
        let message = format!(
            "no gateway workload has {selected} ({nearest}): this Gateway programs nothing"
        );
        let mut finding = finding(message).related(&w.object, "", "the nearest gateway workload");
        if !has.is_empty() {
            finding = finding.help(format!("select {}", words(&has)));
        }
        return Some(match fix(selector, &has) {
            Some(fix) => finding.fix(fix),
            None => finding,
        });
    }
    // The gateways of stock installations are seldom in the repository.
    if is_stock(selector) {
        return None;
    }
    let message = format!(
        "no gateway workload of these files has {selected}: one has to be installed elsewhere, or this Gateway programs nothing"
    );
    let mut finding = finding(message).certainty(Certainty::Assumed);
    finding.severity = Severity::Info;
    Some(finding)
}

fn is_stock(selector: &Labels) -> bool {
    let value = |(k, v): &(Str, Str)| {
        matches!(k.as_str(), "istio" | "app")
            && matches!(
                v.trim_start_matches("istio-"),
                "ingressgateway" | "egressgateway" | "ingress" | "egress" | "eastwestgateway"
            )
    };
    selector.0.iter().all(value)
}

/// Whether a workload was probably meant: its labels differ by a typo, or it has the very name.
fn is_meant(gateway: &Gateway, selector: &Labels, workload: &Workload) -> bool {
    let near = |(key, wanted): &(Str, Str)| {
        let has = workload.labels.get(key);
        has.is_some_and(|has| has == wanted || is_typo(wanted, has))
    };
    selector.0.iter().all(near)
        || (workload.object.name == gateway.name && workload.namespace() == &gateway.namespace)
        || selector.0.iter().any(|(_, v)| *v == workload.object.name)
}

/// Names that differ in a number or in the direction are two gateways, not one misspelt.
fn is_typo(wanted: &str, has: &str) -> bool {
    let bare = |s: &str| s.replace(|c: char| c.is_ascii_digit(), "");
    let same = |word: &str| wanted.contains(word) == has.contains(word);
    bare(wanted) != bare(has)
        && [
            "ingress", "egress", "public", "private", "internal", "external",
        ]
        .iter()
        .all(|w| same(w))
        && nearest(wanted, std::iter::once(has)).is_some()
}

fn fix(selector: &Labels, has: &Labels) -> Option<Fix> {
    let [(key, wanted)] = &selector.0[..] else {
        return None;
    };
    let value = has.get(key).filter(|v| *v != wanted)?;
    let path = format!("spec.selector[{key:?}]").parse().ok()?;
    Some(Fix {
        title: format!("select {key}={value}"),
        safe: false,
        edits: vec![Edit::Replace {
            path,
            value: value.as_str().into(),
        }],
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, gateway_workload};

    fn with(selector: &str, workload: &str) -> Vec<String> {
        let gateway = format!(
            "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: shop}}\nspec: {{selector: {selector}, servers: []}}\n"
        );
        let yaml = format!("{gateway}{}", gateway_workload("infra", workload));
        check_rule("gateway-selector-unmatched", &yaml)
    }

    #[test]
    fn any_namespace_may_have_the_pods() {
        assert!(with("{istio: egress-gateway}", "egress-gateway").is_empty());
        assert!(with("{}", "egress-gateway").is_empty());
    }

    #[test]
    fn a_typo_is_certain_and_anything_else_may_exist_elsewhere() {
        let at = "Gateway shop/gw spec.selector";
        assert_eq!(
            with("{istio: egressgateway}", "egress-gateway"),
            [format!("error {at}")]
        );
        assert!(with("{istio: ingressgateway}", "egressgateway").is_empty());
        assert_eq!(with("{istio: partner}", "egress"), [format!("info {at}")]);
        assert_eq!(
            with("{istio: gateway-2}", "gateway-1"),
            [format!("info {at}")]
        );
    }
}
