//! Atom feeds (RFC 4287) with the full text of the newest articles: all of them, and those of each topic.
//!
//! Invariant: every address in a feed is absolute, since a reader shows it on another site; an id outlives a move of the
//! site to another host.
//!
//! Never: the form, the related articles, or anything else that belongs to the page and not to the text.

use super::{Head, House, Kind, Made, rendered};
use crate::{
    catalog::Media,
    content::{Article, Topic},
};
use askama::Template;
use jiff::civil::Date;

/// Entries of a feed: a reader that looks in once a week misses none.
const ENTRIES: usize = 20;

/// Year in which the clinic's domain was its own: part of every id (RFC 4151), and never to be changed.
const YEAR: u16 = 2026;

/// A feed; an author is the clinic where no person is named.
#[derive(Template)]
#[template(path = "xml/feed.xml", escape = "xml")]
struct Feed<'a> {
    house: House<'a>,
    topic: Option<&'a Topic>,
    path: &'a str,
    /// The page with the same articles.
    page: Head<'a>,
    updated: Date,
    entries: Vec<Entry<'a>>,
}

/// An article in a feed.
struct Entry<'a> {
    article: &'a Article,
    /// Absolute path.
    path: String,
    /// Markup.
    content: String,
}

/// The text of an article without the page around it.
#[derive(Template)]
#[template(path = "xml/entry.html")]
struct EntryText<'a> {
    house: House<'a>,
    article: &'a Article,
}

/// Every feed.
pub(super) fn feeds(house: House<'_>) -> impl Iterator<Item = Made> {
    let topics = house.site.topics.iter().map(Some);
    [None].into_iter().chain(topics).map(move |topic| feed(house, topic))
}

/// Address of the feed of all articles, or of those of a topic.
pub(super) fn path(topic: Option<&Topic>) -> String {
    topic.map_or_else(|| "/feed.xml".to_owned(), |topic| format!("/topics/{}/feed.xml", topic.slug))
}

fn feed(house: House<'_>, topic: Option<&Topic>) -> Made {
    let of_topic = |article: &&Article| topic.is_none_or(|topic| article.topics.contains(&topic.slug));
    let articles = house.site.articles.iter().filter(of_topic).take(ENTRIES);
    // Without an article the last known day of the words stands in: the element is compulsory.
    let updated = articles.clone().map(Article::changed).max().unwrap_or(house.crisis().last_checked);
    let page = Head::of(topic.map_or(Kind::Articles, Kind::Topic));
    let (path, entries) = (path(topic), articles.map(|article| entry(house, article)).collect());
    Made::new(&path, Media::Atom, &Feed { house, topic, path: &path, page, updated, entries })
}

fn entry<'a>(house: House<'a>, article: &'a Article) -> Entry<'a> {
    let path = Head::of(Kind::Article(article)).path;
    let content = absolute(&rendered(&EntryText { house, article }), house.origin, &path);
    Entry { article, path, content }
}

impl House<'_> {
    /// A name for ever (RFC 4151), by the domain of the clinic's mailbox, which moves less often than a website.
    fn tag(&self, path: &str) -> String {
        let domain = self.clinic().email.rsplit('@').next().unwrap_or_default();
        format!("tag:{domain},{YEAR}:{path}")
    }
}

/// The same markup with `href` and `src` made absolute: `/path` on this site, `#fragment` on the page at `path`.
///
/// Ours is regular markup: every `<` of a text is escaped, and values stand in double quotes.
fn absolute(markup: &str, origin: &str, path: &str) -> String {
    let mut out = String::with_capacity(markup.len() + markup.len() / 8);
    for (at, piece) in markup.split('<').enumerate() {
        let (tag, text) = piece.split_once('>').filter(|_| at > 0).unwrap_or(("", piece));
        if at > 0 {
            let tag = tag
                .replace(" href=\"/", &format!(" href=\"{origin}/"))
                .replace(" src=\"/", &format!(" src=\"{origin}/"))
                .replace(" href=\"#", &format!(" href=\"{origin}{path}#"));
            out.extend(["<", &tag, ">"]);
        }
        out.push_str(text);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_of_a_tag_is_absolute_and_text_stays_as_it_is() {
        let markup = "<p>See <a class=\"x\" href=\"/contact#form\">a &gt; href=\"/b\"</a>, <a href=\"#note-1\">1</a>, \
                      <a href=\"https://x.example/\">x</a> <img src=\"/assets/p.png\" alt=\"\"></p>";
        let expected = "<p>See <a class=\"x\" href=\"https://c.example/contact#form\">a &gt; href=\"/b\"</a>, \
                        <a href=\"https://c.example/articles/y#note-1\">1</a>, <a href=\"https://x.example/\">x</a> \
                        <img src=\"https://c.example/assets/p.png\" alt=\"\"></p>";
        assert_eq!(absolute(markup, "https://c.example", "/articles/y"), expected);
        assert_eq!(absolute("no markup", "", ""), "no markup");
    }
}
