//! Size limits of pages as transferred, for a slow phone on a slow connection.

use crate::support::{
    clinic::{Clinic, wait_for},
    html::Dom,
};

/// Bytes of the longest article, with Brotli.
const LEAD: (&str, usize) = ("/articles/attachment-repair-therapy", 20 * 1024);
/// Bytes of any other page.
const PAGE: usize = 10 * 1024;
const STYLESHEET: usize = 8 * 1024;
const SCRIPT: usize = 2 * 1024;

/// A path without a page.
const MISSING: &str = "/no-such-page";

/// Every page of the sitemap, and a missing page.
fn pages(clinic: &Clinic) -> Vec<String> {
    let sitemap = clinic.get("/sitemap.xml").body;
    let addresses = sitemap.split("<loc>").skip(1).map(|rest| rest.split("</loc>").next().expect("a closed element"));
    let paths = addresses.map(|address| url::Url::parse(address).expect("an address").path().to_owned());
    paths.chain([MISSING.to_owned()]).collect()
}

/// Bytes of a resource with Brotli, once it is compressed.
fn size(clinic: &Clinic, path: &str) -> usize {
    let smallest = || {
        let answer = clinic.get_with(path, &[("accept-encoding", "br")]);
        let compressed = answer.header("content-encoding") == "br";
        compressed.then(|| answer.header("content-length").parse().expect("every answer has a content-length"))
    };
    wait_for(smallest).expect("pages are compressed soon after the start")
}

#[test]
fn every_page_and_its_stylesheet_and_script_stay_below_their_size_limits() {
    let clinic = Clinic::start();
    let (mut faults, mut largest) = (Vec::new(), 0);
    let mut check = |path: &str, limit: usize| {
        let bytes = size(&clinic, path);
        largest = largest.max(bytes);
        if bytes > limit {
            faults.push(format!("{path}: {bytes} bytes, {limit} at most"));
        }
    };
    let pages = pages(&clinic);
    assert!(pages.len() > 15, "the sitemap names the shipped pages: {pages:?}");
    for path in &pages {
        check(path, if path == LEAD.0 { LEAD.1 } else { PAGE });
    }
    let dom = Dom::new(&clinic.get(LEAD.0).body);
    for sheet in dom.attributes("link[rel=stylesheet]", "href") {
        check(&sheet, STYLESHEET);
    }
    for script in dom.attributes("script[src]", "src") {
        check(&script, SCRIPT);
    }
    assert!(largest > 5_000, "sizes are measured: {largest} bytes at most");
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_page_names_its_stylesheet_ahead_for_early_hints() {
    let clinic = Clinic::start();
    for path in pages(&clinic).iter().filter(|path| *path != MISSING) {
        let answer = clinic.get(path);
        let sheets = Dom::new(&answer.body).attributes("link[rel=stylesheet]", "href");
        assert_eq!(sheets.len(), 1, "{path}");
        assert_eq!(answer.header("link"), format!("<{}>; rel=preload; as=style", sheets[0]), "{path}");
    }
}

#[test]
fn the_form_is_compressed_and_a_response_to_a_post_is_not() {
    let clinic = Clinic::start();
    let codings = ["gzip, br", "gzip", "identity"].map(|accepted| {
        let answer = clinic.get_with("/contact", &[("accept-encoding", accepted)]);
        assert_eq!((answer.status, answer.header("vary")), (200, "accept-encoding"), "{accepted}");
        assert_eq!(answer.header("cache-control"), "no-store", "{accepted}");
        answer.header("content-encoding").to_owned()
    });
    assert_eq!(codings, ["br", "gzip", ""]);
    let again = clinic.post_with(&[("name", "Ana")], &[("accept-encoding", "br"), ("sec-fetch-site", "same-origin")]);
    again.is(422).has("Ana");
    assert_eq!(again.header("content-encoding"), "");
}
