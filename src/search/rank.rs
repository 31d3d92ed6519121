//! Ranks pages, and the sections in them.
//!
//! Each word of the query is weighted by how rare it is and by how often a page has it (BM25). A page that has all
//! words ranks above one that has a single word often; a section that has all words, above many that have one each.

use super::{Index, Posting, Term, query::Query};

/// Parameters of BM25: how fast further occurrences of a word stop counting, and how much long texts are ranked down.
const SATURATION: f32 = 1.2;
const LENGTH: f32 = 0.4;
/// A page must have at least this share of the part of the query that the best page has.
const MIN_SHARE: f32 = 0.5;

/// Scores of every page and section.
struct Scores {
    pages: Vec<f32>,
    /// Share of the query that each page has.
    coverage: Vec<f32>,
    sections: Vec<f32>,
}

impl Index {
    /// Pages with their best section, best first.
    pub(super) fn rank(&self, query: &Query) -> Vec<(usize, usize)> {
        let zeros = |length| vec![0.0_f32; length];
        let (pages, sections) = (self.documents.len(), self.sections.len());
        let mut scores = Scores { pages: zeros(pages), coverage: zeros(pages), sections: zeros(sections) };
        for word in &query.wanted {
            self.add_word(word, &mut scores);
        }
        let most = scores.coverage.iter().copied().fold(0.0, f32::max);
        let mut ranked = Vec::new();
        for (page, document) in self.documents.iter().enumerate() {
            let covered = scores.coverage[page];
            if covered > 0.0 && covered >= MIN_SHARE * most {
                let sections = document.sections.clone().map(|section| (section, scores.sections[section]));
                // The first of equals.
                let best = sections.reduce(|best, other| if other.1 > best.1 { other } else { best });
                let (section, score) = best.expect("a page has a section");
                ranked.push((scores.pages[page] * (covered / most).powi(2) + score, page, section));
            }
        }
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        ranked.into_iter().map(|(_, page, section)| (page, section)).collect()
    }

    /// Adds one word of the query: in each page and section, the term for it that scores highest there.
    fn add_word(&self, word: &[(u32, f32)], scores: &mut Scores) {
        let mut pages = vec![0.0_f32; self.documents.len()];
        let mut sections = vec![0.0_f32; self.sections.len()];
        let mut weight = 0.0_f32;
        for (number, weight_of_term) in word {
            let term = &self.terms[*number as usize];
            let rarity = weight_of_term * self.rarity(term);
            weight = weight.max(if term.documents > 0 { rarity } else { 0.0 });
            for postings in term.postings.chunk_by(|a, b| self.document(a) == self.document(b)) {
                let page = self.document(&postings[0]);
                let document = &self.documents[page];
                let count: f32 = postings.iter().map(|posting| posting.count).sum();
                let in_title = self.share_of_heading(document.sections.start, *number);
                let score = rarity * (saturated(count, document.length, self.mean_page) + in_title);
                pages[page] = pages[page].max(score);
                for posting in postings {
                    let section = posting.section as usize;
                    let count = saturated(posting.count, self.sections[section].length, self.mean_section);
                    let score = rarity * (count + self.share_of_heading(section, *number));
                    sections[section] = sections[section].max(score);
                }
            }
        }
        for (page, score) in pages.into_iter().enumerate().filter(|(_, score)| *score > 0.0) {
            scores.pages[page] += score;
            scores.coverage[page] += weight;
        }
        for (total, score) in scores.sections.iter_mut().zip(sections) {
            *total += score;
        }
    }

    fn document(&self, posting: &Posting) -> usize {
        self.sections[posting.section as usize].document
    }

    /// Share of the words of a section's heading that are this term, 0 to 1.
    fn share_of_heading(&self, section: usize, term: u32) -> f32 {
        let terms = &self.sections[section].heading_terms;
        float(terms.iter().filter(|other| **other == term).count()) / float(terms.len().max(1))
    }

    /// Inverse document frequency.
    fn rarity(&self, term: &Term) -> f32 {
        let (all, those) = (float(self.documents.len()), float(term.documents));
        (1.0 + (all - those + 0.5) / (those + 0.5)).ln()
    }
}

/// BM25's term frequency: `count` occurrences in a text of `length` words, where the mean length is `mean`.
fn saturated(count: f32, length: f32, mean: f32) -> f32 {
    count * (SATURATION + 1.0) / (count + SATURATION * (1.0 - LENGTH + LENGTH * length / mean))
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 16,777,216, more than a site has pages")]
pub(super) fn float(count: usize) -> f32 {
    count as f32
}
