//! A mesh of any size, the same for the same size: nothing random.

use std::fmt::Write;

/// One file: path and text.
pub type File = (String, String);

/// How many resources an application file holds.
const PER_APPLICATION: usize = 5;

/// The files of a mesh of about `resources` resources. Namespaces grow with the square root of the
/// size, so that both many small and few large namespaces are never needed.
pub fn mesh(resources: usize) -> Vec<File> {
    let applications = resources.div_ceil(PER_APPLICATION);
    let namespaces = namespaces(resources);
    let mut files = Vec::with_capacity(applications + namespaces + 2);
    for n in 0..namespaces {
        files.push((
            format!("namespaces/{}.yaml", namespace(n)),
            namespace_file(n, namespaces),
        ));
    }
    for i in 0..applications {
        let n = i % namespaces;
        files.push((
            format!("apps/{}/app-{i}.yaml", namespace(n)),
            application(i, resources),
        ));
    }
    files.push(("gateways/ingress.yaml".to_owned(), ingress()));
    files.push(("gateways/egress.yaml".to_owned(), egress()));
    files
}

/// How many namespaces a mesh of that size has.
pub fn namespaces(resources: usize) -> usize {
    (resources / 100).clamp(4, 500)
}

/// The name of the `n`th namespace.
pub fn namespace(n: usize) -> String {
    format!("team-{n}")
}

/// The path and the host of the `i`th application.
pub fn application_at(i: usize, resources: usize) -> (String, String) {
    let ns = namespace(i % namespaces(resources));
    (
        format!("apps/{ns}/app-{i}.yaml"),
        format!("app-{i}.{ns}.svc.cluster.local"),
    )
}

fn namespace_file(n: usize, namespaces: usize) -> String {
    let ns = namespace(n);
    let mut text = format!(
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {ns}\n  labels:\n    istio-injection: enabled\n"
    );
    if n.is_multiple_of(2) {
        let other = namespace((n + 7) % namespaces);
        let _ = write!(
            text,
            "---\napiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata:\n  name: default\n  namespace: {ns}\nspec:\n  egress:\n  - hosts:\n    - ./*\n    - istio-system/*\n    - {other}/*\n"
        );
    }
    text
}

/// The `i`th application. Nothing is wrong with it: what is measured is to be the checking, not the
/// printing of what was found.
fn application(i: usize, resources: usize) -> String {
    let ns = namespace(i % namespaces(resources));
    let port = [80, 8080, 9000, 443][i % 4];
    let protocol = ["http", "http2", "tcp", "tls"][i % 4];
    let version = i % 3;
    let mut text = format!(
        "# application {i}\n\
apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{i}\n  namespace: {ns}\nspec:\n  replicas: 2\n  selector:\n    matchLabels:\n      app: app-{i}\n  template:\n    metadata:\n      labels:\n        app: app-{i}\n        version: v{version}\n    spec:\n      containers:\n      - name: app\n        image: registry.example.com/app-{i}:1.{version}.0\n        ports:\n        - name: main\n          containerPort: {port}\n        resources:\n          requests:\n            cpu: 100m\n            memory: 128Mi\n\
---\napiVersion: v1\nkind: Service\nmetadata:\n  name: app-{i}\n  namespace: {ns}\n  labels:\n    app: app-{i}\nspec:\n  selector:\n    app: app-{i}\n  ports:\n  - name: {protocol}-main\n    port: {port}\n    targetPort: main\n"
    );
    let _ = write!(
        text,
        "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: app-{i}\n  namespace: {ns}\nspec:\n  hosts:\n  - app-{i}.{ns}.svc.cluster.local\n"
    );
    if i.is_multiple_of(20) {
        let _ = write!(
            text,
            "  - app-{i}.example.com\n  gateways:\n  - mesh\n  - istio-system/public\n"
        );
    }
    if i % 10 == 9 {
        text.push_str("  exportTo:\n  - .\n");
    }
    let destination = format!(
        "    - destination:\n        host: app-{i}\n        subset: v{version}\n        port:\n          number: {port}\n"
    );
    match i % 4 {
        0 | 1 => {
            // Four further on is the next application with the same port.
            let other = (i + 4) % resources.div_ceil(PER_APPLICATION);
            let (_, other) = application_at(other, resources);
            let _ = write!(
                text,
                "  http:\n  - name: canary\n    match:\n    - headers:\n        x-canary:\n          exact: \"true\"\n      uri:\n        prefix: /v2\n    route:\n{destination}      weight: 90\n    - destination:\n        host: {other}\n        port:\n          number: {port}\n      weight: 10\n  - route:\n{destination}"
            );
        }
        2 => {
            let _ = write!(
                text,
                "  tcp:\n  - match:\n    - port: {port}\n    route:\n{destination}"
            );
        }
        _ => {
            let _ = write!(
                text,
                "  tls:\n  - match:\n    - port: {port}\n      sniHosts:\n      - app-{i}.{ns}.svc.cluster.local\n    route:\n{destination}"
            );
        }
    }
    let _ = write!(
        text,
        "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata:\n  name: app-{i}\n  namespace: {ns}\nspec:\n  host: app-{i}.{ns}.svc.cluster.local\n  trafficPolicy:\n    connectionPool:\n      tcp:\n        maxConnections: 100\n  subsets:\n  - name: v{version}\n    labels:\n      version: v{version}\n"
    );
    if i % 50 == 7 {
        let _ = write!(
            text,
            "---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata:\n  name: partner-{i}\n  namespace: {ns}\nspec:\n  hosts:\n  - partner-{i}.example.net\n  ports:\n  - number: 443\n    name: tls\n    protocol: TLS\n  resolution: DNS\n  location: MESH_EXTERNAL\n"
        );
    } else {
        let _ = write!(
            text,
            "---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata:\n  name: app-{i}\n  namespace: {ns}\nspec:\n  selector:\n    matchLabels:\n      app: app-{i}\n  rules:\n  - from:\n    - source:\n        namespaces:\n        - {ns}\n"
        );
    }
    text
}

