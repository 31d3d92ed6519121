//! The checked content as other modules use it: types only.
//!
//! Invariant: a [`Site`] is complete; every link, picture, footnote and address in it leads somewhere.

use super::{Clinic, Crisis, SearchFacts, SignalFacts};
use jiff::civil::Date;
use serde::Deserialize;
use std::{collections::BTreeSet, sync::Arc};

/// All content of the site, checked, as of one day.
#[derive(Debug, Clone)]
pub struct Site {
    /// The clinic's facts and the navigation, from `clinic.toml`.
    pub clinic: Clinic,
    /// Help lines, from `crisis.toml`.
    pub crisis: Crisis,
    /// What makes an enquiry look like advertising, from `signals.toml`.
    pub signals: SignalFacts,
    /// Synonyms, from `search.toml`.
    pub search: SearchFacts,
    /// The home page, from `home.md`.
    pub home: Home,
    /// What is public today, newest first (by `published`, then by slug).
    pub articles: Vec<Article>,
    /// Other pages, from `pages/*.md`, by slug.
    pub pages: Vec<Page>,
    /// Topics with at least one public article or a description, by slug.
    pub topics: Vec<Topic>,
    /// People, from `people/*.md`, by slug.
    pub people: Vec<Person>,
    /// Old address to live address, both absolute paths; no chains, no loops.
    pub redirects: Vec<(String, String)>,
    /// Addresses of retired or expired articles: 410.
    pub gone: Vec<String>,
    /// Lines that `addresses.txt` lacks: what is public, or will be, and is not recorded yet.
    pub unrecorded: Vec<String>,
    /// The path below the content folder of every picture that a file uses: the values of [`Figure::picture`].
    pub pictures: BTreeSet<String>,
    /// The next day on which the content changes without an edit (an article appears or expires), if any.
    pub changes_on: Option<Date>,
}

/// Rendered Markdown without raw HTML: safe to put in a page as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Html(pub(crate) String);

impl Html {
    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Text as markup and figures; figures are separate so that the templates decide how a picture looks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prose(pub Vec<Piece>);

impl Prose {
    /// The markup alone, for texts that hold no figures.
    pub(super) fn into_html(self) -> Html {
        let markup = self.0.into_iter().filter_map(|piece| match piece {
            Piece::Html(html) => Some(html.0),
            Piece::Figure(_) | Piece::Slot(_) => None,
        });
        Html(markup.collect())
    }
}

/// A part of [`Prose`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Paragraphs, headings, lists, tables, quotes.
    Html(Html),
    /// A picture in a paragraph of its own.
    Figure(Figure),
    /// A paragraph `{name}`, replaced by a generated part: one of [`SLOTS`].
    Slot(String),
}

/// Names of the generated parts.
pub const SLOTS: [&str; 4] = ["retention", "keeping", "hosts", "safety"];

/// A picture with its text alternative and an optional caption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// Path of the file below the content folder, with `/`.
    pub picture: String,
    /// Text alternative, plain; never empty.
    pub alt: String,
    /// Markdown `![alt](file "caption")`, rendered.
    pub caption: Option<Html>,
}

/// A heading of a text, for the contents list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// 2 to 6.
    pub level: u8,
    /// Stable fragment identifier, unique in its page.
    pub id: String,
    /// Text without markup.
    pub text: String,
}

/// An article, from `articles/{slug}.md` or `articles/{slug}/index.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Article {
    /// File name without ending: the last part of the address.
    pub slug: String,
    /// The one h1.
    pub title: String,
    /// One or two sentences for lists, search engines and cards.
    pub description: String,
    /// First public day.
    pub published: Date,
    /// Day of the last substantial change.
    pub updated: Option<Date>,
    /// Slug of a person; the clinic is the author if absent.
    pub author: Option<String>,
    /// The last review of the whole page.
    pub review: Option<Review>,
    /// Slugs of topics, at least one.
    pub topics: Vec<String>,
    /// Takeaways in order.
    pub takeaways: Vec<Takeaway>,
    /// The picture above the text.
    pub image: Option<Figure>,
    /// The first paragraph.
    pub lead: Option<Html>,
    /// Everything after the lead.
    pub body: Prose,
    /// Headings of the body, in order.
    pub headings: Vec<Heading>,
    /// Frequent questions.
    pub questions: Vec<Question>,
    /// Works cited, one line each.
    pub sources: Vec<Html>,
    /// Touches violence or coercion: the exit control is shown.
    pub sensitive: bool,
    /// Last public day.
    pub expires: Option<Date>,
    /// Number of words in lead, body, takeaways and answers.
    pub words: usize,
    /// Lead, body and answers as plain text, a newline between paragraphs, for search.
    pub text: Arc<str>,
    /// Slugs of up to three articles to read next: shared topics first.
    pub related: Vec<String>,
}

impl Article {
    /// Parts that the table of contents lists.
    pub fn parts(&self) -> usize {
        let headings = self.headings.iter().filter(|heading| heading.level == 2).count();
        headings + usize::from(!self.questions.is_empty())
    }
}

/// A review of a whole page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Slug of a person.
    pub by: String,
    /// Day of the review.
    pub on: Date,
    /// Day on which the next review is due.
    pub due: Option<Date>,
}

/// A short summary point.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Takeaway {
    /// A short phrase, plain text, shown in bold.
    pub lead: String,
    /// One sentence, plain text.
    pub text: String,
}

/// A frequent question and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Plain text, ends with a question mark.
    pub ask: String,
    /// Stable fragment identifier, unique in its page.
    pub id: String,
    /// Rendered Markdown.
    pub answer: Html,
}

/// A page at `/{slug}`.
#[derive(Debug, Clone)]
pub struct Page {
    /// File name without ending.
    pub slug: String,
    /// The one h1.
    pub title: String,
    /// The summary for search engines and cards.
    pub description: String,
    /// Day of the last substantial change, shown when present.
    pub updated: Option<Date>,
    /// `false` shows "draft, to be reviewed" (legal pages).
    pub approved: bool,
    /// The exit control is shown.
    pub sensitive: bool,
    /// Kept out of search engines and the sitemap.
    pub noindex: bool,
    /// The first paragraph.
    pub lead: Option<Html>,
    /// Everything after the lead.
    pub body: Prose,
    /// Headings of the body, in order.
    pub headings: Vec<Heading>,
    /// Plain text, a newline between paragraphs.
    pub text: Arc<str>,
}

/// The home page, from `home.md`.
#[derive(Debug, Clone)]
pub struct Home {
    /// Title of the document.
    pub title: String,
    /// The summary for search engines and cards.
    pub description: String,
    /// The h1.
    pub heading: String,
    /// First paragraph.
    pub lead: Option<Html>,
    /// Everything after it.
    pub body: Prose,
}

/// A topic: `/topics/{slug}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// File name without ending.
    pub slug: String,
    /// Title as shown.
    pub title: String,
    /// The summary for search engines and cards.
    pub description: String,
    /// Text above the list.
    pub body: Prose,
}

/// An author or reviewer: `/people/{slug}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// File name without ending.
    pub slug: String,
    /// Full name as filed with the board.
    pub name: String,
    /// Title or accepted abbreviation after the name (`MA LMFT`).
    pub credentials: Option<String>,
    /// Role (`Therapist`), if given.
    pub role: Option<String>,
    /// License as advertised (`LMFT 12345`), if given.
    pub license: Option<String>,
    /// The summary for search engines and cards.
    pub description: String,
    /// Their photograph.
    pub image: Option<Figure>,
    /// The text about them.
    pub body: Prose,
}
