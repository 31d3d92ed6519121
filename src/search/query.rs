//! Parses a query: each word with all the terms that it may stand for.

use super::{Index, MAX_CORRECTED, MAX_WORDS, text};
use foldhash::HashSet;

/// Weight of a word itself, and of a synonym.
const ITSELF: f32 = 1.0;
const SYNONYM: f32 = 0.65;
/// Weight of a word that is more likely a misspelling, or that is part of a phrase with synonyms.
const PART: f32 = 0.4;

/// A parsed query.
#[derive(Debug, Default)]
pub(super) struct Query {
    /// For each word or phrase: terms with their weights.
    pub(super) wanted: Vec<Vec<(u32, f32)>>,
    /// The query with its spelling corrected, if that changed it.
    pub(super) read_as: Option<String>,
}

impl Query {
    /// Every term to mark in excerpts.
    pub(super) fn terms(&self) -> HashSet<u32> {
        self.wanted.iter().flatten().map(|(term, _)| *term).collect()
    }
}

impl Index {
    /// Words that are not in the texts and resemble none of them are ignored, and so are those after the third that
    /// would have to be corrected; stop words count only if nothing else is typed.
    pub(super) fn parse(&self, query: &str) -> Query {
        let mut words: Vec<String> = text::words(query).map(|(_, word)| word.into_owned()).collect();
        let stems: Vec<String> = words.iter().map(|word| text::stem(word)).collect();
        let occurs = |phrase: &[String]| stems.windows(phrase.len()).any(|window| window == phrase);
        let phrases = self.synonyms.iter().filter(|(phrase, _)| phrase.len() > 1 && occurs(phrase));
        let only_stop_words = words.iter().all(|word| self.stop_words.contains(word));
        let counts = |word: &&mut String| only_stop_words || !self.stop_words.contains(word.as_str());
        let (mut wanted, mut corrected, mut unknown) = (Vec::new(), false, 0);
        for word in words.iter_mut().filter(counts).take(MAX_WORDS) {
            unknown += usize::from(!self.words.contains_key(word.as_str()));
            let (mut terms, correction) = self.terms_of(word, unknown <= MAX_CORRECTED);
            corrected |= correction.is_some();
            *word = correction.unwrap_or_else(|| word.clone());
            let stem = text::stem(word);
            if phrases.clone().any(|(phrase, _)| phrase.contains(&stem)) {
                for (_, weight) in &mut terms {
                    *weight *= PART;
                }
            }
            let synonyms = self.synonyms.iter().filter(|(typed, _)| *typed == [&*stem]);
            terms.extend(synonyms.flat_map(|(_, find)| find).map(|term| (*term, SYNONYM)));
            wanted.push(terms);
        }
        wanted.extend(phrases.map(|(_, find)| find.iter().map(|term| (*term, ITSELF)).collect()));
        Query { wanted, read_as: corrected.then(|| words.join(" ")) }
    }

    /// The terms that a word may stand for, and its correction if no text has it and it `may_be_corrected`.
    fn terms_of(&self, word: &str, may_be_corrected: bool) -> (Vec<(u32, f32)>, Option<String>) {
        let own = self.stems.get(&text::stem(word)).copied();
        let is_known = self.words.contains_key(word) || !may_be_corrected;
        let likely = if is_known { Vec::new() } else { self.likely(word, own) };
        let own_weight = if likely.is_empty() { ITSELF } else { PART };
        let correction = likely.first().filter(|_| own.is_none()).map(|likely| likely.word.to_owned());
        let terms = own.map(|term| (term, own_weight)).into_iter();
        (terms.chain(likely.iter().map(|likely| (likely.term, likely.weight))).collect(), correction)
    }
}
