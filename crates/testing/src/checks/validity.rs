//! `validity`: what API server and webhook say about a resource.

use crate::case::{Case, ObjectRef};
use crate::json::json;
use crate::report::{Check, CheckKind};
use meshscope::Mesh;
use meshscope::manifest::Value;
use meshscope::manifest::validate::{Problem, Severity};

const KIND: CheckKind = CheckKind::Validity;

/// One check per resource.
pub fn check(mesh: Mesh<'_>, case: &Case) -> Vec<Check> {
    let claims = case.value.list("validity").iter().enumerate();
    claims
        .map(|(i, claim)| {
            let name = format!("validity[{i}]");
            match verdict(mesh, case, claim) {
                Ok(()) => Check::passed(KIND, name),
                Err((message, said)) => {
                    Check::failed(KIND, name, message).with(json(claim), said.into())
                }
            }
        })
        .collect()
}

/// What is wrong with the claim: in words, and what was said about the resource instead.
fn verdict(mesh: Mesh<'_>, case: &Case, claim: &Value) -> Result<(), (String, Vec<String>)> {
    let shown = claim.str_or_empty("resource");
    let wrong = |message: String| (message, Vec::new());
    let object = ObjectRef::parse(&shown, &case.default_namespace)
        .and_then(|object| object.key())
        .ok_or_else(|| wrong(format!("{shown:?} names no object")))?;
    let problems = mesh
        .problems(&object)
        .ok_or_else(|| wrong(format!("{shown} is not in the input")))?;
    let said = |test: &dyn Fn(&Problem) -> bool| -> Vec<String> {
        let problems = problems.iter().filter(|p| test(p));
        problems
            .map(|p| format!("{} at {}: {}", p.rule, p.path, p.message))
            .collect()
    };
    let rejected = said(&|p| p.rejected);
    let warnings = said(&|p| !p.rejected && p.severity == Severity::Warning);
    let wants_warning = claim.str("severity").as_deref() == Some("warning");
    match claim.bool("valid") {
        Some(false) if rejected.is_empty() => Err((
            format!("{shown} counts as valid, expected: rejected"),
            warnings,
        )),
        Some(true) if !rejected.is_empty() => Err((
            format!("{shown} counts as rejected, expected: valid"),
            rejected,
        )),
        Some(true) if wants_warning && warnings.is_empty() => {
            Err(wrong(format!("no warning about {shown}")))
        }
        Some(true) if !wants_warning && !warnings.is_empty() => {
            Err((format!("a warning about {shown}, expected: none"), warnings))
        }
        Some(_) => Ok(()),
        None => Err(wrong("the claim does not say valid: true or false".into())),
    }
}
