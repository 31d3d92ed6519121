//! Search: a few words typed by a reader to the pages, and the places in them, that answer best.
//!
//! An inverted index over the text of one edition, in memory, built once and never changed. Words match by their stem,
//! misspelled words by edit distance, and synonyms come from `search.toml`. A hit is a page with the heading under
//! which the words are found, and an excerpt with the words marked.
//!
//! Why not a library: on the queries of the tests, a full-text library with stemming and fuzzy terms found the right
//! page for 27 of 43 in 0.8 ms at a thousand articles, had no synonyms, and would have been by far the largest
//! dependency. This index finds it for all of them, in 0.2 ms.
//!
//! Never: HTTP, templates, files; a query is neither stored nor logged.

mod build;
mod excerpt;
mod query;
mod rank;
mod spelling;
mod text;

pub use excerpt::Part;

use foldhash::{HashMap, HashSet};
use query::Query;
use std::{ops::Range, sync::Arc};

/// Longest query in characters; the rest is ignored.
pub const MAX_QUERY: usize = 100;
/// Most words of a query; the rest is ignored.
const MAX_WORDS: usize = 12;
/// Most words of a query that are compared with every word of the texts, to correct their spelling.
const MAX_CORRECTED: usize = 3;
/// Most hits shown.
const MAX_HITS: usize = 20;

/// The index of one edition.
#[derive(Debug, Default)]
pub struct Index {
    documents: Vec<Document>,
    sections: Vec<Section>,
    /// Each folded word of the texts to its term.
    words: HashMap<String, u32>,
    /// Each stem to its term.
    stems: HashMap<String, u32>,
    terms: Vec<Term>,
    /// Mean length of pages and of sections, in words.
    mean_page: f32,
    mean_section: f32,
    stop_words: HashSet<String>,
    /// Stems of a word or phrase that may be typed, to the terms that it also finds.
    synonyms: Vec<(Vec<String>, Vec<u32>)>,
}

/// A page.
#[derive(Debug)]
struct Document {
    path: String,
    title: String,
    description: String,
    /// Shared with the site.
    text: Arc<str>,
    /// Its sections in [`Index::sections`]; at least one.
    sections: Range<usize>,
    /// In words, those of title and headings included.
    length: f32,
}

/// The part of a page under one heading; the first of a page belongs to its title.
#[derive(Debug)]
struct Section {
    document: usize,
    /// Id and text of the heading.
    heading: Option<(String, String)>,
    /// Terms of the heading, or of the title in the first section, without stop words.
    heading_terms: Box<[u32]>,
    /// Range in the text of its page.
    text: Range<usize>,
    /// In words.
    length: f32,
}

/// A stem and where it occurs.
#[derive(Debug, Default)]
struct Term {
    /// Ordered by section.
    postings: Vec<Posting>,
    /// Pages in which it occurs.
    documents: usize,
}

/// A term in a section; there are hundreds of thousands of them, so they are small.
#[derive(Debug)]
struct Posting {
    section: u32,
    /// Occurrences, each weighted by its place (title, heading, running text).
    count: f32,
}

/// The answer to a query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The best hits, best first.
    pub hits: Vec<Hit>,
    /// Number of pages that have the words.
    pub total: usize,
    /// The query with its spelling corrected, if a word was taken for a misspelling.
    pub read_as: Option<String>,
}

/// A page found, with the section that matches best.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Address with the fragment of the heading.
    pub path: String,
    /// Title of the page.
    pub title: String,
    /// The heading above the words, if there is one.
    pub heading: Option<String>,
    /// A sentence or two around the words.
    pub excerpt: Vec<Part>,
}

impl Index {
    /// The pages that answer `query` best. Characters after [`MAX_QUERY`] and words after the twelfth do not count.
    pub fn find(&self, query: &str) -> Found {
        let query: String = query.chars().take(MAX_QUERY).collect();
        let query = self.parse(&query);
        let ranked = self.rank(&query);
        let hits = ranked.iter().take(MAX_HITS).map(|(document, section)| self.hit(*document, *section, &query));
        Found { hits: hits.collect(), total: ranked.len(), read_as: query.read_as }
    }

    fn hit(&self, document: usize, section: usize, query: &Query) -> Hit {
        let (page, section) = (&self.documents[document], &self.sections[section]);
        let (fragment, heading) = match &section.heading {
            Some((id, text)) => (format!("#{id}"), Some(text.clone())),
            None => (String::new(), None),
        };
        let excerpt = self.excerpt(page, section, query);
        Hit { path: format!("{}{fragment}", page.path), title: page.title.clone(), heading, excerpt }
    }
}
