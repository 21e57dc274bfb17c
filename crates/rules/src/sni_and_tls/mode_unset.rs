//! mode-unset: a message without its mode, which is then the zero value of the enum (G:TLS-1, O:11.1,
//! O:3.4, V:R3.26, V:R7.2).

use crate::prelude::*;
use meshscope_manifest::Value;
use meshscope_manifest::spec::gateway::ServerTls;
use meshscope_mesh::gateways::{Gateway, Serves, gateways_in, referencing, serves};
use meshscope_mesh::names::matches;
use meshscope_mesh::registry::Protocol;

/// The rule.
pub static RULE: Rule = Rule {
    name: "mode-unset",
    group: Group::SniAndTls,
    tier: Tier::Second,
    severity: Severity::Warning,
    summary: "tls or outboundTrafficPolicy without mode",
    equivalents: &["KIA1007"],
    page: include_str!("../../pages/mode-unset.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found = Vec::new();
    let gateways = gateways_in(db, mesh, namespace);
    for gateway in gateways.iter().filter(|g| g.object.kind == Kind::Gateway) {
        of_servers(db, mesh, gateway, &mut found);
    }
    for rule in objects(db, mesh, namespace, Kind::DestinationRule).iter() {
        let Some(spec) = rule.destination_rule() else {
            continue;
        };
        for path in &spec.tls_without_mode {
            let consequence = format!("{} is called in plaintext there", spec.host);
            found.push(finding(&rule.key, path, "DISABLE", &consequence));
        }
    }
    for sidecar in objects(db, mesh, namespace, Kind::Sidecar).iter() {
        if sidecar.sidecar().is_some_and(|s| s.policy_without_mode) {
            let consequence = "calls to hosts that are not imported fail";
            let path = "spec.outboundTrafficPolicy";
            found.push(finding(&sidecar.key, path, "REGISTRY_ONLY", consequence));
        }
    }
    found
}

/// Servers that TLS arrives at and that say no mode.
fn of_servers(db: &dyn Db, mesh: Mesh, gateway: &Gateway, found: &mut Vec<Finding>) {
    for (i, server) in gateway.servers.iter().enumerate() {
        let protocol = Protocol::parse(&server.protocol);
        let passes = matches!(protocol, Protocol::Https | Protocol::Tls)
            && serves(server) == Serves::Passthrough;
        let Some(tls) = server
            .tls
            .as_ref()
            .filter(|_| server.tls_without_mode && passes)
        else {
            continue;
        };
        let path = format!("{}.tls", gateway.server_path(i));
        let hosts = server.hosts.iter().filter_map(|h| h.rsplit('/').next());
        let hosts: Vec<&str> = hosts.collect();
        let all = referencing(db, mesh, name(db, &gateway.label()));
        let intended = all.iter().find(|vs| {
            let mut own = vs.hosts.iter();
            !vs.tls.is_empty() && own.any(|own| hosts.iter().any(|h| matches(h, own)))
        });
        let consequence = match (intended, certificate(tls)) {
            (Some(vs), _) => format!("which the tls routes of {} need", vs.object),
            (None, Some(field)) => {
                format!("TLS is not ended here, {field} is not used, and only tls routes apply")
            }
            (None, None) => "TLS is not ended here, and only tls routes apply".to_owned(),
        };
        let mut finding = finding(&gateway.object, &path, "PASSTHROUGH", &consequence);
        if let Some(vs) = intended {
            finding.severity = Severity::Info;
            finding = finding.related(&vs.object, "spec.tls", "routes by SNI");
        }
        found.push(finding);
    }
}

/// The field that names the certificate a server would serve.
fn certificate(tls: &ServerTls) -> Option<&'static str> {
    let written = [
        ("credentialName", !tls.credential_name.is_empty()),
        ("credentialNames", !tls.credential_names.is_empty()),
        ("serverCertificate", !tls.server_certificate.is_empty()),
        ("privateKey", !tls.private_key.is_empty()),
        ("caCertificates", !tls.ca_certificates.is_empty()),
        ("tlsCertificates", tls.tls_certificates > 0),
    ];
    let first = written.into_iter().find(|(_, is_written)| *is_written);
    first.map(|(field, _)| field)
}

