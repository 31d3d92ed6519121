//! How many posts one network may send: generous, in memory, removed after an hour.
//!
//! Never: an address. Keys are hashes with a salt of this process, and none is logged.

use super::Visitor;
use axum::http::request::Parts;
use governor::{
    DefaultKeyedRateLimiter, Quota, clock::DefaultClock, middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};
use ipnet::IpNet;
use std::{
    net::{IpAddr, Ipv4Addr},
    num::NonZeroU32,
};

type Key = [u8; 32];
type Limiter = governor::RateLimiter<Key, DefaultKeyedStateStore<Key>, DefaultClock, StateInformationMiddleware>;

/// Posts an hour from networks of four sizes. A mobile carrier puts thousands behind one IPv4 address, so it is
/// generous.
#[derive(Debug, Clone, Copy)]
pub struct Quotas {
    /// One IPv4 address.
    pub ipv4: NonZeroU32,
    /// IPv6 /64, /56 and /48.
    pub ipv6: [(u8, NonZeroU32); 3],
}

impl Default for Quotas {
    fn default() -> Self {
        const fn an_hour(posts: u32) -> NonZeroU32 {
            NonZeroU32::new(posts).expect("quotas are above zero")
        }
        Self { ipv4: an_hour(30), ipv6: [(64, an_hour(15)), (56, an_hour(45)), (48, an_hour(150))] }
    }
}

/// Counts posts by network.
#[derive(Debug)]
pub struct RateLimiter {
    salt: Key,
    ipv4: Vec<NetworkLimit>,
    /// The smallest network first.
    ipv6: Vec<NetworkLimit>,
}

/// The limit of all networks of one size.
#[derive(Debug)]
struct NetworkLimit {
    prefix_bytes: usize,
    posts: u32,
    limiter: Limiter,
}

impl RateLimiter {
    /// Limits posts to `quotas`; `salt` is random and lives as long as the process.
    pub fn new(quotas: Quotas, salt: Key) -> Self {
        let limit = |(prefix, posts): (u8, NonZeroU32)| {
            let limiter: DefaultKeyedRateLimiter<Key> = governor::RateLimiter::keyed(Quota::per_hour(posts));
            let limiter = limiter.with_middleware();
            NetworkLimit { prefix_bytes: usize::from(prefix / 8), posts: posts.get(), limiter }
        };
        Self { salt, ipv4: vec![limit((32, quotas.ipv4))], ipv6: quotas.ipv6.into_iter().map(limit).collect() }
    }

    /// Counts one post from `ip`. Returns the number of earlier posts from its smallest network in the last hour, or
    /// `None` if over quota.
    pub fn check(&self, ip: IpAddr) -> Option<u32> {
        let (limits, octets) = match ip {
            IpAddr::V4(ip) => (&self.ipv4, ip.octets().to_vec()),
            IpAddr::V6(ip) => (&self.ipv6, ip.octets().to_vec()),
        };
        let mut recent = None;
        for limit in limits {
            let key = blake3::keyed_hash(&self.salt, &octets[..limit.prefix_bytes]);
            let state = limit.limiter.check_key(key.as_bytes()).ok()?;
            recent.get_or_insert(limit.posts.saturating_sub(state.remaining_burst_capacity() + 1));
        }
        recent
    }

    /// Removes networks whose hour has passed.
    pub fn remove_expired(&self) {
        self.ipv4.iter().chain(&self.ipv6).for_each(|limit| limit.limiter.retain_recent());
    }
}

/// The client's address: the peer's, or, if the peer is a trusted proxy, the last one in `X-Forwarded-For` that is not
/// one.
pub fn client_address(parts: &Parts, trusted: &[IpNet]) -> IpAddr {
    let peer = parts.extensions.get::<Visitor>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|network| network.contains(&ip.to_canonical()));
    if !is_trusted(&peer) {
        return peer.to_canonical();
    }
    let forwarded = parts.headers.get_all("x-forwarded-for").into_iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<IpAddr> =
        forwarded.flat_map(|value| value.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    hops.iter().rev().find(|hop| !is_trusted(hop)).unwrap_or(&peer).to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[test]
    fn a_network_is_stopped_at_its_quota_and_its_neighbor_is_not() {
        let two = NonZeroU32::new(2).unwrap();
        let quotas = Quotas { ipv4: two, ipv6: [(64, two), (56, two), (48, NonZeroU32::new(3).unwrap())] };
        let limiter = RateLimiter::new(quotas, [1; 32]);
        let post = |ip: &str| limiter.check(ip.parse().unwrap());
        assert_eq!([post("192.0.2.1"), post("192.0.2.1"), post("192.0.2.1")], [Some(0), Some(1), None]);
        assert_eq!(post("192.0.2.2"), Some(0));
        assert_eq!(post("2001:db8::1"), Some(0));
        assert_eq!(post("2001:db8::2"), Some(1), "the same /64 is one network");
        assert_eq!(post("2001:db8:0:1::1"), None, "the /56 is full");
        assert_eq!(post("2001:db8:0:100::1"), Some(0), "another /56 of the same /48");
        assert_eq!(post("2001:db8:0:200::1"), None, "the /48 is full");
    }

    #[test]
    fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let table = [
            ("192.0.2.1:1", "203.0.113.9", "192.0.2.1"),
            ("10.0.0.1:1", "203.0.113.9", "203.0.113.9"),
            ("10.0.0.1:1", "198.51.100.7, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
            ("10.0.0.1:1", "garbage", "10.0.0.1"),
            ("[::1]:1", "2001:db8::1", "2001:db8::1"),
            ("[::ffff:192.0.2.1]:1", "", "192.0.2.1"),
        ];
        for (peer, forwarded, client) in table {
            let (mut parts, ()) = Request::get("/").header("x-forwarded-for", forwarded).body(()).unwrap().into_parts();
            parts.extensions.insert(Visitor(peer.parse().unwrap()));
            assert_eq!(client_address(&parts, &trusted), client.parse::<IpAddr>().unwrap(), "{peer} {forwarded}");
        }
    }
}
