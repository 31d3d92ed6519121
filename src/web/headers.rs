//! Security headers of every response.
//!
//! Invariant: catalog resources include them, and every other response gets them from [`complete`]. The only exception
//! is hyper's own response to a request head that is malformed or too long (400, 431): it has no hook for headers, but
//! no body either, and closes the connection.
//!
//! Never: a `Server` header.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
        X_FRAME_OPTIONS,
    },
};

/// Only our own files, no inline script or style, no frames around us: injected markup has no effect.
/// Trusted Types: no script may turn text into markup, ours included.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
    connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";
/// With TLS only, or a developer's browser would insist on TLS for `localhost`. Subdomains and preload lists are the
/// owner's decision: they cannot be taken back for years.
const TRANSPORT: &str = "max-age=63072000";
/// Other sites do not see which page a visitor came from, and our form posts keep their `Origin` (with `no-referrer`
/// browsers send `Origin: null`, which looks like an attack).
const REFERRER: &str = "same-origin";
/// Browsers do not guess types, so a mislabeled text is never run as a script.
const NO_SNIFFING: &str = "nosniff";
/// For browsers that do not support `frame-ancestors`.
const NO_FRAMES: &str = "DENY";
/// A window that opened us, or that we opened, gets no handle on our pages.
const OPENER: &str = "same-origin";
/// Other sites cannot embed our pages and scripts. Pictures have `cross-origin` instead, for feed readers.
const RESOURCE: &str = "same-origin";
/// Browser features that this site does not use.
const PERMISSIONS: &str = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()";

/// The headers of every response. `https`: whether the public origin uses TLS.
pub fn security(https: bool) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    let mut put = |name, value| headers.insert(name, HeaderValue::from_static(value));
    put(CONTENT_SECURITY_POLICY, POLICY);
    put(REFERRER_POLICY, REFERRER);
    put(X_CONTENT_TYPE_OPTIONS, NO_SNIFFING);
    put(X_FRAME_OPTIONS, NO_FRAMES);
    put(HeaderName::from_static("cross-origin-opener-policy"), OPENER);
    put(HeaderName::from_static("cross-origin-resource-policy"), RESOURCE);
    put(HeaderName::from_static("permissions-policy"), PERMISSIONS);
    if https {
        put(STRICT_TRANSPORT_SECURITY, TRANSPORT);
        // An `http:` address in the content is fetched with TLS.
        let upgrading = HeaderValue::try_from(format!("{POLICY}; upgrade-insecure-requests"));
        headers.insert(CONTENT_SECURITY_POLICY, upgrading.expect("the policy is visible ASCII"));
    }
    headers
}

/// Adds the `common` headers that a response does not set itself, and `no-store` unless it has a `Cache-Control`.
pub fn complete(response: &mut HeaderMap, common: &HeaderMap) {
    for (name, value) in common {
        response.entry(name).or_insert_with(|| value.clone());
    }
    response.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tls_no_header_requires_tls() {
        let headers = security(false);
        assert!(!headers.contains_key(STRICT_TRANSPORT_SECURITY));
        assert!(!headers[CONTENT_SECURITY_POLICY].to_str().unwrap().contains("upgrade-insecure-requests"));
    }

    #[test]
    fn the_policies_differ_only_in_the_upgrade() {
        assert_eq!(security(false)[CONTENT_SECURITY_POLICY], POLICY);
        assert_eq!(security(true)[CONTENT_SECURITY_POLICY], format!("{POLICY}; upgrade-insecure-requests"));
    }

    #[test]
    fn the_policy_names_no_other_host_as_the_privacy_page_promises() {
        // Every source is a keyword in quotes (CSP 3, 2.3.1).
        let mut sources = POLICY.split(';').flat_map(|directive| directive.split_whitespace().skip(1));
        assert_eq!(sources.find(|source| !source.starts_with('\'')), None);
    }

    #[test]
    fn a_response_keeps_its_own_headers() {
        let mut response = HeaderMap::new();
        response.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        complete(&mut response, &security(true));
        assert_eq!(response[CACHE_CONTROL], "no-cache");
        assert_eq!(response[REFERRER_POLICY], "no-referrer");
        assert_eq!(response[STRICT_TRANSPORT_SECURITY], TRANSPORT);
        let mut empty = HeaderMap::new();
        complete(&mut empty, &security(true));
        assert_eq!(empty[CACHE_CONTROL], "no-store");
    }
}
