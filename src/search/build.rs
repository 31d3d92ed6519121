//! The index from the words of a site: pages cut at their headings, each word counted by where it stands.

use super::{Document, Index, Place, Section, Term, rank::number, text};
use crate::content::{Article, Heading, SearchFacts, Site};
use foldhash::{HashMap, HashSet};
use std::{ops::Range, sync::Arc};

/// What a word counts in a title, a heading, an address, a description or the list of takeaways; 1 in running text.
const TITLE: f32 = 6.0;
const HEADING: f32 = 3.0;
const ADDRESS: f32 = 3.0;
const DESCRIPTION: f32 = 2.0;
const TAKEAWAY: f32 = 1.5;

pub(super) fn index(site: &Site) -> Index {
    let mut making = Making { quiet: site.search.quiet.iter().cloned().collect(), ..Making::default() };
    let nothing = Arc::default();
    for article in &site.articles {
        making.article(site, article);
    }
    for page in &site.pages {
        making.begin(format!("/{}", page.slug), &page.title, &page.description, &page.text);
        making.sections(&anchors(&page.headings));
    }
    for topic in &site.topics {
        making.begin(format!("/topics/{}", topic.slug), &topic.title, &topic.description, &nothing);
        making.sections(&[]);
    }
    for person in &site.people {
        making.begin(format!("/people/{}", person.slug), &person.name, &person.description, &nothing);
        making.sections(&[]);
    }
    making.finish(&site.search)
}

/// Id and words of headings, in the order of the text.
fn anchors(headings: &[Heading]) -> Vec<(String, String)> {
    headings.iter().map(|heading| (heading.id.clone(), heading.text.clone())).collect()
}

#[derive(Default)]
struct Making {
    documents: Vec<Document>,
    sections: Vec<Section>,
    words: HashMap<String, usize>,
    stems: HashMap<String, usize>,
    terms: Vec<Term>,
    quiet: HashSet<String>,
    /// Weighted words of the title and the like, for the first section of the page.
    front: Vec<(String, f32)>,
}

impl Making {
    fn article(&mut self, site: &Site, article: &Article) {
        self.begin(format!("/articles/{}", article.slug), &article.title, &article.description, &article.text);
        for takeaway in &article.takeaways {
            self.front.push((takeaway.lead.clone(), TAKEAWAY));
            self.front.push((takeaway.text.clone(), TAKEAWAY));
        }
        let topics = site.topics.iter().filter(|topic| article.topics.contains(&topic.slug));
        self.front.extend(topics.map(|topic| (topic.title.clone(), 1.0)));
        let mut anchors = anchors(&article.headings);
        anchors.extend(article.questions.iter().map(|question| (question.id.clone(), question.ask.clone())));
        self.sections(&anchors);
    }

    fn begin(&mut self, path: String, title: &str, description: &str, text: &Arc<str>) {
        let sections = self.sections.len()..self.sections.len();
        self.front = vec![
            (title.to_owned(), TITLE),
            (description.to_owned(), DESCRIPTION),
            (path.rsplit('/').next().unwrap_or_default().to_owned(), ADDRESS),
        ];
        self.documents.push(Document {
            path,
            title: title.to_owned(),
            description: description.to_owned(),
            text: Arc::clone(text),
            sections,
            length: 0.0,
        });
    }

    /// Cuts the text of the page where a line says the words of the next heading.
    fn sections(&mut self, anchors: &[(String, String)]) {
        let whole = self.documents.last().map(|page| Arc::clone(&page.text)).unwrap_or_default();
        let mut next = anchors.iter().peekable();
        let (mut heading, mut start, mut at) = (None, 0, 0);
        for line in whole.split_inclusive('\n') {
            let end = at + line.len();
            if let Some(anchor) = next.next_if(|(_, words)| words == line.trim()) {
                self.section(heading.replace(anchor.clone()), &whole, start..at);
                start = end;
            }
            at = end;
        }
        self.section(heading, &whole, start..at);
    }

