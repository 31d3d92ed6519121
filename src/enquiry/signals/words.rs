//! Splits a text into folded words, numbers, amounts of money, web addresses and ends of sentences.
//!
//! Invariant: capitals, accents and widths are folded (NFKD without marks), and in a script without spaces each
//! character is a word, so that a phrase in it is found inside a sentence.
//!
//! Never: points.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Longest host name or mail address (RFC 5321, 4.5.3.1), so that each word looks ahead no further.
const MAX_HOST: usize = 254;

/// The class of a [`Word`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Class {
    Word,
    Number,
    Money,
    Percent,
    Link,
    Address,
    /// The end of a sentence or paragraph; a phrase never crosses it.
    Stop,
}

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub class: Class,
    pub text: String,
}

/// Small letters without accents, widths and ligatures; the dotless i becomes an i.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            folded.push(c.to_ascii_lowercase());
        } else {
            // Marks are removed, so their order, which is all that NFKD would add, does not matter.
            decompose_compatible(c, |part| {
                let letters = part.to_lowercase().filter(|&c| !is_combining_mark(c));
                folded.extend(letters.map(|c| if c == 'ı' { 'i' } else { c }));
            });
        }
    }
    folded
}

/// The folded words of a text. `endings` are the top-level domains of web addresses without `www.`.
pub(super) fn words(text: &str, endings: &[String]) -> Vec<Word> {
    let folded = fold(text);
    let mut words = Vec::new();
    let mut rest = folded.as_str();
    while let Some(first) = rest.chars().next() {
        let (class, length) = next(rest, first, endings);
        if let Some(class) = class {
            push(&mut words, Word { class, text: rest[..length].to_owned() });
        }
        rest = &rest[length..];
    }
    words
}

/// Adds a word. A number beside the name of a currency (`USD 500`, `500 dollars`) becomes an amount of money.
fn push(words: &mut Vec<Word>, word: Word) {
    let is_currency =
        |text: &str| ["usd", "eur", "gbp", "dollar", "dollars", "euro", "euros", "bucks", "dolares"].contains(&text);
    match words.last_mut() {
        Some(last) if last.class == Class::Number && is_currency(&word.text) => last.class = Class::Money,
        Some(last) if word.class == Class::Number && is_currency(&last.text) => {
            *last = Word { class: Class::Money, ..word };
        }
        _ => words.push(word),
    }
}

/// The class and the length in bytes of what `rest` begins with; no class for what is skipped.
fn next(rest: &str, first: char, endings: &[String]) -> (Option<Class>, usize) {
    if ["http://", "https://", "www."].iter().any(|start| rest.starts_with(start)) {
        return (Some(Class::Link), run(rest, |c| c.is_ascii_graphic() && !"\"'<>[]()|".contains(c)));
    }
    if first.is_ascii_alphanumeric()
        && let Some(found) = dotted(rest, endings)
    {
        return found;
    }
    if is_currency(first) {
        let after = rest[first.len_utf8()..].trim_start();
        if after.starts_with(|c: char| c.is_ascii_digit()) {
            return (Some(Class::Money), rest.len() - after.len() + amount(after));
        }
    }
    if first.is_numeric() {
        return number(rest, first);
    }
    if first.is_alphabetic() {
        let length = run(rest, |c| c.is_alphanumeric() && !is_word_by_itself(c));
        return (Some(Class::Word), length.max(first.len_utf8()));
    }
    let ends = matches!(first, '.' | '!' | '?' | ';' | '|' | '。' | '।' | '؟' | '،') || rest.starts_with("\n\n");
    (ends.then_some(Class::Stop), first.len_utf8())
}

/// A mail address or a bare web address.
fn dotted(rest: &str, endings: &[String]) -> Option<(Option<Class>, usize)> {
    let belongs = |c: char| c.is_ascii_alphanumeric() || "@._+-".contains(c);
    let length = rest.chars().take(MAX_HOST + 1).take_while(|c| belongs(*c)).count();
    let host = rest[..length].trim_end_matches(['.', '-', '+', '_']);
    let (_, ending) = host.rsplit_once('.').filter(|_| length <= MAX_HOST)?;
    if !host.contains('@') && !endings.iter().any(|known| known == ending) {
        return None;
    }
    let whole = rest[..run(rest, |c| belongs(c) || c == '/')].trim_end_matches(['.', '/', '-', '+', '_']);
    let class = if host.contains('@') { Class::Address } else { Class::Link };
    Some((Some(class), whole.len()))
}

fn number(rest: &str, first: char) -> (Option<Class>, usize) {
    let length = amount(rest).max(first.len_utf8());
    match rest[length..].trim_start_matches(' ').chars().next() {
        Some('%') => (Some(Class::Percent), length),
        Some(c) if is_currency(c) && rest[length..].starts_with(c) => (Some(Class::Money), length + c.len_utf8()),
        _ => (Some(Class::Number), length),
    }
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// Digits with their dots and commas, and letters after them (`50k`, `1st`).
fn amount(text: &str) -> usize {
    let length = run(text, |c| c.is_alphanumeric() && !is_word_by_itself(c) || matches!(c, '.' | ',' | ':'));
    text[..length].trim_end_matches(['.', ',', ':']).len()
}

fn is_currency(c: char) -> bool {
    matches!(c, '$' | '€' | '£' | '¥' | '₹' | '₽' | '₩')
}

/// Characters of scripts without spaces between words: Thai to Khmer, kana, Han.
fn is_word_by_itself(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}'
        | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{20000}'..='\u{323AF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_into_words_in_any_spelling_and_script() {
        use Class::{Address, Link, Money, Number, Percent, Stop, Word as W};
        let table: [(&str, &[(Class, &str)]); 9] = [
            ("Votre RÉFÉRENCEMENT!", &[(W, "votre"), (W, "referencement"), (Stop, "!")]),
            ("we're at (www.a.com/x).", &[(W, "we"), (W, "re"), (W, "at"), (Link, "www.a.com/x"), (Stop, ".")]),
            ("shop.com/a, me@b.org", &[(Link, "shop.com/a"), (Address, "me@b.org")]),
            ("so sad.And", &[(W, "so"), (W, "sad"), (Stop, "."), (W, "and")]),
            ("$1,500 or 20k", &[(Money, "$1,500"), (W, "or"), (Number, "20k")]),
            ("50 dollars, USD 5, 3.5%", &[(Money, "50"), (Money, "5"), (Percent, "3.5")]),
            ("谷歌SEO", &[(W, "谷"), (W, "歌"), (W, "seo")]),
            ("10:30 1st", &[(Number, "10:30"), (Number, "1st")]),
            ("a\nb\n\nc", &[(W, "a"), (W, "b"), (Stop, "\n"), (W, "c")]),
        ];
        for (text, expected) in table {
            let found = words(text, &["com".to_owned()]);
            let found: Vec<(Class, &str)> = found.iter().map(|word| (word.class, word.text.as_str())).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
