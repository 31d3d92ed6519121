//! Phrases of `signals.toml`, prepared once, and where they stand in a text.
//!
//! Invariant: a phrase is found within one sentence only. What one phrase has matched, no other phrase matches again, so
//! that `seo` and `seo package` do not both count, nor one word for two kinds.
//!
//! Never: points of anything but phrases.

use super::words::{Class, Word, fold, words};
use crate::content::signals as facts;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Most words that `..` passes over.
const GAP: usize = 4;

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
                    && let Some(end) = end(&phrase.0, text, at)
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
        for piece in &phrase.0 {
            match piece {
                Piece::Gap | Piece::Any => return self.any.push(at),
                Piece::One(forms) => return forms.iter().for_each(|form| self.add_form(at, form)),
                Piece::Maybe(forms) => forms.iter().for_each(|form| self.add_form(at, form)),
            }
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

/// Words in their order.
#[derive(Debug, Clone)]
struct Phrase(Vec<Piece>);

#[derive(Debug, Clone)]
enum Piece {
    Gap,
    Any,
    One(Vec<Form>),
    Maybe(Vec<Form>),
}

#[derive(Debug, Clone)]
enum Form {
    Word(String),
    Prefix(String),
    Class(Class),
}

impl Phrase {
    fn new(text: &str, lists: &BTreeMap<String, Vec<String>>) -> Self {
        Self(text.split_whitespace().flat_map(|part| pieces(part, lists)).collect())
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
            let kinds = Kinds::new(&[kind(2, &[phrase], &[])], &lists);
            let found = kinds.found(&words(&fold(text), &[]), |_| true);
            assert_eq!(!found.is_empty(), stands, "{phrase} in {text}");
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
