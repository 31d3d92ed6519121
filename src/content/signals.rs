//! The word lists and weights by which an enquiry is judged (`signals.toml`), as an editor writes them.
//!
//! Invariant: the thresholds are in order, circumstances alone never hold a post, a phrase has words, and every list
//! that a phrase names exists.
//!
//! Never: matching; `enquiry::signals` does that.

use serde::{Deserialize, Deserializer, de::Error as _};
use std::collections::{BTreeMap, BTreeSet};

/// Everything in `signals.toml`. Reading it with serde checks it whole; nothing has a default.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct SignalFacts {
    /// Points from which staff see a label.
    pub label: u32,
    /// Points from which a post is kept back until staff release it.
    pub hold: u32,
    /// Last line of the reasons; `{score}`, `{label}` and `{hold}` stand for the numbers.
    pub summary: String,
    /// What surrounds a post.
    pub circumstances: CircumstanceFacts,
    /// What a text looks like, whatever it says.
    pub shape: ShapeFacts,
    /// Lists of single words; `{name}` in a phrase stands for any word of the list.
    pub words: BTreeMap<String, Vec<String>>,
    /// What speaks for a person who seeks help.
    pub relief: Relief,
    /// Points for a text that sounds like a pitch and in which nobody seeks help.
    pub unasked: Unasked,
    /// What a text says, by kind.
    #[serde(rename = "kind")]
    pub kinds: Vec<Kind>,
}

/// What surrounds a post. None of it says what somebody wants, so all of it together has a ceiling.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CircumstanceFacts {
    /// Most points that circumstances give together; below [`SignalFacts::hold`].
    pub most: u32,
    /// The field that nobody sees is filled; password managers do that too.
    pub honeypot: Signal,
    /// No token: no script, an old page, or a program.
    pub token_missing: Signal,
    /// A token that this site never gave out.
    pub token_foreign: Signal,
    /// Sent fewer than [`Signal::limit`] seconds after the form was given out.
    pub too_fast: Signal,
    /// The browser says that the post came from another site.
    pub cross_site: Signal,
    /// The post does not say which page it came from; old browsers do not either.
    pub no_site: Signal,
    /// At least [`Signal::limit`] other posts from the same address within an hour; addresses are shared.
    pub crowded: Signal,
    /// The same message came lately.
    pub repeated: Signal,
}

/// What a text looks like.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShapeFacts {
    /// Last parts of names that make `shop.com` a web address without `www.`; words of a language are no use here, since
    /// a space after a full stop is often forgotten.
    pub endings: Vec<String>,
    /// First words of a line that closes a letter; short business lines below it are a signature and are not judged.
    pub closings: Vec<String>,
    /// The name is a web address.
    pub name_is_link: Signal,
    /// `BBCode` or HTML links.
    pub markup: Signal,
    /// At least [`Signal::limit`] web addresses.
    pub links: Signal,
    /// At least [`Signal::limit`] web addresses: counts beside `links`.
    pub many_links: Signal,
    /// Fewer than [`Signal::limit`] words to each web address.
    pub bare_links: Signal,
    /// The name stands in another field, or twice in the message, word for word.
    pub same_text: Signal,
    /// The hidden field repeats the message.
    pub stuffed: Signal,
    /// At least half of the words are letters in no order.
    pub gibberish: Signal,
}

/// Something about a post that may be true.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// The number that some signals compare with; what it counts is said with each of them.
    #[serde(default)]
    pub limit: u32,
    /// What it adds to the score.
    pub points: u32,
    /// The reason that staff read.
    pub reason: String,
}

/// What speaks for a person who seeks help. Little, since a pitch may pretend it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relief {
    /// Most points that are taken off together.
    pub most: u32,
    /// The kinds; their points are taken off.
    #[serde(rename = "kind")]
    pub kinds: Vec<Kind>,
}

/// A pitch without anybody who seeks help.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unasked {
    /// Points of the kinds from which it counts.
    pub from: u32,
    /// Points of relief up to which it counts.
    pub despite: u32,
    /// The commonest words of the language that the rules read best.
    pub common: BTreeSet<String>,
    /// What a long letter of that kind gets beside; the first that fits counts.
    pub long: Vec<Long>,
    /// What it adds to the score.
    pub points: u32,
    /// In words that staff understand.
    pub reason: String,
}

/// A letter so long that whoever seeks help would have said so.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Long {
    /// Common words from which a letter is long.
    pub limit: u32,
    /// Points of relief up to which it counts.
    pub despite: u32,
    /// What it adds to the score.
    pub points: u32,
    /// In words that staff understand.
    pub reason: String,
}

/// A kind of thing that a text says: phrases that mean the same to the reader.
///
/// A phrase is words in their order within one sentence; accents, capitals and punctuation do not count. `word*` is any
/// word that begins so, `a|b` either, `(a)` may be absent, `..` up to four words, `ANY` one word, `{list}` a word of a
/// list; `NUMBER`, `MONEY`, `PERCENT`, `LINK` and `ADDRESS` are what they say. Scripts without spaces are written
/// without.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// For editors.
    pub name: String,
    /// In words that staff understand.
    pub reason: String,
    /// Where to look.
    #[serde(default)]
    pub within: Within,
    /// What speaks for a person does not lift it: it is how one pretends to be a client.
    #[serde(default)]
    pub stands: bool,
    /// Points of each phrase.
    pub points: u32,
    /// Most points of the kind.
    pub most: u32,
    /// Single words with spaces between; each counts like a phrase.
    #[serde(default)]
    pub words: String,
    /// Phrases; each counts once, and what one has matched no other matches again, in whatever kind.
    #[serde(default)]
    pub phrases: Vec<String>,
    /// Phrases that hardly mean anything else: they count twice.
    #[serde(default)]
    pub clear: Vec<String>,
}

/// See [`Kind::within`].
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
        // `remote = "Self"` makes an inherent function of the derived reader, so that the check has no second struct.
        let facts = Self::deserialize(deserializer)?;
        match facts.fault() {
            Some(fault) => Err(D::Error::custom(fault)),
            None => Ok(facts),
        }
    }
}

impl SignalFacts {
    /// What contradicts the invariant, and what to do.
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
            return Some(format!("phrase `{phrase}` has no words: write some or take it out"));
        }
        let unknown = |phrase: &&String| named_lists(phrase).any(|list| !self.words.contains_key(list));
        let phrase = phrases().find(unknown)?;
        Some(format!("phrase `{phrase}` names a list that is not in [words]: add the list or mend its name"))
    }
}

/// The names in braces.
fn named_lists(phrase: &str) -> impl Iterator<Item = &str> {
    phrase.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(list, _)| list)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = include_str!("../../content/signals.toml");

    #[test]
    fn the_file_of_the_clinic_is_sound() {
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
