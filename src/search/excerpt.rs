//! Excerpts: a sentence or two around the words that were searched for, with these marked.

use super::{Document, Index, Section, query::Query, text};
use foldhash::HashSet;
use std::ops::Range;

/// Words of an excerpt.
const WIDTH: usize = 32;
/// Words before the first marked one at most, back to the beginning of its sentence.
const BEFORE: usize = 12;

/// A part of an excerpt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Plain text.
    pub text: String,
    /// It is one of the words that were searched for.
    pub marked: bool,
}

/// A word of a text: its range, and its term if that was searched for.
struct Word {
    range: Range<usize>,
    term: Option<u32>,
}

impl Index {
    /// The words of the section with the most of what was searched for; the description if the section has none of it.
    pub(super) fn excerpt(&self, page: &Document, section: &Section, query: &Query) -> Vec<Part> {
        let wanted = query.terms();
        let text = &page.text[section.text.clone()];
        let words = self.mark(text, &wanted);
        match best_window(&words) {
            Some(window) => parts(text, &words, window),
            None if section.heading.is_none() => {
                let words = self.mark(&page.description, &wanted);
                parts(&page.description, &words, 0..words.len())
            }
            None => parts(text, &words, 0..words.len().min(WIDTH)),
        }
    }

    fn mark(&self, text: &str, wanted: &HashSet<u32>) -> Vec<Word> {
        let term = |word: &str| self.words.get(word).copied().filter(|term| wanted.contains(term));
        text::words(text).map(|(range, word)| Word { range, term: term(&word) }).collect()
    }
}

/// The words that have the most different terms, as early as possible; `None` if there is none.
fn best_window(words: &[Word]) -> Option<Range<usize>> {
    let starts = (0..words.len()).rev().filter(|at| words[*at].term.is_some());
    let windows = starts.map(|first| first..words.len().min(first + WIDTH - BEFORE));
    // `max_by_key` returns the last of equal ones; here that is the earliest in the text.
    windows.max_by_key(|window| words[window.clone()].iter().filter_map(|word| word.term).collect::<HashSet<_>>().len())
}

/// `window`, begun at the beginning of its sentence if that is near, as plain and marked parts.
fn parts(text: &str, words: &[Word], window: Range<usize>) -> Vec<Part> {
    if window.is_empty() {
        return Vec::new();
    }
    let begins_sentence =
        |at: usize| at == 0 || text[words[at - 1].range.end..words[at].range.start].contains(['.', '?', '!', '\n']);
    let nearest = window.start.saturating_sub(BEFORE);
    let first = (nearest..=window.start).rev().find(|at| begins_sentence(*at)).unwrap_or(nearest);
    let end = words.len().min(first + WIDTH).max(window.end);
    let mut parts = Vec::new();
    let mut push = |text: &str, marked| {
        if !text.is_empty() {
            parts.push(Part { text: text.replace('\n', " "), marked });
        }
    };
    if !begins_sentence(first) {
        push("\u{2026} ", false);
    }
    let mut at = words[first].range.start;
    for word in words[first..end].iter().filter(|word| word.term.is_some()) {
        push(&text[at..word.range.start], false);
        push(&text[word.range.clone()], true);
        at = word.range.end;
    }
    match words.get(end) {
        Some(next) => {
            // An opening bracket or quote before the next word would stay open.
            let opening = [' ', '\n', '(', '\u{201c}', '\u{2018}', '\u{2013}', '\u{2014}'];
            push(text[at..next.range.start].trim_end_matches(opening), false);
            push(" \u{2026}", false);
        }
        None => push(text[at..].trim_end(), false),
    }
    parts
}
