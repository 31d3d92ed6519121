//! The phrases of `signals.toml`, prepared once, and the points for those that a text contains.
//!
//! Invariant: a phrase is found within one sentence only, and each word counts for one phrase only: where phrases
//! overlap, the one with the most points wins, so that `seo` and `seo package` do not both count.
//!
//! Never: points for anything but phrases.

use super::Finding;
use super::words::{Class, Word, fold, words};
use crate::content::signals as facts;
use foldhash::HashMap;
use std::{collections::BTreeMap, ops::Range, sync::Arc};

/// Maximum number of words that `..` skips.
const GAP: usize = 4;

/// Kinds of phrases, indexed by how each phrase may begin, so that a text is read once and not once for each phrase.
#[derive(Debug, Clone, Default)]
pub(super) struct PhraseIndex {
    /// Maximum number of points, and the reason, of each kind.
    limits: Vec<(u32, String)>,
    phrases: Vec<Phrase>,
    words: HashMap<String, Vec<usize>>,
    prefixes: HashMap<String, Vec<usize>>,
    /// Length in bytes of the longest of [`Self::prefixes`].
    longest_prefix: usize,
    classes: HashMap<Class, Vec<usize>>,
    any: Vec<usize>,
}

#[derive(Debug, Clone)]
struct Phrase {
    parts: Vec<Part>,
    /// Index into [`PhraseIndex::limits`].
    kind: usize,
    points: u32,
}

#[derive(Debug, Clone)]
enum Part {
    Gap,
    One { forms: Vec<Form>, optional: bool },
}

/// What one word may be.
#[derive(Debug, Clone)]
enum Form {
    Any,
    Word(String),
    Prefix(String),
    Class(Class),
    /// One of a list, which all phrases with its name share.
    List(Arc<[Form]>),
}

/// The forms that `{name}` stands for.
type Lists<'a> = BTreeMap<&'a str, Arc<[Form]>>;

impl PhraseIndex {
    /// Prepares the phrases of `kinds`; `lists` are the words that `{name}` stands for.
    pub fn new<'a>(kinds: impl IntoIterator<Item = &'a facts::Kind>, lists: &BTreeMap<String, Vec<String>>) -> Self {
        let lists = prepare(lists);
        let mut all = Self::default();
        for kind in kinds {
            let plain = kind.phrases.iter().map(String::as_str).chain(kind.words.split_whitespace());
            let clear = kind.clear.iter().map(|phrase| (phrase.as_str(), 2 * kind.points));
            for (phrase, points) in plain.map(|phrase| (phrase, kind.points)).chain(clear) {
                all.add(Phrase { parts: parse(phrase, &lists), kind: all.limits.len(), points });
            }
            all.limits.push((kind.most, kind.reason.clone()));
        }
        all
    }

    fn add(&mut self, phrase: Phrase) {
        for form in beginnings(&phrase.parts) {
            let index = match form {
                Form::Any | Form::List(_) => &mut self.any,
                Form::Class(class) => self.classes.entry(*class).or_default(),
                Form::Word(word) => self.words.entry(word.clone()).or_default(),
                Form::Prefix(prefix) => {
                    self.longest_prefix = self.longest_prefix.max(prefix.len());
                    self.prefixes.entry(prefix.clone()).or_default()
                }
            };
            index.push(self.phrases.len());
        }
        self.phrases.push(phrase);
    }

    /// Points and reason of each kind of which the text contains a phrase. Each phrase counts once.
    pub fn found(&self, text: &[Word]) -> Vec<Finding<'_>> {
        let mut places = self.places(text);
        places.sort_by_key(|(phrase, place)| std::cmp::Reverse((phrase.points, place.len())));
        let mut sums = vec![0; self.limits.len()];
        let mut taken: Vec<Range<usize>> = Vec::new();
        for (phrase, place) in places {
            if taken.iter().all(|other| place.end <= other.start || other.end <= place.start) {
                sums[phrase.kind] += phrase.points;
                taken.push(place);
            }
        }
        let sums = self.limits.iter().zip(sums).filter(|(_, points)| *points > 0);
        sums.map(|((most, reason), points)| (points.min(*most), reason.as_str())).collect()
    }

    /// The first place of each phrase that the text contains.
    fn places(&self, text: &[Word]) -> Vec<(&Phrase, Range<usize>)> {
        let mut seen = vec![false; self.phrases.len()];
        let mut places = Vec::new();
        for (at, word) in text.iter().enumerate() {
            for candidate in self.candidates(word) {
                let phrase = &self.phrases[candidate];
                if !seen[candidate]
                    && let Some(end) = end(&phrase.parts, text, at)
                {
                    seen[candidate] = true;
                    places.push((phrase, at..end));
                }
            }
        }
        places
    }

    /// The phrases that may begin with `word`.
    fn candidates<'a>(&'a self, word: &'a Word) -> impl Iterator<Item = usize> + 'a {
        let ends = word.text.char_indices().map(|(at, c)| at + c.len_utf8());
        let prefixes =
            ends.take_while(|end| *end <= self.longest_prefix).filter_map(|end| self.prefixes.get(&word.text[..end]));
        let whole = self.words.get(&word.text).into_iter().chain(self.classes.get(&word.class));
        whole.chain(prefixes).chain([&self.any]).flatten().copied()
    }
}

