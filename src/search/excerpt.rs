//! The sentence or two around the words, with the words marked; the page decides how a mark looks.

use super::{Document, Index, Section, question::Question, text};
use foldhash::HashSet;
use std::ops::Range;

/// Words of an excerpt.
const WIDTH: usize = 32;
/// Words that may stand before the first marked one, back to the beginning of its sentence.
const BEFORE: usize = 12;

/// A stretch of an excerpt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// Plain text.
    pub text: String,
    /// It is one of the words that were looked for.
    pub marked: bool,
}

/// A word of a text: its place, and its term if that is looked for.
struct Word {
    place: Range<usize>,
    term: Option<usize>,
}

impl Index {
    /// The words of the section where most of what was looked for stands; the description if none stands there.
    pub(super) fn excerpt(&self, page: &Document, section: &Section, question: &Question) -> Vec<Stretch> {
        let wanted = question.terms();
        let text = &page.text[section.text.clone()];
        let words = self.marked_words(text, &wanted);
        match best_window(&words) {
            Some(window) => stretches(text, &words, window),
            None if section.heading.is_none() => {
                let words = self.marked_words(&page.description, &wanted);
                stretches(&page.description, &words, 0..words.len())
            }
            None => stretches(text, &words, 0..words.len().min(WIDTH)),
        }
    }

    fn marked_words(&self, text: &str, wanted: &HashSet<usize>) -> Vec<Word> {
        let term = |word: &str| self.words.get(word).copied().filter(|term| wanted.contains(term));
        text::words(text).map(|(place, word)| Word { place, term: term(&word) }).collect()
    }
}

/// The words that have the most different terms, as early as possible; `None` if there is none.
fn best_window(words: &[Word]) -> Option<Range<usize>> {
    let mut best: Option<(usize, usize)> = None;
    for first in (0..words.len()).filter(|at| words[*at].term.is_some()) {
        let end = words.len().min(first + WIDTH - BEFORE);
        let different: HashSet<usize> = words[first..end].iter().filter_map(|word| word.term).collect();
        if best.is_none_or(|(_, most)| different.len() > most) {
            best = Some((first, different.len()));
        }
    }
    let (first, _) = best?;
    Some(first..words.len().min(first + WIDTH - BEFORE))
}

/// `window` from the beginning of its sentence, if that is near, as plain and marked stretches.
fn stretches(text: &str, words: &[Word], window: Range<usize>) -> Vec<Stretch> {
    if window.is_empty() {
        return Vec::new();
    }
    let first = sentence_start(text, words, window.start);
    let end = words.len().min(first + WIDTH).max(window.end);
    let mut all = Vec::new();
    let mut at = words[first].place.start;
    if first > 0 && !begins_sentence(text, words, first) {
        all.push(plain("\u{2026} "));
    }
    for word in &words[first..end] {
        if word.term.is_some() {
            push(&mut all, &text[at..word.place.start], false);
            push(&mut all, &text[word.place.clone()], true);
            at = word.place.end;
        }
    }
    let rest = words.get(end).map_or(text.len(), |next| next.place.start);
    let rest = text[at..rest].trim_end();
    if end < words.len() {
        // What opens before the next word would stay open.
        push(&mut all, rest.trim_end_matches([' ', '\n', '(', '\u{201c}', '\u{2018}', '\u{2013}', '\u{2014}']), false);
        all.push(plain(" \u{2026}"));
    } else {
        push(&mut all, rest, false);
    }
    all
}

fn plain(text: &str) -> Stretch {
    Stretch { text: text.to_owned(), marked: false }
}

fn push(all: &mut Vec<Stretch>, text: &str, marked: bool) {
    if !text.is_empty() {
        all.push(Stretch { text: text.replace('\n', " "), marked });
    }
}

/// The word that begins the sentence of `at`, or `at` itself if that is far away.
fn sentence_start(text: &str, words: &[Word], at: usize) -> usize {
    let nearest = at.saturating_sub(BEFORE);
    (nearest..=at).rev().find(|word| begins_sentence(text, words, *word)).unwrap_or(nearest)
}

fn begins_sentence(text: &str, words: &[Word], at: usize) -> bool {
    at == 0 || text[words[at - 1].place.end..words[at].place.start].contains(['.', '?', '!', '\n'])
}
