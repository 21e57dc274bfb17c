//! Go to definition: from a name to what it means.

use crate::place::Place;
use crate::symbol::Symbol;
use crate::symbol::clients::viewpoints;
use crate::symbol::cursor::{Hit, hits};
use crate::symbol::fields::Field;
use crate::symbol::resolve::{completed, resolve};
use crate::symbol::search::mentions_of;
use crate::symbol::target::{Written, written};
use meshscope::engine::db::name;
use meshscope::engine::names::{is_wildcard, subset_of};
use meshscope::engine::visibility::{declared, gateway_services, is_visible_to};
use meshscope::manifest::Str;
use meshscope::{Mesh, Workspace};
use std::ops::Range;

/// Targets of one name, at most: a wildcard may cover the whole mesh.
const LIMIT: usize = 100;

/// What the name under the cursor means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definitions {
    /// The bytes of the name in the file asked about.
    pub origin: Range<usize>,
    /// Where what it means is written; several when clients or meshes differ, or a selector takes
    /// several workloads.
    pub targets: Vec<Target>,
}

/// One place a name leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The name, or the field that makes it.
    pub place: Place,
    /// All of the object or entry that is meant, in the same file.
    pub whole: Range<usize>,
    /// What it is, such as `Service shop/reviews` or `subset v1 of DestinationRule shop/reviews`.
    pub label: String,
    /// The meshes this holds in.
    pub meshes: Vec<String>,
}

/// What the name at `offset` of `file` means. `None` where nothing with a meaning is written.
///
/// A host nobody may see from here leads to the services that are hidden, one that is no service to
/// the VirtualServices that claim it, a wildcard to what it covers.
pub fn definition(workspace: &Workspace, file: &str, offset: usize) -> Option<Definitions> {
    let hits = hits(workspace, file, offset);
    let origin = hits.first()?.range.clone();
    let mut targets: Vec<Target> = Vec::new();
    for hit in &hits {
        let mesh = hit.owner.mesh;
        let symbols = resolve(&hit.owner, &hit.mention);
        let mut found: Vec<Written> = symbols.iter().flat_map(|s| written(mesh, s)).collect();
        if found.is_empty() {
            found = otherwise(hit, &symbols);
        }
        for written in found.into_iter().take(LIMIT) {
            add(&mut targets, mesh, written);
        }
    }
    Some(Definitions { origin, targets })
}

fn add(targets: &mut Vec<Target>, mesh: Mesh<'_>, written: Written) {
    let place = Place {
        path: written.file.path(mesh.db()).to_string(),
        range: written.name,
    };
    let known = targets
        .iter_mut()
        .find(|t| t.place == place && t.label == written.label);
    match known {
        Some(known) => {
            if !known.meshes.iter().any(|m| m == mesh.name()) {
                known.meshes.push(mesh.name().into());
            }
        }
        None => targets.push(Target {
            place,
            whole: written.whole,
            label: written.label,
            meshes: vec![mesh.name().into()],
        }),
    }
}

/// Where a host leads that is no service to whoever names it.
fn otherwise(hit: &Hit<'_>, symbols: &[Symbol]) -> Vec<Written> {
    let is_host = matches!(
        hit.mention.field,
        Field::ClaimedHost
            | Field::DestinationHost
            | Field::RuleHost
            | Field::LiteralHost
            | Field::ImportedHost
            | Field::ServedHost
    );
    if !is_host {
        return Vec::new();
    }
    let mesh = hit.owner.mesh;
    let host = completed(&hit.owner, &hit.mention);
    let mut found = match is_wildcard(&host) {
        true => covered(hit, &host),
        false => {
            let hidden = declared(mesh.db(), mesh.input(), &host);
            of_services(mesh, hidden.iter().map(|s| (&s.host, &s.namespace)))
        }
    };
    if found.is_empty() {
        mentions_of(mesh, symbols, &mut |owner, mention| {
            let claims = mention.field == Field::ClaimedHost
                && !(owner.key() == hit.owner.key() && mention.path == hit.mention.path);
            let place = claims.then(|| mention.place(owner)).flatten();
            found.extend(place.map(|(file, range)| Written {
                file,
                name: range.clone(),
                whole: range,
                label: crate::words::object(&owner.key()),
            }));
        });
    }
    found
}

/// The services a wildcard covers that some viewpoint sees.
fn covered(hit: &Hit<'_>, host: &str) -> Vec<Written> {
    let mesh = hit.owner.mesh;
    let (db, input) = (mesh.db(), mesh.input());
    let mut seen: Vec<(Str, Str)> = Vec::new();
    for client in viewpoints(&hit.owner, host) {
        let services = gateway_services(db, input, name(db, &client));
        let covered = services.iter().map(|member| &member.service);
        let covered = covered.filter(|s| subset_of(&s.host, host));
        let visible = covered.filter(|s| is_visible_to(db, input, s, &client));
        seen.extend(
            visible
                .map(|s| (s.host.clone(), s.namespace.clone()))
                .take(LIMIT),
        );
    }
    seen.sort();
    seen.dedup();
    of_services(mesh, seen.iter().map(|(host, namespace)| (host, namespace)))
}