fn finding(object: &ResourceKey, path: &str, mode: &str, consequence: &str) -> Finding {
    let message = format!("no mode: istiod reads {mode}, {consequence}");
    let finding = Finding::new(RULE.name, RULE.severity, object, path, message)
        .help(format!("write the mode, {mode} or the one that is meant"));
    match path.parse() {
        Ok(path) => finding.fix(Fix {
            title: format!("write mode {mode}, as istiod reads it"),
            safe: false,
            edits: vec![Edit::Insert {
                path,
                key: "mode".into(),
                value: Value::String(mode.into()),
            }],
        }),
        Err(_) => finding,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::check_rule;

    fn found(kind: &str, spec: &str) -> Vec<String> {
        check_rule("mode-unset", &object(kind, spec))
    }

    fn object(kind: &str, spec: &str) -> String {
        format!(
            "---\napiVersion: networking.istio.io/v1\nkind: {kind}\nmetadata: {{name: o, namespace: a}}\nspec: {{{spec}}}\n"
        )
    }

    fn server(protocol: &str, tls: &str) -> String {
        format!(
            "selector: {{istio: edge}}, servers: [{{port: {{number: 443, name: p, protocol: {protocol}}}, tls: {tls}, hosts: [x/a.org]}}]"
        )
    }

    #[test]
    fn a_server_that_tls_arrives_at_passes_it_through() {
        let at = "warning Gateway a/o spec.servers[0].tls";
        for protocol in ["HTTPS", "TLS"] {
            let without = server(protocol, "{credentialName: c}");
            assert_eq!(found("Gateway", &without), [at]);
            let with = server(protocol, "{mode: SIMPLE, credentialName: c}");
            assert!(found("Gateway", &with).is_empty());
        }
        for tls in ["{mode: PASSTHROUGH}", "'${TLS}'", "{'${MODE}': x}"] {
            assert!(found("Gateway", &server("HTTPS", tls)).is_empty(), "{tls}");
        }
        assert_eq!(found("Gateway", &server("HTTPS", "{mode: null}")), [at]);
        assert!(found("Gateway", &server("HTTP", "{httpsRedirect: true}")).is_empty());
        assert!(found("Gateway", &server("TCP", "{credentialName: c}")).is_empty());
    }

    #[test]
    fn tls_routes_speak_for_passthrough() {
        let with = |rules: &str| {
            let gateway = object("Gateway", &server("TLS", "{}"));
            let routes = format!("hosts: [a.org], gateways: [o], {rules}");
            check_rule(
                "mode-unset",
                &format!("{gateway}{}", object("VirtualService", &routes)),
            )
        };
        let to = "route: [{destination: {host: web}}]";
        assert_eq!(
            with(&format!("tls: [{{match: [{{sniHosts: [a.org]}}], {to}}}]")),
            ["info Gateway a/o spec.servers[0].tls"]
        );
        assert_eq!(
            with(&format!("http: [{{{to}}}]")),
            ["warning Gateway a/o spec.servers[0].tls"]
        );
    }

    #[test]
    fn every_policy_of_a_destination_rule_and_a_sidecar() {
        let rule = "host: h, trafficPolicy: {tls: {}, portLevelSettings: [{port: {number: 1}, tls: {mode: SIMPLE}}, {port: {number: 2}, tls: {sni: s}}]}, subsets: [{name: s, trafficPolicy: {tls: {sni: s}}}]";
        let at = |path: &str| format!("warning DestinationRule a/o spec.{path}.tls");
        assert_eq!(
            found("DestinationRule", rule),
            [
                at("trafficPolicy"),
                at("trafficPolicy.portLevelSettings[1]"),
                at("subsets[0].trafficPolicy")
            ]
        );
        let policy = |p: &str| found("Sidecar", &format!("outboundTrafficPolicy: {p}"));
        assert_eq!(
            policy("{}"),
            ["warning Sidecar a/o spec.outboundTrafficPolicy"]
        );
        assert!(policy("{mode: ALLOW_ANY}").is_empty());
        assert!(found("Sidecar", "egress: [{hosts: ['./*']}]").is_empty());
    }
}
