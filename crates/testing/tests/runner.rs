//! The runner on cases of its own: what passes, what fails, and what is no case at all.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use camino::{Utf8Path, Utf8PathBuf};
use meshscope_testing::{CaseReport, Status, find_cases, run_case};

const MANIFESTS: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, name: http}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: c}]}
";

struct Folder(Utf8PathBuf);

impl Folder {
    fn with(name: &str, case: &str) -> Folder {
        let dir =
            std::env::temp_dir().join(format!("meshscope-case-{name}-{}", std::process::id()));
        let dir = Utf8PathBuf::from_path_buf(dir).unwrap();
        std::fs::create_dir_all(dir.join("input")).unwrap();
        std::fs::write(dir.join("input/all.yaml"), MANIFESTS).unwrap();
        std::fs::write(dir.join("case.yaml"), case).unwrap();
        Folder(dir)
    }

    fn run(&self) -> CaseReport {
        let cases = find_cases(&self.0).unwrap();
        assert_eq!(cases.len(), 1);
        run_case(&cases[0])
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

#[test]
fn claims_that_hold_pass() {
    let case = "title: all that is there\nvisibility:\n- workload: shop/web\n  services: \
                [shop/web.shop.svc.cluster.local]\n  virtual_services: []\n  clusters: \
                ['outbound|80||web.shop.svc.cluster.local']\nfindings: {expect: [], strict: true}\n";
    let report = Folder::with("pass", case).run();
    assert_eq!(
        (report.status, report.passed),
        (Status::Passed, 4),
        "{report:#?}"
    );
}

#[test]
fn claims_that_do_not_hold_say_the_difference() {
    let case = "visibility:\n- workload: shop/web\n  services: [shop/api]\n- {workload: \
                shop/nobody, services: []}\n";
    let report = Folder::with("fail", case).run();
    assert_eq!((report.status, report.failed), (Status::Failed, 2));
    assert_eq!(report.checks[0].name, "visibility[0].services");
    assert_eq!(
        report.checks[0].message,
        "missing: shop/api; unexpected: shop/web.shop.svc.cluster.local"
    );
    assert!(report.checks[1].message.contains("no manifest holds"));
}

#[test]
fn contested_cases_run_and_do_not_count() {
    let case =
        "status: contested\nreason: live\nvisibility: [{workload: shop/web, services: []}]\n";
    let folder = Folder::with("contested", case);
    assert_eq!(folder.run().status, Status::Contested);
    let report = meshscope_testing::run(&find_cases(&folder.0).unwrap());
    assert!(report.is_ok());
    assert_eq!(report.summary.checks, 0);
}

#[test]
fn a_misspelt_key_fails_the_case() {
    let report = Folder::with("key", "visibilty: []\n").run();
    assert_eq!(report.status, Status::Failed);
    assert!(report.message.unwrap().contains("visibilty"));
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    assert!(find_cases(Utf8Path::new("/nowhere/at/all")).is_err());
}
