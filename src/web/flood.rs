//! How many posts one network may send: generous, in memory, forgotten after the window.
//!
//! Never: an address. Keys are hashes with a salt of this process, and none is logged.

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter, middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};
use std::{net::IpAddr, num::NonZeroU32};

type Limiter =
    RateLimiter<[u8; 32], DefaultKeyedStateStore<[u8; 32]>, governor::clock::DefaultClock, StateInformationMiddleware>;

/// Posts an hour from networks of four sizes. A mobile carrier puts thousands behind one IPv4 address, so it is generous.
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

/// What the counters say of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may come in.
    Open {
        /// Other posts from there within the hour.
        recent: u32,
    },
    /// Too many.
    Flood,
}

/// The counters.
pub struct Flood {
    salt: [u8; 32],
    ipv4: (u32, Limiter),
    ipv6: Vec<(u8, u32, Limiter)>,
}

impl std::fmt::Debug for Flood {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Flood(…)")
    }
}

impl Flood {
    /// Counters with `quotas`; `salt` is random and lives as long as the process.
    pub fn new(quotas: Quotas, salt: [u8; 32]) -> Self {
        let ipv6 = quotas.ipv6.iter().map(|&(prefix, most)| (prefix, most.get(), limiter(most))).collect();
        Self { salt, ipv4: (quotas.ipv4.get(), limiter(quotas.ipv4)), ipv6 }
    }

    /// Counts one post from `ip`.
    pub fn check(&self, ip: IpAddr) -> Verdict {
        match ip {
            IpAddr::V4(ip) => self.count(&self.ipv4.1, self.ipv4.0, &ip.octets()),
            IpAddr::V6(ip) => {
                let mut smallest = Verdict::Flood;
                for (index, (prefix, most, limiter)) in self.ipv6.iter().enumerate() {
                    let verdict = self.count(limiter, *most, &ip.octets()[..usize::from(prefix / 8)]);
                    if verdict == Verdict::Flood {
                        return Verdict::Flood;
                    }
                    if index == 0 {
                        smallest = verdict;
                    }
                }
                smallest
            }
        }
    }

    /// Forgets networks whose window has passed.
    pub fn forget(&self) {
        self.ipv4.1.retain_recent();
        self.ipv6.iter().for_each(|(_, _, limiter)| limiter.retain_recent());
    }

    fn count(&self, limiter: &Limiter, most: u32, network: &[u8]) -> Verdict {
        let key = *blake3::keyed_hash(&self.salt, network).as_bytes();
        match limiter.check_key(&key) {
            Ok(state) => Verdict::Open { recent: most.saturating_sub(state.remaining_burst_capacity() + 1) },
            Err(_) => Verdict::Flood,
        }
    }
}

fn limiter(an_hour: NonZeroU32) -> Limiter {
    let plain: DefaultKeyedRateLimiter<[u8; 32]> = RateLimiter::keyed(Quota::per_hour(an_hour));
    plain.with_middleware()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_stopped_at_its_quota_and_its_neighbour_is_not() {
        let two = NonZeroU32::new(2).unwrap();
        let flood =
            Flood::new(Quotas { ipv4: two, ipv6: [(64, two), (56, two), (48, NonZeroU32::new(3).unwrap())] }, [1; 32]);
        let post = |ip: &str| flood.check(ip.parse().unwrap());
        assert_eq!(
            [post("192.0.2.1"), post("192.0.2.1"), post("192.0.2.1")],
            [Verdict::Open { recent: 0 }, Verdict::Open { recent: 1 }, Verdict::Flood]
        );
        assert_eq!(post("192.0.2.2"), Verdict::Open { recent: 0 });
        assert_eq!(post("2001:db8::1"), Verdict::Open { recent: 0 });
        assert_eq!(post("2001:db8::2"), Verdict::Open { recent: 1 }, "the same /64 is one network");
        assert_eq!(post("2001:db8:0:1::1"), Verdict::Flood, "the /56 is full");
        assert_eq!(post("2001:db8:0:100::1"), Verdict::Open { recent: 0 }, "another /56 of the same /48");
        assert_eq!(post("2001:db8:0:200::1"), Verdict::Flood, "the /48 is full");
    }
}
