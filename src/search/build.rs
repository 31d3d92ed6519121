//! Builds the index: pages cut at their headings, each word counted by its place.

use super::{Document, Index, Posting, Section, rank::float, text};
use crate::content::{SearchFacts, Site};
use std::{ops::Range, sync::Arc};

/// Weight of a word in a title, a heading, an address, a description or the takeaways; 1 in running text.
const TITLE: f32 = 6.0;
const HEADING: f32 = 3.0;
const ADDRESS: f32 = 3.0;
const DESCRIPTION: f32 = 2.0;
const TAKEAWAY: f32 = 1.5;

/// A page of the site as it goes into the index.
#[derive(Default)]
struct Page<'a> {
    path: String,
    title: &'a str,
    description: &'a str,
    text: Arc<str>,
    /// Further texts with their weights.
    more: Vec<(&'a str, f32)>,
    /// In the order of `text`.
    headings: Vec<Heading<'a>>,
}

/// Id and text.
type Heading<'a> = (&'a str, &'a str);

impl Index {
    /// Reads every article, page, topic and person of `site`.
    pub fn new(site: &Site) -> Self {
        let mut index = Self { stop_words: site.search.quiet.iter().cloned().collect(), ..Self::default() };
        for article in &site.articles {
            let (path, text) = (format!("/articles/{}", article.slug), Arc::clone(&article.text));
            let takeaways = article.takeaways.iter().flat_map(|takeaway| [&takeaway.lead, &takeaway.text]);
            let topics = site.topics.iter().filter(|topic| article.topics.contains(&topic.slug));
            let more = takeaways.map(|text| (&**text, TAKEAWAY)).chain(topics.map(|topic| (&*topic.title, 1.0)));
            let headings = article.headings.iter().map(|heading| (&*heading.id, &*heading.text));
            let questions = article.questions.iter().map(|question| (&*question.id, &*question.ask));
            let (more, headings) = (more.collect(), headings.chain(questions).collect());
            index.add(&Page { path, title: &article.title, description: &article.description, text, more, headings });
        }
        for page in &site.pages {
            let (path, text) = (format!("/{}", page.slug), Arc::clone(&page.text));
            let headings = page.headings.iter().map(|heading| (&*heading.id, &*heading.text)).collect();
            let (title, description) = (&page.title, &page.description);
            index.add(&Page { path, title, description, text, headings, ..Page::default() });
        }
        let topics = site.topics.iter().map(|topic| ("topics", &topic.slug, &topic.title, &topic.description));
        let people = site.people.iter().map(|person| ("people", &person.slug, &person.name, &person.description));
        for (folder, slug, title, description) in topics.chain(people) {
            index.add(&Page { path: format!("/{folder}/{slug}"), title, description, ..Page::default() });
        }
        index.add_synonyms(&site.search);
        index.finish();
        index
    }

    fn add(&mut self, page: &Page<'_>) {
        let address = page.path.rsplit('/').next().unwrap_or_default();
        let mut weighted = vec![(page.title, TITLE), (page.description, DESCRIPTION), (address, ADDRESS)];
        weighted.extend(&page.more);
        let first = self.sections.len();
        let mut length = 0.0;
        for (heading, range) in sections(page) {
            weighted.extend(heading.map(|(_, text)| (text, HEADING)));
            weighted.push((&page.text[range.clone()], 1.0));
            let section = Section {
                document: self.documents.len(),
                heading: heading.map(|(id, text)| (id.to_owned(), text.to_owned())),
                heading_terms: self.significant_terms(heading.map_or(page.title, |(_, text)| text)),
                text: range,
                length: self.count(&weighted),
            };
            length += section.length;
            self.sections.push(section);
            weighted.clear();
        }
        self.documents.push(Document {
            path: page.path.clone(),
            title: page.title.to_owned(),
            description: page.description.to_owned(),
            text: Arc::clone(&page.text),
            sections: first..self.sections.len(),
            length,
        });
    }

    /// Counts the words of the next section; returns their number.
    fn count(&mut self, weighted: &[(&str, f32)]) -> f32 {
        let section = small(self.sections.len());
        let mut length = 0.0;
        for (text, weight) in weighted {
            for (_, word) in text::words(text) {
                let term = self.term(&word);
                let postings = &mut self.terms[term as usize].postings;
                match postings.last_mut() {
                    Some(last) if last.section == section => last.count += weight,
                    _ => postings.push(Posting { section, count: *weight }),
                }
                length += 1.0;
            }
        }
        length
    }

    fn significant_terms(&mut self, heading: &str) -> Box<[u32]> {
        let words = text::words(heading).map(|(_, word)| word);
        words.filter_map(|word| (!self.stop_words.contains(&*word)).then(|| self.term(&word))).collect()
    }

    /// The term of a folded word; its stem is computed once.
    fn term(&mut self, word: &str) -> u32 {
        if let Some(term) = self.words.get(word) {
            return *term;
        }
        let next = small(self.terms.len());
        let term = *self.stems.entry(text::stem(word)).or_insert(next);
        if term == next {
            self.terms.push(super::Term::default());
        }
        self.words.insert(word.to_owned(), term);
        term
    }

    fn add_synonyms(&mut self, facts: &SearchFacts) {
        for entry in &facts.same {
            let find = entry.find.iter().flat_map(|phrase| self.significant_terms(phrase)).collect::<Vec<_>>();
            for typed in &entry.typed {
                let words: Vec<_> = text::words(typed).map(|(_, word)| word).collect();
                // Added as words, so that a misspelling of one is corrected, too.
                for word in &words {
                    self.term(word);
                }
                self.synonyms.push((words.iter().map(|word| text::stem(word)).collect(), find.clone()));
            }
        }
    }

    fn finish(&mut self) {
        let document = |posting: &Posting| self.sections[posting.section as usize].document;
        for term in &mut self.terms {
            term.postings.shrink_to_fit();
            term.documents = term.postings.chunk_by(|a, b| document(a) == document(b)).count();
        }
        self.mean_page = mean(self.documents.iter().map(|page| page.length));
        self.mean_section = mean(self.sections.iter().map(|section| section.length));
    }
}

/// The text of a page cut where a line has the text of the next heading; the first section has no heading.
fn sections<'a>(page: &Page<'a>) -> Vec<(Option<Heading<'a>>, Range<usize>)> {
    let mut next = page.headings.iter().peekable();
    let mut sections = vec![(None, 0..page.text.len())];
    let mut start = 0;
    for line in page.text.split_inclusive('\n') {
        let end = start + line.len();
        if let Some(heading) = next.next_if(|(_, text)| *text == line.trim()) {
            sections.last_mut().expect("there is a first section").1.end = start;
            sections.push((Some(*heading), end..page.text.len()));
        }
        start = end;
    }
    sections
}

/// An index that is stored hundreds of thousands of times.
fn small(index: usize) -> u32 {
    u32::try_from(index).expect("a site has fewer than four billion sections and terms")
}

/// At least 1, so that it can divide.
fn mean(lengths: impl ExactSizeIterator<Item = f32>) -> f32 {
    let count = float(lengths.len().max(1));
    (lengths.sum::<f32>() / count).max(1.0)
}
