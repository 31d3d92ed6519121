//! Words that an editor should look at again: `lint.toml`, kept by the clinic.

use super::{
    facts,
    fault::{Fault, Source},
};
use serde::Deserialize;
use std::path::Path;

/// The list; absent means that nothing is looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lint {
    #[serde(default)]
    word: Vec<Word>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Word {
    /// Whole words, in lower case.
    find: String,
    /// Why it should be looked at, and what to write instead.
    why: String,
}

impl Lint {
    pub(super) fn read(content: &Path, faults: &mut Vec<Fault>) -> Self {
        if !content.join("lint.toml").exists() {
            return Self::default();
        }
        facts::read(content, "lint.toml", faults).map(|(lint, _)| lint).unwrap_or_default()
    }

    /// Warns of each listed word in a file.
    pub(super) fn check(&self, source: &mut Source) {
        // ASCII folding keeps every place where it was.
        let text = source.text.to_ascii_lowercase();
        for word in &self.word {
            for (at, found) in text.match_indices(&word.find) {
                let end = at + found.len();
                let open = text[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
                let closed = text[end..].chars().next().is_none_or(|c| !c.is_alphanumeric());
                if open && closed {
                    source.warn(at..end, format!("`{found}` should be looked at again"), word.why.clone());
                }
            }
        }
    }
}
