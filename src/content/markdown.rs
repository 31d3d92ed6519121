//! Renders Markdown to HTML; what a page must not contain is a fault.
//!
//! Invariant: the HTML has no raw HTML of the author, no inline style, unique ids and no skipped heading level.
//!
//! Never: checks the targets of links, which needs all files (`addresses`).

mod footnotes;
mod ids;

pub use ids::{ARTICLE_TEMPLATE_IDS, TEMPLATE_IDS};

use super::{
    site::{Figure, Heading, Html, Piece, Prose, SLOTS},
    source::SourceFile,
};
use footnotes::Footnotes;
use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, html};
use std::{iter, ops::Range};
use toml::Spanned;

/// What the renderer writes for a table, and what replaces it: classes, since the content security policy blocks inline
/// styles, and a frame that scrolls, with a tab stop for the keyboard (WCAG 2.1.1).
const TABLES: [(&str, &str); 9] = [
    ("<table>", "<div class=\"table\" role=\"region\" aria-label=\"Table\" tabindex=\"0\"><table>"),
    ("</table>", "</table></div>"),
    ("<th>", "<th scope=\"col\">"),
    ("<th style=\"text-align: left\">", "<th scope=\"col\">"),
    ("<th style=\"text-align: center\">", "<th scope=\"col\" class=\"align-center\">"),
    ("<th style=\"text-align: right\">", "<th scope=\"col\" class=\"align-end\">"),
    ("<td style=\"text-align: left\">", "<td>"),
    ("<td style=\"text-align: center\">", "<td class=\"align-center\">"),
    ("<td style=\"text-align: right\">", "<td class=\"align-end\">"),
];

/// The result of rendering one Markdown text.
#[derive(Debug, Default)]
pub(super) struct Rendered {
    /// The first paragraph, if it is one.
    pub(super) lead: Option<Html>,
    pub(super) body: Prose,
    pub(super) headings: Vec<Heading>,
    /// Plain text, a newline between blocks.
    pub(super) text: String,
}

/// What kind of text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A page that ends with questions, sources and the form.
    Article,
    /// A whole page: the first paragraph becomes the lead.
    Page,
    /// An answer or the text of a topic: no lead.
    Short,
    /// One line, such as a source: without its paragraph.
    Line,
}

/// Renders `markdown`, which begins at byte `start` of the file; `source` gets its links, ids, pictures and faults.
pub(super) fn render(source: &mut SourceFile, markdown: &str, start: usize, kind: Kind) -> Rendered {
    footnotes::check_undefined(source, markdown, start);
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_SMART_PUNCTUATION;
    let mut renderer = Renderer {
        source,
        kind,
        rendered: Rendered::default(),
        events: Vec::new(),
        level: 1,
        heading: None,
        footnotes: Footnotes::default(),
        paragraph: None,
        image: None,
    };
    for (event, span) in Parser::new_ext(markdown, options).into_offset_iter() {
        renderer.handle_event(event, span.start + start..span.end + start);
    }
    renderer.finish()
}

/// A paragraph that is being read.
struct Paragraph {
    /// Its first event.
    first: usize,
    /// Where its plain text begins.
    text_from: usize,
    figures: Vec<Figure>,
    /// It holds something besides figures.
    has_text: bool,
    span: Range<usize>,
    /// The text begins with it.
    is_first: bool,
}

struct Renderer<'s, 't> {
    source: &'s mut SourceFile,
    kind: Kind,
    rendered: Rendered,
    /// Events that are not rendered yet.
    events: Vec<Event<'t>>,
    /// Level of the last heading.
    level: u8,
    /// Level, first event and start of the plain text of the heading that is being read.
    heading: Option<(u8, usize, usize)>,
    footnotes: Footnotes<'t>,
    paragraph: Option<Paragraph>,
    /// The picture that is being read: its file, title, alternative and place.
    image: Option<(CowStr<'t>, CowStr<'t>, String, Range<usize>)>,
}

