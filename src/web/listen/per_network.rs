//! How many connections one address or network may have, so that one client cannot take all of them.
//!
//! Invariant: an entry of the table stands for at least one open connection.

use ipnet::IpNet;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

type Table = Mutex<HashMap<IpNet, u32>>;

/// The networks that are counted, as prefixes, each with how many times the limit it may have: an IPv4 address, and the
/// IPv6 networks that a provider gives to one subscriber (RIPE-690).
const IPV4: &[(u8, u32)] = &[(32, 1)];
const IPV6: &[(u8, u32)] = &[(64, 1), (56, 2), (48, 4)];

/// Counts open connections by network.
pub(super) struct PerNetwork {
    limit: u32,
    trusted: Vec<IpNet>,
    open: Arc<Table>,
}

/// One counted connection, until it is dropped; without networks for a trusted proxy.
pub(super) struct Counted {
    open: Arc<Table>,
    networks: Vec<IpNet>,
}

impl PerNetwork {
    /// `limit` connections for each address that is not a `trusted` proxy.
    pub fn new(limit: u32, trusted: Vec<IpNet>) -> Self {
        Self { limit, trusted, open: Arc::default() }
    }

    /// Counts a connection; `None` if one of its networks has too many.
    pub fn admit(&self, from: IpAddr) -> Option<Counted> {
        let from = from.to_canonical();
        let sizes: &[(u8, u32)] = match from {
            _ if self.trusted.iter().any(|network| network.contains(&from)) => &[],
            IpAddr::V4(_) => IPV4,
            IpAddr::V6(_) => IPV6,
        };
        let mut open = lock(&self.open);
        let mut networks = Vec::new();
        for (prefix, times) in sizes {
            let network = IpNet::new_assert(from, *prefix).trunc();
            if open.get(&network).is_some_and(|count| *count >= self.limit * times) {
                return None;
            }
            networks.push(network);
        }
        for network in &networks {
            *open.entry(*network).or_insert(0) += 1;
        }
        Some(Counted { open: Arc::clone(&self.open), networks })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        for network in &self.networks {
            if let Some(count) = open.get_mut(network) {
                *count -= 1;
                if *count == 0 {
                    open.remove(network);
                }
            }
        }
    }
}

fn lock(table: &Table) -> MutexGuard<'_, HashMap<IpNet, u32>> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_gets_no_more_than_its_limit() {
        let limit = PerNetwork::new(2, Vec::new());
        let (first, _second) = (limit.admit(ip("192.0.2.1")), limit.admit(ip("192.0.2.1")));
        assert!(limit.admit(ip("192.0.2.1")).is_none(), "a third");
        assert!(limit.admit(ip("::ffff:192.0.2.1")).is_none(), "the same address written as IPv6");
        assert!(limit.admit(ip("192.0.2.2")).is_some(), "another address");
        drop(first);
        assert!(limit.admit(ip("192.0.2.1")).is_some(), "after one has ended");
    }

    #[test]
    fn ipv6_is_counted_by_networks_of_64_56_and_48_bits() {
        let limit = PerNetwork::new(1, Vec::new());
        let mut open = Vec::new();
        let table = [
            ("2001:db8:0:1::1", true, "the first"),
            ("2001:db8:0:1:ffff::2", false, "the same /64"),
            ("2001:db8:0:2::1", true, "the next /64"),
            ("2001:db8:0:3::1", false, "the /56 has two"),
            ("2001:db8:0:100::1", true, "the next /56"),
            ("2001:db8:0:200::1", true, "another"),
            ("2001:db8:0:300::1", false, "the /48 has four"),
            ("2001:db8:1::1", true, "the next /48"),
        ];
        for (address, admitted, what) in table {
            let counted = limit.admit(ip(address));
            assert_eq!(counted.is_some(), admitted, "{what}");
            open.push(counted);
        }
        open.clear();
        assert!(lock(&limit.open).is_empty());
    }

    #[test]
    fn a_trusted_proxy_is_not_counted() {
        let limit = PerNetwork::new(1, vec!["10.0.0.0/8".parse().unwrap()]);
        let all: Vec<_> = (0..5).map(|_| limit.admit(ip("10.1.2.3"))).collect();
        assert!(all.iter().all(Option::is_some));
    }

    #[test]
    fn an_address_without_connections_has_no_entry() {
        let limit = PerNetwork::new(1, Vec::new());
        drop(limit.admit(ip("192.0.2.1")));
        assert!(lock(&limit.open).is_empty());
    }
}
