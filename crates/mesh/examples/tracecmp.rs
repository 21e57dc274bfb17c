//! throwaway
#![allow(clippy::all, missing_docs)]
use meshscope_manifest::spec::Labels;
use meshscope_manifest::spec::meshconfig::IstiodEnv;
use meshscope_manifest::{Str, Value};
use meshscope_mesh::db::*;
use meshscope_mesh::trace::*;
use meshscope_mesh::workloads::*;
use std::collections::BTreeMap;
use std::sync::Arc;

#[salsa::db]
#[derive(Clone, Default)]
struct TestDb {
    storage: salsa::Storage<Self>,
}
#[salsa::db]
impl salsa::Database for TestDb {}

fn files(dir: &std::path::Path, out: &mut Vec<std::path::PathBuf>) {
    let Ok(rd) = std::fs::read_dir(dir) else {
        return;
    };
    let mut e: Vec<_> = rd.map(|e| e.unwrap().path()).collect();
    e.sort();
    for p in e {
        if p.is_dir() {
            files(&p, out)
        } else if p.extension().is_some_and(|x| x == "yaml") {
            out.push(p)
        }
    }
}
fn proxy(v: &Value) -> Proxy {
    let s = |k: &str| v.str_or_empty(k);
    let ns = s("namespace");
    Proxy {
        kind: if s("type") == "router" {
            ProxyKind::Router
        } else {
            ProxyKind::Sidecar
        },
        namespace: ns.clone(),
        config_namespace: v.str("config_namespace").unwrap_or(ns),
        labels: Labels::decode(v.get("labels")),
        ips: v.strings("ips"),
        metadata: v
            .entries("metadata")
            .map(|(k, v)| {
                (
                    k.clone(),
                    match v {
                        Value::Bool(b) => b.to_string().into(),
                        _ => Str::new(v.as_str().unwrap_or("")),
                    },
                )
            })
            .collect(),
        workload: Str::default(),
        container_ports: vec![],
    }
}
fn text(v: &Value) -> Option<String> {
    match v {
        Value::String(s) => Some(s.to_string()),
        Value::Int(i) => Some(i.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}
fn main() {
    let verbose = std::env::var("V").is_ok();
    let (mut total, mut bad) = (0, 0);
    let mut kinds: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let t0 = std::time::Instant::now();
    for case in std::env::args().skip(1) {
        let case = std::path::PathBuf::from(case);
        let Ok(text0) = std::fs::read_to_string(case.join("case.yaml")) else {
            continue;
        };
        let spec = meshscope_manifest::read::document(&meshscope_yaml::parse(&text0).documents[0])
            .unwrap();
        if spec.str("status").as_deref() == Some("contested") {
            continue;
        }
        let db = TestDb::default();
        let mut fs = Vec::new();
        files(&case.join("input"), &mut fs);
        let units: Vec<Unit> = fs
            .iter()
            .map(|p| {
                let file = SourceFile::new(
                    &db,
                    Str::new(p.to_string_lossy()),
                    Arc::from(std::fs::read_to_string(p).unwrap()),
                    None,
                );
                Unit::file(file, Some("default".into()))
            })
            .collect();
        let m = spec.get("mesh");
        let settings = MeshSettings {
            mesh_config: m.field("mesh_config").cloned().into_iter().collect(),
            istio_config_domain: m.str("istio_config_domain"),
            env: IstiodEnv::new(
                m.entries("env")
                    .map(|(k, v)| (k.clone(), Str::new(v.as_str().unwrap_or("")))),
            ),
            ..Default::default()
        };
        let mesh = Mesh::new(&db, "m".into(), units.into(), Arc::new(settings));
        for (i, t) in spec.list("traces").iter().enumerate() {
            let f = t.get("from");
            let who = f.str("workload").or(f.str("gateway"));
            let from = match who.clone() {
                Some(who) => {
                    let (ns, n) = who.split_once('/').unwrap();
                    let Some(w) = find_workload(&db, mesh, ns, n) else {
                        println!("{} no workload {who}", case.display());
                        bad += 1;
                        continue;
                    };
                    if f.has("workload") {
                        From::Workload(w)
                    } else {
                        From::Gateway(w)
                    }
                }
                None => From::Proxy(proxy(f.get("proxy"))),
            };
            let c = t.get("call");
            let scheme = Scheme::parse(&c.str_or_empty("scheme")).unwrap();
            let mut call = Call::new(
                scheme,
                c.str_or_empty("host"),
                c.int("port").unwrap_or(0) as u32,
            );
            if let Some(s) = c.str("sni") {
                call.sni = s
            } else if c.bool("mtls") == Some(true) {
                call.sni = Str::default()
            }
            call.path = c.str_or_empty("path");
            call.alpn = c.str_or_empty("alpn");
            call.address = c.str("address");
            call.mtls = c.bool("mtls").unwrap_or(false);
            call.mtls_secret = c.str_or_empty("mtls_secret");
            call.method = c.str_or_empty("method");
            call.headers = c
                .entries("headers")
                .filter_map(|(k, v)| Some((k.clone(), Str::new(v.as_str()?))))
                .collect();
            call.mode = c.str("mode").and_then(|m| Mode::parse(&m));
            let tr = trace(&db, mesh, &from, &call);
            let e = t.get("expect");
            let own = e.has("listener") || matches!(from, From::Proxy(_));
            let hop = if own { tr.hops.first() } else { tr.hops.last() };
            let verdict = if own {
                hop.map_or(tr.verdict, |h| h.verdict)
            } else {
                tr.verdict
            };
            let mut diffs = Vec::new();
            let strict = e.bool("strict") == Some(true);
            let keys = [
                "verdict",
                "client_sees",
                "through_gateway",
                "stops_at",
                "listener_port",
                "listener",
                "filter_chain",
                "route_config",
                "virtual_host",
                "route",
                "cluster",
                "terminates_tls",
                "client_certificate",
                "upstream_tls",
                "server_certificate",
            ];
            let get = |h: Option<&Hop>, k: &str| -> Option<String> {
                let chain = h.and_then(|h| h.chain.as_ref());
                let route = h.and_then(|h| h.route.as_ref());
                match k {
                    "listener_port" => h
                        .and_then(|h| h.listener.as_ref())
                        .map(|l| l.port.to_string()),
                    "listener" => h
                        .and_then(|h| h.listener.as_ref())
                        .map(|l| l.name.to_string()),
                    "filter_chain" => chain.map(|c| c.name.to_string()),
                    "route_config" => route.map(|r| r.config.to_string()),
                    "virtual_host" => route.map(|r| r.virtual_host.to_string()),
                    "route" => route.and_then(|r| r.name.as_ref()).map(|r| r.to_string()),
                    "cluster" => h
                        .and_then(|h| {
                            if h.branches.iter().filter(|b| !b.mirror).count() > 1 && own {
                                None
                            } else {
                                h.cluster()
                            }
                        })
                        .map(|c| c.to_string()),
                    "terminates_tls" => chain.map(|c| c.terminates_tls.to_string()),
                    "server_certificate" => chain.map(|c| c.server_certificate.to_string()),
                    "client_certificate" => {
                        chain.map(|c| format!("{:?}", c.client_certificate).to_lowercase())
                    }
                    "upstream_tls" => h.and_then(|h| h.branches.first()).map(|b| {
                        b.upstream_tls
                            .map_or("none".to_owned(), |m| m.name().to_owned())
                    }),
                    _ => None,
                }
            };
            for k in keys {
                let opt = [
                    "listener",
                    "filter_chain",
                    "route_config",
                    "virtual_host",
                    "route",
                    "cluster",
                ]
                .contains(&k);
                if !e.has(k) {
                    if strict && opt && get(hop, k).is_some_and(|v| !v.is_empty()) {
                        diffs.push(format!("{k}: want empty got {:?}", get(hop, k)));
                    }
                    continue;
                }
                let want = text(e.get(k));
                let got = match k {
                    "verdict" => {
                        if want.as_deref() == Some("other") {
                            continue;
                        }
                        Some(verdict.name().to_owned())
                    }
                    "client_sees" => Some(tr.client_sees.to_string()),
                    "through_gateway" => tr.through_gateways.first().map(|s| s.to_string()),
                    "stops_at" => tr.stops_at.as_ref().map(|s| s.to_string()),
                    _ => get(hop, k),
                };
                if want != got {
                    diffs.push(format!("{k}: want {want:?} got {got:?}"));
                }
            }
            for (j, he) in e.list("hops").iter().enumerate() {
                let h = tr.hops.get(j);
                for (k, v) in he.as_map().unwrap() {
                    let got = if k == "proxy" {
                        h.map(|h| h.proxy.to_string())
                    } else {
                        get(h, k)
                    };
                    if got != text(v) {
                        diffs.push(format!("hops[{j}].{k}: want {:?} got {got:?}", text(v)));
                    }
                }
            }
            total += 1;
            let kk = kinds
                .entry(format!(
                    "{} {}",
                    if f.has("workload") {
                        "workload"
                    } else if f.has("gateway") {
                        "gateway"
                    } else {
                        "proxy"
                    },
                    e.str_or_empty("verdict")
                ))
                .or_default();
            kk.0 += 1;
            if !diffs.is_empty() {
                bad += 1;
                kk.1 += 1;
                if bad < 25 || verbose {
                    println!(
                        "{} traces[{i}] {:?} {} {}\n    {}",
                        case.display(),
                        who,
                        scheme.name(),
                        text(c.get("port")).unwrap(),
                        diffs.join("\n    ")
                    );
                    if verbose {
                        println!("{tr:#?}");
                    }
                }
            }
        }
    }
    println!("{total} traces, {bad} bad, {:?} {kinds:?}", t0.elapsed());
}
