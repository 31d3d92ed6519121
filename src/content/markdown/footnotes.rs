//! Footnotes: numbered by first use, listed at the end of the text, with links in both directions (DPUB-ARIA roles).
//!
//! Their ids have an underscore, which no id of a heading has.

use super::SourceFile;
use pulldown_cmark::{Event, TagEnd};
use std::ops::Range;

/// The footnotes of a text.
#[derive(Debug, Default)]
pub(super) struct Footnotes<'t> {
    /// Names in the order of their first use, with that place and the number of uses.
    used: Vec<(String, Range<usize>, usize)>,
    defined: Vec<(String, Range<usize>, Vec<Event<'t>>)>,
    open: Option<(String, Range<usize>, usize)>,
}

impl<'t> Footnotes<'t> {
    /// The mark in the text, linked to the note.
    pub(super) fn mark(&mut self, name: &str, span: Range<usize>) -> Event<'t> {
        let name = name.to_lowercase();
        let index = self.used.iter().position(|(used, ..)| *used == name).unwrap_or_else(|| {
            self.used.push((name, span, 0));
            self.used.len() - 1
        });
        self.used[index].2 += 1;
        let (number, use_) = (index + 1, self.used[index].2);
        let id = if use_ == 1 { format!("note_{number}_mark") } else { format!("note_{number}_mark_{use_}") };
        let mark = format!(
            "<sup class=\"footnote-mark\"><a href=\"#note_{number}\" id=\"{id}\" role=\"doc-noteref\" aria-label=\"Note {number}\">{number}</a></sup>"
        );
        Event::InlineHtml(mark.into())
    }

    /// Starts a definition; its events are those from `at` on.
    pub(super) fn start(&mut self, name: &str, span: Range<usize>, at: usize) {
        self.open = Some((name.to_lowercase(), span, at));
    }

    /// Whether a definition is open.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Ends the open definition; moves its events out of those of the text.
    pub(super) fn end(&mut self, events: &mut Vec<Event<'t>>) {
        if let Some((name, span, first)) = self.open.take() {
            self.defined.push((name, span, events.split_off(first)));
        }
    }

    /// The events of the list at the end. A mark without a definition is an error, a definition without a mark a warning.
    pub(super) fn finish(self, source: &mut SourceFile) -> Vec<Event<'t>> {
        for (name, span, _) in &self.defined {
            if !self.used.iter().any(|(used, ..)| used == name) {
                source.warn(
                    span.clone(),
                    format!("the note [^{name}] is not used"),
                    "remove it, or write its mark in the text",
                );
            }
        }
        let mut events = Vec::new();
        let mut defined = self.defined;
        for (index, (name, span, _)) in self.used.iter().enumerate() {
            let Some(at) = defined.iter().position(|(defined, ..)| defined == name) else {
                report_undefined(source, name, span.clone());
                continue;
            };
            let number = index + 1;
            events.push(Event::Html(format!("<li id=\"note_{number}\">").into()));
            events.extend(with_backlink(defined.swap_remove(at).2, number));
            events.push(Event::Html("</li>\n".into()));
        }
        if events.is_empty() {
            return events;
        }
        let notes = "notes".to_owned();
        if source.ids.contains(&notes) {
            let remedy = "write it into the text, without a note";
            source.error(self.used[0].1.clone(), "another text of this page has notes", remedy);
        }
        source.ids.push(notes);
        let open = "<section class=\"footnotes\" role=\"doc-endnotes\" aria-labelledby=\"notes\"><h2 id=\"notes\">Notes</h2><ol>\n";
        events.insert(0, Event::Html(open.into()));
        events.push(Event::Html("</ol></section>\n".into()));
        events
    }
}

/// A fault for each mark without a definition, which the parser reads as plain text. `markdown` begins at `start` of the file.
pub(super) fn check_undefined(source: &mut SourceFile, markdown: &str, start: usize) {
    let folded = markdown.to_lowercase();
    for (at, _) in markdown.match_indices("[^").filter(|(at, _)| !markdown[..*at].ends_with('`')) {
        let name = markdown[at + 2..].split(']').next().unwrap_or_default();
        let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
        if is_name && !folded.contains(&format!("[^{}]:", name.to_lowercase())) {
            report_undefined(source, name, start + at..start + at + name.len() + 3);
        }
    }
}

fn report_undefined(source: &mut SourceFile, name: &str, span: Range<usize>) {
    let remedy = format!("write a paragraph that begins with [^{name}]: and the note");
    source.error(span, format!("the note [^{name}] is not defined"), remedy);
}

/// Adds a link back to the text at the end of the last paragraph.
fn with_backlink(mut events: Vec<Event<'_>>, number: usize) -> Vec<Event<'_>> {
    let back = format!(
        " <a href=\"#note_{number}_mark\" role=\"doc-backlink\" aria-label=\"Back to the text, note {number}\">\u{21a9}\u{fe0e}</a>"
    );
    let last = events.iter().rposition(|event| matches!(event, Event::End(TagEnd::Paragraph))).unwrap_or(events.len());
    events.insert(last, Event::InlineHtml(back.into()));
    events
}
