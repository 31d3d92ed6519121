//! Atom feeds: what RFC 4287 requires, and every entry compared with its page.

use crate::support::{
    clinic::{Answer, Clinic},
    html::Dom,
};
use jiff::Timestamp;
use roxmltree::{Document, Node};
use std::{collections::BTreeSet, sync::LazyLock};

static CLINIC: LazyLock<Clinic> = LazyLock::new(Clinic::start);
const ATOM: &str = "http://www.w3.org/2005/Atom";
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
        assert_eq!(again.status, 304, "{path}: a repeated request gets nothing new");
    }
}

/// The children of an element that have this name.
fn all<'a>(element: Node<'a, 'a>, name: &'a str) -> impl Iterator<Item = Node<'a, 'a>> {
    element.children().filter(move |child| child.has_tag_name((ATOM, name)))
}

/// The text of the one child that has this name; RFC 4287 (4.1.1, 4.1.2) allows no second one.
#[track_caller]
fn one<'a>(element: Node<'a, 'a>, name: &'a str) -> &'a str {
    let found: Vec<Node<'_, '_>> = all(element, name).collect();
    assert_eq!(found.len(), 1, "<{name}> in <{}>", element.tag_name().name());
    found[0].text().unwrap_or_default()
}

/// The address of the one link with this relation.
#[track_caller]
fn link<'a>(element: Node<'a, 'a>, relation: &str) -> &'a str {
    let found: Vec<Node<'_, '_>> =
        all(element, "link").filter(|link| link.attribute("rel") == Some(relation)).collect();
    assert_eq!(found.len(), 1, "links with rel={relation} in <{}>", element.tag_name().name());
    found[0].attribute("href").expect("a link has an address")
}

/// A moment as RFC 3339 writes it (RFC 4287, 3.3).
#[track_caller]
fn moment(element: Node<'_, '_>, name: &str) -> Timestamp {
    one(element, name).parse().unwrap_or_else(|error| panic!("<{name}>: {error}"))
}

fn parse(path: &str, answer: &'static Answer) -> Document<'static> {
    let feed = Document::parse(&answer.body).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert!(feed.root_element().has_tag_name((ATOM, "feed")), "{path}");
    feed
}

#[test]
fn every_feed_has_what_rfc_4287_requires() {
    for (path, answer) in FEEDS.iter() {
        let document = parse(path, answer);
        let feed = document.root_element();
        let id = one(feed, "id");
        assert!(id.starts_with("tag:therelationshipclinic.co,2026:/"), "{path}: {id}");
        assert_eq!(link(feed, "self"), format!("{ORIGIN}{path}"));
        assert!(!one(feed, "title").is_empty(), "{path}");
        assert!(!one(all(feed, "author").next().expect("an author"), "name").is_empty(), "{path}");
        let newest = all(feed, "entry").map(|entry| moment(entry, "updated")).max();
        assert_eq!(newest, Some(moment(feed, "updated")), "{path}: updated when its newest entry was");
        let entries = all(feed, "entry").count();
        let ids: BTreeSet<&str> = all(feed, "entry").map(|entry| one(entry, "id")).collect();
        assert_eq!(ids.len(), entries, "{path}: every id once");
        assert!((1..=20).contains(&entries), "{path}: {entries} entries");
    }
}

#[test]
fn every_entry_is_the_whole_article_with_absolute_addresses() {
    for (path, answer) in FEEDS.iter() {
        let document = parse(path, answer);
        for entry in all(document.root_element(), "entry") {
            let address = link(entry, "alternate");
            let page = Dom::new(&CLINIC.get(address.strip_prefix(ORIGIN).expect("an address of this site")).body);
            assert_eq!(one(entry, "title"), page.text("h1"), "{address}");
            let published = moment(entry, "published").to_string();
            let shown = page.attributes(".article__facts time", "datetime").remove(0);
            // Midnight in California is the same day in UTC.
            assert!(published.starts_with(&shown), "{address}: {published} is {shown}");
            assert_eq!(all(entry, "content").next().and_then(|content| content.attribute("type")), Some("html"));
            let content = Dom::new(one(entry, "content"));
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