impl<'t> Renderer<'_, 't> {
    fn handle_event(&mut self, event: Event<'t>, span: Range<usize>) {
        match event {
            Event::Html(_) | Event::InlineHtml(_) => {
                let remedy = "write it in Markdown; what Markdown cannot express belongs in the templates";
                self.source.error(span, "raw HTML is not allowed", remedy);
            }
            Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => {}
            Event::Start(Tag::Heading { level, .. }) => self.start_heading(level as u8, span),
            Event::End(TagEnd::Heading(_)) => self.end_heading(span),
            Event::Start(Tag::Paragraph) => self.start_paragraph(span),
            Event::End(TagEnd::Paragraph) => self.end_paragraph(),
            Event::Start(Tag::Image { dest_url, title, .. }) => {
                self.image = Some((dest_url, title, String::new(), span));
            }
            Event::End(TagEnd::Image) => self.end_image(),
            Event::Start(Tag::Link { dest_url, id, .. }) => {
                self.mark_text();
                self.source.links.push(Spanned::new(span, dest_url.to_string()));
                // The link's title is dropped.
                self.events.push(Event::Start(Tag::Link {
                    link_type: LinkType::Inline,
                    dest_url,
                    title: "".into(),
                    id,
                }));
            }
            Event::FootnoteReference(name) => {
                self.mark_text();
                self.events.push(self.footnotes.mark(&name, span));
            }
            Event::Start(Tag::FootnoteDefinition(name)) => self.footnotes.start(&name, span, self.events.len()),
            Event::End(TagEnd::FootnoteDefinition) => self.footnotes.end(&mut self.events),
            other => self.handle_plain_event(other),
        }
    }

    /// Events of text and tables.
    fn handle_plain_event(&mut self, event: Event<'t>) {
        let text = match &event {
            Event::Text(text) | Event::Code(text) => Some(&**text),
            Event::SoftBreak | Event::HardBreak => Some(" "),
            _ => None,
        };
        match (text, &mut self.image) {
            (Some(text), Some((_, _, alt, _))) => return alt.push_str(text),
            (Some(text), None) => {
                self.rendered.text.push_str(text);
                if text != " " {
                    self.mark_text();
                }
            }
            (None, _) if matches!(event, Event::End(TagEnd::Item | TagEnd::TableCell | TagEnd::TableRow)) => {
                self.end_block();
            }
            (None, _) => {}
        }
        self.events.push(event);
    }

    fn end_block(&mut self) {
        if !self.rendered.text.ends_with('\n') && !self.rendered.text.is_empty() {
            self.rendered.text.push('\n');
        }
    }

    fn mark_text(&mut self) {
        if let Some(paragraph) = &mut self.paragraph {
            paragraph.has_text = true;
        }
    }

    fn start_heading(&mut self, level: u8, span: Range<usize>) {
        if level == 1 {
            let remedy = "begin the heading with ##: the title is already the h1";
            self.source.error(span, "this is a second h1", remedy);
        } else if level > self.level + 1 {
            let remedy = format!("begin it with {}", "#".repeat(usize::from(self.level) + 1));
            self.source.error(span, format!("a level is skipped before this h{level}"), remedy);
        }
        self.level = level;
        self.end_block();
        self.heading = Some((level, self.events.len(), self.rendered.text.len()));
    }

    fn end_heading(&mut self, span: Range<usize>) {
        let Some((level, first, text_from)) = self.heading.take() else { return };
        let text = self.rendered.text[text_from..].trim().to_owned();
        if text.is_empty() {
            self.source.error(span, "this heading is empty", "write its text, or remove it");
        }
        self.end_block();
        let id = ids::unique(&text, &mut self.source.ids);
        self.events.insert(first, Event::Html(format!("<h{level} id=\"{id}\">").into()));
        self.events.push(Event::Html(format!("</h{level}>\n").into()));
        self.rendered.headings.push(Heading { level, id, text });
    }

    fn start_paragraph(&mut self, span: Range<usize>) {
        self.end_block();
        let is_first = self.events.is_empty() && self.rendered.body.0.is_empty() && self.rendered.lead.is_none();
        let (first, text_from) = (self.events.len(), self.rendered.text.len());
        self.paragraph = Some(Paragraph { first, text_from, figures: Vec::new(), has_text: false, span, is_first });
        self.events.push(Event::Start(Tag::Paragraph));
    }

    fn end_paragraph(&mut self) {
        let Some(mut paragraph) = self.paragraph.take() else { return };
        self.events.push(Event::End(TagEnd::Paragraph));
        if let Some(figure) = paragraph.figures.pop() {
            if paragraph.has_text || !paragraph.figures.is_empty() {
                let remedy = "add an empty line before and after the picture";
                self.source.error(paragraph.span.clone(), "this picture is inside a paragraph", remedy);
            }
            return self.replace(&paragraph, Piece::Figure(figure));
        }
        let text = self.rendered.text[paragraph.text_from..].trim();
        if let Some(name) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).map(str::to_owned) {
            if !SLOTS.contains(&name.as_str()) {
                let message = format!("there is no slot {{{name}}}");
                self.source.error(paragraph.span.clone(), message, format!("use one of: {}", SLOTS.join(", ")));
            }
            self.rendered.text.truncate(paragraph.text_from);
            self.replace(&paragraph, Piece::Slot(name));
        } else if paragraph.is_first && matches!(self.kind, Kind::Article | Kind::Page) {
            self.rendered.lead = Some(markup(self.events.drain(..)));
        }
        self.end_block();
    }

    fn end_image(&mut self) {
        let Some((file, title, alt, span)) = self.image.take() else { return };
        if alt.trim().is_empty() {
            let remedy = "describe it between the brackets: ![two chairs by a window](chairs.svg)";
            self.source.error(span.clone(), "this picture has no text alternative", remedy);
        }
        let picture = self.source.picture(&file, span.clone());
        let caption = (!title.is_empty()).then(|| markup(iter::once(Event::Text(title))));
        match &mut self.paragraph {
            Some(paragraph) => paragraph.figures.push(Figure { picture, alt: alt.trim().to_owned(), caption }),
            None => self.source.error(span, "a picture cannot be here", "put it in its own paragraph"),
        }
    }

    /// Puts `piece` in place of the paragraph, after the markup of the events before.
    fn replace(&mut self, paragraph: &Paragraph, piece: Piece) {
        self.events.truncate(paragraph.first);
        if self.footnotes.is_open() {
            let remedy = "put it after the paragraph with the note's mark";
            return self.source.error(paragraph.span.clone(), "this is inside a note, which holds only text", remedy);
        }
        self.flush();
        self.rendered.body.0.push(piece);
    }

    /// Renders the collected events.
    fn flush(&mut self) {
        if !self.events.is_empty() {
            self.rendered.body.0.push(Piece::Html(markup(self.events.drain(..))));
        }
    }

    fn finish(mut self) -> Rendered {
        let footnotes = std::mem::take(&mut self.footnotes).finish(self.source);
        self.events.extend(footnotes);
        if self.kind == Kind::Line {
            self.events.retain(|event| !matches!(event, Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph)));
        }
        self.flush();
        self.rendered
    }
}

fn markup<'e>(events: impl Iterator<Item = Event<'e>>) -> Html {
    let mut markup = String::new();
    html::push_html(&mut markup, events);
    // No text of an author holds one of these: the renderer escapes `<`.
    if markup.contains("<table>") {
        for (written, replacement) in TABLES {
            markup = markup.replace(written, replacement);
        }
    }
    markup.shrink_to_fit();
    Html(markup)
}
