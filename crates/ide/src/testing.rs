//! Fixtures: several files in one text, with `$0` where the cursor is.
//!
//! A line `#- PATH` begins a file. The file with the cursor counts as being typed in.

use crate::place::Place;
use camino::Utf8Path;
use meshscope::{MemoryFileSystem, Workspace};
use std::ops::Range;

/// A workspace with a cursor in one of its files.
pub(crate) struct Fixture {
    pub workspace: Workspace,
    pub file: String,
    pub offset: usize,
}

/// A service with two versions, in namespace `shop`.
pub(crate) const REVIEWS: &str = "\
#- shop/reviews.yaml
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec:
  selector: {app: reviews}
  ports:
  - {name: http, port: 9080}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: reviews-v1, namespace: shop}
spec:
  selector: {matchLabels: {app: reviews}}
  template:
    metadata: {labels: {app: reviews, version: v1, sidecar.istio.io/inject: 'true'}}
    spec: {serviceAccountName: reviews}
#- shop/rule.yaml
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews, namespace: shop}
spec:
  host: reviews
  subsets:
  - name: v1
    labels: {version: v1}
  - name: v2
    labels: {version: v2}
#- shop/account.yaml
apiVersion: v1
kind: ServiceAccount
metadata: {name: reviews, namespace: shop}
";

/// A Gateway `infra/public` with its workload.
pub(crate) const GATEWAY: &str = "\
#- infra/gateway.yaml
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: public, namespace: infra}
spec:
  selector: {istio: ingress}
  servers:
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: ['*.example.com']
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ingress, namespace: infra}
spec:
  selector: {matchLabels: {istio: ingress}}
  template:
    metadata:
      labels: {istio: ingress, sidecar.istio.io/inject: 'true'}
      annotations: {inject.istio.io/templates: gateway}
    spec:
      containers: [{name: istio-proxy, image: auto}]
";

impl Fixture {
    /// Reads the texts, one after the other.
    pub(crate) fn new(texts: &[&str]) -> Fixture {
        let mut files: Vec<(String, String)> = Vec::new();
        for line in texts.concat().split_inclusive('\n') {
            match line.strip_prefix("#- ") {
                Some(path) => files.push((path.trim().into(), String::new())),
                None => files.last_mut().unwrap().1.push_str(line),
            }
        }
        let mut cursor = None;
        let mut fs = MemoryFileSystem::new();
        for (path, text) in &mut files {
            if let Some(offset) = text.find("$0") {
                text.replace_range(offset..offset + 2, "");
                let line = text[..offset].matches('\n').count() + 1;
                cursor = Some((path.clone(), offset, line));
            }
            fs = fs.with(path.as_str(), text.as_str());
        }
        let mut workspace = Workspace::open(Utf8Path::new(""), &fs).unwrap();
        let (file, offset, line) = cursor.unwrap_or_default();
        if let Some((_, text)) = files.iter().find(|(path, _)| *path == file) {
            workspace.set_edited(&file, text, u32::try_from(line).ok());
        }
        Fixture {
            workspace,
            file,
            offset,
        }
    }

    /// The text of a file.
    pub(crate) fn text(&self, path: &str) -> String {
        let file = self.workspace.file(path).unwrap();
        file.text(self.workspace.db()).to_string()
    }

    /// A place as `path:line: text`.
    pub(crate) fn show(&self, place: &Place) -> String {
        self.show_range(&place.path, &place.range)
    }

    /// A range as `path:line: text`.
    pub(crate) fn show_range(&self, path: &str, range: &Range<usize>) -> String {
        let text = self.text(path);
        let line = text[..range.start].matches('\n').count() + 1;
        format!("{path}:{line}: {}", &text[range.clone()])
    }
}
