//! Connections by address: one visitor cannot take all places.
//!
//! Invariant: an entry stands for at least one open connection; the table is as small as the crowd.

use ipnet::{IpNet, Ipv6Net};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

type Table = Mutex<HashMap<IpAddr, u32>>;

/// Counts open connections.
pub(super) struct Counter {
    limit: u32,
    trusted: Vec<IpNet>,
    open: Arc<Table>,
}

/// One counted connection; dropping it counts it off.
pub(super) struct Counted(Option<(Arc<Table>, IpAddr)>);

impl Counter {
    pub fn new(limit: u32, trusted: Vec<IpNet>) -> Self {
        Self { limit, trusted, open: Arc::default() }
    }

    /// Counts a connection; `None` if its address has enough of them.
    pub fn enter(&self, from: IpAddr) -> Option<Counted> {
        let from = from.to_canonical();
        if self.trusted.iter().any(|network| network.contains(&from)) {
            return Some(Counted(None));
        }
        let key = customer(from);
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

/// One customer of a network: an IPv4 address, or the /64 in which an IPv6 customer has all addresses.
fn customer(address: IpAddr) -> IpAddr {
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
    fn one_address_gets_no_more_than_its_share() {
        let counter = Counter::new(2, Vec::new());
        let (first, _second) = (counter.enter(ip("192.0.2.1")), counter.enter(ip("192.0.2.1")));
        assert!(counter.enter(ip("192.0.2.1")).is_none(), "a third");
        assert!(counter.enter(ip("::ffff:192.0.2.1")).is_none(), "the same address written as IPv6");
        assert!(counter.enter(ip("192.0.2.2")).is_some(), "a neighbour");
        drop(first);
        assert!(counter.enter(ip("192.0.2.1")).is_some(), "after one left");
    }

    #[test]
    fn an_ipv6_customer_is_a_64_network() {
        let counter = Counter::new(1, Vec::new());
        let _first = counter.enter(ip("2001:db8:0:1::1"));
        assert!(counter.enter(ip("2001:db8:0:1:ffff::2")).is_none(), "the same /64");
        assert!(counter.enter(ip("2001:db8:0:2::1")).is_some(), "the next /64");
    }

    #[test]
    fn a_trusted_proxy_is_not_counted() {
        let counter = Counter::new(1, vec!["10.0.0.0/8".parse().unwrap()]);
        let all: Vec<_> = (0..5).map(|_| counter.enter(ip("10.1.2.3"))).collect();
        assert!(all.iter().all(Option::is_some));
    }

    #[test]
    fn the_table_forgets_who_left() {
        let counter = Counter::new(1, Vec::new());
        drop(counter.enter(ip("192.0.2.1")));
        assert!(lock(&counter.open).is_empty());
    }
}
