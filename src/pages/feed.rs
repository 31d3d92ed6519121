//! Atom feeds (RFC 4287) with the full text of the newest articles: all of them, and those of each topic.
//!
//! Invariant: every address in a feed is absolute, since feed readers show it on another site; an id stays the same
//! when the site moves to another host.
//!
//! Never: the form, the related articles, or anything else outside the text.

use super::{Edition, PageKind, PageMeta, RenderedPage, rendered};
use crate::{
    catalog::Media,
    content::{Article, Topic},
};
use askama::Template;
use jiff::civil::Date;

/// Entries of a feed: enough for a reader that polls once a week.
const ENTRIES: usize = 20;

/// A year in which the clinic owned its domain: part of every id (RFC 4151), never to be changed.
const YEAR: u16 = 2026;

/// A feed; the clinic is the author where no person is named.
#[derive(Template)]
#[template(path = "xml/feed.xml", escape = "xml")]
struct Feed<'a> {
    context: &'a Edition,
    topic: Option<&'a Topic>,
    path: &'a str,
    /// The page with the same articles.
    page: PageMeta<'a>,
    updated: Date,
    entries: Vec<Entry<'a>>,
}

/// An article in a feed.
struct Entry<'a> {
    article: &'a Article,
    /// Absolute path.
    path: String,
    /// HTML.
    content: String,
}

/// The text of an article without the page around it.
#[derive(Template)]
#[template(path = "xml/entry.html")]
struct EntryText<'a> {
    context: &'a Edition,
    article: &'a Article,
}

/// Every feed.
pub(super) fn feeds(context: &Edition) -> impl Iterator<Item = RenderedPage> {
    let topics = context.site.topics.iter().map(Some);
    [None].into_iter().chain(topics).map(move |topic| feed(context, topic))
}

/// Address of the feed of all articles, or of those of a topic.
pub(super) fn path(topic: Option<&Topic>) -> String {
    topic.map_or_else(|| "/feed.xml".to_owned(), |topic| format!("/topics/{}/feed.xml", topic.slug))
}

fn feed(context: &Edition, topic: Option<&Topic>) -> RenderedPage {
    let of_topic = |article: &&Article| topic.is_none_or(|topic| article.topics.contains(&topic.slug));
    let articles = context.site.articles.iter().filter(of_topic).take(ENTRIES);
    // The element is required, so a feed without articles has the day on which the crisis lines were checked.
    let updated = articles.clone().map(Article::changed).max().unwrap_or(context.site.crisis.last_checked);
    let page = PageMeta::of(topic.map_or(PageKind::Articles, PageKind::Topic));
    let (path, entries) = (path(topic), articles.map(|article| entry(context, article)).collect());
    RenderedPage::new(&path, Media::Atom, &Feed { context, topic, path: &path, page, updated, entries })
}

fn entry<'a>(context: &'a Edition, article: &'a Article) -> Entry<'a> {
    let path = PageMeta::of(PageKind::Article(article)).path;
    let content = absolute(&rendered(&EntryText { context, article }), &context.origin, &path);
    Entry { article, path, content }
}

impl Edition {
    /// A permanent id (RFC 4151) with the domain of the clinic's mailbox, which changes less often than that of a
    /// website.
    fn tag(&self, path: &str) -> String {
        let domain = self.site.clinic.email.rsplit('@').next().unwrap_or_default();
        format!("tag:{domain},{YEAR}:{path}")
    }
}

/// The markup with `href` and `src` made absolute: `/path` on this site, `#fragment` on the page at `path`.
///
/// Rendered content is regular: every `<` of a text is escaped, and values are in double quotes.
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
    fn every_address_in_a_tag_becomes_absolute_and_text_is_unchanged() {
        let markup = "<p>See <a class=\"x\" href=\"/contact#form\">a &gt; href=\"/b\"</a>, <a href=\"#note-1\">1</a>, \
                      <a href=\"https://x.example/\">x</a> <img src=\"/assets/p.png\" alt=\"\"></p>";
        let expected = "<p>See <a class=\"x\" href=\"https://c.example/contact#form\">a &gt; href=\"/b\"</a>, \
                        <a href=\"https://c.example/articles/y#note-1\">1</a>, <a href=\"https://x.example/\">x</a> \
                        <img src=\"https://c.example/assets/p.png\" alt=\"\"></p>";
        assert_eq!(absolute(markup, "https://c.example", "/articles/y"), expected);
        assert_eq!(absolute("no markup", "", ""), "no markup");
    }
}
