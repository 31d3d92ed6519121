//! The URL of a PostgreSQL server.
//!
//! Invariant: a server on another machine is reached over TLS, and its certificate and name are verified, unless the URL
//! says otherwise.

use super::{Settings, parse::Faults};
use secrecy::SecretString;
use std::net::IpAddr;
use url::Url;

/// The URL of the settings, with what it leaves out about TLS.
pub(super) fn url(s: &Settings, f: &mut Faults) -> Option<SecretString> {
    let text = f.secret("CLINIC_DATABASE_URL", s)?;
    let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "postgres" | "postgresql"));
    if url.is_none() {
        let remedy = "write postgres://user:password@host/name, or leave it out for SQLite";
        f.add("CLINIC_DATABASE_URL", "only PostgreSQL is reached by URL", remedy);
    }
    url.map(|url| String::from(with_tls(url)).into())
}

/// `sslmode` as <https://www.postgresql.org/docs/current/libpq-ssl.html> defines it.
fn with_tls(mut url: Url) -> Url {
    let given = |names: [&str; 2]| {
        let pairs = url.query_pairs().filter(|(name, _)| names.contains(&name.as_ref()));
        pairs.last().map(|(_, value)| value.into_owned())
    };
    let host = given(["host", "hostaddr"]).or_else(|| url.host_str().map(str::to_owned)).unwrap_or_default();
    if !is_local(&host) && given(["sslmode", "ssl-mode"]).is_none() {
        url.query_pairs_mut().append_pair("sslmode", "verify-full");
    }
    url
}

/// The folder of a socket (also the usual one, without a host), or this machine.
fn is_local(host: &str) -> bool {
    let loopback = |ip: IpAddr| ip.is_loopback();
    ["", "localhost"].contains(&host)
        || ["/", "%2F", "%2f"].iter().any(|slash| host.starts_with(slash))
        || host.trim_matches(['[', ']']).parse().is_ok_and(loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_certificate_of_a_server_on_another_machine_is_verified_unless_the_url_says_otherwise() {
        let local = [
            "postgres:///clinic",
            "postgres://u@localhost/clinic",
            "postgres://u:p%40ss@127.0.0.2:5433/clinic?application_name=x",
            "postgres://u@[::1]/clinic",
            "postgres://u@%2Fvar%2Frun%2Fpostgresql/clinic",
            "postgres://u@elsewhere.example/clinic?host=/run/postgresql",
        ];
        let chosen =
            ["postgres://u@db.example/clinic?sslmode=require", "postgres://u@db.example/clinic?ssl-mode=disable"];
        for same in local.into_iter().chain(chosen) {
            assert_eq!(with_tls(same.parse().unwrap()).as_str(), same);
        }
        let remote = [
            ("postgres://u:p%40ss@db.example/clinic", "postgres://u:p%40ss@db.example/clinic?sslmode=verify-full"),
            ("postgresql://10.0.0.5/c?a=b", "postgresql://10.0.0.5/c?a=b&sslmode=verify-full"),
            (
                "postgres://u@localhost/c?host=db.example",
                "postgres://u@localhost/c?host=db.example&sslmode=verify-full",
            ),
        ];
        for (text, verified) in remote {
            assert_eq!(with_tls(text.parse().unwrap()).as_str(), verified);
        }
    }
}
