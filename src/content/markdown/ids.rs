//! Fragment identifiers of headings.

use super::Kind;
use std::iter;

/// Ids in the template of every page and of its footnotes, which no heading may have.
const TEMPLATE_IDS: [&str; 4] = ["main", "crisis-heading", "search", "notes"];
/// The same for an article's template with the form.
const ARTICLE_IDS: [&str; 8] = ["questions", "sources", "name", "phone", "email", "times", "message", "consent"];

/// An identifier made from `text` that is not in `taken`, to which it is added.
pub(super) fn unique(text: &str, kind: Kind, taken: &mut Vec<String>) -> String {
    let is_in_article = |id: &str| {
        let number = id.strip_prefix("question-").map(str::parse::<usize>);
        kind == Kind::Article && (ARTICLE_IDS.contains(&id) || matches!(number, Some(Ok(_))))
    };
    let is_free = |id: &String| !TEMPLATE_IDS.contains(&&**id) && !is_in_article(id) && !taken.contains(id);
    let slug = slug(text);
    let numbered = (2..).map(|number: usize| format!("{slug}-{number}"));
    let id = iter::once(slug.clone()).chain(numbered).find(is_free).unwrap_or_default();
    taken.push(id.clone());
    id
}

/// Lowercase letters and digits, with one hyphen in place of everything between them.
fn slug(text: &str) -> String {
    let words: Vec<String> = text
        .replace(['\'', '\u{2019}'], "")
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    if words.is_empty() { "section".to_owned() } else { words.join("-") }
}
