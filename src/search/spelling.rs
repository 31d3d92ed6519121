//! Spelling correction: the words of the texts that are most similar to a word that no text has.
//!
//! The distance is the number of letters that differ, are missing, added or swapped (optimal string alignment).

use super::{Index, text};
use foldhash::HashMap;
use strsim::osa_distance;

/// Weight of a word by its distance.
const BY_DISTANCE: [f32; 3] = [1.0, 0.6, 0.4];
/// Weight of a word of which only the beginning was typed, and the letters that this takes at least.
const PREFIX: f32 = 0.7;
const MIN_PREFIX: usize = 4;
/// Words that one misspelling may stand for.
const MAX_LIKELY: usize = 4;

/// A word that the visitor may have meant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Likely<'i> {
    pub(super) word: &'i str,
    pub(super) term: u32,
    pub(super) weight: f32,
    distance: usize,
}

impl Index {
    /// The nearest words, the most frequent first; of these, only the first is certainly a word and not a stem. `own` is the term of the word's stem, if the texts have it: with it,
    /// `sessions` counts as a form of `session` and not as a misspelling, but `chosing`, with the stem of `chose`,
    /// counts as a misspelling of `choosing`.
    pub(super) fn likely(&self, word: &str, own: Option<u32>) -> Vec<Likely<'_>> {
        let mut likely = near(&self.words, word);
        let by_stem = likely.is_empty() && own.is_none();
        if by_stem {
            // `appologizing`: no text has that form, but many have the stem.
            likely = near(&self.stems, &text::stem(word));
        }
        let nearest = likely.iter().map(|likely| likely.distance).min().unwrap_or_default();
        likely.retain(|likely| likely.distance == nearest);
        if own.is_some_and(|own| nearest > 1 || likely.iter().any(|likely| likely.term == own)) {
            return Vec::new();
        }
        let documents = |likely: &Likely<'_>| self.terms[likely.term as usize].documents;
        likely.sort_by(|a, b| documents(b).cmp(&documents(a)).then(a.word.cmp(b.word)));
        likely.dedup_by_key(|likely| likely.term);
        likely.truncate(MAX_LIKELY);
        if by_stem && let Some(best) = likely.first_mut() {
            best.word = self.shortest_word(best.term);
        }
        likely
    }

    /// The shortest word of a term, to be shown.
    fn shortest_word(&self, term: u32) -> &str {
        let forms = self.words.iter().filter(|(_, other)| **other == term).map(|(word, _)| word.as_str());
        forms.min_by_key(|word| (word.len(), *word)).expect("every term has a word")
    }
}

/// All words at a small distance from `word`; at distance two only long words with the same first letter.
fn near<'i>(known: &'i HashMap<String, u32>, word: &str) -> Vec<Likely<'i>> {
    let length = word.chars().count();
    let max = match length {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    };
    let letters_of_word = letters(word);
    let likely = known.iter().filter_map(|(known, term)| {
        if length >= MIN_PREFIX && known.starts_with(word) {
            return Some(Likely { word: known, term: *term, weight: PREFIX, distance: 1 });
        }
        if known.len().abs_diff(word.len()) > max || known.chars().count() < 3 {
            return None;
        }
        // A letter that differs changes at most two of these bits. Most words end here, without the slow comparison.
        if (letters(known) ^ letters_of_word).count_ones() as usize > 2 * max {
            return None;
        }
        let distance = osa_distance(known, word);
        let similar = distance <= max && (distance < 2 || known.chars().next() == word.chars().next());
        similar.then(|| Likely { word: known, term: *term, weight: BY_DISTANCE[distance], distance })
    });
    likely.collect()
}

/// The set of a word's letters, as bits.
fn letters(word: &str) -> u32 {
    word.chars().fold(0, |set, c| set | 1 << (u32::from(c) % 32))
}
