//! The public origin: redirects requests for another host name, or without TLS, in one hop.
//!
//! Invariant: there is no redirect loop. A host that is not a public name (an IP address, a name without a dot)
//! is used by proxies and operators and is not redirected; `X-Forwarded-Proto` counts only from a trusted proxy.
//!
//! Never for `/health`, which monitors request under any name, nor while the site's own origin is a loopback address.

use crate::catalog::Caching;
use http::{HeaderMap, Method, Request};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use url::{Host, Url};

/// The public origin, prepared for the comparison with each request.
#[derive(Debug, Clone)]
pub struct Origin {
    text: String,
    /// As browsers send it: without the scheme's own port.
    host: String,
    /// With the port, as some programs send it.
    host_and_port: String,
    /// Proxies whose `X-Forwarded-Proto` counts; none if the origin has no TLS.
    proxies: Vec<IpNet>,
}

impl Origin {
    /// The origin of `base`, unless that is a loopback address; `trusted` are the networks of trusted proxies.
    pub fn new(base: &Url, trusted: &[IpNet]) -> Option<Self> {
        let name = match base.host()? {
            Host::Domain(name) if name != "localhost" && !name.ends_with(".localhost") => name.to_owned(),
            Host::Ipv4(ip) if !ip.is_loopback() => ip.to_string(),
            Host::Ipv6(ip) if !ip.is_loopback() => format!("[{ip}]"),
            _ => return None,
        };
        let port = base.port_or_known_default()?;
        Some(Self {
            text: base.origin().ascii_serialization(),
            host: base.port().map_or_else(|| name.clone(), |port| format!("{name}:{port}")),
            host_and_port: format!("{name}:{port}"),
            proxies: if base.scheme() == "https" { trusted.to_vec() } else { Vec::new() },
        })
    }

    /// The origin as text, without a trailing slash.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// How long a redirect of this request to the origin may be kept; `None` if it is not redirected. `host` is its
    /// only `Host`, `from` its peer. No cache may keep a redirect that depends on `X-Forwarded-Proto`: it would answer
    /// the request over TLS with it, too.
    pub(super) fn redirect<B>(&self, request: &Request<B>, host: &[u8], from: SocketAddr) -> Option<Caching> {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        if !reads || request.uri().path().starts_with("/health/") {
            None
        } else if self.is_other(host) {
            Some(Caching::Short)
        } else {
            self.came_without_tls(request.headers(), from).then_some(Caching::Never)
        }
    }

    /// Whether `host` is a public name other than this origin's.
    fn is_other(&self, host: &[u8]) -> bool {
        let ours = [&self.host, &self.host_and_port].iter().any(|own| host.eq_ignore_ascii_case(own.as_bytes()));
        !ours && std::str::from_utf8(host).is_ok_and(is_public_name)
    }

    fn came_without_tls(&self, headers: &HeaderMap, from: SocketAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(&from.ip().to_canonical()))
            && headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "http")
    }
}

/// `example.org`, `example.org:8080`; not `10.0.0.1`, `[::1]`, `localhost:3000` or `app`.
fn is_public_name(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_address = name.parse::<IpAddr>().is_ok() || name.starts_with('[');
    name.trim_end_matches('.').contains('.') && !is_address && !name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(base: &str) -> Option<Origin> {
        Origin::new(&base.parse().unwrap(), &["10.0.0.0/8".parse().unwrap()])
    }

    #[test]
    fn a_loopback_address_is_not_a_public_origin() {
        for base in ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:3000", "http://clinic.localhost"] {
            assert!(origin(base).is_none(), "{base}");
        }
    }

    #[test]
    fn only_another_public_name_is_redirected() {
        let table = [
            ("www.clinic.example", "/", None),
            ("WWW.Clinic.example", "/", None),
            ("www.clinic.example:443", "/", None),
            ("clinic.example", "/", Some(Caching::Short)),
            ("clinic.example:80", "/articles", Some(Caching::Short)),
            ("www.clinic.example.", "/", Some(Caching::Short)),
            ("old-name.example", "/health/live", None),
            ("localhost:3000", "/", None),
            ("127.0.0.1:3000", "/", None),
            ("10.0.0.7", "/", None),
            ("[::1]:3000", "/", None),
            ("app", "/", None),
        ];
        let origin = origin("https://www.clinic.example").unwrap();
        for (host, path, expected) in table {
            let request = Request::get(path).body(()).unwrap();
            let from = "192.0.2.1:9".parse().unwrap();
            assert_eq!(origin.redirect(&request, host.as_bytes(), from), expected, "{host} {path}");
        }
    }

    #[test]
    fn only_get_and_head_are_redirected() {
        let origin = origin("https://www.clinic.example").unwrap();
        for method in ["POST", "PUT", "OPTIONS"] {
            let request = Request::builder().method(method).uri("/contact").body(()).unwrap();
            let redirect = origin.redirect(&request, b"clinic.example", "192.0.2.1:9".parse().unwrap());
            assert_eq!(redirect, None, "{method}");
        }
    }

    #[test]
    fn x_forwarded_proto_counts_only_from_a_trusted_proxy_and_its_redirect_is_not_kept() {
        let table = [
            ("https://a.example", "10.0.0.1:9", "http", Some(Caching::Never)),
            ("https://a.example", "[::ffff:10.0.0.1]:9", "http", Some(Caching::Never)),
            ("https://a.example", "10.0.0.1:9", "https", None),
            ("https://a.example", "192.0.2.1:9", "http", None),
            ("http://a.example", "10.0.0.1:9", "http", None),
        ];
        for (base, from, scheme, expected) in table {
            let request = Request::get("/").header("x-forwarded-proto", scheme).body(()).unwrap();
            let redirect = origin(base).unwrap().redirect(&request, b"a.example", from.parse().unwrap());
            assert_eq!(redirect, expected, "{base} {from} {scheme}");
        }
    }
}
