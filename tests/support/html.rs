//! Served HTML, parsed like a browser.

use scraper::{ElementRef, Html, Selector};

/// A parsed page.
pub struct Dom(Html);

impl Dom {
    pub fn new(html: &str) -> Self {
        Self(Html::parse_document(html))
    }

    /// Parse errors that a validator would report.
    pub fn errors(&self) -> &[std::borrow::Cow<'static, str>] {
        &self.0.errors
    }

    pub fn all(&self, selector: &str) -> Vec<ElementRef<'_>> {
        self.0.select(&Selector::parse(selector).expect("a valid selector")).collect()
    }

    #[track_caller]
    pub fn one(&self, selector: &str) -> ElementRef<'_> {
        let found = self.all(selector);
        assert_eq!(found.len(), 1, "`{selector}` should be in the page once");
        found[0]
    }

    /// The text of the first match, white space collapsed.
    #[track_caller]
    pub fn text(&self, selector: &str) -> String {
        let found = self.all(selector);
        assert!(!found.is_empty(), "`{selector}` is missing");
        text(found[0])
    }

    /// One attribute of every match that has it.
    pub fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        self.all(selector).iter().filter_map(|element| element.value().attr(name)).map(str::to_owned).collect()
    }
}

/// Text of an element, white space collapsed.
pub fn text(element: ElementRef<'_>) -> String {
    element.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}
