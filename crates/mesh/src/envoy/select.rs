//! How Envoy picks the filter chain of a connection: the sieve (O:7.2, G:SIM-3).
//!
//! Pure functions over the values of this folder. Each criterion keeps the best-ranked chains, or
//! those that leave it unset, and never takes a decision back.

use super::{Because, FilterChain, Listener, Transport};
use ipnet::IpNet;
use meshscope_manifest::Str;
use std::net::IpAddr;

/// A connection as the listener's inspectors show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The destination port.
    pub port: u32,
    /// The destination address; anything that is no IP is in no subnet.
    pub address: Str,
    /// The server name; empty when none is sent.
    pub sni: Str,
    /// The transport protocol.
    pub transport: Transport,
    /// The application protocol; empty when unknown.
    pub alpn: Str,
}

/// What the sieve leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection<'l> {
    /// One chain.
    Chain(&'l FilterChain),
    /// Several: Envoy refuses such a listener.
    Several(&'l FilterChain),
    /// None, and there is no default chain.
    Nothing,
}

/// The filter chain a connection gets.
pub fn select<'l>(listener: &'l Listener, connection: &Connection) -> Selection<'l> {
    let mut chains: Vec<&FilterChain> = listener.chains.iter().collect();
    for criterion in CRITERIA {
        chains = sieve(chains, *criterion, connection);
    }
    match (&chains[..], &listener.default_chain) {
        ([only], _) => Selection::Chain(only),
        ([], Some(default)) => Selection::Chain(default),
        ([], None) => Selection::Nothing,
        ([first, ..], _) => Selection::Several(first),
    }
}

/// One level of the sieve, in Envoy's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Criterion {
    Port,
    Subnet,
    ServerName,
    Transport,
    Alpn,
}

const CRITERIA: &[Criterion] = &[
    Criterion::Port,
    Criterion::Subnet,
    Criterion::ServerName,
    Criterion::Transport,
    Criterion::Alpn,
];

impl Criterion {
    fn is_set(self, chain: &FilterChain) -> bool {
        let matching = &chain.matching;
        match self {
            Criterion::Port => matching.destination_port != 0,
            Criterion::Subnet => !matching.prefix_ranges.is_empty(),
            Criterion::ServerName => !matching.server_names.is_empty(),
            Criterion::Transport => matching.transport.is_some(),
            Criterion::Alpn => !matching.alpn.is_empty(),
        }
    }

    /// How well a chain that sets the criterion fits; `None` when it does not.
    fn rank(self, chain: &FilterChain, connection: &Connection) -> Option<usize> {
        let matching = &chain.matching;
        match self {
            Criterion::Port => (matching.destination_port == connection.port).then_some(0),
            Criterion::Subnet => {
                let ip: IpAddr = connection.address.parse().ok()?;
                let nets = matching.prefix_ranges.iter().filter_map(|r| subnet(r));
                nets.filter(|net| net.contains(&ip))
                    .map(|net| net.prefix_len().into())
                    .max()
            }
            Criterion::ServerName => {
                let names = matching.server_names.iter();
                names
                    .filter_map(|name| name_rank(name, &connection.sni))
                    .max()
            }
            Criterion::Transport => (matching.transport == Some(connection.transport)).then_some(0),
            Criterion::Alpn => matching.alpn.contains(&connection.alpn).then_some(0),
        }
    }
}

fn subnet(text: &str) -> Option<IpNet> {
    match text.parse() {
        Ok(net) => Some(net),
        Err(_) => text.parse::<IpAddr>().ok().map(IpNet::from),
    }
}

fn name_rank(name: &str, sni: &str) -> Option<usize> {
    if name.eq_ignore_ascii_case(sni) {
        return Some(usize::MAX);
    }
    let suffix = name.strip_prefix('*')?;
    // A client may send a wildcard as literal text; the simulation covers it like a name.
    let tail = sni
        .len()
        .checked_sub(suffix.len())
        .filter(|_| sni.len() >= name.len())
        .and_then(|start| sni.get(start..))?;
    tail.eq_ignore_ascii_case(suffix).then_some(name.len())
}

