//! Search: a reader's few words to the places that answer them.
//!
//! An index over the words of one edition, in memory, made with it and never changed. It knows forms of a word by their
//! stem, slips of the finger by likeness, and other words for the same thing from `search.toml`. A hit is a page with the
//! heading under which the words stand, and an excerpt with the words marked.
//!
//! Why an index of our own and no library: on the queries of the tests a full-text library with stemming and fuzzy terms
//! led 27 of 43 to the right page in 0.8 ms at a thousand articles, knew no other words for the same thing, and would have
//! been by far the largest dependency. This one leads all of them, in 0.2 ms.
//!
//! Never: HTTP, templates, files; what a reader typed is neither kept nor logged.

mod build;
mod excerpt;
mod question;
mod rank;
mod slip;
mod text;

pub use excerpt::Stretch;

use crate::content::Site;
use foldhash::{HashMap, HashSet};
use std::{ops::Range, sync::Arc};

/// Characters of a query that are read.
pub const MOST_SIGNS: usize = 200;
/// Words of a query that count.
const MOST_WORDS: usize = 12;
/// Hits that are shown.
const MOST_HITS: usize = 20;

/// The words of one edition, ready to be asked.
#[derive(Debug)]
pub struct Index {
    documents: Vec<Document>,
    sections: Vec<Section>,
    /// Each word of the texts, folded, to its term.
    words: HashMap<String, usize>,
    /// Each stem to its term.
    stems: HashMap<String, usize>,
    terms: Vec<Term>,
    /// Mean length of pages and of sections.
    mean_page: f32,
    mean_section: f32,
    quiet: HashSet<String>,
    /// Stems of what may be typed, to the terms that it also finds.
    same: Vec<(Vec<String>, Vec<usize>)>,
}

/// A page.
#[derive(Debug)]
struct Document {
    path: String,
    title: String,
    description: String,
    /// The site's own copy of its plain text.
    text: Arc<str>,
    /// Its sections in [`Index::sections`]; at least one.
    sections: Range<usize>,
    /// Words, those of title and headings by their weight.
    length: f32,
}

/// A stretch of a page under one heading; the first of a page stands under its title.
#[derive(Debug)]
struct Section {
    document: usize,
    /// Id and words of the heading.
    heading: Option<(String, String)>,
    /// Where it stands in the text of its page.
    text: Range<usize>,
    length: f32,
}

/// A stem and where it stands.
#[derive(Debug, Default)]
struct Term {
    /// In the order of the sections.
    places: Vec<Place>,
    /// In how many pages it stands.
    documents: usize,
}

/// A stem in a section; there are hundreds of thousands of them, so they are small.
#[derive(Debug)]
struct Place {
    section: u32,
    /// How often it stands there, by the weight of where.
    often: f32,
    /// How much of the heading it is, 0 to 1.
    named: f32,
}

impl Place {
    /// In [`Index::sections`].
    fn section(&self) -> usize {
        self.section as usize
    }
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The best hits, best first.
    pub hits: Vec<Hit>,
    /// How many pages have the words.
    pub total: usize,
    /// The query as it was read, if a word in it was taken for a slip.
    pub read_as: Option<String>,
}

/// A page that answers, at the place where it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Address with the fragment of the heading.
    pub path: String,
    /// Title of the page.
    pub title: String,
    /// The heading, if the words stand under one.
    pub heading: Option<String>,
    /// A sentence or two around the words.
    pub excerpt: Vec<Stretch>,
}

impl Index {
    /// Reads every article, page, topic and person of `site`.
    pub fn new(site: &Site) -> Self {
        build::index(site)
    }

    /// The pages that answer `query` best. Signs after the two-hundredth and words after the twelfth do not count.
    pub fn find(&self, query: &str) -> Found {
        let query: String = query.chars().take(MOST_SIGNS).collect();
        let question = self.understand(&query);
        let ranked = self.rank(&question);
        let hits = ranked.iter().take(MOST_HITS).map(|(document, section)| self.hit(*document, *section, &question));
        Found { hits: hits.collect(), total: ranked.len(), read_as: question.read_as }
    }

    fn hit(&self, document: usize, section: usize, question: &question::Question) -> Hit {
        let (page, place) = (&self.documents[document], &self.sections[section]);
        let fragment = place.heading.as_ref().map(|(id, _)| format!("#{id}")).unwrap_or_default();
        Hit {
            path: format!("{}{fragment}", page.path),
            title: page.title.clone(),
            heading: place.heading.as_ref().map(|(_, words)| words.clone()),
            excerpt: self.excerpt(page, place, question),
        }
    }
}
