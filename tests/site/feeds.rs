//! Atom feeds, parsed by two feed readers and compared with the pages.

use crate::support::{
    clinic::{Answer, Clinic},
    html::Dom,
};
use std::{collections::BTreeSet, sync::LazyLock};

static CLINIC: LazyLock<Clinic> = LazyLock::new(Clinic::start);
const ORIGIN: &str = "http://localhost:3000";

/// Address of every feed that a page of the sitemap names, with its answer.
static FEEDS: LazyLock<Vec<(String, Answer)>> = LazyLock::new(|| {
    let sitemap = CLINIC.get("/sitemap.xml").body;
    let paths = sitemap.split("<loc>").skip(1).filter_map(|rest| rest.split('<').next()?.strip_prefix(ORIGIN));
    let mut named = BTreeSet::new();
    for path in paths {
        let dom = Dom::new(&CLINIC.get(path).body);
        let feeds = dom.attributes("link[rel=alternate][type='application/atom+xml']", "href");
        assert_eq!(feeds.first().map(String::as_str), Some("/feed.xml"), "{path}");
        named.extend(feeds);
    }
    assert!(named.len() > 4, "topics have feeds of their own: {named:?}");
    named.into_iter().map(|path| (path.clone(), CLINIC.get(&path))).collect()
});

#[test]
fn every_feed_is_served_as_atom_to_any_origin() {
    for (path, answer) in FEEDS.iter() {
        answer.is(200);
        assert_eq!(answer.header("content-type"), "application/atom+xml; charset=utf-8", "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "cross-origin", "{path}");
        let again = CLINIC.get_with(path, &[("if-none-match", answer.header("etag"))]);
        assert_eq!(again.status, 304, "{path}: a reader that asks again gets nothing new");
    }
}

#[test]
fn every_feed_has_what_rfc_4287_requires() {
    for (path, answer) in FEEDS.iter() {
        let feed: atom_syndication::Feed = answer.body.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(feed.id().starts_with("tag:therelationshipclinic.co,2026:/"), "{path}: {}", feed.id());
        let own: Vec<&str> =
            feed.links().iter().filter(|l| l.rel() == "self").map(atom_syndication::Link::href).collect();
        assert_eq!(own, [format!("{ORIGIN}{path}")]);
        assert!(!feed.authors().is_empty(), "{path}");
        let newest = feed.entries().iter().map(atom_syndication::Entry::updated).max();
        assert_eq!(newest, Some(feed.updated()), "{path}: updated when its newest entry was");
        let ids: BTreeSet<&str> = feed.entries().iter().map(atom_syndication::Entry::id).collect();
        assert_eq!(ids.len(), feed.entries().len(), "{path}: every id once");
        assert!((1..=20).contains(&ids.len()), "{path}: {} entries", ids.len());
    }
}

#[test]
fn every_entry_is_the_whole_article_with_absolute_addresses() {
    for (path, answer) in FEEDS.iter() {
        let feed = feed_rs::parser::parse(answer.body.as_bytes()).unwrap_or_else(|error| panic!("{path}: {error}"));
        for entry in feed.entries {
            let address = &entry.links[0].href;
            let page = Dom::new(&CLINIC.get(address.strip_prefix(ORIGIN).expect("an address of this site")).body);
            assert_eq!(entry.title.expect("a title").content, page.text("h1"), "{address}");
            let published = entry.published.expect("a date").to_rfc3339();
            let shown = page.attributes(".article__facts time", "datetime").remove(0);
            // Midnight in California is the same day in UTC.
            assert!(published.starts_with(&shown), "{address}: {published} is {shown}");
            let content = Dom::new(&entry.content.expect("a text").body.expect("markup"));
            for paragraph in
                page.all(".article__lead p, .prose > p, .prose > h2, .question__words, .sources li, .takeaways li")
            {
                let expected = crate::support::html::text(paragraph);
                assert!(content.text("body").contains(&expected), "{address}: `{expected}` is missing in the feed");
            }
            for (selector, name) in [("a", "href"), ("img", "src")] {
                for value in content.attributes(selector, name) {
                    let absolute = ["http://", "https://", "tel:", "sms:", "mailto:"];
                    assert!(absolute.iter().any(|scheme| value.starts_with(scheme)), "{address}: {value}");
                }
            }
            assert_eq!(content.all("figure img").len(), page.all(".figure__picture").len(), "{address}: every picture");
        }
    }
}
