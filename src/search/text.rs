//! Words of a text: positions, folded form, stem.
//!
//! Invariant: a word is folded the same way in a text and in a query.

use rust_stemmers::{Algorithm, Stemmer};
use std::{borrow::Cow, ops::Range};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Each word of `text` with its range: letters and digits, with apostrophes inside. (On prose with typographic quotes
/// the word boundaries of Unicode take five times as long.)
pub(super) fn words(text: &str) -> impl Iterator<Item = (Range<usize>, Cow<'_, str>)> {
    let mut end = 0;
    text.split_inclusive(|c: char| !c.is_alphanumeric() && !is_apostrophe(c)).filter_map(move |piece| {
        end += piece.len();
        let rest = piece.trim_start_matches(|c: char| !c.is_alphanumeric());
        let (start, word) = (end - rest.len(), rest.trim_end_matches(|c: char| !c.is_alphanumeric()));
        (!word.is_empty()).then(|| (start..start + word.len(), fold(word)))
    })
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}')
}

/// Lower case, without accents and apostrophes; `partner's` becomes `partner`.
fn fold(word: &str) -> Cow<'_, str> {
    let bare = word.strip_suffix("'s").or_else(|| word.strip_suffix("\u{2019}s")).unwrap_or(word);
    if bare.bytes().all(|b| b.is_ascii_lowercase()) {
        return bare.into();
    }
    let plain = bare.nfkd().filter(|c| !is_combining_mark(*c) && !is_apostrophe(*c));
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
    fn words_are_folded_and_keep_their_ranges() {
        let text = "Don\u{2019}t \u{201c}Zo\u{eb}\u{201d}, 24 partner\u{2019}s well-being's'";
        let found: Vec<(&str, Cow<'_, str>)> = words(text).map(|(range, word)| (&text[range], word)).collect();
        let expected = [
            ("Don\u{2019}t", "dont"),
            ("Zo\u{eb}", "zoe"),
            ("24", "24"),
            ("partner\u{2019}s", "partner"),
            ("well", "well"),
            ("being's", "being"),
        ];
        assert_eq!(found, expected.map(|(text, word)| (text, word.into())));
    }
}
