//! The names a service answers to in virtual hosts and SNI matches (O:8.9).

use crate::registry::Service;
use meshscope_manifest::Str;

/// Where names are completed: the pod's namespace and the cluster domain.
#[derive(Clone, Copy, Debug)]
pub struct Home<'a> {
    /// The namespace of the pod.
    pub namespace: &'a str,
    /// The cluster domain.
    pub domain: &'a str,
    /// Whether names with a trailing dot are domains, too.
    pub absolute: bool,
}

impl Home<'_> {
    /// The other forms of a host: with a trailing dot, and the short ones a pod may use.
    pub fn alternatives(&self, host: &str) -> Vec<Str> {
        let mut found: Vec<Str> = Vec::new();
        if self.absolute && !crate::names::is_ip(host) {
            found.push(format!("{host}.").into());
        }
        let suffix = format!(".svc.{}", self.domain);
        if !host.ends_with(&suffix) {
            return found;
        }
        let Some(full) = host.find(".svc.").and_then(|i| host.get(..i)) else {
            return found;
        };
        let Some((name, namespace)) = full.split_once('.') else {
            return found;
        };
        if namespace == self.namespace {
            found.push(name.into());
            found.push(format!("{full}.svc").into());
            found.push(full.into());
        } else {
            found.push(full.into());
            found.push(format!("{full}.svc").into());
        }
        found
    }

    /// Every host whose forms may include this one: itself, without its trailing dot, completed from
    /// a short form.
    pub fn expansions(&self, name: &str) -> Vec<Str> {
        let mut found: Vec<Str> = vec![name.into()];
        if let Some(absolute) = name.strip_suffix('.') {
            found.push(absolute.into());
        }
        let domain = self.domain;
        if name.contains('.') {
            found.push(format!("{name}.svc.{domain}").into());
            if name.ends_with(".svc") {
                found.push(format!("{name}.{domain}").into());
            }
        } else {
            found.push(format!("{name}.{}.svc.{domain}", self.namespace).into());
        }
        found
    }
}

/// The domains of a service's virtual host, and which of them are derived forms.
pub fn service_domains(
    service: &Service,
    aliases: &[Str],
    home: &Home<'_>,
    addresses: &[Str],
) -> (Vec<Str>, Vec<Str>) {
    let mut domains = Vec::new();
    let mut derived = Vec::new();
    for host in std::iter::once(&service.host).chain(aliases) {
        let alternatives = home.alternatives(host);
        domains.push(bracketed(host));
        domains.extend(alternatives.iter().cloned());
        derived.extend(alternatives);
    }
    if service.is_headless() {
        let wildcards: Vec<Str> = domains.iter().map(|d| format!("*.{d}").into()).collect();
        domains.extend(wildcards);
    }
    domains.extend(addresses.iter().map(|a| bracketed(a)));
    (domains, derived)
}

/// An IPv6 address in brackets, as a Host header has it.
pub fn bracketed(host: &str) -> Str {
    if host.contains(':') && host.parse::<std::net::Ipv6Addr>().is_ok() {
        format!("[{host}]").into()
    } else {
        host.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOME: Home<'static> = Home {
        namespace: "shop",
        domain: "cluster.local",
        absolute: true,
    };

    fn texts(list: &[Str]) -> Vec<&str> {
        list.iter().map(Str::as_str).collect()
    }

    #[test]
    fn short_names_exist_where_they_resolve() {
        assert_eq!(
            texts(&HOME.alternatives("pay.shop.svc.cluster.local")),
            [
                "pay.shop.svc.cluster.local.",
                "pay",
                "pay.shop.svc",
                "pay.shop"
            ]
        );
        assert_eq!(
            texts(&HOME.alternatives("pay.other.svc.cluster.local")),
            ["pay.other.svc.cluster.local.", "pay.other", "pay.other.svc"]
        );
        assert_eq!(texts(&HOME.alternatives("api.com")), ["api.com."]);
        assert!(HOME.alternatives("10.0.0.1").is_empty());
    }

    proptest! {
        #[test]
        fn every_form_leads_back(
            name in "[a-z]{1,3}", ns in "(shop|[a-z]{1,3})", tail in "(\\.svc\\.cluster\\.local|)",
        ) {
            let host = format!("{name}.{ns}{tail}");
            for form in HOME.alternatives(&host) {
                prop_assert!(
                    HOME.expansions(&form).iter().any(|h| *h == host),
                    "{form} does not lead back to {host}"
                );
            }
        }
    }
}
