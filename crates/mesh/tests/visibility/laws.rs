//! Laws that hold for every mesh, tried on random small ones.
//!
//! DestinationRules obey the first law only in part: widening one may merge it away from others
//! (V:E5.d), which is istiod's behaviour and has its page in corpus/.

use super::support::{Fixture, deployment, entry, istio, key, namespace, route, service, sidecar};
use meshscope_manifest::Kind;
use meshscope_mesh::visibility::destination_rule_for;
use meshscope_mesh::visibility::explain::{reasons, visible_to};
use meshscope_mesh::visibility::{
    Reason, destinations, mesh_virtual_services, scope_of, services_of,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const NAMESPACES: [&str; 3] = ["a", "b", "c"];
const EXPORTS: [&str; 7] = ["", "*", ".", "a", "b", "a,b", ".,c"];
const EGRESS: [&str; 7] = [
    "./*",
    "a/*",
    "b/*",
    "*/*",
    "*/x.example",
    "*/*.a.svc.cluster.local",
    "c/web.c.svc.cluster.local",
];

/// An object of a random mesh.
#[derive(Clone, Debug)]
enum Object {
    Service {
        ns: usize,
        name: usize,
        export: usize,
    },
    Entry {
        ns: usize,
        host: usize,
        export: usize,
    },
    Route {
        ns: usize,
        host: usize,
        to: usize,
        export: usize,
    },
    Rule {
        ns: usize,
        host: usize,
        export: usize,
    },
    Sidecar {
        ns: usize,
        hosts: Vec<usize>,
    },
}

const HOSTS: [&str; 4] = [
    "web.a.svc.cluster.local",
    "api.b.svc.cluster.local",
    "x.example",
    "*.c.svc.cluster.local",
];

fn object() -> impl Strategy<Value = Object> {
    let export = 0..EXPORTS.len();
    prop_oneof![
        (0..3usize, 0..4usize, export.clone()).prop_map(|(ns, host, export)| Object::Rule {
            ns,
            host,
            export
        }),
        (0..3usize, 0..2usize, export.clone()).prop_map(|(ns, name, export)| Object::Service {
            ns,
            name,
            export
        }),
        (0..3usize, 0..3usize, export.clone()).prop_map(|(ns, host, export)| Object::Entry {
            ns,
            host,
            export
        }),
        (0..3usize, 0..4usize, 0..3usize, export).prop_map(|(ns, host, to, export)| {
            Object::Route {
                ns,
                host,
                to,
                export,
            }
        }),
        (0..3usize, prop::collection::vec(0..EGRESS.len(), 1..3))
            .prop_map(|(ns, hosts)| Object::Sidecar { ns, hosts }),
    ]
}

fn quoted(export: &str) -> String {
    match export {
        "" => String::new(),
        set => {
            let parts: Vec<String> = set.split(',').map(|s| format!("\"{s}\"")).collect();
            format!(", exportTo: [{}]", parts.join(", "))
        }
    }
}

fn text(object: &Object, widened: Option<&str>) -> String {
    let wider = |export: usize| match widened {
        Some(added) if EXPORTS[export].is_empty() => added.to_owned(),
        Some(added) => format!("{},{added}", EXPORTS[export]),
        None => EXPORTS[export].to_owned(),
    };
    match object {
        Object::Service { ns, name, export } => {
            service(NAMESPACES[*ns], ["web", "api"][*name], 80, &wider(*export))
        }
        Object::Entry { ns, host, export } => entry(
            NAMESPACES[*ns],
            &format!("e{host}"),
            HOSTS[*host],
            &quoted(&wider(*export)),
        ),
        Object::Route {
            ns,
            host,
            to,
            export,
        } => {
            let name = format!("r{host}{to}");
            route(
                NAMESPACES[*ns],
                &name,
                HOSTS[*host],
                HOSTS[*to],
                &quoted(&wider(*export)),
            )
        }
        Object::Rule { ns, host, export } => {
            let spec = format!("{{host: \"{}\"{}}}", HOSTS[*host], quoted(&wider(*export)));
            istio(
                "DestinationRule",
                NAMESPACES[*ns],
                &format!("d{host}"),
                &spec,
            )
        }
        Object::Sidecar { ns, hosts } => {
            let hosts: Vec<String> = hosts
                .iter()
                .map(|h| format!("\"{}\"", EGRESS[*h]))
                .collect();
            sidecar(NAMESPACES[*ns], &hosts.join(", "))
        }
    }
}

fn fixture(objects: &[String]) -> Fixture {
    let base: String = NAMESPACES
        .iter()
        .map(|ns| namespace(ns) + &deployment(ns, "app"))
        .collect();
    let paths: Vec<String> = (0..objects.len()).map(|i| format!("{i}.yaml")).collect();
    let files = paths
        .iter()
        .map(String::as_str)
        .zip(objects.iter().cloned());
    Fixture::new([("base.yaml", base)].into_iter().chain(files))
}

/// Everything one namespace's proxy sees: services, VirtualServices, rules.
type Seen = (
    BTreeMap<String, String>,
    Vec<String>,
    BTreeMap<String, String>,
);

fn seen(f: &Fixture, ns: &str) -> Seen {
    let proxy = f.proxy(ns, "app");
    let services = services_of(&f.db, f.mesh, &proxy);
    let hosts = services
        .iter()
        .map(|m| (m.service.host.to_string(), m.service.namespace.to_string()));
    let routes = mesh_virtual_services(&f.db, f.mesh, &proxy);
    let rules = services.iter().filter_map(|m| {
        let s = &m.service;
        let rule = destination_rule_for(&f.db, f.mesh, &proxy, &s.host, &s.namespace)?;
        Some((s.host.to_string(), rule.rule.to_string()))
    });
    (
        hosts.collect(),
        routes.iter().map(|v| v.object.to_string()).collect(),
        rules.collect(),
    )
}

/// One object of each identity: the last one counts, and which is last must not matter here.
fn unique(objects: Vec<Object>) -> Vec<Object> {
    let identity = |o: &Object| match o {
        Object::Service { ns, name, .. } => format!("s{ns}{name}"),
        Object::Entry { ns, host, .. } => format!("e{ns}{host}"),
        Object::Route { ns, host, to, .. } => format!("r{ns}{host}{to}"),
        Object::Rule { ns, host, .. } => format!("d{ns}{host}"),
        Object::Sidecar { ns, .. } => format!("c{ns}"),
    };
    let mut known = BTreeSet::new();
    objects
        .into_iter()
        .filter(|o| known.insert(identity(o)))
        .collect()
}

fn objects() -> impl Strategy<Value = Vec<Object>> {
    prop::collection::vec(object(), 1..9).prop_map(unique)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn exporting_more_hides_nothing_from_anyone(all in objects(), which: prop::sample::Index, to in 0..3usize) {
        let which = which.index(all.len());
        // An empty set means everyone: adding a name to it is no widening.
        let widens = match &all[which] {
            Object::Service { export, .. } | Object::Entry { export, .. } | Object::Route { export, .. } => *export != 0,
            Object::Rule { .. } | Object::Sidecar { .. } => false,
        };
        prop_assume!(widens);
        let before: Vec<String> = all.iter().map(|o| text(o, None)).collect();
        let mut after = before.clone();
        after[which] = text(&all[which], Some(NAMESPACES[to]));
        let (before, after) = (fixture(&before), fixture(&after));
        for ns in NAMESPACES {
            let (old, new) = (seen(&before, ns), seen(&after, ns));
            if ns == NAMESPACES[to] {
                for host in old.0.keys() {
                    prop_assert!(new.0.contains_key(host), "{ns} loses {host}");
                }
                for route in &old.1 {
                    prop_assert!(new.1.contains(route), "{ns} loses {route}");
                }
            } else {
                prop_assert_eq!(old, new, "{} is not concerned", ns);
            }
        }
    }

    #[test]
    fn a_sidecar_adds_nothing_that_is_not_selected(all in objects()) {
        let f = fixture(&all.iter().map(|o| text(o, None)).collect::<Vec<_>>());
        for object in &all {
            let Object::Sidecar { ns, hosts } = object else { continue };
            let client = NAMESPACES[*ns];
            let scope = scope_of(&f.db, f.mesh, &f.proxy(client, "app"));
            let carried = mesh_virtual_services(&f.db, f.mesh, &f.proxy(client, "app"));
            for member in scope.services.iter() {
                let s = &member.service;
                let selected = hosts.iter().any(|h| {
                    let (owner, host) = EGRESS[*h].split_once('/').unwrap();
                    let owner = if owner == "." { client } else { owner };
                    (owner == "*" || owner == s.namespace)
                        && (host == s.host || host.strip_prefix('*').is_some_and(|tail| s.host.ends_with(tail)))
                });
                let routed = carried.iter().any(|v| destinations(v, client).iter().any(|(h, _)| *h == s.host));
                prop_assert!(selected || routed, "{client} has {}", s.label());
                if let Reason::Imported { .. } = member.reason {
                    prop_assert!(selected, "{client} has {}", s.label());
                }
            }
        }
    }

    #[test]
    fn explanations_agree_with_what_is_computed(all in objects()) {
        let f = fixture(&all.iter().map(|o| text(o, None)).collect::<Vec<_>>());
        for client in NAMESPACES {
            let proxy = f.proxy(client, "app");
            let services = services_of(&f.db, f.mesh, &proxy);
            let carried = mesh_virtual_services(&f.db, f.mesh, &proxy);
            for object in &all {
                let label = |ns: &usize, name: String| format!("{}/{name}", NAMESPACES[*ns]);
                let (key, has) = match object {
                    Object::Service { ns, name, .. } => {
                        let key = key(Kind::Service, &label(ns, ["web", "api"][*name].into()));
                        let has = services.iter().any(|m| m.service.object == key);
                        (key, has)
                    }
                    Object::Entry { ns, host, .. } => {
                        let key = key(Kind::ServiceEntry, &label(ns, format!("e{host}")));
                        let has = services.iter().any(|m| m.service.object == key);
                        (key, has)
                    }
                    Object::Route { ns, host, to, .. } => {
                        let key = key(Kind::VirtualService, &label(ns, format!("r{host}{to}")));
                        let has = carried.iter().any(|v| v.object == key);
                        (key, has)
                    }
                    Object::Rule { ns, host, .. } => {
                        let key = key(Kind::DestinationRule, &label(ns, format!("d{host}")));
                        let has = services.iter().any(|m| {
                            let s = &m.service;
                            destination_rule_for(&f.db, f.mesh, &proxy, &s.host, &s.namespace)
                                .is_some_and(|e| e.from.contains(&key))
                        });
                        (key, has)
                    }
                    Object::Sidecar { .. } => continue,
                };
                let (present, steps) = reasons(&f.db, f.mesh, &proxy, &key);
                prop_assert_eq!(present, has, "{} for {}: {:?}", key, client, steps);
                prop_assert!(steps.iter().any(|s| s.why.contains("V:R")), "{} for {}: {:?}", key, client, steps);
                let seen = visible_to(&f.db, f.mesh, &key);
                prop_assert_eq!(seen.sidecars.iter().any(|w| *w == format!("{client}/app")), has);
            }
        }
    }

    #[test]
    fn the_order_of_files_does_not_matter(all in objects(), turn in 0..9usize) {
        let mut texts: Vec<String> = all.iter().map(|o| text(o, None)).collect();
        let f = fixture(&texts);
        texts.reverse();
        let middle = turn % texts.len();
        texts.rotate_left(middle);
        let g = fixture(&texts);
        for ns in NAMESPACES {
            prop_assert_eq!(seen(&f, ns), seen(&g, ns));
        }
    }
}
