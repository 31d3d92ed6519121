//! What a reader meant: each word with all that it may stand for.

use super::{Index, MOST_WORDS, text};
use std::collections::HashSet;
use strsim::osa_distance;

/// What the word itself counts, what another word for it counts, and one that was only begun.
const ITSELF: f32 = 1.0;
const SAME: f32 = 0.65;
const BEGUN: f32 = 0.7;
/// What a word of a phrase counts when the phrase has other words of its own.
const PART: f32 = 0.4;
/// What the likeliest words for a slip count, by the number of letters that differ.
const SLIP: [f32; 3] = [1.0, 0.6, 0.4];
/// Words that one slip may stand for.
const LIKELY: usize = 4;
/// Letters from which a word that was only begun is understood.
const BEGINNING: usize = 4;

/// A query as it was understood.
#[derive(Debug, Default)]
pub(super) struct Question {
    /// A word or phrase each: terms with what each counts.
    pub(super) wanted: Vec<Vec<(usize, f32)>>,
    /// The query with its slips put right.
    pub(super) read_as: Option<String>,
}

impl Question {
    /// Every term that is to be marked.
    pub(super) fn terms(&self) -> HashSet<usize> {
        self.wanted.iter().flatten().map(|(term, _)| *term).collect()
    }
}

/// A word of the query.
struct Typed {
    /// Its stem, or that of the word that it was a slip of.
    stem: String,
    /// What it counts for.
    terms: Vec<(usize, f32)>,
    /// The word that it was taken for, if it was a slip.
    meant: Option<String>,
}

impl Index {
    /// Reads a query; words that are not in the texts and like none of them are passed over.
    pub(super) fn understand(&self, query: &str) -> Question {
        let all: Vec<String> = text::words(query).map(|(_, word)| word).collect();
        let quiet = |word: &String| self.quiet.contains(word);
        let silent = all.iter().all(quiet);
        let loud: Vec<&String> = all.iter().filter(|word| silent || !quiet(word)).take(MOST_WORDS).collect();
        let typed: Vec<Typed> = loud.iter().map(|word| self.typed(word)).collect();
        let phrases = self.phrases(&all);
        let in_phrase = |stem: &String| phrases.iter().any(|(phrase, _)| phrase.contains(stem));
        let words = typed.iter().map(|typed| {
            let weight = if in_phrase(&typed.stem) { PART } else { ITSELF };
            let own = typed.terms.iter().map(|(term, counts)| (*term, counts * weight));
            own.chain(self.others(&typed.stem)).collect()
        });
        let others = phrases.iter().map(|(_, find)| find.iter().map(|term| (*term, ITSELF)).collect());
        Question { wanted: words.chain(others).collect(), read_as: read_as(&all, &loud, &typed) }
    }

    /// Entries of several words that the query has in their order.
    fn phrases(&self, words: &[String]) -> Vec<(Vec<String>, &[usize])> {
        let stems: Vec<String> = words.iter().map(|word| text::stem(word)).collect();
        let said = |phrase: &[String]| stems.windows(phrase.len()).any(|window| window == phrase);
        let several = self.same.iter().filter(|(phrase, _)| phrase.len() > 1 && said(phrase));
        several.map(|(phrase, find)| (phrase.clone(), find.as_slice())).collect()
    }

    /// Other words for one word.
    fn others(&self, stem: &str) -> Vec<(usize, f32)> {
        let entries = self.same.iter().filter(|(typed, _)| typed.len() == 1 && typed[0] == stem);
        entries.flat_map(|(_, find)| find.iter().map(|term| (*term, SAME))).collect()
    }

    fn typed(&self, word: &str) -> Typed {
        let stem = text::stem(word);
        let own = self.stems.get(&stem).copied();
        if self.words.contains_key(word) {
            return Typed { stem, terms: own.map(|term| (term, ITSELF)).into_iter().collect(), meant: None };
        }
        let mut likely = self.likely(word);
        if let Some(own) = own {
            // `sessions` is a form of what the texts say; `chosing` has the stem of `chose` and is a slip of `choosing`.
            let is_slip = likely.iter().all(|(_, term, counts)| *term != own && *counts >= SLIP[1]);
            likely.retain(|_| is_slip);
            likely.push(("", own, if likely.is_empty() { ITSELF } else { PART }));
        }
        let meant = likely.first().map(|(best, ..)| (*best).to_owned()).filter(|best| !best.is_empty());
        let terms = likely.iter().map(|(_, term, counts)| (*term, *counts)).collect();
        Typed { stem: meant.as_deref().map_or(stem, text::stem), terms, meant }
    }

    /// Words of the texts that a word may be a slip or the beginning of: the nearest only, the most frequent first.
    fn likely(&self, word: &str) -> Vec<(&str, usize, f32)> {
        let length = word.chars().count();
        let most = match length {
            0..=2 => 0,
            3..=5 => 1,
            _ => 2,
        };
        let mut likely: Vec<(usize, &str, usize, f32)> = Vec::new();
        for (known, term) in &self.words {
            if length >= BEGINNING && known.starts_with(word) {
                likely.push((1, known, *term, BEGUN));
            } else if known.len().abs_diff(word.len()) <= most {
                let distance = osa_distance(known, word);
                let near = distance <= most && (distance < 2 || known.chars().next() == word.chars().next());
                if near && known.chars().count() > 2 {
                    likely.push((distance, known, *term, SLIP[distance]));
                }
            }
        }
        let nearest = likely.iter().map(|(distance, ..)| *distance).min().unwrap_or_default();
        likely.retain(|(distance, ..)| *distance == nearest);
        likely.sort_by(|a, b| self.terms[b.2].documents.cmp(&self.terms[a.2].documents).then(a.1.cmp(b.1)));
        likely.dedup_by_key(|(_, _, term, _)| *term);
        likely.into_iter().take(LIKELY).map(|(_, known, term, weight)| (known, term, weight)).collect()
    }
}

/// The query with what was taken for its slips.
fn read_as(all: &[String], loud: &[&String], typed: &[Typed]) -> Option<String> {
    typed.iter().any(|typed| typed.meant.is_some()).then(|| {
        let meant = |word: &String| {
            let at = loud.iter().position(|loud| *loud == word);
            at.and_then(|at| typed[at].meant.clone()).unwrap_or_else(|| word.clone())
        };
        all.iter().map(meant).collect::<Vec<_>>().join(" ")
    })
}
