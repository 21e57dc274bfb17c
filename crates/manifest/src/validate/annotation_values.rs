//! Values that readers of annotations can parse (istiod's injector, `pkg/kube/inject/validate.go`).
//!
//! Must not know where an annotation stands.

use super::go;

type Check = Result<(), String>;

/// Checks the value of an annotation; those without a parser are free.
pub(super) fn check(name: &str, value: &str) -> Check {
    match name {
        "sidecar.istio.io/interceptionMode" => match value {
            "REDIRECT" | "TPROXY" | "NONE" => Ok(()),
            _ => Err(format!("\"{value}\" is none of REDIRECT, TPROXY, NONE")),
        },
        "status.sidecar.istio.io/port" => port(value),
        "readiness.status.sidecar.istio.io/initialDelaySeconds"
        | "readiness.status.sidecar.istio.io/periodSeconds"
        | "readiness.status.sidecar.istio.io/failureThreshold" => unsigned(value),
        "traffic.sidecar.istio.io/includeOutboundIPRanges" if value == "*" => Ok(()),
        "traffic.sidecar.istio.io/includeOutboundIPRanges"
        | "traffic.sidecar.istio.io/excludeOutboundIPRanges" => ranges(value),
        "traffic.sidecar.istio.io/includeInboundPorts" if value == "*" => Ok(()),
        "traffic.sidecar.istio.io/includeInboundPorts"
        | "traffic.sidecar.istio.io/excludeInboundPorts"
        | "traffic.sidecar.istio.io/excludeOutboundPorts" => ports(value),
        "prometheus.istio.io/merge-metrics" => boolean(value),
        "sidecar.istio.io/proxyCPU"
        | "sidecar.istio.io/proxyMemory"
        | "sidecar.istio.io/proxyCPULimit"
        | "sidecar.istio.io/proxyMemoryLimit" => quantity(value),
        "proxy.istio.io/config" => proxy_config(value),
        _ => Ok(()),
    }
}

fn unsigned(value: &str) -> Check {
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    if digits && value.parse::<u32>().is_ok() {
        return Ok(());
    }
    Err(format!("\"{value}\" is no whole number"))
}

fn port(value: &str) -> Check {
    let text = value.trim();
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits && text.parse::<u16>().is_ok() {
        return Ok(());
    }
    Err(format!("\"{text}\" is no port"))
}

fn ports(value: &str) -> Check {
    match value.trim() {
        "" => Ok(()),
        list => list.split(',').try_for_each(port),
    }
}

fn ranges(value: &str) -> Check {
    if value.is_empty() {
        return Ok(());
    }
    value
        .split(',')
        .try_for_each(|range| match go::is_prefix(range) {
            true => Ok(()),
            false => Err(format!("\"{range}\" is no CIDR range")),
        })
}

fn boolean(value: &str) -> Check {
    let known = [
        "1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False",
    ];
    if known.contains(&value) {
        return Ok(());
    }
    Err(format!("\"{value}\" is neither \"true\" nor \"false\""))
}

/// A Kubernetes quantity: `100m`, `1.5Gi`, `1e3`.
fn quantity(value: &str) -> Check {
    let unsigned = value.strip_prefix(['+', '-']).unwrap_or(value);
    let end = unsigned
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(unsigned.len());
    let (number, unit) = unsigned.split_at(end);
    let exponent = unit.strip_prefix(['e', 'E']).is_some_and(|e| {
        let digits = e.strip_prefix(['+', '-']).unwrap_or(e);
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    });
    let units = [
        "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
    ];
    let digits = number.bytes().any(|b| b.is_ascii_digit()) && number.matches('.').count() <= 1;
    if digits && (exponent || units.contains(&unit)) {
        return Ok(());
    }
    Err(format!("\"{value}\" is no quantity such as 100m or 128Mi"))
}

/// YAML of a mapping; which fields it may have is not asked.
fn proxy_config(value: &str) -> Check {
    let stream = meshscope_yaml::parse(value);
    let fault = stream.documents.iter().flat_map(|d| d.errors()).next();
    if let Some(fault) = fault {
        return Err(format!("its value is not valid YAML: {}", fault.message));
    }
    let scalar = |d: &meshscope_yaml::Document| {
        d.root()
            .is_some_and(|root| !root.is_mapping() && !root.is_null())
    };
    if stream.documents.iter().any(scalar) {
        return Err("its value is YAML, but no mapping".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn values() {
        for (name, value) in [
            ("sidecar.istio.io/proxyCPU", "100m"),
            ("sidecar.istio.io/proxyMemory", "1.5Gi"),
            ("traffic.sidecar.istio.io/excludeOutboundPorts", "80, 443"),
            (
                "traffic.sidecar.istio.io/includeOutboundIPRanges",
                "10.0.0.0/8,192.168.0.0/16",
            ),
            ("proxy.istio.io/config", "concurrency: 2\n"),
            ("sidecar.istio.io/logLevel", "anything"),
        ] {
            assert_eq!(check(name, value), Ok(()), "{name}");
        }
        for (name, value) in [
            ("sidecar.istio.io/proxyCPU", "100 m"),
            ("traffic.sidecar.istio.io/excludeOutboundPorts", "http"),
            (
                "traffic.sidecar.istio.io/includeOutboundIPRanges",
                "10.0.0.0",
            ),
            ("proxy.istio.io/config", "a: [b"),
            ("proxy.istio.io/config", "text"),
            ("sidecar.istio.io/interceptionMode", "tproxy"),
        ] {
            assert!(check(name, value).is_err(), "{name} {value}");
        }
    }
}
