//! Settings that can be used and were probably not meant.
//!
//! Never: a reason not to start. A network that we cannot see from here may well be closed.

use super::{Config, Fault};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

impl Config {
    /// What somebody should look at, each with a remedy.
    pub fn doubts(&self) -> Vec<Fault> {
        let open = self.admin_listen.filter(|address| !is_private(address.ip().to_canonical()));
        let doubt = |address| Fault {
            variable: "CLINIC_ADMIN_LISTEN",
            problem: format!("{address} may be reached from outside, and /metrics has no password"),
            remedy: "write an address of this machine, like 127.0.0.1:9300, or see that a firewall closes it"
                .to_owned(),
        };
        open.map(doubt).into_iter().collect()
    }
}

/// This machine or the network around it. "All addresses" (`0.0.0.0`, `::`) is neither.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => is_private_v4(ip),
        IpAddr::V6(ip) => is_private_v6(ip),
    }
}

fn is_private_v4(ip: Ipv4Addr) -> bool {
    ip.is_loopback() || ip.is_private() || ip.is_link_local()
}

fn is_private_v6(ip: Ipv6Addr) -> bool {
    ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_others_may_reach_is_doubted() {
        let table = [
            ("127.0.0.1", true),
            ("10.1.2.3", true),
            ("172.16.0.1", true),
            ("192.168.1.1", true),
            ("::1", true),
            ("fd00::1", true),
            ("fe80::1", true),
            ("::ffff:10.0.0.1", true),
            ("0.0.0.0", false),
            ("::", false),
            ("203.0.113.7", false),
            ("2001:db8::1", false),
            ("::ffff:203.0.113.7", false),
        ];
        for (address, private) in table {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(is_private(address.to_canonical()), private, "{address}");
        }
    }
}
