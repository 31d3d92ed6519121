//! Phrases of `signals.toml`, prepared once, and where they end in a text.
//!
//! Invariant: a phrase is found within one sentence only.
//!
//! Never: points.

use super::words::{Class, Word, fold, words};
use std::collections::BTreeMap;

/// Most words that `..` passes over.
const GAP: usize = 4;

/// Words in their order.
#[derive(Debug, Clone)]
pub(super) struct Phrase(Vec<Piece>);

#[derive(Debug, Clone)]
enum Piece {
    Gap,
    Any,
    One(Vec<Form>),
    Maybe(Vec<Form>),
}

#[derive(Debug, Clone)]
pub(super) enum Form {
    Word(String),
    Prefix(String),
    Class(Class),
}

impl Phrase {
    pub fn new(text: &str, lists: &BTreeMap<String, Vec<String>>) -> Self {
        Self(text.split_whitespace().flat_map(|part| pieces(part, lists)).collect())
    }

    /// What the phrase may begin with; nothing if it may begin with any word.
    pub fn beginnings(&self) -> Option<Vec<&Form>> {
        let mut beginnings = Vec::new();
        for piece in &self.0 {
            match piece {
                Piece::Gap | Piece::Any => return None,
                Piece::One(forms) => {
                    beginnings.extend(forms);
                    break;
                }
                Piece::Maybe(forms) => beginnings.extend(forms),
            }
        }
        Some(beginnings)
    }

    /// Where the phrase ends if it stands at `at`.
    pub fn end(&self, text: &[Word], at: usize) -> Option<usize> {
        end(&self.0, text, at)
    }
}

/// One part of a phrase, as written between two spaces.
fn pieces(part: &str, lists: &BTreeMap<String, Vec<String>>) -> Vec<Piece> {
    match part {
        ".." => return vec![Piece::Gap],
        "ANY" => return vec![Piece::Any],
        _ => {}
    }
    if let Some(inner) = part.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return vec![Piece::Maybe(forms(inner, lists))];
    }
    let folded = words(&fold(part), &[]);
    let joined = part.contains(['|', '{']) || class(part).is_some();
    if joined || folded.len() < 2 {
        return vec![Piece::One(forms(part, lists))];
    }
    // `don't` and `外链` are several words to the reader of texts; a star belongs to the last.
    let mut pieces: Vec<Piece> = folded.into_iter().map(|word| Piece::One(vec![Form::Word(word.text)])).collect();
    if part.ends_with('*')
        && let Some(Piece::One(last)) = pieces.last_mut()
        && let Some(Form::Word(word)) = last.pop()
    {
        last.push(Form::Prefix(word));
    }
    pieces
}

fn forms(part: &str, lists: &BTreeMap<String, Vec<String>>) -> Vec<Form> {
    let listed = |name: &str| lists.get(name).into_iter().flatten().map(|word| form(word)).collect::<Vec<_>>();
    part.split('|')
        .flat_map(|one| match one.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => listed(name),
            None => vec![form(one)],
        })
        .collect()
}

fn form(word: &str) -> Form {
    match (class(word), word.strip_suffix('*')) {
        (Some(class), _) => Form::Class(class),
        (None, Some(stem)) => Form::Prefix(fold(stem)),
        (None, None) => Form::Word(fold(word)),
    }
}

fn class(word: &str) -> Option<Class> {
    Some(match word {
        "NUMBER" => Class::Number,
        "MONEY" => Class::Money,
        "PERCENT" => Class::Percent,
        "LINK" => Class::Link,
        "ADDRESS" => Class::Address,
        _ => return None,
    })
}

impl Form {
    fn fits(&self, word: &Word) -> bool {
        match self {
            Self::Word(text) => word.text == *text,
            Self::Prefix(stem) => word.class == Class::Word && word.text.starts_with(stem.as_str()),
            Self::Class(class) => word.class == *class,
        }
    }
}

/// Where the pieces end if they stand at `at`.
fn end(pieces: &[Piece], text: &[Word], at: usize) -> Option<usize> {
    let Some((piece, rest)) = pieces.split_first() else { return Some(at) };
    let word = text.get(at).filter(|word| word.class != Class::Stop);
    match piece {
        Piece::One(forms) => {
            word.filter(|word| forms.iter().any(|form| form.fits(word))).and_then(|_| end(rest, text, at + 1))
        }
        Piece::Any => word.and_then(|_| end(rest, text, at + 1)),
        Piece::Maybe(forms) => {
            let there = word.filter(|word| forms.iter().any(|form| form.fits(word)));
            there.and_then(|_| end(rest, text, at + 1)).or_else(|| end(rest, text, at))
        }
        Piece::Gap => {
            let passable = text[at..].iter().take(GAP).take_while(|word| word.class != Class::Stop).count();
            (0..=passable).find_map(|passed| end(rest, text, at + passed))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_found_as_its_signs_say() {
        let lists = BTreeMap::from([("helper".to_owned(), vec!["we".to_owned(), "team*".to_owned()])]);
        let table = [
            ("your site|website", "on YOUR   Website today", true),
            ("your site", "your. site", false),
            ("rank*", "Rankings", true),
            ("we .. practices", "we really do help small practices", true),
            ("we .. practices", "we really do like to help small practices", false),
            ("we .. practices", "we help. Practices", false),
            ("{helper} help", "our teams help", true),
            ("a (free) audit", "an audit, a audit", true),
            ("from MONEY", "from just $5", false),
            ("from (just) MONEY ANY month", "from just $5 a month", true),
            ("don't pay", "or you don’t pay", true),
            ("外链*", "谷歌外链代发", true),
            ("référence*", "le referencement", true),
        ];
        for (phrase, text, stands) in table {
            let (phrase, text) = (Phrase::new(phrase, &lists), words(&fold(text), &[]));
            let found = (0..text.len()).any(|at| phrase.end(&text, at).is_some());
            assert_eq!(found, stands, "{phrase:?} in {text:?}");
        }
    }
}
