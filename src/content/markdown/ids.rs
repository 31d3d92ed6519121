//! Fragment identifiers of headings.

use std::iter;

/// Ids in the templates of all pages with Markdown; a test compares both lists with the served pages.
pub const TEMPLATE_IDS: &str = "articles-heading crisis-heading facts-heading list-heading main notes topics-heading";
/// Further ids in the template of an article, with the form.
pub const ARTICLE_TEMPLATE_IDS: &str = "about-omit channel-email channel-hint channel-phone channel-text consent contents \
    contents-heading email email-hint email-private-hint email-private-no email-private-yes for-whom-child for-whom-couple \
    for-whom-family for-whom-hint for-whom-me for-whom-unsure invitation-heading message message-hint name name-hint phone \
    phone-hint questions reason-code related-heading sources takeaways-heading text-consent text-consent-hint times \
    times-hint voicemail-hint voicemail-named voicemail-none voicemail-unnamed";

/// An identifier made from `text` that neither the page's template nor `taken` has; it is added to `taken`.
pub(super) fn unique(text: &str, taken: &mut Vec<String>) -> String {
    let slug = slug(text);
    let numbered = (2..).map(|number: usize| format!("{slug}-{number}"));
    let is_free = |id: &String| TEMPLATE_IDS.split(' ').all(|other| other != id) && !taken.contains(id);
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
