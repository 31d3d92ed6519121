//! How many posts one network may send: generous, in memory, removed after an hour.
//!
//! Never: an address. Keys are hashes with a salt of this process, and none is logged.

use super::Visitor;
use axum::http::request::Parts;
use governor::{
    DefaultKeyedRateLimiter, Quota,
    clock::{Clock as _, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};
use ipnet::IpNet;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroU32,
    time::Duration,
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

    /// Counts one post from `ip`. Returns the number of earlier posts from its smallest network in the last hour.
    ///
    /// # Errors
    /// One of its networks is over quota: the time after which it may post again.
    pub fn check(&self, ip: IpAddr) -> Result<u32, Duration> {
        let (limits, octets) = match ip {
            IpAddr::V4(ip) => (&self.ipv4, ip.octets().to_vec()),
            IpAddr::V6(ip) => (&self.ipv6, ip.octets().to_vec()),
        };
        let mut recent = None;
        for limit in limits {
            let key = blake3::keyed_hash(&self.salt, &octets[..limit.prefix_bytes]);
            let state = limit.limiter.check_key(key.as_bytes());
            let state = state.map_err(|until| until.wait_time_from(DefaultClock::default().now()))?;
            recent.get_or_insert(limit.posts.saturating_sub(state.remaining_burst_capacity() + 1));
        }
        Ok(recent.unwrap_or_default())
    }

    /// Removes networks whose hour has passed.
    pub fn remove_expired(&self) {
        self.ipv4.iter().chain(&self.ipv6).for_each(|limit| limit.limiter.retain_recent());
    }
}

/// The client's address: the peer's, or, while that is a trusted proxy's, the one before it in `X-Forwarded-For`. What
/// stands before an untrusted or unreadable entry was written by the client and does not count.
pub fn client_address(parts: &Parts, trusted: &[IpNet]) -> IpAddr {
    let peer = parts.extensions.get::<Visitor>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    let mut client = peer.to_canonical();
    let lines = parts.headers.get_all("x-forwarded-for").iter().rev();
    for hop in lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(',')) {
        let is_trusted = trusted.iter().any(|network| network.contains(&client));
        let Some(before) = address_of(hop.trim()).filter(|_| is_trusted) else { break };
        client = before.to_canonical();
    }
    client
}

/// The address of an entry in `X-Forwarded-For`; some proxies add a port, or brackets around IPv6.
fn address_of(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    bare.parse().or_else(|_| hop.parse().map(|with_port: SocketAddr| with_port.ip())).ok()
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
        let post = |ip: &str| limiter.check(ip.parse().unwrap()).ok();
        assert_eq!([post("192.0.2.1"), post("192.0.2.1"), post("192.0.2.1")], [Some(0), Some(1), None]);
        assert_eq!(post("192.0.2.2"), Some(0));
        assert_eq!(post("2001:db8::1"), Some(0));
        assert_eq!(post("2001:db8::2"), Some(1), "the same /64 is one network");
        assert_eq!(post("2001:db8:0:1::1"), None, "the /56 is full");
        assert_eq!(post("2001:db8:0:100::1"), Some(0), "another /56 of the same /48");
        assert_eq!(post("2001:db8:0:200::1"), None, "the /48 is full");
    }

    #[test]
    fn a_network_over_quota_may_post_again_after_its_share_of_an_hour() {
        let four = NonZeroU32::new(4).unwrap();
        let limiter = RateLimiter::new(Quotas { ipv4: four, ..Quotas::default() }, [1; 32]);
        let wait = (0..5).find_map(|_| limiter.check("192.0.2.1".parse().unwrap()).err()).unwrap();
        let quarter = Duration::from_mins(15);
        assert!(wait <= quarter && wait > quarter / 2, "{wait:?}");
    }

    #[test]
    fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let table = [
            ("192.0.2.1:1", "203.0.113.9", "192.0.2.1"),
            ("10.0.0.1:1", "203.0.113.9", "203.0.113.9"),
            ("10.0.0.1:1", "198.51.100.7, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
            ("10.0.0.1:1", "garbage", "10.0.0.1"),
            ("10.0.0.1:1", "198.51.100.7, garbage", "10.0.0.1"),
            ("10.0.0.1:1", "198.51.100.7, unknown, 10.0.0.2", "10.0.0.2"),
            ("10.0.0.1:1", "198.51.100.7, 10.0.0.3, 203.0.113.9", "203.0.113.9"),
            ("10.0.0.1:1", "203.0.113.9:4711", "203.0.113.9"),
            ("10.0.0.1:1", "[2001:db8::1]:4711, 10.0.0.2:80", "2001:db8::1"),
            ("10.0.0.1:1", "[2001:db8::1]", "2001:db8::1"),
            ("10.0.0.1:1", "::ffff:203.0.113.9", "203.0.113.9"),
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
