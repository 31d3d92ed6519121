//! Text to words: where each stands, how it is folded, and its stem.
//!
//! Invariant: the same word is folded the same way in a text and in a query.

use rust_stemmers::{Algorithm, Stemmer};
use std::ops::Range;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Each word of `text` with its place: letters and digits, an apostrophe inside.
pub(super) fn words(text: &str) -> impl Iterator<Item = (Range<usize>, String)> {
    let mut rest = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let start = loop {
            let (at, sign) = rest.next()?;
            if sign.is_alphanumeric() {
                break at;
            }
        };
        let mut end = text.len();
        while let Some((at, sign)) = rest.peek().copied() {
            if sign.is_alphanumeric() || (is_apostrophe(sign) && starts_with_letter(&text[at + sign.len_utf8()..])) {
                rest.next();
            } else {
                end = at;
                break;
            }
        }
        Some((start..end, fold(&text[start..end])))
    })
}

fn is_apostrophe(sign: char) -> bool {
    matches!(sign, '\'' | '\u{2019}')
}

fn starts_with_letter(text: &str) -> bool {
    text.chars().next().is_some_and(char::is_alphabetic)
}

/// Lower case, without accents and apostrophes; `partner's` is `partner`.
fn fold(word: &str) -> String {
    let bare = word.strip_suffix("'s").or_else(|| word.strip_suffix("\u{2019}s")).unwrap_or(word);
    if bare.bytes().all(|b| b.is_ascii_lowercase()) {
        return bare.to_owned();
    }
    let plain = bare.nfkd().filter(|sign| !is_combining_mark(*sign) && !is_apostrophe(*sign));
    plain.flat_map(char::to_lowercase).collect()
}

/// The stem of a folded word (Snowball's English).
pub(super) fn stem(word: &str) -> String {
    Stemmer::create(Algorithm::English).stem(word).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_and_keep_their_places() {
        let text = "Don\u{2019}t \u{201c}Zo\u{eb}\u{201d}, 24 partner\u{2019}s well-being's'";
        let found: Vec<(String, String)> = words(text).map(|(place, word)| (text[place].to_owned(), word)).collect();
        let expected = [
            ("Don\u{2019}t", "dont"),
            ("Zo\u{eb}", "zoe"),
            ("24", "24"),
            ("partner\u{2019}s", "partner"),
            ("well", "well"),
            ("being's", "being"),
        ];
        assert_eq!(found, expected.map(|(text, word)| (text.to_owned(), word.to_owned())));
    }
}
