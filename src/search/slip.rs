//! Slips: which words of the texts a word may be meant for that none of them says.
//!
//! Likeness is the number of letters that differ, are missing, too many or exchanged (optimal string alignment).

use super::{Index, text};
use foldhash::HashMap;
use strsim::osa_distance;

/// What a word counts by the number of letters that differ.
const COUNTS: [f32; 3] = [1.0, 0.6, 0.4];
/// What a word counts of which only the beginning was typed, and from how many letters on.
const BEGUN: f32 = 0.7;
const BEGINNING: usize = 4;
/// Words that one slip may stand for.
const LIKELY: usize = 4;

/// A word that may have been meant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Likely<'i> {
    pub(super) word: &'i str,
    pub(super) term: usize,
    pub(super) counts: f32,
    distance: usize,
}

impl Index {
    /// The nearest words, the most frequent first. `own` is the term of the word's stem, if the texts have it: then
    /// `sessions` is a form of what they say and no slip, but `chosing`, which has the stem of `chose`, is a slip of
    /// `choosing`.
    pub(super) fn likely(&self, word: &str, own: Option<usize>) -> Vec<Likely<'_>> {
        let mut likely = near(&self.words, word);
        if likely.is_empty() && own.is_none() {
            // `appologizing`: no text has that form, but many have the stem.
            likely = near(&self.stems, &text::stem(word));
            for likely in &mut likely {
                likely.word = self.spelled(likely.term);
            }
        }
        let nearest = likely.iter().map(|likely| likely.distance).min().unwrap_or_default();
        likely.retain(|likely| likely.distance == nearest);
        if own.is_some_and(|own| nearest > 1 || likely.iter().any(|likely| likely.term == own)) {
            return Vec::new();
        }
        let often = |likely: &Likely<'_>| self.terms[likely.term].documents;
        likely.sort_by(|a, b| often(b).cmp(&often(a)).then(a.word.cmp(b.word)));
        likely.dedup_by_key(|likely| likely.term);
        likely.truncate(LIKELY);
        likely
    }

    /// The shortest word of a term, for people to read.
    fn spelled(&self, term: usize) -> &str {
        let forms = self.words.iter().filter(|(_, other)| **other == term).map(|(word, _)| word.as_str());
        forms.min_by_key(|word| (word.len(), *word)).expect("every term has a word")
    }
}

/// All that differ little from `word`; two letters only in long words that begin alike.
fn near<'i>(known: &'i HashMap<String, usize>, word: &str) -> Vec<Likely<'i>> {
    let length = word.chars().count();
    let most = match length {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    };
    let likely = known.iter().filter_map(|(known, term)| {
        let begun = length >= BEGINNING && known.starts_with(word);
        let (distance, counts) = if begun { (1, BEGUN) } else { differs(known, word, most)? };
        Some(Likely { word: known, term: *term, counts, distance })
    });
    likely.collect()
}

/// By how many letters, and what that counts; `None` if by more than `most`.
fn differs(known: &str, word: &str, most: usize) -> Option<(usize, f32)> {
    if known.len().abs_diff(word.len()) > most || known.chars().count() < 3 {
        return None;
    }
    let distance = osa_distance(known, word);
    let alike = distance < 2 || known.chars().next() == word.chars().next();
    (distance <= most && alike).then(|| (distance, COUNTS[distance]))
}
