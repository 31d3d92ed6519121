//! How readers' words are understood (`search.toml`), as an editor writes it.
//!
//! Never: searching; `search` does that.

use serde::Deserialize;

/// Everything in `search.toml`; absent means that readers must type our own words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchFacts {
    /// Words that say nothing about what is looked for.
    #[serde(default)]
    pub quiet: Vec<String>,
    /// Other words for the same thing.
    #[serde(default)]
    pub same: Vec<Same>,
}

/// Whoever types one of these also finds one of those.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Same {
    /// A word, or a few in their order.
    pub typed: Vec<String>,
    /// Words that stand in the texts; of several together, each counts.
    pub find: Vec<String>,
}
