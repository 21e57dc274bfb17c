//! The worked examples of the specification (G:18) and the laws of incrementality.

mod examples;
mod incremental;

use super::*;
use crate::db::MeshSettings;
use crate::envoy::{Action, Filter, Request};
use crate::testing::{TestDb, mesh_of, mesh_of_files, objects as yaml, proxy};
use crate::workloads::Proxy;

/// The pod and Service of the examples: `ingressgateway` in `istio-system`, 80 to 8080, 443 to 8443.
const POD: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: ig, namespace: istio-system}
spec:
  template:
    metadata:
      labels: {istio: ingressgateway, sidecar.istio.io/inject: "true"}
      annotations: {inject.istio.io/templates: gateway}
    spec: {containers: [{name: istio-proxy, image: auto}]}
---
apiVersion: v1
kind: Service
metadata: {name: ig, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  ports:
  - {name: http2, port: 80, targetPort: 8080}
  - {name: https, port: 443, targetPort: 8443}
"#;

struct Example {
    db: TestDb,
    mesh: crate::Mesh,
    proxy: Proxy,
}

impl Example {
    /// Objects given as `Kind namespace/name {spec}` lines, beside the pod.
    fn new(objects: &str) -> Example {
        let (db, mesh) = mesh_of(&format!("{POD}{}", yaml(objects)));
        let proxy = proxy(&db, mesh, "istio-system/ig");
        Example { db, mesh, proxy }
    }

    fn config(&self) -> std::sync::Arc<GatewayConfig> {
        gateway_listeners(&self.db, self.mesh, &self.proxy)
    }

    /// Every chain as `listener [sni] -> end`.
    fn chains(&self) -> Vec<String> {
        let config = self.config();
        let mut lines = Vec::new();
        for listener in &config.listeners {
            for chain in &listener.chains {
                let end = match &chain.filter {
                    Filter::Http { route_config } => route_config.to_string(),
                    Filter::Tcp(clusters) => clusters
                        .iter()
                        .map(|c| c.cluster.to_string())
                        .collect::<Vec<_>>()
                        .join(", "),
                };
                let names = chain.matching.server_names.join(" ");
                lines.push(format!("{} [{names}] -> {end}", listener.name));
            }
        }
        lines
    }

    /// Where a request ends in a route config: a cluster, or what else happens.
    fn ask(&self, route_config: &str, host: &str, path: &str) -> String {
        let config = gateway_route_config(&self.db, self.mesh, &self.proxy, route_config);
        let Some(virtual_host) = config.select(host) else {
            return "404".into();
        };
        if virtual_host.require_tls {
            return "301".into();
        }
        let request = Request {
            authority: host.into(),
            path: path.into(),
            ..Request::default()
        };
        match virtual_host.route(&request).map(|(_, r, _)| &r.action) {
            None => "404".into(),
            Some(Action::Clusters(clusters)) => clusters
                .iter()
                .map(|c| c.cluster.to_string())
                .collect::<Vec<_>>()
                .join(", "),
            Some(other) => format!("{other:?}"),
        }
    }

    fn drops(&self) -> Vec<DropReason> {
        let dropped = &self.config().dropped;
        dropped.iter().map(|d| d.reason.clone()).collect()
    }

    fn refused(&self) -> Vec<String> {
        rejections(&self.db, self.mesh, &self.proxy)
            .iter()
            .map(|r| format!("{:?} {}", r.what, r.name))
            .collect()
    }

    fn unbound(&self, virtual_service: &str) -> Vec<UnboundReason> {
        bindings(&self.db, self.mesh, &self.proxy)
            .iter()
            .filter(|b| b.virtual_service.name == virtual_service)
            .flat_map(|b| &b.unbound)
            .map(|u| u.reason.clone())
            .collect()
    }
}