    fn section(&mut self, heading: Option<(String, String)>, whole: &str, text: Range<usize>) {
        let document = self.documents.len() - 1;
        let place = self.sections.len();
        let front = std::mem::take(&mut self.front);
        let above = heading.iter().map(|(_, words)| (words.as_str(), HEADING));
        let weighted = front.iter().map(|(words, weight)| (words.as_str(), *weight)).chain(above);
        let mut length = 0.0;
        for (words, weight) in weighted.chain([(&whole[text.clone()], 1.0)]) {
            for (_, word) in text::words(words) {
                self.count(&word, place, weight);
                length += 1.0;
            }
        }
        let title = self.documents[document].title.clone();
        self.name(heading.as_ref().map_or(&title, |(_, words)| words), place);
        self.sections.push(Section { document, heading, text, length });
        let page = &mut self.documents[document];
        page.sections.end = place + 1;
        page.length += length;
    }

    fn count(&mut self, word: &str, section: usize, weight: f32) {
        let term = self.term(word);
        let section = number_of(section);
        match self.terms[term].places.last_mut() {
            Some(last) if last.section == section => last.often += weight,
            _ => self.terms[term].places.push(Place { section, often: weight, named: 0.0 }),
        }
    }

    /// Notes for each word of a heading how much of the heading it is; the words were counted before.
    fn name(&mut self, heading: &str, section: usize) {
        let section = number_of(section);
        let all = text::words(heading).map(|(_, word)| word);
        let words: Vec<String> = all.filter(|word| !self.quiet.contains(word)).collect();
        for word in &words {
            let term = self.term(word);
            if let Some(place) = self.terms[term].places.last_mut().filter(|place| place.section == section) {
                place.named += 1.0 / number(words.len());
            }
        }
    }

    /// The term of a folded word; its stem is worked out once.
    fn term(&mut self, word: &str) -> usize {
        if let Some(term) = self.words.get(word) {
            return *term;
        }
        let next = self.terms.len();
        let term = *self.stems.entry(text::stem(word)).or_insert(next);
        if term == next {
            self.terms.push(Term::default());
        }
        self.words.insert(word.to_owned(), term);
        term
    }

    fn finish(mut self, facts: &SearchFacts) -> Index {
        let mut same = Vec::new();
        for entry in &facts.same {
            let find =
                entry.find.iter().flat_map(|phrase| text::words(phrase).map(|(_, word)| word).collect::<Vec<_>>());
            let find: Vec<usize> =
                find.filter(|word| !facts.quiet.contains(word)).map(|word| self.term(&word)).collect();
            for typed in &entry.typed {
                let words: Vec<String> = text::words(typed).map(|(_, word)| word).collect();
                // A slip in such a word is understood, too.
                for word in &words {
                    self.term(word);
                }
                same.push((words.iter().map(|word| text::stem(word)).collect(), find.clone()));
            }
        }
        let sections = &self.sections;
        for term in &mut self.terms {
            term.places.shrink_to_fit();
            let pages: Vec<usize> = term.places.iter().map(|place| sections[place.section()].document).collect();
            term.documents = pages.chunk_by(|a, b| a == b).count();
        }
        let Self { documents, sections, words, stems, terms, quiet, .. } = self;
        let (mean_page, mean_section) =
            (mean(documents.iter().map(|page| page.length)), mean(sections.iter().map(|section| section.length)));
        Index { documents, sections, words, stems, terms, mean_page, mean_section, quiet, same }
    }
}

/// A section as its place is written down.
fn number_of(section: usize) -> u32 {
    u32::try_from(section).expect("a site has fewer than four thousand million sections")
}

/// At least 1, so that it can divide.
fn mean(lengths: impl ExactSizeIterator<Item = f32>) -> f32 {
    let count = number(lengths.len().max(1));
    (lengths.sum::<f32>() / count).max(1.0)
}
