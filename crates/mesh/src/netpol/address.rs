//! Which addresses a set of CIDRs tells apart, and which of them are outside the cluster.
//!
//! A policy is judged at one address of every class its CIDRs distinguish, so the answer is about
//! all addresses, not about samples.

use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where an address is, seen from a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// A public address: outside the cluster.
    Outside,
    /// A private or link-local address: pods, Services, nodes or a network next door. Files do not
    /// say which ranges are the cluster's.
    Unknown,
    /// Never a destination off the pod: loopback, multicast, unspecified.
    Nowhere,
}

const PRIVATE: [&str; 7] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
];

const NOWHERE: [&str; 6] = [
    "0.0.0.0/8",
    "127.0.0.0/8",
    "224.0.0.0/3",
    "::/127",
    "ff00::/8",
    "::ffff:0:0/96",
];

fn within(ranges: &[&str], address: IpAddr) -> bool {
    ranges
        .iter()
        .filter_map(|r| r.parse::<IpNet>().ok())
        .any(|net| net.contains(&address))
}

/// Where an address is.
pub fn place(address: IpAddr) -> Place {
    if within(&NOWHERE, address) {
        Place::Nowhere
    } else if within(&PRIVATE, address) {
        Place::Unknown
    } else {
        Place::Outside
    }
}

/// A network as policies write it: a CIDR or a single address.
pub fn network(text: &str) -> Option<IpNet> {
    text.parse()
        .ok()
        .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// One address of every class the networks distinguish, public ones first. Each class is a union of
/// intervals whose ends touch the end of some network, so the addresses at and beside those ends
/// meet every class.
pub fn representatives(networks: &[IpNet]) -> Vec<IpAddr> {
    let special = PRIVATE.iter().chain(&NOWHERE);
    let special: Vec<IpNet> = special.filter_map(|r| r.parse().ok()).collect();
    let mut found = vec![
        IpAddr::V4(Ipv4Addr::new(1, 1, 1, 1)),
        IpAddr::V6(Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111)),
    ];
    for net in networks.iter().chain(&special) {
        let (first, last) = (net.network(), net.broadcast());
        found.extend(
            [Some(first), Some(last), step(first, -1), step(last, 1)]
                .into_iter()
                .flatten(),
        );
    }
    found.retain(|a| place(*a) != Place::Nowhere);
    let mut unique = Vec::new();
    found.sort_by_key(|a| place(*a));
    for address in found {
        if !unique.contains(&address) {
            unique.push(address);
        }
    }
    unique
}

fn step(address: IpAddr, by: i8) -> Option<IpAddr> {
    Some(match address {
        IpAddr::V4(a) => {
            let bits = u32::from(a);
            let next = if by < 0 {
                bits.checked_sub(1)
            } else {
                bits.checked_add(1)
            };
            IpAddr::V4(next?.into())
        }
        IpAddr::V6(a) => {
            let bits = u128::from(a);
            let next = if by < 0 {
                bits.checked_sub(1)
            } else {
                bits.checked_add(1)
            };
            IpAddr::V6(next?.into())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn places() {
        let place = |a: &str| place(a.parse().unwrap());
        assert_eq!(place("8.8.8.8"), Place::Outside);
        assert_eq!(place("10.1.2.3"), Place::Unknown);
        assert_eq!(place("169.254.169.254"), Place::Unknown);
        assert_eq!(place("127.0.0.1"), Place::Nowhere);
        assert_eq!(place("2606::1"), Place::Outside);
        assert_eq!(place("fd00::1"), Place::Unknown);
    }

    proptest! {
        /// Any address behaves as one of the representatives: the law the whole judgement rests on.
        #[test]
        fn every_address_has_a_representative(
            nets in proptest::collection::vec((any::<u32>(), 0u8..=32), 0..8),
            address in any::<u32>(),
        ) {
            let nets: Vec<IpNet> = nets
                .into_iter()
                .filter_map(|(a, len)| IpNet::new(IpAddr::V4(a.into()), len).ok())
                .map(|n| n.trunc())
                .collect();
            let address = IpAddr::V4(address.into());
            prop_assume!(place(address) != Place::Nowhere);
            let class = |a: IpAddr| {
                (place(a), nets.iter().map(|n| n.contains(&a)).collect::<Vec<_>>())
            };
            let reps = representatives(&nets);
            prop_assert!(reps.iter().any(|r| r.is_ipv4() && class(*r) == class(address)));
        }
    }
}
