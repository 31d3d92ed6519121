//! What a reader meant: each word with all that it may stand for.

use super::{Index, MOST_WORDS, text};
use foldhash::HashSet;

/// What the word itself counts, and what another word for it counts.
const ITSELF: f32 = 1.0;
const SAME: f32 = 0.65;
/// What a word counts beside what it is more likely a slip of, or beside other words for the phrase that it stands in.
const PART: f32 = 0.4;

/// A query as it was understood.
#[derive(Debug, Default)]
pub(super) struct Question {
    /// A word or phrase each: terms with what each counts.
    pub(super) wanted: Vec<Vec<(usize, f32)>>,
    /// The query with its slips put right.
    pub(super) read_as: Option<String>,
}

impl Question {
    /// Every term that is to be marked.
    pub(super) fn terms(&self) -> HashSet<usize> {
        self.wanted.iter().flatten().map(|(term, _)| *term).collect()
    }
}

/// A word of the query.
struct Typed {
    /// Its stem, or that of the word that it was a slip of.
    stem: String,
    /// What it counts for.
    terms: Vec<(usize, f32)>,
    /// The word that it was taken for, if it was a slip.
    meant: Option<String>,
}

impl Index {
    /// Reads a query; words that are not in the texts and like none of them are passed over.
    pub(super) fn understand(&self, query: &str) -> Question {
        let all: Vec<String> = text::words(query).map(|(_, word)| word).collect();
        let quiet = |word: &String| self.quiet.contains(word);
        let silent = all.iter().all(quiet);
        let loud: Vec<&String> = all.iter().filter(|word| silent || !quiet(word)).take(MOST_WORDS).collect();
        let typed: Vec<Typed> = loud.iter().map(|word| self.typed(word)).collect();
        let phrases = self.phrases(&all);
        let in_phrase = |stem: &String| phrases.iter().any(|(phrase, _)| phrase.contains(stem));
        let words = typed.iter().map(|typed| {
            let weight = if in_phrase(&typed.stem) { PART } else { ITSELF };
            let own = typed.terms.iter().map(|(term, counts)| (*term, counts * weight));
            own.chain(self.others(&typed.stem)).collect()
        });
        let others = phrases.iter().map(|(_, find)| find.iter().map(|term| (*term, ITSELF)).collect());
        Question { wanted: words.chain(others).collect(), read_as: read_as(&all, &loud, &typed) }
    }

    /// Entries of several words that the query has in their order.
    fn phrases(&self, words: &[String]) -> Vec<(Vec<String>, &[usize])> {
        let stems: Vec<String> = words.iter().map(|word| text::stem(word)).collect();
        let said = |phrase: &[String]| stems.windows(phrase.len()).any(|window| window == phrase);
        let several = self.same.iter().filter(|(phrase, _)| phrase.len() > 1 && said(phrase));
        several.map(|(phrase, find)| (phrase.clone(), find.as_slice())).collect()
    }

    /// Other words for one word.
    fn others(&self, stem: &str) -> Vec<(usize, f32)> {
        let entries = self.same.iter().filter(|(typed, _)| typed.len() == 1 && typed[0] == stem);
        entries.flat_map(|(_, find)| find.iter().map(|term| (*term, SAME))).collect()
    }

    fn typed(&self, word: &str) -> Typed {
        let stem = text::stem(word);
        let own = self.stems.get(&stem).copied();
        let likely = if self.words.contains_key(word) { Vec::new() } else { self.likely(word, own) };
        let own_counts = if likely.is_empty() { ITSELF } else { PART };
        let meant = likely.first().filter(|_| own.is_none()).map(|likely| likely.word.to_owned());
        let terms = own.map(|term| (term, own_counts)).into_iter();
        let terms = terms.chain(likely.iter().map(|likely| (likely.term, likely.counts))).collect();
        Typed { stem: meant.as_deref().map_or(stem, text::stem), terms, meant }
    }
}

/// The query with what was taken for its slips.
fn read_as(all: &[String], loud: &[&String], typed: &[Typed]) -> Option<String> {
    typed.iter().any(|typed| typed.meant.is_some()).then(|| {
        let meant = |word: &String| {
            let at = loud.iter().position(|loud| *loud == word);
            at.and_then(|at| typed[at].meant.clone()).unwrap_or_else(|| word.clone())
        };
        all.iter().map(meant).collect::<Vec<_>>().join(" ")
    })
}