fn gateway_workload(name: &str, ports: &[(&str, u32, u32)]) -> String {
    let mut text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  namespace: istio-system\nspec:\n  selector:\n    matchLabels:\n      istio: {name}\n  template:\n    metadata:\n      annotations:\n        inject.istio.io/templates: gateway\n      labels:\n        istio: {name}\n        sidecar.istio.io/inject: \"true\"\n    spec:\n      containers:\n      - name: istio-proxy\n        image: auto\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n  namespace: istio-system\nspec:\n  selector:\n    istio: {name}\n  ports:\n"
    );
    for (port_name, port, target) in ports {
        let _ = write!(
            text,
            "  - name: {port_name}\n    port: {port}\n    targetPort: {target}\n"
        );
    }
    text
}

fn ingress() -> String {
    let ports = [("http2", 80, 8080), ("https", 443, 8443)];
    let mut text = gateway_workload("ingressgateway", &ports);
    text.push_str(
        "---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata:\n  name: public\n  namespace: istio-system\nspec:\n  selector:\n    istio: ingressgateway\n  servers:\n  - port:\n      number: 80\n      name: http\n      protocol: HTTP\n    hosts:\n    - \"*.example.com\"\n",
    );
    text
}

fn egress() -> String {
    let mut text = gateway_workload("egressgateway", &[("tls", 443, 8443)]);
    text.push_str(
        "---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata:\n  name: egress\n  namespace: istio-system\nspec:\n  selector:\n    istio: egressgateway\n  servers:\n  - port:\n      number: 443\n      name: tls\n      protocol: TLS\n    hosts:\n    - partner-7.example.net\n    tls:\n      mode: PASSTHROUGH\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: partner-7\n  namespace: istio-system\nspec:\n  hosts:\n  - partner-7.example.net\n  gateways:\n  - mesh\n  - egress\n  tls:\n  - match:\n    - gateways:\n      - mesh\n      port: 443\n      sniHosts:\n      - partner-7.example.net\n    route:\n    - destination:\n        host: egressgateway.istio-system.svc.cluster.local\n        port:\n          number: 443\n  - match:\n    - gateways:\n      - egress\n      port: 443\n      sniHosts:\n      - partner-7.example.net\n    route:\n    - destination:\n        host: partner-7.example.net\n        port:\n          number: 443\n",
    );
    text
}
