//! How many connections one address may have, so that one client cannot take all of them.
//!
//! Invariant: an entry of the table stands for at least one open connection.

use ipnet::{IpNet, Ipv6Net};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

type Table = Mutex<HashMap<IpAddr, u32>>;

/// Counts open connections by address.
pub(super) struct PerAddress {
    limit: u32,
    trusted: Vec<IpNet>,
    open: Arc<Table>,
}

/// One counted connection, until it is dropped; without an entry for a trusted proxy.
pub(super) struct Counted(Option<(Arc<Table>, IpAddr)>);

impl PerAddress {
    /// `limit` connections for each address that is not a `trusted` proxy.
    pub fn new(limit: u32, trusted: Vec<IpNet>) -> Self {
        Self { limit, trusted, open: Arc::default() }
    }

    /// Counts a connection; `None` if its address has too many.
    pub fn admit(&self, from: IpAddr) -> Option<Counted> {
        let from = from.to_canonical();
        if self.trusted.iter().any(|network| network.contains(&from)) {
            return Some(Counted(None));
        }
        let key = subscriber(from);
        let mut open = lock(&self.open);
        let count = open.entry(key).or_insert(0);
        if *count >= self.limit {
            return None;
        }
        *count += 1;
        Some(Counted(Some((Arc::clone(&self.open), key))))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Some((table, key)) = &self.0 else { return };
        let mut open = lock(table);
        if let Some(count) = open.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                open.remove(key);
            }
        }
    }
}

fn lock(table: &Table) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An IPv4 address, or the /64 in which one subscriber has all IPv6 addresses.
fn subscriber(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Net::new(address, 64).map_or(Ipv6Addr::UNSPECIFIED, |net| net.network()).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_gets_no_more_than_its_limit() {
        let limit = PerAddress::new(2, Vec::new());
        let (first, _second) = (limit.admit(ip("192.0.2.1")), limit.admit(ip("192.0.2.1")));
        assert!(limit.admit(ip("192.0.2.1")).is_none(), "a third");
        assert!(limit.admit(ip("::ffff:192.0.2.1")).is_none(), "the same address written as IPv6");
        assert!(limit.admit(ip("192.0.2.2")).is_some(), "another address");
        drop(first);
        assert!(limit.admit(ip("192.0.2.1")).is_some(), "after one has ended");
    }

    #[test]
    fn an_ipv6_customer_is_a_64_network() {
        let limit = PerAddress::new(1, Vec::new());
        let _first = limit.admit(ip("2001:db8:0:1::1"));
        assert!(limit.admit(ip("2001:db8:0:1:ffff::2")).is_none(), "the same /64");
        assert!(limit.admit(ip("2001:db8:0:2::1")).is_some(), "the next /64");
    }

    #[test]
    fn a_trusted_proxy_is_not_counted() {
        let limit = PerAddress::new(1, vec!["10.0.0.0/8".parse().unwrap()]);
        let all: Vec<_> = (0..5).map(|_| limit.admit(ip("10.1.2.3"))).collect();
        assert!(all.iter().all(Option::is_some));
    }

    #[test]
    fn an_address_without_connections_has_no_entry() {
        let limit = PerAddress::new(1, Vec::new());
        drop(limit.admit(ip("192.0.2.1")));
        assert!(lock(&limit.open).is_empty());
    }
}
