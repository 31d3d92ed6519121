//! Which pages answer best, and where in them.
//!
//! Each word of the question is weighed by how rare it is and how much a page says of it (BM25); a page that has all the
//! words goes before one that has a single word often, and one place with all of them before many places with one each.

use super::{Index, Place, Term, question::Question};

/// BM25: how soon more of the same word counts no more, and how much long texts are held back.
const ENOUGH: f32 = 1.2;
const LENGTH: f32 = 0.4;
/// A page must have this much of what the best page has of the question.
const SHARE: f32 = 0.5;

/// What is known of each page and section while a question is answered.
struct Tally {
    pages: Vec<f32>,
    /// How much of the question each page has.
    had: Vec<f32>,
    sections: Vec<f32>,
}

impl Index {
    /// Pages with their best section, best first.
    pub(super) fn rank(&self, question: &Question) -> Vec<(usize, usize)> {
        let mut tally = Tally {
            pages: vec![0.0; self.documents.len()],
            had: vec![0.0; self.documents.len()],
            sections: vec![0.0; self.sections.len()],
        };
        for word in &question.wanted {
            self.weigh(word, &mut tally);
        }
        let most = tally.had.iter().copied().fold(0.0, f32::max);
        let enough = |page: &usize| tally.had[*page] > 0.0 && tally.had[*page] >= SHARE * most;
        let mut ranked: Vec<(f32, usize, usize)> = (0..self.documents.len())
            .filter(enough)
            .map(|page| {
                let share = tally.had[page] / most;
                let (section, best) = self.best_section(page, &tally);
                (tally.pages[page] * share * share + best, page, section)
            })
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        ranked.into_iter().map(|(_, page, section)| (page, section)).collect()
    }

    /// Adds one word of the question, by whichever of its meanings says most in each place.
    fn weigh(&self, word: &[(usize, f32)], tally: &mut Tally) {
        let mut pages = vec![0.0_f32; self.documents.len()];
        let mut sections = vec![0.0_f32; self.sections.len()];
        let mut weight = 0.0_f32;
        for (term, counts) in word {
            let term = &self.terms[*term];
            let rarity = counts * self.rarity(term);
            weight = weight.max(if term.documents > 0 { rarity } else { 0.0 });
            for places in term.places.chunk_by(|a, b| self.page_of(a) == self.page_of(b)) {
                let page = self.page_of(&places[0]);
                let often: f32 = places.iter().map(|place| place.often).sum();
                let titled = places.iter().filter(|place| place.section() == self.documents[page].sections.start);
                let titled: f32 = titled.map(|place| place.named).sum();
                let said = rarity * (enough(often, self.documents[page].length, self.mean_page) + titled);
                pages[page] = pages[page].max(said);
                for place in places {
                    let section = place.section();
                    let often = enough(place.often, self.sections[section].length, self.mean_section);
                    sections[section] = sections[section].max(rarity * (often + place.named));
                }
            }
        }
        for (page, said) in pages.into_iter().enumerate().filter(|(_, said)| *said > 0.0) {
            tally.pages[page] += said;
            tally.had[page] += weight;
        }
        for (all, said) in tally.sections.iter_mut().zip(sections) {
            *all += said;
        }
    }

    fn page_of(&self, place: &Place) -> usize {
        self.sections[place.section()].document
    }

    /// How much a word tells, by how few pages have it.
    fn rarity(&self, term: &Term) -> f32 {
        let (all, those) = (number(self.documents.len()), number(term.documents));
        (1.0 + (all - those + 0.5) / (those + 0.5)).ln()
    }

    fn best_section(&self, page: usize, tally: &Tally) -> (usize, f32) {
        let sections = self.documents[page].sections.clone();
        let first = sections.start;
        let better = |best: (usize, f32), section: usize| {
            if tally.sections[section] > best.1 { (section, tally.sections[section]) } else { best }
        };
        sections.fold((first, 0.0), better)
    }
}

/// BM25's share of a word that stands `often` in a text of `length` words.
fn enough(often: f32, length: f32, mean: f32) -> f32 {
    let held_back = ENOUGH * (1.0 - LENGTH + LENGTH * length / mean);
    often * (ENOUGH + 1.0) / (often + held_back)
}

/// A count as a number to reckon with; a site has fewer than sixteen million pages.
#[expect(clippy::cast_precision_loss, reason = "exact up to 16,777,216")]
pub(super) fn number(count: usize) -> f32 {
    count as f32
}
