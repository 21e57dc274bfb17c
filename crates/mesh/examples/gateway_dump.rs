use meshscope_mesh::db::{Mesh, MeshSettings, SourceFile, Unit};
use meshscope_mesh::envoy::{Action, Filter};
use meshscope_mesh::gateways::*;
use meshscope_mesh::workloads::{Proxy, ProxyKind, gateway_workloads, proxy_of};
use meshscope_manifest::spec::meshconfig::IstiodEnv;
use std::sync::Arc;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let text = std::fs::read_to_string(&args[1]).unwrap();
    let db = salsa::DatabaseImpl::default();
    let file = SourceFile::new(&db, "m.yaml".into(), text.into(), None);
    let mut settings = MeshSettings::default();
    let mut explicit: Vec<Proxy> = Vec::new();
    for a in &args[2..] {
        if let Some(e) = a.strip_prefix("env:") {
            let (k, v) = e.split_once('=').unwrap();
            let mut vars = settings.env.variables.clone();
            vars.push((k.into(), v.into()));
            settings.env = IstiodEnv::new(vars);
        } else if let Some(c) = a.strip_prefix("config:") {
            let t = std::fs::read_to_string(c).unwrap();
            let s = meshscope_yaml::parse(&t);
            settings.mesh_config.push(meshscope_manifest::read::document(s.documents.first().unwrap()).unwrap());
        } else if let Some(d) = a.strip_prefix("cdomain:") {
            settings.istio_config_domain = Some(d.into());
        } else if let Some(p) = a.strip_prefix("proxy:") {
            // ns;config_ns;k=v,k=v;ip,ip
            let f: Vec<&str> = p.split(';').collect();
            explicit.push(Proxy { kind: ProxyKind::Router, namespace: f[0].into(), config_namespace: f[1].into(),
                labels: f[2].split(',').filter_map(|x| x.split_once('=')).collect(),
                ips: f[3].split(',').filter(|x| !x.is_empty()).map(|x| x.into()).collect(),
                metadata: vec![], workload: "".into(), container_ports: vec![] });
        }
    }
    let mesh = Mesh::new(&db, "m".into(), Arc::from([Unit { file, namespace: Some("default".into()) }]), Arc::new(settings));
    let mut proxies: Vec<(String, Proxy)> = gateway_workloads(&db, mesh).iter().filter_map(|w| Some((w.label(), proxy_of(w)?))).collect();
    if !explicit.is_empty() { proxies = explicit.into_iter().enumerate().map(|(i, p)| (format!("{}/p{i}", p.namespace), p)).collect(); }
    for (label, proxy) in proxies {
        println!("P\t{label}");
        let config = gateway_listeners(&db, mesh, &proxy);
        for l in &config.listeners {
            for c in &l.chains {
                let m = &c.matching;
                let end = match &c.filter {
                    Filter::Http { route_config } => format!("rds:{route_config}"),
                    Filter::Tcp(cs) if cs.len() == 1 => cs[0].cluster.to_string(),
                    Filter::Tcp(cs) => cs.iter().map(|c| format!("{}={}", c.cluster, c.weight)).collect::<Vec<_>>().join(","),
                };
                println!("L\t{}\t{}\t{}\t{}\t{}", l.name, m.server_names.join(","), m.alpn.join(","), c.tls.is_some(), end);
            }
        }
        for n in config.route_configs() {
            let rc = gateway_route_config(&db, mesh, &proxy, n);
            for v in &rc.virtual_hosts {
                println!("V\t{}\t{}\t{}\t{}", n, v.name, v.domains.join(","), v.require_tls);
                for r in &v.routes {
                    let a = match &r.action {
                        Action::Clusters(cs) if cs.len() == 1 => cs[0].cluster.to_string(),
                        Action::Clusters(cs) => cs.iter().map(|c| format!("{}={}", c.cluster, c.weight)).collect::<Vec<_>>().join(","),
                        Action::Redirect(_) => "redirect".into(),
                        Action::DirectResponse(s) => format!("direct_response {s}"),
                        Action::Missing => "".into(),
                    };
                    println!("R\t{}\t{}", r.name, a);
                }
            }
        }
        let mut cs: Vec<String> = gateway_clusters(&db, mesh, &proxy).iter().map(|c| c.name.to_string()).collect();
        cs.sort();
        println!("C\t{}", cs.join(","));
        for d in &config.dropped { println!("D\t{:?}", d.reason); }
        for r in rejections(&db, mesh, &proxy) { println!("X\t{:?} {} {}", r.what, r.name, r.why); }
    }
}