fn of_services<'s>(
    mesh: Mesh<'_>,
    services: impl Iterator<Item = (&'s Str, &'s Str)>,
) -> Vec<Written> {
    let symbols = services.map(|(host, owner)| Symbol::Host {
        host: host.clone(),
        owner: Some(owner.clone()),
    });
    symbols.flat_map(|symbol| written(mesh, &symbol)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fixture, GATEWAY, REVIEWS};

    fn targets(texts: &[&str]) -> Vec<String> {
        let f = Fixture::new(texts);
        let found = definition(&f.workspace, &f.file, f.offset);
        let targets = found.map(|d| d.targets).unwrap_or_default();
        targets
            .iter()
            .map(|t| format!("{} ({})", f.show(&t.place), t.label))
            .collect()
    }

    const ROUTE: &str = "\
#- shop/route.yaml
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec:
  hosts: [reviews.example.com]
  gateways: [infra/public]
  http:
  - route:
    - destination: {host: reviews, subset: v1, port: {number: 9080}}
";

    fn at(marked: &str) -> Vec<String> {
        let plain = marked.replace("$0", "");
        let route = ROUTE.replace(&plain, marked);
        assert_ne!(route, ROUTE);
        targets(&[REVIEWS, GATEWAY, &route])
    }

    #[test]
    fn a_short_host_leads_to_the_service_of_its_namespace() {
        assert_eq!(
            at("{host: rev$0iews"),
            ["shop/reviews.yaml:3: reviews (Service shop/reviews)"]
        );
    }

    #[test]
    fn subset_port_and_gateway_lead_to_where_they_are_defined() {
        assert_eq!(
            at("subset: v1$0"),
            ["shop/rule.yaml:7: v1 (subset v1 of DestinationRule shop/reviews)"]
        );
        assert_eq!(
            at("number: $09080"),
            ["shop/reviews.yaml:7: 9080 (port http of Service shop/reviews)"]
        );
        assert_eq!(
            at("[infra/pub$0lic]"),
            ["infra/gateway.yaml:3: public (Gateway infra/public)"]
        );
        assert_eq!(
            at("[in$0fra/public]"),
            [""; 0],
            "no manifest of the namespace"
        );
    }

    #[test]
    fn a_plain_key_leads_nowhere() {
        let f = Fixture::new(&[&ROUTE.replace("spec:", "sp$0ec:")]);
        assert_eq!(definition(&f.workspace, &f.file, f.offset), None);
    }

    #[test]
    fn a_host_that_is_hidden_leads_to_what_hides_it() {
        let hidden = REVIEWS.replace(
            "{name: reviews, namespace: shop}\nspec:\n  selector: {app",
            "{name: reviews, namespace: shop, annotations: {networking.istio.io/exportTo: .}}\n\
             spec:\n  selector: {app",
        );
        let route = ROUTE
            .replace("namespace: shop", "namespace: web")
            .replace("host: reviews,", "host: rev$0iews.shop.svc.cluster.local,");
        assert_eq!(
            targets(&[&hidden, &route]),
            ["shop/reviews.yaml:3: reviews (Service shop/reviews)"]
        );
    }

    #[test]
    fn of_two_services_with_one_host_the_one_that_istiod_takes() {
        let entry = |ns: &str| {
            format!(
                "#- {ns}/ext.yaml\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\n\
                 metadata: {{name: ext, namespace: {ns}}}\nspec:\n  hosts: [api.ext.com]\n  \
                 ports: [{{number: 443, name: tls, protocol: TLS}}]\n  resolution: DNS\n"
            )
        };
        let rule = "#- b/rule.yaml\napiVersion: networking.istio.io/v1\nkind: DestinationRule\n\
                    metadata: {name: ext, namespace: b}\nspec: {host: api.ext$0.com}\n";
        assert_eq!(
            targets(&[&entry("a"), &entry("b"), rule]),
            ["b/ext.yaml:5: api.ext.com (ServiceEntry b/ext)"]
        );
    }

    #[test]
    fn selectors_lead_to_the_workloads_they_take() {
        let marked = GATEWAY.replace(
            "{istio: ingress}\n  servers",
            "{istio: ing$0ress}\n  servers",
        );
        assert_eq!(
            targets(&[&marked]),
            ["infra/gateway.yaml:12: ingress (Deployment infra/ingress)"]
        );
        let policy = "#- shop/policy.yaml\napiVersion: security.istio.io/v1\nkind: \
                      AuthorizationPolicy\nmetadata: {name: p, namespace: shop}\nspec:\n  \
                      selector: {matchLabels: {app: $0reviews}}\n  rules: []\n";
        assert_eq!(
            targets(&[REVIEWS, policy]),
            ["shop/reviews.yaml:11: reviews-v1 (Deployment shop/reviews-v1)"]
        );
    }

    #[test]
    fn a_principal_leads_to_its_service_account() {
        let policy = "#- web/policy.yaml\napiVersion: security.istio.io/v1\nkind: \
                      AuthorizationPolicy\nmetadata: {name: p, namespace: web}\nspec:\n  rules:\n  \
                      - from: [{source: {principals: [cluster.local/ns/shop/sa/rev$0iews]}}]\n";
        assert_eq!(
            targets(&[REVIEWS, policy]),
            ["shop/account.yaml:3: reviews (ServiceAccount shop/reviews)"]
        );
    }

    #[test]
    fn gateway_api_references_lead_to_objects_and_listeners() {
        let gateway = "#- infra/gw.yaml\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n\
                       metadata: {name: gw, namespace: infra}\nspec:\n  gatewayClassName: istio\n  \
                       listeners: [{name: web, port: 80, protocol: HTTP}]\n";
        let route = "#- shop/http.yaml\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n\
                     metadata: {name: r, namespace: shop}\nspec:\n  parentRefs: [{name: gw, \
                     namespace: infra, sectionName: web}]\n  rules: [{backendRefs: [{name: reviews, \
                     port: 9080}]}]\n";
        let at = |marked: &str| {
            let route = route.replace(&marked.replace("$0", ""), marked);
            targets(&[REVIEWS, gateway, &route])
        };
        let gateway = "Gateway.gateway.networking.k8s.io infra/gw";
        assert_eq!(
            at("{name: g$0w,"),
            [format!("infra/gw.yaml:3: gw ({gateway})")]
        );
        assert_eq!(
            at("sectionName: $0web"),
            [format!("infra/gw.yaml:6: web (listener web of {gateway})")]
        );
        assert_eq!(
            at("{name: $0reviews, "),
            ["shop/reviews.yaml:3: reviews (Service shop/reviews)"]
        );
        assert_eq!(
            at("port: 9080$0}"),
            ["shop/reviews.yaml:7: 9080 (port http of Service shop/reviews)"]
        );
    }

    #[test]
    fn target_ports_lead_to_the_containers() {
        let service = "#- a.yaml\napiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: a}\nspec: \
                       {selector: {app: a}, ports: [{port: 80, targetPort: we$0b}]}\n---\napiVersion: \
                       apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: a}\nspec:\n  \
                       template:\n    metadata: {labels: {app: a}}\n    spec:\n      containers:\n      - \
                       {name: a, ports: [{name: web, containerPort: 8080}]}\n";
        assert_eq!(
            targets(&[service]),
            ["a.yaml:14: 8080 (port web of Deployment a/a)"]
        );
    }

    #[test]
    fn half_typed_text_still_leads_somewhere() {
        let route = ROUTE.replace(
            "  gateways: [infra/public]",
            "  gateways:\n  - infra/pub$0lic\n  -",
        );
        assert_eq!(
            targets(&[REVIEWS, GATEWAY, &route]),
            ["infra/gateway.yaml:3: public (Gateway infra/public)"]
        );
        let route = ROUTE.replace("gateways: [infra/public]", "gatew\n  tls: []");
        let route = route.replace("host: reviews,", "host: rev$0iews,");
        assert_eq!(
            targets(&[REVIEWS, &route]),
            ["shop/reviews.yaml:3: reviews (Service shop/reviews)"]
        );
    }

    #[test]
    fn in_a_kustomization_the_place_is_where_the_field_is_written() {
        let base = "#- app/base/kustomization.yaml\nresources: [vs.yaml, svc.yaml]\n\
                    #- app/base/svc.yaml\napiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: \
                    {ports: [{port: 80}]}\n#- app/base/vs.yaml\napiVersion: \
                    networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec:\n  \
                    hosts: [a]\n  http: [{route: [{destination: {host: a}}]}]\n\
                    #- app/over/kustomization.yaml\nnamespace: over\nresources: [../base]\npatches:\n\
                    - target: {kind: VirtualService}\n  patch: |\n    - op: replace\n      path: \
                    /spec/http/0/route/0/destination/host\n      value: a.ov$0er.svc.cluster.local\n";
        assert_eq!(
            targets(&[base]),
            ["app/base/svc.yaml:3: a (Service over/a)"]
        );
    }
}
