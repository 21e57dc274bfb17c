//! Find references: everything that means the same.

use crate::place::Place;
use crate::symbol::Symbol;
use crate::symbol::cursor::{Hit, hits};
use crate::symbol::resolve::resolve;
use crate::symbol::search::{defines, mentions_of};
use meshscope::{Mesh, Workspace};
use std::collections::BTreeMap;
use std::ops::Range;

/// One place where something is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The bytes of the name.
    pub place: Place,
    /// Whether this is what defines it.
    pub is_definition: bool,
    /// The meshes this holds in.
    pub meshes: Vec<String>,
}

/// Everything that means what the name at `offset` of `file` means, sorted by place; its definitions
/// only with `definitions`.
pub fn references(
    workspace: &Workspace,
    file: &str,
    offset: usize,
    definitions: bool,
) -> Vec<Reference> {
    let mut found: BTreeMap<(String, usize, usize), Reference> = BTreeMap::new();
    for (mesh, symbols) in meant(&hits(workspace, file, offset)) {
        for_each(mesh, &symbols, &mut |place, is_definition| {
            let at = (place.path.clone(), place.range.start, place.range.end);
            let reference = found.entry(at).or_insert_with(|| Reference {
                place,
                is_definition,
                meshes: Vec::new(),
            });
            if !reference.meshes.iter().any(|m| m == mesh.name()) {
                reference.meshes.push(mesh.name().into());
            }
        });
    }
    let wanted = |r: &Reference| definitions || !r.is_definition;
    found.into_values().filter(wanted).collect()
}

/// The references in `file` itself, definitions included: what an editor highlights. The flag says
/// which of them define it.
pub fn highlights(workspace: &Workspace, file: &str, offset: usize) -> Vec<(Range<usize>, bool)> {
    let own = workspace.file(file);
    let own = own.map(|file| file.path(workspace.db()).to_string());
    let all = references(workspace, file, offset, true);
    let here = all
        .into_iter()
        .filter(|r| Some(&r.place.path) == own.as_ref());
    here.map(|r| (r.place.range, r.is_definition)).collect()
}

/// What some hits mean, mesh by mesh.
pub(crate) fn meant<'w>(hits: &[Hit<'w>]) -> Vec<(Mesh<'w>, Vec<Symbol>)> {
    let mut found: Vec<(Mesh<'w>, Vec<Symbol>)> = Vec::new();
    for hit in hits {
        let mesh = hit.owner.mesh;
        let symbols = resolve(&hit.owner, &hit.mention);
        match found.iter_mut().find(|(m, _)| m.name() == mesh.name()) {
            Some((_, known)) => known.extend(symbols),
            None => found.push((mesh, symbols)),
        }
    }
    for (_, symbols) in &mut found {
        symbols.sort();
        symbols.dedup();
    }
    found
}

/// Calls `each` with every place in a mesh that means one of some symbols, and whether it defines it.
fn for_each(mesh: Mesh<'_>, symbols: &[Symbol], each: &mut dyn FnMut(Place, bool)) {
    mentions_of(mesh, symbols, &mut |owner, mention| {
        if let Some((file, range)) = mention.place(owner) {
            let path = file.path(mesh.db()).to_string();
            each(Place { path, range }, defines(mention));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fixture, GATEWAY, REVIEWS};

    fn found(texts: &[&str], definitions: bool) -> Vec<String> {
        let f = Fixture::new(texts);
        let found = references(&f.workspace, &f.file, f.offset, definitions);
        found.iter().map(|r| f.show(&r.place)).collect()
    }

    const USERS: &str = "\
#- shop/vs.yaml
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: a, namespace: shop}
spec:
  hosts: [reviews]
  gateways: [infra/public, mesh]
  http:
  - match: [{gateways: [public.infra]}]
    route: [{destination: {host: reviews, subset: v1}}]
  - route: [{destination: {host: reviews.shop.svc.cluster.local, subset: v2}}]
#- web/vs.yaml
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: b, namespace: web}
spec:
  hosts: [reviews]
  http: [{route: [{destination: {host: reviews, subset: v1}}]}]
#- web/sidecar.yaml
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: s, namespace: web}
spec: {egress: [{hosts: [shop/reviews.shop.svc.cluster.local]}]}
";

    #[test]
    fn a_service_is_used_by_whatever_resolves_to_it() {
        let service = REVIEWS.replacen("{name: reviews", "{name: rev$0iews", 1);
        assert_eq!(
            found(&[&service, USERS], false),
            [
                "shop/rule.yaml:5: reviews",
                "shop/vs.yaml:5: reviews",
                "shop/vs.yaml:9: reviews",
                "shop/vs.yaml:10: reviews.shop.svc.cluster.local",
                "web/sidecar.yaml:4: reviews.shop.svc.cluster.local",
            ],
            "`reviews` in namespace web is another host"
        );
    }

    #[test]
    fn a_subset_is_used_by_the_destinations_that_find_its_rule() {
        let rule = REVIEWS.replace("name: v1\n", "name: $0v1\n");
        assert_eq!(
            found(&[&rule, USERS], true),
            ["shop/rule.yaml:7: v1", "shop/vs.yaml:9: v1"]
        );
    }

    #[test]
    fn a_gateway_is_used_in_every_form_of_its_name() {
        let gateway = GATEWAY.replace("{name: public", "{name: pub$0lic");
        assert_eq!(
            found(&[REVIEWS, USERS, &gateway], false),
            ["shop/vs.yaml:6: public", "shop/vs.yaml:8: public"]
        );
    }

    #[test]
    fn a_workload_is_used_by_the_selectors_that_take_it() {
        let workload = REVIEWS.replace("{name: reviews-v1", "{name: $0reviews-v1");
        assert_eq!(
            found(&[&workload, USERS], false),
            ["shop/reviews.yaml:5: {app: reviews}"]
        );
    }

    #[test]
    fn the_labels_of_pods_are_used_by_the_selectors_that_take_them() {
        let workload = REVIEWS.replace("{labels: {app: reviews, v", "{labels: {app: rev$0iews, v");
        assert_eq!(
            found(&[&workload, USERS], false),
            ["shop/reviews.yaml:5: {app: reviews}"]
        );
    }

    #[test]
    fn a_namespace_is_used_by_its_objects_and_exports() {
        let namespace = "#- ns.yaml\napiVersion: v1\nkind: Namespace\nmetadata: {name: $0web}\n";
        assert_eq!(
            found(&[namespace, USERS], false),
            ["web/sidecar.yaml:3: web", "web/vs.yaml:3: web"]
        );
    }

    #[test]
    fn highlights_are_the_references_of_the_file() {
        let rule = USERS.replace(
            "{host: reviews, subset: v1}}]\n  -",
            "{host: $0reviews, subset: v1}}]\n  -",
        );
        let f = Fixture::new(&[REVIEWS, &rule]);
        let found = highlights(&f.workspace, &f.file, f.offset);
        let lines: Vec<String> = found
            .iter()
            .map(|(r, _)| f.show_range(&f.file, r))
            .collect();
        assert_eq!(
            lines,
            [
                "shop/vs.yaml:5: reviews",
                "shop/vs.yaml:9: reviews",
                "shop/vs.yaml:10: reviews.shop.svc.cluster.local",
            ]
        );
    }
}
