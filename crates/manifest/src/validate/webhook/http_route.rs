//! One http route of a VirtualService: what it does, and what it matches (validation-rules.md §2).
//! Rules http-rule-without-action and invalid-virtual-service.
//!
//! Must not know the other routes.

use super::common::{self, destination, gateway_names, string_match};
use super::headers;
use super::http_actions as actions;
use super::names::{self, is_label};
use super::virtual_service::weights;
use crate::validate::Severity;
use crate::validate::report::At;

pub(super) fn check(route: At<'_>, delegate: bool) {
    conflicts(route, delegate);
    route.list("match").for_each(check_match);
    actions::header_operations(route.field("headers"));
    actions::cors(route.field("corsPolicy"));
    actions::fault(route.field("fault"));
    mirrors(route);
    actions::redirect(route.field("redirect"));
    actions::direct_response(route.field("directResponse"));
    actions::retries(route.field("retries"));
    actions::rewrite(route.field("rewrite"));
    authority(route);
    for target in route.list("route") {
        if !target.has("destination") {
            target
                .get("destination")
                .kind_error("§2", "a destination is missing");
        }
        actions::header_operations(target.field("headers"));
        destination(target.field("destination"));
    }
    weights(route);
    common::duration_at(route, "timeout");
}

/// Actions that exclude each other, and a rule without any.
fn conflicts(route: At<'_>, delegate: bool) {
    let exclude = |first: &'static str, second: &'static str| {
        let fact = format!("{first} and {second} exclude each other");
        route
            .get(second)
            .kind_error("§2", fact)
            .at_key()
            .related(route.get(first));
    };
    if !delegate && route.has("delegate") {
        for key in ["redirect", "route"] {
            if route.has(key) && (key == "redirect" || route.len(key) > 0) {
                exclude("delegate", key);
            }
        }
        return;
    }
    if route.has("delegate") {
        let fact = "a delegate cannot delegate any further";
        route.get("delegate").kind_error("§2", fact).at_key();
    }
    let action = ["redirect", "directResponse"]
        .into_iter()
        .find(|key| route.has(key));
    match action {
        Some(action) => {
            for key in ["route", "fault", "rewrite", "directResponse"] {
                let written = route.has(key) && (key != "route" || route.len(key) > 0);
                if key != action && written {
                    exclude(action, key);
                }
            }
        }
        None if route.len("route") == 0 => without_action(route),
        None => {}
    }
    if route.has("mirror") && route.len("mirrors") > 0 {
        exclude("mirror", "mirrors");
    }
}

/// Rule http-rule-without-action.
fn without_action(route: At<'_>) {
    let path = route.path();
    let name = match route.str("name") {
        "" => path.to_string(),
        name => format!("{name} ({path})"),
    };
    let message = format!(
        "rule {name} does nothing: no route, redirect, directResponse or delegate; the webhook rejects \
         it, without the webhook Envoy refuses the whole route table it is in"
    );
    route
        .report("http-rule-without-action", Severity::Error, "§2", message)
        .help("add a route with a destination, or remove the rule");
}

fn check_match(matcher: At<'_>) {
    for (name, header) in matcher.map("headers") {
        header.check_key("§2", headers::match_name(name));
        string_match(header);
    }
    for (name, header) in matcher.map("withoutHeaders") {
        header.check_key("§2", headers::match_name(name));
        // `*` means presence here.
        if header.str("regex") != "*" {
            string_match(header);
        }
    }
    if let Some(uri) = matcher.field("uri") {
        common::string_match_regex(uri);
    }
    for key in ["scheme", "method", "authority"] {
        if let Some(field) = matcher.field(key) {
            string_match(field);
        }
    }
    matcher
        .map("queryParams")
        .for_each(|(_, parameter)| string_match(parameter));
    if matcher.int("port") != 0 {
        matcher
            .get("port")
            .check("PORT", names::port(matcher.int("port")));
    }
    common::labels(matcher.field("sourceLabels"));
    // istiod loses the warning about legacy names here.
    gateway_names(matcher.list("gateways"), false);
    let namespace = matcher.get("sourceNamespace");
    if !namespace.text().is_empty() && !is_label(namespace.text()) {
        namespace.value_error(
            "§2",
            format!("\"{}\" is no name of a namespace", namespace.text()),
        );
    }
}

fn mirrors(route: At<'_>) {
    if let Some(percent) = route.field("mirrorPercent") {
        if route.int("mirrorPercent") > 100 {
            percent.value_error("§2", "a percentage is 0 to 100");
        }
        percent.deprecated("§2", "use mirrorPercentage").at_key();
    }
    percentage(route.field("mirrorPercentage"));
    destination(route.field("mirror"));
    for mirror in route.list("mirrors") {
        if mirror.has("destination") {
            destination(mirror.field("destination"));
            percentage(mirror.field("percentage"));
        } else {
            mirror
                .get("destination")
                .kind_error("§2", "a mirror needs a destination");
        }
    }
}

/// A percentage whose fractions are free.
fn percentage(percentage: Option<At<'_>>) {
    let Some(percentage) = percentage else { return };
    let value = percentage.get("value");
    if !(0.0..=100.0).contains(&common::number(value.value)) {
        value.value_error("§2", "a percentage is 0 to 100");
    }
}

/// The authority can be set in one place only.
fn authority(route: At<'_>) {
    let request = route.get("headers").get("request");
    let rewrite = route.get("rewrite").get("authority");
    let mut first = (!rewrite.text().is_empty()).then_some(rewrite);
    for (name, value) in request.map("set").chain(request.map("add")) {
        if !headers::is_authority(name) {
            continue;
        }
        if let Some(first) = first {
            let fact = format!(
                "the authority is set twice: to {} and to {}",
                first.text(),
                value.text()
            );
            value.kind_error("§2", fact).at_key().related(first);
            return;
        }
        // istiod takes an empty value for none.
        first = Some(value).filter(|value| !value.text().is_empty());
    }
}
