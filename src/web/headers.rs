//! Security headers: on every answer, each with its reason.
//!
//! Invariant: prepared pages have them in their own map, every other answer gets them from [`complete`]; there is no
//! third way out of the house, but for hyper's own refusal of a head that is not HTTP or too long (400, 431). It has no
//! hook for headers; it has no body either and ends the connection, so there is nothing that a header could guard.
//!
//! Never: a `Server` line. Nobody needs to know.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
        X_FRAME_OPTIONS,
    },
};

/// Only our own files, no inline script or style, no frames around us: injected markup stays dead text.
/// Trusted Types: no script may turn text into markup, ours included.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
    connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";
/// With TLS: an `http:` address that slipped into the words is fetched by TLS.
const POLICY_TLS: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
    connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'; upgrade-insecure-requests";
/// With TLS only, or a developer's `localhost` would be locked to it. Subdomains and preload lists are the owner's
/// decision: they cannot be taken back for years.
const TRANSPORT: &str = "max-age=63072000";
/// Other sites learn nothing of where a reader came from, and our form posts keep their `Origin` (with `no-referrer`
/// browsers send `Origin: null`, which looks like an attack).
const REFERRER: &str = "same-origin";
/// No guessing of types: an uploaded or mislabelled text never becomes a script.
const NO_SNIFFING: &str = "nosniff";
/// For browsers that do not know `frame-ancestors`.
const NO_FRAMES: &str = "DENY";
/// A window that opened us, or that we opened, gets no handle on our pages.
const OPENER: &str = "same-origin";
/// Other sites cannot load our pages and scripts as parts of theirs; pictures say `cross-origin` themselves, or readers
/// of the feed would lose them.
const RESOURCE: &str = "same-origin";
/// What a clinic's website never needs.
const PERMISSIONS: &str = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()";

/// The headers of every answer. `https`: the public address of the site begins with it.
pub fn security(https: bool) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    let mut put = |name, value| headers.insert(name, HeaderValue::from_static(value));
    put(CONTENT_SECURITY_POLICY, if https { POLICY_TLS } else { POLICY });
    put(REFERRER_POLICY, REFERRER);
    put(X_CONTENT_TYPE_OPTIONS, NO_SNIFFING);
    put(X_FRAME_OPTIONS, NO_FRAMES);
    put(HeaderName::from_static("cross-origin-opener-policy"), OPENER);
    put(HeaderName::from_static("cross-origin-resource-policy"), RESOURCE);
    put(HeaderName::from_static("permissions-policy"), PERMISSIONS);
    if https {
        put(STRICT_TRANSPORT_SECURITY, TRANSPORT);
    }
    headers
}

/// Hosts besides our own that the policy lets a page contact.
pub fn hosts_allowed() -> Vec<String> {
    hosts_in(POLICY)
}

/// What follows the name of a directive and is no keyword in quotes (CSP 3, 2.3.1).
fn hosts_in(policy: &str) -> Vec<String> {
    let sources = policy.split(';').flat_map(|directive| directive.split_whitespace().skip(1));
    let mut hosts: Vec<String> = sources.filter(|source| !source.starts_with('\'')).map(str::to_owned).collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

/// Gives an answer made for one reader the `common` headers that it has not set itself, and `no-store` unless it says
/// how long it may be kept.
pub fn complete(answer: &mut HeaderMap, common: &HeaderMap) {
    for (name, value) in common {
        answer.entry(name).or_insert_with(|| value.clone());
    }
    answer.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tls_nothing_asks_for_tls() {
        let headers = security(false);
        assert!(!headers.contains_key(STRICT_TRANSPORT_SECURITY));
        assert!(!headers[CONTENT_SECURITY_POLICY].to_str().unwrap().contains("upgrade-insecure-requests"));
    }

    #[test]
    fn the_policies_differ_by_the_upgrade_alone() {
        assert_eq!(POLICY_TLS, format!("{POLICY}; upgrade-insecure-requests"));
    }

    #[test]
    fn a_host_in_the_policy_is_named() {
        let policy = "default-src 'none'; img-src 'self' https://maps.example data:; font-src https://maps.example";
        assert_eq!(hosts_in(policy), ["data:", "https://maps.example"]);
    }

    #[test]
    fn an_answer_keeps_what_it_says_itself() {
        let mut answer = HeaderMap::new();
        answer.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        answer.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        complete(&mut answer, &security(true));
        assert_eq!(answer[CACHE_CONTROL], "no-cache");
        assert_eq!(answer[REFERRER_POLICY], "no-referrer");
        assert_eq!(answer[STRICT_TRANSPORT_SECURITY], TRANSPORT);
        let mut bare = HeaderMap::new();
        complete(&mut bare, &security(true));
        assert_eq!(bare[CACHE_CONTROL], "no-store");
    }
}
