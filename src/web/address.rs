//! From which address a request came, as far as that can be known.

use super::Visitor;
use axum::http::request::Parts;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr};

/// The client: the peer, or, if the peer is a trusted proxy, the last address in `X-Forwarded-For` that is not one.
pub fn of_client(parts: &Parts, trusted: &[IpNet]) -> IpAddr {
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
            assert_eq!(of_client(&parts, &trusted), client.parse::<IpAddr>().unwrap(), "{peer} {forwarded}");
        }
    }
}
