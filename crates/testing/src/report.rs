//! What came out of running cases. The JSON of these types is the contract's.

use serde::Serialize;
use serde_json::Value;

/// The outcome of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "TestReport")
)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The version of this shape.
    pub schema_version: u32,
    /// The cases, in the order found.
    pub cases: Vec<CaseReport>,
    /// Counts, without contested cases.
    pub summary: Summary,
}

/// The outcome of one case.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CaseReport {
    /// Its folder or file, as it was asked for.
    pub case: String,
    /// The title it gives itself.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The outcome.
    pub status: Status,
    /// How many checks passed.
    pub passed: usize,
    /// How many failed.
    pub failed: usize,
    /// Why the case could not be run at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The checks, in the order of the file.
    pub checks: Vec<Check>,
}

/// An outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "TestStatus")
)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As expected.
    Passed,
    /// Not as expected.
    Failed,
    /// Run but not counted: the case says itself that its expectation is disputed.
    Contested,
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "TestCheck")
)]
pub struct Check {
    /// What kind of claim.
    pub kind: CheckKind,
    /// Its place in the file, or the name it has there.
    pub name: String,
    /// The outcome.
    pub status: Status,
    /// What the file says.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub expected: Value,
    /// What the mesh does.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub actual: Value,
    /// The difference in words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// Kinds of claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CheckKind {
    /// What happens to a call.
    Trace,
    /// What a proxy gets.
    Visibility,
    /// Which workloads a Gateway programs.
    Attachment,
    /// A finding that must be there.
    Finding,
    /// A finding that must not.
    ForbiddenFinding,
    /// Whom a change reaches.
    BlastRadius,
    /// Whether gateways are apart.
    Isolation,
    /// Whether egress is enforced.
    EgressAssurance,
    /// The clusters of a gateway with config slimming.
    GatewayClusters,
    /// The verdict of API server and webhook.
    Validity,
    /// A virtual host domain.
    VirtualHostDomain,
    /// A listener.
    Listener,
    /// A cluster.
    Cluster,
}

/// Counts of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "TestSummary")
)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Cases that count.
    pub cases: usize,
    /// Of these, those without a failed check.
    pub cases_passed: usize,
    /// Their checks.
    pub checks: usize,
    /// Those that passed.
    pub passed: usize,
    /// Those that failed.
    pub failed: usize,
}

impl Report {
    /// A report over cases.
    pub fn new(cases: Vec<CaseReport>) -> Report {
        let mut summary = Summary::default();
        for case in cases.iter().filter(|c| c.status != Status::Contested) {
            summary.cases += 1;
            summary.cases_passed += usize::from(case.status == Status::Passed);
            summary.checks += case.checks.len();
            summary.passed += case.passed;
            summary.failed += case.failed;
        }
        Report {
            schema_version: 1,
            cases,
            summary,
        }
    }

    /// Whether every case that counts passed.
    pub fn is_ok(&self) -> bool {
        self.summary.cases == self.summary.cases_passed
    }
}

impl CaseReport {
    /// The report of a case that was run.
    pub fn of_checks(case: &str, title: &str, contested: bool, checks: Vec<Check>) -> CaseReport {
        let passed = checks.iter().filter(|c| c.status == Status::Passed).count();
        let failed = checks.len() - passed;
        CaseReport {
            case: case.into(),
            title: title.into(),
            status: match (contested, failed) {
                (true, _) => Status::Contested,
                (false, 0) => Status::Passed,
                (false, _) => Status::Failed,
            },
            passed,
            failed,
            message: None,
            checks,
        }
    }

    /// The report of a case that could not be run.
    pub fn unreadable(case: &str, message: String) -> CaseReport {
        CaseReport {
            case: case.into(),
            title: String::new(),
            status: Status::Failed,
            passed: 0,
            failed: 0,
            message: Some(message),
            checks: Vec::new(),
        }
    }
}

impl Check {
    /// A check that passed.
    pub fn passed(kind: CheckKind, name: impl Into<String>) -> Check {
        Check {
            kind,
            name: name.into(),
            status: Status::Passed,
            expected: Value::Null,
            actual: Value::Null,
            message: String::new(),
        }
    }

    /// A check that failed.
    pub fn failed(kind: CheckKind, name: impl Into<String>, message: impl Into<String>) -> Check {
        Check {
            status: Status::Failed,
            message: message.into(),
            ..Check::passed(kind, name)
        }
    }

    /// The same with what was expected and what came out.
    #[must_use]
    pub fn with(mut self, expected: Value, actual: Value) -> Check {
        self.expected = expected;
        self.actual = actual;
        self
    }
}
