//! The spam rules (`signals.toml`): phrases, points and thresholds, as an editor writes them.
//!
//! Invariant: the thresholds are in order, circumstances alone never hold a post, signals that count have a limit, a
//! phrase has words, and every list that a phrase names exists.
//!
//! Never: scoring; `enquiry::signals` does that.

use serde::{Deserialize, Deserializer, de::Error as _};
use std::collections::{BTreeMap, BTreeSet};

/// Everything in `signals.toml`; deserializing checks the invariant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct SignalFacts {
    /// Score from which the mail to staff has a label.
    pub label: u32,
    /// Score from which a post is held until staff release it.
    pub hold: u32,
    /// Last line of the reasons; `{score}`, `{label}` and `{hold}` stand for the numbers.
    pub summary: String,
    /// The circumstances of a post.
    pub circumstances: CircumstanceFacts,
    /// The shape of a text, in any language.
    pub shape: ShapeFacts,
    /// Lists of single words; `{name}` in a phrase stands for any word of the list.
    pub words: BTreeMap<String, Vec<String>>,
    /// What is typical of a person who seeks help.
    pub relief: Relief,
    /// Points for an offer without a request for help.
    pub unasked: Unasked,
    /// Phrases that are typical of spam, by kind.
    #[serde(rename = "kind")]
    pub kinds: Vec<Kind>,
}

/// The circumstances of a post. They say nothing about its intent, so their sum is limited.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CircumstanceFacts {
    /// Maximum sum of their points; below [`SignalFacts::hold`].
    pub most: u32,
    /// The honeypot is filled; password managers do that too.
    pub honeypot: Signal,
    /// No token: no script, an old page, or a program.
    pub token_missing: Signal,
    /// A token that this site did not issue.
    pub token_foreign: Signal,
    /// Sent fewer than [`Signal::limit`] seconds after the token was issued.
    pub too_fast: Signal,
    /// `Sec-Fetch-Site` names another site.
    pub cross_site: Signal,
    /// `Sec-Fetch-Site` is absent or `none`; old browsers do not send it.
    pub no_site: Signal,
    /// At least [`Signal::limit`] other posts from the same address within an hour; addresses are shared.
    pub crowded: Signal,
    /// The same message came before.
    pub repeated: Signal,
}

/// The shape of a text: links, markup, repetition, random letters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShapeFacts {
    /// Top-level domains with which `shop.com` is a web address without `www.`. None may be a word of a language, since
    /// a space after a period is often forgotten.
    pub endings: Vec<String>,
    /// First words of a closing line; what follows is a signature and is not scored.
    pub closings: Vec<String>,
    /// The name is a web address.
    pub name_is_link: Signal,
    /// `BBCode` or HTML links.
    pub markup: Signal,
    /// At least [`Signal::limit`] web addresses.
    pub links: Signal,
    /// At least [`Signal::limit`] web addresses, in addition to `links`.
    pub many_links: Signal,
    /// Fewer than [`Signal::limit`] other words for each web address.
    pub bare_links: Signal,
    /// The name stands in another field, or twice in the message, word for word.
    pub same_text: Signal,
    /// The honeypot repeats the message.
    pub stuffed: Signal,
    /// At least half of the words are random letters.
    pub gibberish: Signal,
    /// The telephone number has fewer than three different digits.
    pub odd_phone: Signal,
}

/// A property of a post, and its points.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// Threshold of the signals that count something (see each); 0 for the others.
    #[serde(default)]
    pub limit: u32,
    /// Points added to the score.
    pub points: u32,
    /// The reason that staff read.
    pub reason: String,
}

/// What is typical of a person who seeks help. Its points are few, since spam may imitate it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relief {
    /// Maximum number of points that are subtracted.
    pub most: u32,
    /// The kinds whose points are subtracted.
    #[serde(rename = "kind")]
    pub kinds: Vec<Kind>,
}

/// An offer without a request for help.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unasked {
    /// A text is an offer from this many points of the kinds.
    pub from: u32,
    /// It counts only up to this many points of relief.
    pub despite: u32,
    /// The most common English words; the length of a text is counted in them.
    pub common: BTreeSet<String>,
    /// Additional points for long texts; only the first that applies counts.
    pub long: Vec<Long>,
    /// Points added to the score.
    pub points: u32,
    /// The reason that staff read.
    pub reason: String,
}