fn sieve<'l>(
    chains: Vec<&'l FilterChain>,
    criterion: Criterion,
    connection: &Connection,
) -> Vec<&'l FilterChain> {
    if !chains.iter().any(|c| criterion.is_set(c)) {
        return chains;
    }
    let ranked: Vec<(usize, &FilterChain)> = chains
        .iter()
        .filter(|c| criterion.is_set(c))
        .filter_map(|c| Some((criterion.rank(c, connection)?, *c)))
        .collect();
    match ranked.iter().map(|(rank, _)| *rank).max() {
        Some(best) => {
            let best = ranked.into_iter().filter(|(rank, _)| *rank == best);
            best.map(|(_, chain)| chain).collect()
        }
        None => chains
            .into_iter()
            .filter(|c| !criterion.is_set(c))
            .collect(),
    }
}

/// Chains that a connection nearly got: they differ in one criterion only, and why. At most a few,
/// the closest first.
pub fn near_misses(
    listener: &Listener,
    connection: &Connection,
    taken: Option<&FilterChain>,
) -> Vec<Because> {
    let mut found = Vec::new();
    for chain in &listener.chains {
        if taken.is_some_and(|t| std::ptr::eq(t, chain)) {
            continue;
        }
        let mut failing = CRITERIA
            .iter()
            .filter(|c| c.is_set(chain) && c.rank(chain, connection).is_none());
        let (Some(only), None) = (failing.next(), failing.next()) else {
            continue;
        };
        if *only == Criterion::ServerName && !is_near(chain, &connection.sni) {
            continue;
        }
        let Some(reason) = chain.because.last() else {
            continue;
        };
        found.push((only, chain, reason));
    }
    found.sort_by_key(|(only, ..)| only.distance());
    let closest = found.into_iter().take(5);
    closest
        .map(|(only, chain, reason)| Because {
            why: only.explain(chain, connection).into(),
            ..reason.clone()
        })
        .collect()
}

/// Whether a server name of a chain is of the same domain as the one sent, or none is sent.
fn is_near(chain: &FilterChain, sni: &str) -> bool {
    let domain = |name: &str| {
        let dots = name.rmatch_indices('.').map(|(i, _)| i + 1);
        let start = dots.take(2).last().filter(|_| name.contains('.'));
        let two_labels = name.matches('.').count() > 1;
        (if two_labels { start.unwrap_or(0) } else { 0 }, name.len())
    };
    let (start, end) = domain(sni);
    let own = sni.get(start..end).unwrap_or(sni);
    sni.is_empty()
        || chain.matching.server_names.iter().any(|name| {
            let tail = name
                .len()
                .checked_sub(own.len())
                .and_then(|i| name.get(i..));
            tail.is_some_and(|t| t.eq_ignore_ascii_case(own))
        })
}

impl Criterion {
    fn distance(self) -> u8 {
        match self {
            Criterion::Alpn | Criterion::Transport => 0,
            Criterion::ServerName => 1,
            Criterion::Subnet => 2,
            Criterion::Port => 3,
        }
    }

