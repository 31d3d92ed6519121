//! Cards of shared links, fetched like a crawler right after the start.

use crate::support::{
    clinic::{Clinic, wait_for},
    content_folder::ContentFolder,
    html::Dom,
};
use std::{fs, io::Read as _};

const ORIGIN: &str = "http://localhost:3000";

/// Path of the card that a page names.
fn card_of(clinic: &Clinic, path: &str) -> String {
    let dom = Dom::new(&clinic.get(path).is(200).body);
    let meta = |property: &str| {
        let mut found = dom.attributes(&format!("meta[property='{property}']"), "content");
        assert_eq!(found.len(), 1, "{path}: {property}");
        found.remove(0)
    };
    assert_eq!((meta("og:image:width").as_str(), meta("og:image:height").as_str()), ("1200", "630"), "{path}");
    assert_eq!(meta("og:image:type"), "image/png", "{path}");
    assert!(meta("og:image:alt").starts_with(&meta("og:title")), "{path}");
    assert_eq!(dom.attributes("meta[name='twitter:card']", "content"), ["summary_large_image"], "{path}");
    let address = meta("og:image");
    address.strip_prefix(ORIGIN).expect("an absolute address of this site").to_owned()
}

fn fetch(clinic: &Clinic, path: &str) -> (http::HeaderMap, Vec<u8>) {
    let mut answer = ureq::get(clinic.url(path)).call().unwrap_or_else(|error| panic!("{path}: {error}"));
    let headers = answer.headers().clone();
    let mut bytes = Vec::new();
    answer.body_mut().as_reader().read_to_end(&mut bytes).expect("the picture arrives whole");
    (headers, bytes)
}

#[test]
fn every_page_has_a_card_right_after_the_start() {
    let clinic = Clinic::start();
    let sitemap = clinic.get("/sitemap.xml").body;
    let paths = sitemap.split("<loc>").skip(1).filter_map(|rest| rest.split('<').next()?.strip_prefix(ORIGIN));
    let mut seen = Vec::new();
    for path in paths {
        let card = card_of(&clinic, path);
        let (headers, png) = fetch(&clinic, &card);
        assert!(png.starts_with(b"\x89PNG") && png.len() < 300_000, "{path}: {} bytes", png.len());
        assert_eq!(png[16..24], [0, 0, 4, 176, 0, 0, 2, 118], "{path}: 1200 by 630");
        assert_eq!(headers["content-type"], "image/png");
        assert_eq!(headers["cross-origin-resource-policy"], "cross-origin");
        assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
        assert!(!seen.contains(&card), "{path} has its own card");
        seen.push(card);
    }
    assert!(seen.len() > 15);
    clinic.get("/assets/cards/no-such-page.0123456789abcdef.png").is(404);
    clinic.get("/assets/cards/approach.png").is(404);
}

#[test]
fn a_card_is_kept_and_drawn_anew_when_the_title_changes() {
    let content = ContentFolder::copied();
    let mut clinic = content.open(&[]);
    let old = card_of(&clinic, "/approach");
    let (_, before) = fetch(&clinic, &old);
    clinic.kill_and_restart();
    assert_eq!(fetch(&clinic, &old).1, before, "the same after a restart");
    let file = content.file("pages/approach.md");
    let text = fs::read_to_string(&file).expect("the page is there");
    fs::write(&file, text.replacen("title = \"", "title = \"Now: ", 1)).expect("the content file can be written");
    let renewed = wait_for(|| Some(card_of(&clinic, "/approach")).filter(|card| *card != old));
    let (headers, after) = fetch(&clinic, &renewed.expect("another title, another address"));
    assert_ne!(after, before);
    assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
    let (headers, at_the_old_address) = fetch(&clinic, &old);
    assert_eq!(at_the_old_address, after, "an old address leads to today's card");
    assert_eq!(headers["cache-control"], "no-cache");
}