fn prepare(lists: &BTreeMap<String, Vec<String>>) -> Lists<'_> {
    lists.iter().map(|(name, words)| (name.as_str(), words.iter().map(|word| form(word)).collect())).collect()
}

/// The parts of a phrase as [`facts::Kind`] describes them.
fn parse(phrase: &str, lists: &Lists<'_>) -> Vec<Part> {
    phrase.split_whitespace().flat_map(|written| parts(written, lists)).collect()
}

/// The part or parts that are written between two spaces.
fn parts(written: &str, lists: &Lists<'_>) -> Vec<Part> {
    let one = |forms, optional| Part::One { forms, optional };
    if let Some(inner) = written.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return vec![one(forms(inner, lists), true)];
    }
    let mut several = words(written, &[]);
    match written {
        ".." => vec![Part::Gap],
        "ANY" => vec![one(vec![Form::Any], false)],
        _ if several.len() < 2 || written.contains(['|', '{']) => vec![one(forms(written, lists), false)],
        _ => {
            // `don't` and `外链` are several words; a star belongs to the last.
            let prefix = if written.ends_with('*') { several.pop() } else { None };
            let words = several.into_iter().map(|word| Form::Word(word.text));
            let forms = words.chain(prefix.map(|word| Form::Prefix(word.text)));
            forms.map(|form| one(vec![form], false)).collect()
        }
    }
}

fn forms(written: &str, lists: &Lists<'_>) -> Vec<Form> {
    let one = |word: &str| match word.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(name) => lists.get(name).map(|list| Form::List(Arc::clone(list))),
        None => Some(form(word)),
    };
    written.split('|').filter_map(one).collect()
}

fn form(word: &str) -> Form {
    match word {
        "NUMBER" => Form::Class(Class::Number),
        "MONEY" => Form::Class(Class::Money),
        "PERCENT" => Form::Class(Class::Percent),
        "LINK" => Form::Class(Class::Link),
        "ADDRESS" => Form::Class(Class::Address),
        _ => word.strip_suffix('*').map_or_else(|| Form::Word(fold(word)), |prefix| Form::Prefix(fold(prefix))),
    }
}

/// What the first word of a phrase may be.
fn beginnings(parts: &[Part]) -> Vec<&Form> {
    let mut beginnings = Vec::new();
    for part in parts {
        match part {
            Part::Gap => beginnings.push(&Form::Any),
            Part::One { forms, .. } => beginnings.extend(forms.iter().flat_map(Form::single)),
        }
        if !matches!(part, Part::One { optional: true, .. }) {
            break;
        }
    }
    beginnings
}

impl Form {
    /// The forms of a list, or the form itself.
    fn single(&self) -> &[Self] {
        if let Self::List(forms) = self { forms } else { std::slice::from_ref(self) }
    }

    fn fits(&self, word: &Word) -> bool {
        match self {
            Self::Any => true,
            Self::Word(text) => word.text == *text,
            Self::Prefix(prefix) => word.class == Class::Word && word.text.starts_with(prefix.as_str()),
            Self::Class(class) => word.class == *class,
            Self::List(forms) => forms.iter().any(|form| form.fits(word)),
        }
    }
}

/// Where the parts end if they begin at `at`.
fn end(parts: &[Part], text: &[Word], at: usize) -> Option<usize> {
    let Some((part, rest)) = parts.split_first() else { return Some(at) };
    let Part::One { forms, optional } = part else {
        let gap = text[at..].iter().take(GAP).take_while(|word| word.class != Class::Stop).count();
        return (at..=at + gap).find_map(|at| end(rest, text, at));
    };
    let word = text.get(at).filter(|word| word.class != Class::Stop);
    let found = word.filter(|word| forms.iter().any(|form| form.fits(word))).and_then(|_| end(rest, text, at + 1));
    if *optional { found.or_else(|| end(rest, text, at)) } else { found }
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
    fn a_word_counts_for_one_phrase_only() {
        let kinds = PhraseIndex::new(&[kind(2, &["seo", "seo package", "rank"], &["backlink*"])], &BTreeMap::new());
        let points = |text: &str| kinds.found(&words(text, &[]))[0].0;
        assert_eq!(points("seo package"), 2);
        assert_eq!(points("seo, rank"), 4);
        assert_eq!(points("backlinks"), 4, "a clear phrase counts twice");
        assert_eq!(points("seo, rank, backlinks"), 7, "the limit of the kind");
    }

    #[test]
    fn each_part_of_a_phrase_matches_what_its_syntax_says() {
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
            let (phrase, text) = (parse(phrase, &prepare(&lists)), words(text, &[]));
            let found = (0..text.len()).any(|at| end(&phrase, &text, at).is_some());
            assert_eq!(found, stands, "{phrase:?} in {text:?}");
        }
    }
}
