//! Pages: one askama struct per page, made from the checked [`Site`](crate::content::Site).
//!
//! Invariant: the data of a template are the fields of its struct; every page is made from an [`Edition`] alone, so
//! the same content and assets give the same bytes.
//!
//! Never: HTTP, mail, a database, files or the clock.

mod card;
mod contact;
mod deployment;
mod edition;
mod failure;
mod feed;
mod link;
mod page_meta;
mod search;
mod site_pages;
mod structured_data;
mod xml;

pub use card::{Card, SIZE as CARD_SIZE};
pub use contact::{FormView, SubmissionError, contact, received};
pub use deployment::{DeploymentFacts, MailRoute, Storage};
pub use edition::{Edition, Mode};
pub use failure::{Failure, failure};
pub use link::{LinkState, link};
pub use page_meta::{PageKind, PageMeta};
pub use search::search;

use crate::{
    assets::STYLESHEET,
    catalog::Media,
    content::{Article, Availability, Html, Person},
    enquiry::{response_time::availability_on, telephone},
};
use askama::Template;
use jiff::{civil::Date, tz::TimeZone};
use std::fmt::Display;

/// Static files that the templates and this module name; an edition is built only if all of them are there.
pub const ASSETS: [&str; 10] = [
    STYLESHEET,
    "articles.speculationrules",
    "dev.js",
    "empty.svg",
    "hero.svg",
    "icon.svg",
    "logo.svg",
    "root/icon-192.png",
    "root/icon-512.png",
    "site.js",
];

/// Reading speed, for the reading time.
const WORDS_PER_MINUTE: usize = 220;

impl Display for Html {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Rendered Markdown has no raw HTML, so it is not escaped a second time.
impl askama::filters::HtmlSafe for Html {}

impl Edition {
    /// Address of an asset by its path below `static/` or `content/`.
    ///
    /// It exists: [`ASSETS`] are checked when the edition is built, and pictures with the content.
    fn asset(&self, key: &str) -> &str {
        self.assets.url(key).unwrap_or_default()
    }

    /// A telephone number for `tel:`, in the international form.
    fn tel(&self) -> String {
        telephone::link_number(&self.site.clinic.telephone).unwrap_or_default()
    }

    /// The notice for new clients today; none while the clinic accepts them.
    fn availability(&self) -> Option<&Availability> {
        availability_on(&self.site.clinic, self.today)
    }

    /// The beginning of a day in the clinic's time zone (RFC 3339).
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass references")]
    fn day_begins(&self, date: &Date) -> String {
        let zone = TimeZone::get(&self.site.clinic.time_zone).unwrap_or(TimeZone::UTC);
        // The last day of the calendar has no beginning in some time zones.
        let begins = date.to_zoned_datetime(zone).map(|begins| begins.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string());
        begins.unwrap_or_else(|_| format!("{date}T00:00:00+00:00"))
    }

    fn person(&self, slug: &str) -> Option<&Person> {
        self.site.people.iter().find(|person| person.slug == slug)
    }

    fn author(&self, article: &Article) -> Option<&Person> {
        article.author.as_deref().and_then(|slug| self.person(slug))
    }

    fn topic_title<'t>(&'t self, slug: &'t str) -> &'t str {
        self.site.topics.iter().find(|topic| topic.slug == slug).map_or(slug, |topic| &topic.title)
    }

    fn article(&self, slug: &str) -> Option<&Article> {
        self.article_index.get(slug).map(|index| &self.site.articles[*index])
    }
}

/// A finished document.
#[derive(Debug, Clone)]
struct RenderedPage {
    /// Absolute path.
    path: String,
    media: Media,
    body: String,
    /// May be found by search engines.
    index: bool,
}

impl RenderedPage {
    /// A document other than an HTML page.
    fn new(path: &str, media: Media, document: &impl Template) -> Self {
        Self { path: path.to_owned(), media, body: rendered(document), index: false }
    }
}

/// Renders a template. None of them calls anything that can fail, and writing to memory cannot fail.
///
/// A page grows in a large buffer and is copied when its length is known: growing in place would leave gaps in memory,
/// a third of its size for a thousand pages.
fn rendered(page: &impl Template) -> String {
    let mut buffer = String::with_capacity(128 * 1024);
    page.render_into(&mut buffer).expect("a template without fallible calls can be rendered");
    // The content may have them as escapes, such as `&#14;`.
    buffer.replace(is_forbidden, "")
}

/// Neither HTML nor XML may have it (HTML 13.2.3.5, XML 1.0 2.2).
fn is_forbidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// Minutes that reading takes, at least one.
fn reading_minutes(words: usize) -> usize {
    words.div_ceil(WORDS_PER_MINUTE).max(1)
}

/// A number with separators: `1,500`.
fn grouped(number: impl Display) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).expect("digits are ASCII"));
    groups.collect::<Vec<_>>().join(",")
}

/// A date in words: `November 24, 2026`.
fn long_date(date: &Date) -> impl Display {
    date.strftime("%B %-d, %Y")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_static_file_that_a_template_names_is_required() {
        let mut folders = vec![std::path::PathBuf::from("templates"), "src/pages".into()];
        let mut named = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                for rest in std::fs::read_to_string(&path).unwrap().split("asset(\"").skip(1) {
                    let key = rest.split('"').next().unwrap();
                    assert!(ASSETS.contains(&key), "{key} in {}", path.display());
                    named += 1;
                }
            }
        }
        assert!(named >= ASSETS.len(), "{named}");
    }

    #[test]
    fn a_long_number_has_separators() {
        assert_eq!([7, 999, 1_500, 1_234_567].map(grouped), ["7", "999", "1,500", "1,234,567"]);
    }

    #[test]
    fn reading_takes_at_least_a_minute() {
        assert_eq!([reading_minutes(0), reading_minutes(220), reading_minutes(221)], [1, 1, 2]);
    }
}
