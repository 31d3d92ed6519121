//! Kinds of things that a text says: all phrases of all kinds, looked for in one pass.
//!
//! Invariant: what one phrase has matched, no other phrase matches again, so that `seo` and `seo package` do not both
//! count, nor one word for two kinds.
//!
//! Never: points of anything but phrases.

use super::phrase::{Form, Phrase};
use super::words::{Class, Word};
use crate::content::signals as facts;
use foldhash::HashMap;
use std::collections::BTreeMap;
use std::ops::Range;

/// Kinds of things that a text says, ready to be looked for in one pass.
#[derive(Debug, Clone)]
pub(super) struct Kinds {
    all: Vec<facts::Kind>,
    phrases: Vec<Weighed>,
    index: Index,
}

/// A phrase, the place of its kind, and its points.
#[derive(Debug, Clone)]
struct Weighed {
    phrase: Phrase,
    kind: usize,
    points: u32,
}

/// What was found: points, place, and the place of the kind.
type Found = (u32, Range<usize>, usize);

impl Kinds {
    pub fn new(kinds: &[facts::Kind], lists: &BTreeMap<String, Vec<String>>) -> Self {
        let phrases: Vec<Weighed> = kinds.iter().enumerate().flat_map(|(at, kind)| weighed(at, kind, lists)).collect();
        Self { all: kinds.to_vec(), index: Index::new(&phrases), phrases }
    }

    /// Points and reason of each kind that the text speaks of, of those kinds that are `wanted`.
    pub fn found(&self, text: &[Word], wanted: impl Fn(&facts::Kind) -> bool) -> Vec<(u32, &str)> {
        let mut sums = vec![0; self.all.len()];
        for (points, _, kind) in apart(self.places(text, wanted)) {
            sums[kind] += points;
        }
        let kinds = self.all.iter().zip(sums).filter(|(_, points)| *points > 0);
        kinds.map(|(kind, points)| (points.min(kind.most), kind.reason.as_str())).collect()
    }

    /// The first place of each phrase that stands in the text.
    fn places(&self, text: &[Word], wanted: impl Fn(&facts::Kind) -> bool) -> Vec<Found> {
        let mut seen: Vec<bool> = self.phrases.iter().map(|weighed| !wanted(&self.all[weighed.kind])).collect();
        let mut found = Vec::new();
        for (at, word) in text.iter().enumerate() {
            for candidate in self.index.candidates(word) {
                let Weighed { phrase, kind, points } = &self.phrases[candidate];
                if !seen[candidate]
                    && let Some(end) = phrase.end(text, at)
                {
                    seen[candidate] = true;
                    found.push((*points, at..end, *kind));
                }
            }
        }
        found
    }
}

fn weighed<'a>(
    at: usize,
    kind: &'a facts::Kind,
    lists: &'a BTreeMap<String, Vec<String>>,
) -> impl Iterator<Item = Weighed> + 'a {
    let single = kind.words.split_whitespace();
    let plain = kind.phrases.iter().map(String::as_str).chain(single).map(|phrase| (phrase, kind.points));
    let clear = kind.clear.iter().map(|phrase| (phrase.as_str(), 2 * kind.points));
    plain.chain(clear).map(move |(phrase, points)| Weighed { phrase: Phrase::new(phrase, lists), kind: at, points })
}

/// What does not overlap, the weightiest and longest first: a word counts once, for the kind where it says most.
fn apart(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|(points, place, _)| std::cmp::Reverse((*points, place.len())));
    let mut taken: Vec<Range<usize>> = Vec::new();
    found.retain(|(_, place, _)| {
        let free = taken.iter().all(|other| place.end <= other.start || other.end <= place.start);
        if free {
            taken.push(place.clone());
        }
        free
    });
    found
}

/// Which phrases may begin with a word, so that a text is read once and not once a phrase.
#[derive(Debug, Clone, Default)]
struct Index {
    words: HashMap<String, Vec<usize>>,
    stems: HashMap<String, Vec<usize>>,
    classes: HashMap<Class, Vec<usize>>,
    any: Vec<usize>,
}

impl Index {
    fn new(phrases: &[Weighed]) -> Self {
        let mut index = Self::default();
        for (at, weighed) in phrases.iter().enumerate() {
            index.add(at, &weighed.phrase);
        }
        index
    }

    fn add(&mut self, at: usize, phrase: &Phrase) {
        match phrase.beginnings() {
            Some(forms) => forms.into_iter().for_each(|form| self.add_form(at, form)),
            None => self.any.push(at),
        }
    }

    fn add_form(&mut self, at: usize, form: &Form) {
        match form {
            Form::Word(word) => self.words.entry(word.clone()).or_default().push(at),
            Form::Prefix(stem) => self.stems.entry(stem.clone()).or_default().push(at),
            Form::Class(class) => self.classes.entry(*class).or_default().push(at),
        }
    }

    fn candidates<'a>(&'a self, word: &'a Word) -> impl Iterator<Item = usize> + 'a {
        let ends = word.text.char_indices().map(|(at, c)| at + c.len_utf8());
        let stems = ends.filter_map(|end| self.stems.get(&word.text[..end]));
        let whole = self.words.get(&word.text).into_iter().chain(self.classes.get(&word.class));
        whole.chain(stems).chain([&self.any]).flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enquiry::signals::words::{fold, words};

    fn kind(points: u32, phrases: &[&str], clear: &[&str]) -> facts::Kind {
        let owned = |phrases: &[&str]| phrases.iter().map(|&phrase| phrase.to_owned()).collect();
        facts::Kind {
            name: String::new(),
            reason: String::new(),
            within: facts::Within::Message,
            stands: false,
            points,
            most: 7,
            words: String::new(),
            phrases: owned(phrases),
            clear: owned(clear),
        }
    }

    #[test]
    fn what_one_phrase_matched_does_not_count_again() {
        let kinds = Kinds::new(&[kind(2, &["seo", "seo package", "rank"], &["backlink*"])], &BTreeMap::new());
        let points = |text: &str| kinds.found(&words(&fold(text), &[]), |_| true)[0].0;
        assert_eq!(points("seo package"), 2);
        assert_eq!(points("seo, rank"), 4);
        assert_eq!(points("backlinks"), 4, "a clear phrase counts twice");
        assert_eq!(points("seo, rank, backlinks"), 7, "the ceiling of the kind");
    }
}
