//! Pages: one askama struct per page, made from the checked [`Site`].
//!
//! Invariant: what a template may say is visible in its struct; every page is made from a [`House`] and nothing else, so
//! the same words and assets give the same bytes.
//!
//! Never: HTTP, mail, a database, files or the clock.

mod card;
mod contact;
mod edition;
mod failure;
mod feed;
mod link;
mod page_meta;
mod running;
mod search;
mod site_pages;
mod structured_data;
mod xml;

pub use card::{Card, SIZE as CARD_SIZE};
pub use contact::{FormView, SubmissionError, contact, received};
pub use edition::{Edition, Mode};
pub use failure::{Failure, failure};
pub use link::{Standing, link};
pub use page_meta::{Head, Kind};
pub use running::{Post, Running, Store};
pub use search::search;

use crate::{
    assets::{Assets, STYLESHEET, Size},
    catalog::Media,
    content::{Article, Availability, Clinic, Crisis, Html, Person, Site},
    enquiry::response_time::availability_on,
};
use askama::Template;
use jiff::{civil::Date, tz::TimeZone};
use std::{collections::HashMap, fmt::Display};

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

/// Words a minute of a calm reader, for the reading time.
const WORDS_A_MINUTE: usize = 220;

impl Display for Html {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Rendered Markdown has no raw HTML, so it is not escaped a second time.
impl askama::filters::HtmlSafe for Html {}

/// What every page is made from.
#[derive(Debug, Clone, Copy)]
pub struct House<'a> {
    /// The words.
    pub site: &'a Site,
    /// Names of stylesheet, script, icons and pictures.
    pub assets: &'a Assets,
    /// Where each article stands in [`Site::articles`], by slug.
    pub places: &'a HashMap<String, usize>,
    /// Public origin without a trailing slash.
    pub origin: &'a str,
    /// The day in the clinic's zone.
    pub today: Date,
    /// What the privacy page says of the settings.
    pub running: &'a Running,
    /// Nothing here is for the public.
    pub staging: bool,
    /// A developer's machine: an open page reloads itself.
    pub development: bool,
}

impl<'a> House<'a> {
    fn clinic(&self) -> &'a Clinic {
        &self.site.clinic
    }

    fn crisis(&self) -> &'a Crisis {
        &self.site.crisis
    }

    /// Address of an asset by its path below `static/` or `content/`.
    ///
    /// There is one: [`ASSETS`] are checked when the edition is built, and pictures with the words.
    fn asset(&self, key: &str) -> &'a str {
        self.assets.url(key).unwrap_or_default()
    }

    /// `width` and `height` of a picture, if it has them.
    fn size(&self, key: &str) -> Option<Size> {
        self.assets.size(key)
    }

    /// A photograph's widths for `srcset`; none for a drawing.
    fn widths(&self, key: &str) -> Option<&'a str> {
        self.assets.srcset(key)
    }

    /// A telephone number for `tel:`, in the international form.
    fn tel(&self) -> String {
        tel(&self.clinic().telephone)
    }

    /// What holds of new clients today, if it is not that they are welcome.
    fn availability(&self) -> Option<&'a Availability> {
        availability_on(self.clinic(), self.today)
    }

    /// The beginning of a day in the clinic's zone, as RFC 3339 writes it.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass references")]
    fn day_begins(&self, date: &Date) -> String {
        let zone = TimeZone::get(&self.clinic().time_zone).unwrap_or(TimeZone::UTC);
        // Only the last day that the calendar knows has no beginning in some zones.
        let begins = date.to_zoned_datetime(zone).map(|begins| begins.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string());
        begins.unwrap_or_else(|_| format!("{date}T00:00:00+00:00"))
    }

    fn person(&self, slug: &str) -> Option<&'a Person> {
        self.site.people.iter().find(|person| person.slug == slug)
    }

    fn author(&self, article: &Article) -> Option<&'a Person> {
        article.author.as_deref().and_then(|slug| self.person(slug))
    }

    fn topic_title<'t>(&self, slug: &'t str) -> &'t str
    where
        'a: 't,
    {
        self.site.topics.iter().find(|topic| topic.slug == slug).map_or(slug, |topic| &topic.title)
    }

    fn article(&self, slug: &str) -> Option<&'a Article> {
        self.places.get(slug).map(|place| &self.site.articles[*place])
    }
}

/// `tel:` form of a number of the United States; a number that starts with `+` keeps its country.
fn tel(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let country = if number.trim_start().starts_with('+') || digits.len() < 10 { "" } else { "1" };
    if digits.len() < 10 { digits } else { format!("+{country}{digits}") }
}

/// A finished document.
#[derive(Debug, Clone)]
struct Made {
    /// Absolute path.
    path: String,
    media: Media,
    body: String,
    /// May be found by search engines.
    index: bool,
}

impl Made {
    /// A document for machines.
    fn new(path: &str, media: Media, document: &impl Template) -> Self {
        Self { path: path.to_owned(), media, body: rendered(document), index: false }
    }
}

/// The markup of a page. Our templates call nothing that can fail, and text in memory takes every write.
///
/// A page grows in a large buffer and is copied when its length is known: growing in place would leave gaps in memory, a
/// third of its size for a thousand pages.
fn rendered(page: &impl Template) -> String {
    let mut buffer = String::with_capacity(128 * 1024);
    page.render_into(&mut buffer).expect("a template that only chooses and repeats can be rendered");
    buffer.as_str().to_owned()
}

/// Minutes of reading, at least one.
fn minutes(words: usize) -> usize {
    words.div_ceil(WORDS_A_MINUTE).max(1)
}

/// A number for people: `1,500`.
fn grouped(number: impl Display) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).expect("digits are ASCII"));
    groups.collect::<Vec<_>>().join(",")
}

/// A date for people: `November 24, 2026`.
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
    fn a_number_is_dialled_in_its_international_form() {
        for (written, dialled) in
            [("(650) 799-1375", "+16507991375"), ("+44 20 7946 0000", "+442079460000"), ("988", "988")]
        {
            assert_eq!(tel(written), dialled, "{written}");
        }
    }

    #[test]
    fn a_long_number_is_set_in_groups() {
        assert_eq!([7, 999, 1_500, 1_234_567].map(grouped), ["7", "999", "1,500", "1,234,567"]);
    }

    #[test]
    fn reading_takes_at_least_a_minute() {
        assert_eq!([minutes(0), minutes(220), minutes(221)], [1, 1, 2]);
    }
}
