//! gateway-listener-invalid: a listener that istiod does not program (G:GWA-2, G:GWA-5, G:GWA-6,
//! G:GWA-7, G:GWA-13).

mod addresses;

use super::words;
use crate::known::says_mesh_config;
use crate::prelude::*;
use meshscope_manifest::spec::gateway_api::AllowedNamespaces;
use meshscope_mesh::gateway_api::{
    Listener, ListenerFault, Refused, RefusedReason, listeners_in, named_parent,
};
use meshscope_mesh::gateways::Selection;
use meshscope_mesh::index::namespace_object;

/// The rule.
pub static RULE: Rule = Rule {
    name: "gateway-listener-invalid",
    group: Group::GatewayApi,
    tier: Tier::Second,
    severity: Severity::Error,
    summary: "a listener that istiod does not program",
    equivalents: &["KIA1504"],
    page: include_str!("../../pages/gateway-listener-invalid.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let listeners = listeners_in(db, mesh, namespace);
    let mut found = Vec::new();
    for listener in listeners.iter() {
        let refused = listener.refused.iter();
        found.extend(refused.filter_map(|r| invalid(db, mesh, listener, r)));
    }
    for gateway in objects(db, mesh, namespace, Kind::KubernetesGateway).iter() {
        let mut own = listeners.iter().map(|l| &l.gateway);
        if let Some(internal) = own.find(|g| g.object == gateway.key)
            && let Selection::Services { hosts, .. } = &internal.selection
        {
            addresses::missing(db, mesh, gateway, hosts, &mut found);
        }
    }
    for set in objects(db, mesh, namespace, Kind::ListenerSet).iter() {
        found.extend(not_admitted(db, mesh, set));
    }
    found
}

/// What is refused of a listener, as far as the files are sure of it and no other rule says it.
fn invalid(db: &dyn Db, mesh: Mesh, listener: &Listener, refused: &Refused) -> Option<Finding> {
    let RefusedReason::Listener(fault) = refused.reason else {
        return None;
    };
    let because = &refused.because;
    if is_unknown(&because.why) {
        return None;
    }
    let name = &listener.section;
    let message = format!(
        "listener {name}: {}; it does not exist for istiod",
        words(because)
    );
    let object = &because.object;
    let finding = Finding::new(RULE.name, RULE.severity, object, &because.path, message);
    match fault {
        // A flag of an istiod that the files do not show may be on.
        ListenerFault::Protocol if listener.protocol == "TCP" => {
            says_mesh_config(db, mesh).then(|| finding.certainty(Certainty::Assumed))
        }
        ListenerFault::Protocol if listener.protocol.is_empty() => None,
        ListenerFault::Protocol => Some(finding.help("istiod knows HTTP, HTTPS and TLS")),
        ListenerFault::Certificate => Some(finding),
        // A missing port is a fault of the schema; an empty Secret is filled by something else, and so
        // may the namespace that is referred to hold a grant nobody sees.
        ListenerFault::Port | ListenerFault::EmptySecret | ListenerFault::NotGranted => None,
    }
}

/// A ListenerSet whose Gateway does not let its namespace add listeners (G:GWA-13).
fn not_admitted(db: &dyn Db, mesh: Mesh, set: &Resource) -> Option<Finding> {
    let own = &set.key.namespace;
    let (gateway, is_admitted) = named_parent(db, mesh, set)?;
    if is_admitted || is_unknown(own) || is_unknown(&gateway.key.namespace) {
        return None;
    }
    let admits = match &gateway.kubernetes_gateway()?.allowed_listeners {
        None => "no ListenerSets".to_owned(),
        // Labels nobody writes here may be there.
        Some(AllowedNamespaces::Selector(_)) => {
            namespace_object(db, mesh, name(db, own)).as_ref()?;
            "only ListenerSets of namespaces with other labels".to_owned()
        }
        Some(_) => format!("only ListenerSets of {}", gateway.key.namespace),
    };
    let message = format!(
        "Gateway {}/{} admits {admits}: the listeners of this one do not exist for istiod",
        gateway.key.namespace, gateway.key.name
    );
    let finding = Finding::new(
        RULE.name,
        RULE.severity,
        &set.key,
        "spec.parentRef",
        message,
    )
    .help("allowedListeners: {namespaces: {from: All}} on the Gateway admits it")
    .related(&gateway.key, "spec.allowedListeners", "says whom it admits");
    Some(finding)
}

#[cfg(test)]
mod tests {
    use crate::testing::check_rule;

    const RULE: &str = "gateway-listener-invalid";
    const AT: &str = "error Gateway.gateway.networking.k8s.io infra/gw spec.listeners[0]";

    fn gateway(spec: &str) -> String {
        format!(
            "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: infra}}\nspec: {{gatewayClassName: istio, {spec}}}\n"
        )
    }

    fn listener(rest: &str) -> Vec<String> {
        let secret = |name: &str, keys: &str| {
            format!(
                "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: infra}}\ndata: {{{keys}}}\n"
            )
        };
        let yaml = [
            gateway(&format!("listeners: [{{name: l, port: 443, {rest}}}]")),
            secret("whole", "tls.crt: eA==, tls.key: eA=="),
            secret("half", "tls.crt: eA=="),
            secret("empty", ""),
        ];
        check_rule(RULE, &yaml.concat())
    }

    #[test]
    fn protocols_istiod_does_not_know() {
        assert_eq!(listener("protocol: UDP"), [format!("{AT}.protocol")]);
        assert!(listener("protocol: HTTP").is_empty());
        assert!(listener("protocol: '${PROTOCOL}'").is_empty());
        // The flag for TCP is one of an istiod that these files do not show.
        assert!(listener("protocol: TCP").is_empty());
        let tcp = gateway("listeners: [{name: l, port: 9000, protocol: TCP}]");
        let istiod = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata: {mesh: 'enableAutoMtls: true'}\n";
        let at = AT.replace("error", "warning");
        assert_eq!(
            check_rule(RULE, &format!("{tcp}{istiod}")),
            [format!("{at}.protocol")]
        );
    }

    #[test]
    fn certificates_of_the_files_must_be_usable() {
        let with = |refs: &str| {
            listener(&format!(
                "protocol: HTTPS, tls: {{certificateRefs: [{refs}]}}"
            ))
        };
        let at = format!("{AT}.tls.certificateRefs[0]");
        assert_eq!(with("{name: half}"), [at.as_str()]);
        assert_eq!(with("{kind: ConfigMap, name: whole}"), [at.as_str()]);
        for fine in ["{name: whole}", "{name: empty}", "{name: elsewhere}"] {
            assert!(with(fine).is_empty(), "{fine}");
        }
        assert_eq!(
            with("{name: whole}, {name: a}, {name: b}"),
            [format!("{AT}.tls.certificateRefs")]
        );
    }

    #[test]
    fn a_gateway_says_whose_listener_sets_it_takes() {
        let with = |allowed: &str| {
            let parent = gateway(&format!(
                "{allowed}listeners: [{{name: l, port: 80, protocol: HTTP}}]"
            ));
            let set = "---\napiVersion: gateway.networking.k8s.io/v1\nkind: ListenerSet\nmetadata: {name: s, namespace: shop}\nspec: {parentRef: {group: gateway.networking.k8s.io, kind: Gateway, name: gw, namespace: infra}, listeners: [{name: m, port: 81, protocol: HTTP}]}\n";
            check_rule(RULE, &format!("{parent}{set}"))
        };
        let from = |from: &str| with(&format!("allowedListeners: {{namespaces: {from}}}, "));
        let at = "error ListenerSet shop/s spec.parentRef";
        assert_eq!(with(""), [at]);
        assert_eq!(from("{from: Same}"), [at]);
        assert!(from("{from: All}").is_empty());
        // Nobody shows the labels of shop.
        assert!(from("{from: Selector, selector: {matchLabels: {a: b}}}").is_empty());
    }
}
