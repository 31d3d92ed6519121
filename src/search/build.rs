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

/// Id and text.
type Heading<'a> = (&'a str, &'a str);

impl Index {
    /// Reads every article, page, topic and person of `site`.
    pub fn new(site: &Site) -> Self {
        let mut index = Self { stop_words: site.search.quiet.iter().cloned().collect(), ..Self::default() };
        for article in &site.articles {
            let path = format!("/articles/{}", article.slug);
            let takeaways = article.takeaways.iter().flat_map(|takeaway| [&takeaway.lead, &takeaway.text]);
            let topics = site.topics.iter().filter(|topic| article.topics.contains(&topic.slug));
            let more = takeaways.map(|text| (&**text, TAKEAWAY)).chain(topics.map(|topic| (&*topic.title, 1.0)));
            let headings = article.headings.iter().map(|heading| (&*heading.id, &*heading.text));
            let questions = article.questions.iter().map(|question| (&*question.id, &*question.ask));
            let (more, headings): (Vec<_>, Vec<_>) = (more.collect(), headings.chain(questions).collect());
            index.add(Document::new(path, &article.title, &article.description, &article.text), &more, &headings);
        }
        for page in &site.pages {
            let headings: Vec<_> = page.headings.iter().map(|heading| (&*heading.id, &*heading.text)).collect();
            let document = Document::new(format!("/{}", page.slug), &page.title, &page.description, &page.text);
            index.add(document, &[], &headings);
        }
        let topics = site.topics.iter().map(|topic| ("topics", &topic.slug, &topic.title, &topic.description));
        let people = site.people.iter().map(|person| ("people", &person.slug, &person.name, &person.description));
        for (folder, slug, title, description) in topics.chain(people) {
            index.add(Document::new(format!("/{folder}/{slug}"), title, description, &Arc::default()), &[], &[]);
        }
        index.add_synonyms(&site.search);
        index.finish();
        index
    }

    /// Adds a page, with `more` texts and their weights, and its `headings` in the order of its text.
    fn add(&mut self, mut page: Document, more: &[(&str, f32)], headings: &[Heading<'_>]) {
        let address = page.path.rsplit('/').next().unwrap_or_default();
        let mut weighted = vec![(&*page.title, TITLE), (&*page.description, DESCRIPTION), (address, ADDRESS)];
        weighted.extend(more);
        page.sections = self.sections.len()..self.sections.len();
        for (heading, range) in sections(&page.text, headings) {
            weighted.extend(heading.map(|(_, text)| (text, HEADING)));
            weighted.push((&page.text[range.clone()], 1.0));
            let section = Section {
                document: self.documents.len(),
                heading: heading.map(|(id, text)| (id.to_owned(), text.to_owned())),
                heading_terms: self.significant_terms(heading.map_or(&*page.title, |(_, text)| text)),
                text: range,
                length: self.count(&weighted),
            };
            page.length += section.length;
            page.sections.end += 1;
            self.sections.push(section);
            weighted.clear();
        }
        self.documents.push(page);
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

impl Document {
    /// A page without its sections, which [`Index::add`] fills in.
    fn new(path: String, title: &str, description: &str, text: &Arc<str>) -> Self {
        let (title, description, text) = (title.to_owned(), description.to_owned(), Arc::clone(text));
        Self { path, title, description, text, sections: 0..0, length: 0.0 }
    }
}

/// A text cut where a line has the text of the next heading; the first section has no heading.
fn sections<'a>(text: &str, headings: &[Heading<'a>]) -> Vec<(Option<Heading<'a>>, Range<usize>)> {
    let mut next = headings.iter().peekable();
    let mut sections = vec![(None, 0..text.len())];
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        if let Some(heading) = next.next_if(|(_, heading)| *heading == line.trim()) {
            sections.last_mut().expect("there is a first section").1.end = start;
            sections.push((Some(*heading), end..text.len()));
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