/// A length at which a request for help is expected.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Long {
    /// A text is long from this many common words.
    pub limit: u32,
    /// It counts only up to this many points of relief.
    pub despite: u32,
    /// Points added to the score.
    pub points: u32,
    /// The reason that staff read.
    pub reason: String,
}

/// Phrases with the same intent.
///
/// A phrase is words in this order within one sentence; accents, capitals and punctuation are ignored. `word*` is any
/// word with this prefix, `a|b` either, `(a)` is optional, `..` up to four words, `ANY` one word (in parentheses: the
/// word `any`), `{list}` a word of a list; `NUMBER`, `MONEY`, `PERCENT`, `LINK` and `ADDRESS` are classes of words.
/// Scripts without spaces are written without.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// The name of the kind, for editors; not shown to staff.
    pub name: String,
    /// The reason that staff read.
    pub reason: String,
    /// The field that is searched.
    #[serde(default)]
    pub within: Within,
    /// Relief is not subtracted from its points, since such posts imitate clients.
    #[serde(default)]
    pub stands: bool,
    /// Points of each phrase.
    pub points: u32,
    /// Maximum number of points of the kind.
    pub most: u32,
    /// Single words, separated by white space; each counts like a phrase.
    #[serde(default)]
    pub words: String,
    /// Each counts once. A word that one phrase matched does not count for another, in any kind.
    #[serde(default)]
    pub phrases: Vec<String>,
    /// Unambiguous phrases: they count twice.
    #[serde(default)]
    pub clear: Vec<String>,
}

/// The field in which a phrase is searched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Within {
    /// The message and the good times.
    #[default]
    Message,
    /// The name.
    Name,
}

impl<'de> Deserialize<'de> for SignalFacts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // `remote = "Self"` makes the derived code an inherent function, so that the check needs no second struct.
        let facts = Self::deserialize(deserializer)?;
        match facts.fault() {
            Some(fault) => Err(D::Error::custom(fault)),
            None => Ok(facts),
        }
    }
}

impl SignalFacts {
    /// How the file breaks the invariant, and what to do.
    fn fault(&self) -> Option<String> {
        if self.label == 0 || self.label >= self.hold {
            return Some("`label` must be at least 1 and below `hold`".to_owned());
        }
        if self.circumstances.most >= self.hold {
            return Some("`circumstances.most` must be below `hold`: circumstances alone never hold a post".to_owned());
        }
        let (around, shape) = (&self.circumstances, &self.shape);
        let counted = [&around.too_fast, &around.crowded, &shape.links, &shape.many_links, &shape.bare_links];
        if counted.iter().any(|signal| signal.limit == 0) {
            return Some(
                "`too_fast`, `crowded` and the three signals of `links` need a `limit` of at least 1".to_owned(),
            );
        }
        let phrases = || self.kinds.iter().chain(&self.relief.kinds).flat_map(|k| k.phrases.iter().chain(&k.clear));
        if let Some(phrase) = phrases().find(|phrase| !phrase.contains(char::is_alphabetic)) {
            return Some(format!("phrase `{phrase}` has no words: write some or remove it"));
        }
        let unknown = |phrase: &&String| named_lists(phrase).any(|list| !self.words.contains_key(list));
        let phrase = phrases().find(unknown)?;
        Some(format!("phrase `{phrase}` names a list that is not in [words]: add the list or correct its name"))
    }
}

/// The list names in braces.
fn named_lists(phrase: &str) -> impl Iterator<Item = &str> {
    phrase.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(list, _)| list)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = include_str!("../../content/signals.toml");

    #[test]
    fn the_shipped_file_is_valid() {
        toml::from_str::<SignalFacts>(FILE).unwrap();
    }

    #[test]
    fn a_faulty_file_is_refused_with_the_fault() {
        let table = [
            ("hold = 20", "hold = 2", "below `hold`"),
            ("hold = 20", "hold = 20\nholds = 3", "unknown field `holds`"),
            ("hold = 20", "hold = \"many\"", "invalid type"),
            ("links = { limit = 2, ", "links = { ", "need a `limit`"),
            ("most = 4 #", "most = 50 #", "never hold"),
            ("phrases = [", "phrases = [\"{nobody} knows\",", "`{nobody} knows` names a list"),
            ("phrases = [", "phrases = [\" .. \",", "has no words"),
        ];
        for (from, to, words) in table {
            assert!(FILE.contains(from), "the file has changed: {from}");
            let error = toml::from_str::<SignalFacts>(&FILE.replacen(from, to, 1)).unwrap_err();
            assert!(error.to_string().contains(words), "{to}: {error}");
        }
    }
}