    fn explain(self, chain: &FilterChain, connection: &Connection) -> String {
        let matching = &chain.matching;
        let list = |values: &[Str]| {
            let mut shown: Vec<&str> = values.iter().take(3).map(Str::as_str).collect();
            if values.len() > 3 {
                shown.push("…");
            }
            shown.join(", ")
        };
        match self {
            Criterion::Port => format!(
                "takes port {} only, the call goes to {} (O:7.2)",
                matching.destination_port, connection.port
            ),
            Criterion::Subnet => format!(
                "takes addresses in {} only, the call goes to {} (O:7.2)",
                list(&matching.prefix_ranges),
                if connection.address.is_empty() {
                    "another"
                } else {
                    &connection.address
                }
            ),
            Criterion::ServerName if connection.sni.is_empty() => format!(
                "takes the server names {} only, the call sends none (O:7.2)",
                list(&matching.server_names)
            ),
            Criterion::ServerName => format!(
                "takes the server names {} only, the call sends {} (O:7.2)",
                list(&matching.server_names),
                connection.sni
            ),
            Criterion::Transport => match matching.transport {
                Some(Transport::Tls) => "takes TLS only, the call is plaintext (O:7.3)".into(),
                _ => "takes plaintext only, the call is TLS (O:7.3)".into(),
            },
            Criterion::Alpn => format!(
                "takes {} only, which the call is not (O:7.3)",
                list(&matching.alpn)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envoy::{ChainMatch, Filter};

    fn chain(name: &str, matching: ChainMatch) -> FilterChain {
        FilterChain {
            name: name.into(),
            matching,
            tls: None,
            filter: Filter::Tcp(Vec::new()),
            because: Vec::new(),
        }
    }

    fn names(list: &[&str]) -> ChainMatch {
        ChainMatch {
            server_names: list.iter().map(|s| (*s).into()).collect(),
            ..ChainMatch::default()
        }
    }

    fn listener(chains: Vec<FilterChain>, default: Option<FilterChain>) -> Listener {
        Listener {
            name: "l".into(),
            address: "0.0.0.0".into(),
            port: 443,
            bind_to_port: false,
            tls_inspector: true,
            http_inspector: false,
            chains,
            default_chain: default,
            because: Vec::new(),
        }
    }

    fn connection(address: &str, sni: &str) -> Connection {
        Connection {
            port: 443,
            address: address.into(),
            sni: sni.into(),
            transport: Transport::Tls,
            alpn: Str::default(),
        }
    }

    fn taken<'l>(listener: &'l Listener, connection: &Connection) -> &'l str {
        match select(listener, connection) {
            Selection::Chain(chain) => &chain.name,
            Selection::Several(_) => "several",
            Selection::Nothing => "nothing",
        }
    }

    #[test]
    fn exact_names_beat_long_wildcards_beat_short_ones() {
        let listener = listener(
            vec![
                chain("short", names(&["*.com"])),
                chain("long", names(&["*.ex.com"])),
                chain("exact", names(&["a.ex.com"])),
                chain("any", ChainMatch::default()),
            ],
            None,
        );
        assert_eq!(taken(&listener, &connection("", "A.ex.com")), "exact");
        assert_eq!(taken(&listener, &connection("", "b.ex.com")), "long");
        assert_eq!(taken(&listener, &connection("", "b.com")), "short");
        assert_eq!(taken(&listener, &connection("", "b.org")), "any");
        assert_eq!(taken(&listener, &connection("", "")), "any");
    }

    #[test]
    fn a_decision_is_never_taken_back() {
        let narrow = ChainMatch {
            prefix_ranges: vec!["10.0.0.0/8".into()],
            ..names(&["a.com"])
        };
        let listener = listener(
            vec![chain("narrow", narrow), chain("wide", names(&["b.com"]))],
            Some(chain("default", ChainMatch::default())),
        );
        assert_eq!(
            taken(&listener, &connection("10.1.1.1", "b.com")),
            "default"
        );
        assert_eq!(taken(&listener, &connection("11.1.1.1", "b.com")), "wide");
        let near = near_misses(&listener, &connection("10.1.1.1", "b.com"), None);
        assert!(
            near.is_empty(),
            "chains without reasons have nothing to show"
        );
    }

    #[test]
    fn equal_matches_are_several() {
        let listener = listener(
            vec![chain("a", names(&["a.com"])), chain("b", names(&["a.com"]))],
            None,
        );
        assert_eq!(taken(&listener, &connection("", "a.com")), "several");
        assert_eq!(taken(&listener, &connection("", "x.com")), "nothing");
    }
}
