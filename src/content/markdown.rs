//! Markdown to markup, with every event looked at: what a page must not hold becomes a fault with its place.
//!
//! Invariant: the markup has no raw HTML, no inline style, unique ids and no heading level skipped.
//!
//! Never: whether a link leads somewhere; that is known when all files are read (`address`).

mod footnotes;
mod table;

use super::{
    site::{Figure, Heading, Html, Piece, Prose, SLOTS},
    source::SourceFile,
};
use footnotes::Footnotes;
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
use std::ops::Range;
use table::Tables;

/// Ids of the templates that a heading could otherwise have too: parts of a page, the fields of its form, its notes.
const TEMPLATE_IDS: [&str; 14] = [
    "main",
    "search",
    "questions",
    "sources",
    "notes",
    "name",
    "phone",
    "email",
    "times",
    "message",
    "consent",
    "question-1",
    "question-2",
    "question-3",
];

/// A link in a text, with its place.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    pub(super) to: String,
    pub(super) span: Range<usize>,
}

/// What a stretch of Markdown made.
#[derive(Debug, Default)]
pub(super) struct Rendered {
    /// The first paragraph, if it is one.
    pub(super) lead: Option<Html>,
    pub(super) body: Prose,
    pub(super) headings: Vec<Heading>,
    /// Every id in the markup.
    pub(super) ids: Vec<String>,
    pub(super) links: Vec<Reference>,
    /// Plain text, blocks apart by a newline.
    pub(super) text: String,
}

/// What kind of text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A whole page: the first paragraph is set apart, headings begin at level 2.
    Page,
    /// An answer or the text of a topic: no lead.
    Short,
    /// One line, such as a source: the paragraph around it goes.
    Line,
}

/// Renders `markdown`, which stands in the file from `start` on.
pub(super) fn render(source: &mut SourceFile, markdown: &str, start: usize, kind: Kind) -> Rendered {
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_SMART_PUNCTUATION;
    let mut reader = Reader {
        source,
        kind,
        made: Rendered::default(),
        events: Vec::new(),
        level: 1,
        heading: None,
        notes: Footnotes::default(),
        tables: Tables::default(),
        paragraph: None,
        image: None,
    };
    footnotes::check_undefined(reader.source, markdown, start);
    for (event, span) in Parser::new_ext(markdown, options).into_offset_iter() {
        reader.take(event, span.start + start..span.end + start);
    }
    reader.finish()
}

/// An image that is being read.
struct Image {
    file: String,
    title: String,
    alt: String,
    span: Range<usize>,
}

/// A paragraph that is being read: where its events begin, and what else it holds.
struct Paragraph {
    first: usize,
    text_from: usize,
    figures: Vec<Figure>,
    other: bool,
    span: Range<usize>,
    top: bool,
}

struct Reader<'s, 't> {
    source: &'s mut SourceFile,
    kind: Kind,
    made: Rendered,
    events: Vec<Event<'t>>,
    level: u8,
    heading: Option<(u8, usize, usize)>,
    notes: Footnotes<'t>,
    tables: Tables,
    paragraph: Option<Paragraph>,
    image: Option<Image>,
}

impl<'t> Reader<'_, 't> {
    fn take(&mut self, event: Event<'t>, span: Range<usize>) {
        match event {
            Event::Html(_) | Event::InlineHtml(_) => self.source.error(
                span,
                "raw HTML is not taken",
                "write it in Markdown; what Markdown cannot say is a matter of the templates",
            ),
            Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => {}
            Event::Start(Tag::Heading { level, .. }) => self.heading_begins(level, &span),
            Event::End(TagEnd::Heading(_)) => self.heading_ends(&span),
            Event::Start(Tag::Paragraph) => self.paragraph_begins(span),
            Event::End(TagEnd::Paragraph) => self.paragraph_ends(),
            Event::Start(Tag::Image { dest_url, title, .. }) => {
                self.image = Some(Image { file: dest_url.into(), title: title.into(), alt: String::new(), span });
            }
            Event::End(TagEnd::Image) => self.image_ends(),
            Event::Start(Tag::Link { dest_url, .. }) => self.link_begins(dest_url, span),
            Event::Start(Tag::Table(alignments)) => {
                let open = self.tables.begin(&alignments);
                self.push(open);
            }
            Event::FootnoteReference(name) => {
                self.mark_other();
                let mark = self.notes.refer(&name, span, &mut self.made.ids);
                self.push(mark);
            }
            Event::Start(Tag::FootnoteDefinition(name)) => self.notes.begin(&name, span, self.events.len()),
            Event::End(TagEnd::FootnoteDefinition) => self.notes.end(&mut self.events),
            other => self.plain(other),
        }
    }

    fn push(&mut self, event: Event<'t>) {
        self.events.push(event);
    }

    /// Events that need no look beyond tables and text.
    fn plain(&mut self, event: Event<'t>) {
        match &event {
            Event::Text(text) | Event::Code(text) => {
                if let Some(image) = &mut self.image {
                    image.alt.push_str(text);
                    return;
                }
                self.made.text.push_str(text);
                self.mark_other();
            }
            Event::SoftBreak | Event::HardBreak => {
                self.made.text.push(' ');
                if let Some(image) = &mut self.image {
                    image.alt.push(' ');
                    return;
                }
            }
            Event::End(TagEnd::Item | TagEnd::TableCell | TagEnd::TableRow) => self.end_of_block(),
            _ => {}
        }
        match self.tables.replace(&event) {
            Some(cell) => self.push(cell),
            None => self.push(event),
        }
    }

    fn end_of_block(&mut self) {
        if !self.made.text.ends_with('\n') && !self.made.text.is_empty() {
            self.made.text.push('\n');
        }
    }

    fn mark_other(&mut self) {
        if let Some(paragraph) = &mut self.paragraph {
            paragraph.other = true;
        }
    }

    fn heading_begins(&mut self, level: HeadingLevel, span: &Range<usize>) {
        let level = level as u8;
        if level == 1 {
            self.source.error(
                span.clone(),
                "this is a second h1",
                "begin the heading with ##: the title is the h1 already",
            );
        } else if level > self.level + 1 {
            let wanted = "#".repeat(usize::from(self.level) + 1);
            self.source.error(
                span.clone(),
                format!("a level is skipped before this h{level}"),
                format!("begin it with {wanted}"),
            );
        }
        self.level = level.max(1);
        self.end_of_block();
        self.heading = Some((level, self.events.len(), self.made.text.len()));
    }

    fn heading_ends(&mut self, span: &Range<usize>) {
        let Some((level, first, text_from)) = self.heading.take() else { return };
        let text = self.made.text[text_from..].trim().to_owned();
        if text.is_empty() {
            self.source.error(span.clone(), "this heading is empty", "write its words, or remove it");
        }
        self.end_of_block();
        let id = self.unique(&text);
        self.events.insert(first, Event::Html(format!("<h{level} id=\"{id}\">").into()));
        self.push(Event::Html(format!("</h{level}>\n").into()));
        self.made.headings.push(Heading { level, id, text });
    }

    /// A fragment identifier made of `text`, like no other of this page.
    fn unique(&mut self, text: &str) -> String {
        let slug = slug(text);
        let numbered = (2..).map(|number| format!("{slug}-{number}"));
        let is_free = |id: &String| !TEMPLATE_IDS.contains(&id.as_str()) && !self.made.ids.contains(id);
        let id = std::iter::once(slug.clone()).chain(numbered).find(is_free).unwrap_or_default();
        self.made.ids.push(id.clone());
        id
    }

    fn paragraph_begins(&mut self, span: Range<usize>) {
        self.end_of_block();
        let top = self.events.is_empty() && self.made.body.0.is_empty() && self.made.lead.is_none();
        let (first, text_from) = (self.events.len(), self.made.text.len());
        self.paragraph = Some(Paragraph { first, text_from, figures: Vec::new(), other: false, span, top });
        self.push(Event::Start(Tag::Paragraph));
    }

    fn paragraph_ends(&mut self) {
        let Some(mut paragraph) = self.paragraph.take() else { return };
        self.push(Event::End(TagEnd::Paragraph));
        if let Some(figure) = paragraph.figures.pop() {
            if paragraph.other || !paragraph.figures.is_empty() {
                let remedy = "leave an empty line before and after the picture";
                self.source.error(paragraph.span, "this picture stands inside a paragraph", remedy);
            }
            self.events.truncate(paragraph.first);
            self.flush();
            self.made.body.0.push(Piece::Figure(figure));
            return;
        }
        let text = self.made.text[paragraph.text_from..].trim();
        if let Some(name) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).map(str::to_owned) {
            self.slot(&name, &paragraph);
        } else if paragraph.top && self.kind == Kind::Page {
            let events = std::mem::take(&mut self.events);
            self.made.lead = Some(markup(events));
        }
        self.end_of_block();
    }

    fn slot(&mut self, name: &str, paragraph: &Paragraph) {
        if !SLOTS.contains(&name) {
            let remedy = format!("the program knows: {}", SLOTS.join(", "));
            self.source.error(paragraph.span.clone(), format!("nothing is known by the name {{{name}}}"), remedy);
        }
        self.made.text.truncate(paragraph.text_from);
        self.events.truncate(paragraph.first);
        self.flush();
        self.made.body.0.push(Piece::Slot(name.to_owned()));
    }

    fn image_ends(&mut self) {
        let Some(image) = self.image.take() else { return };
        if image.alt.trim().is_empty() {
            self.source.error(
                image.span.clone(),
                "this picture has no text alternative",
                "write what it shows between the brackets: ![two chairs by a window](chairs.svg)",
            );
        }
        let caption = (!image.title.is_empty()).then(|| markup(vec![Event::Text(image.title.into())]));
        let picture = self.source.picture(&image.file, image.span.clone());
        let figure = Figure { picture, alt: image.alt.trim().to_owned(), caption };
        match &mut self.paragraph {
            Some(paragraph) => paragraph.figures.push(figure),
            None => self.source.error(image.span, "a picture cannot stand here", "give it a paragraph of its own"),
        }
    }

    fn link_begins(&mut self, to: CowStr<'t>, span: Range<usize>) {
        self.mark_other();
        self.made.links.push(Reference { to: to.to_string(), span });
        self.push(Event::Start(Tag::Link {
            link_type: pulldown_cmark::LinkType::Inline,
            dest_url: to,
            title: "".into(),
            id: "".into(),
        }));
    }

    /// Closes a stretch of markup, so that a figure can follow.
    fn flush(&mut self) {
        let events = std::mem::take(&mut self.events);
        if !events.is_empty() {
            self.made.body.0.push(Piece::Html(markup(events)));
        }
    }

    fn finish(mut self) -> Rendered {
        let notes = std::mem::take(&mut self.notes).finish(self.source, &mut self.made.ids);
        self.events.extend(notes);
        if self.kind == Kind::Line {
            self.events.retain(|event| !matches!(event, Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph)));
        }
        self.flush();
        self.made
    }
}

fn markup(events: Vec<Event<'_>>) -> Html {
    let mut markup = String::new();
    html::push_html(&mut markup, events.into_iter());
    markup.shrink_to_fit();
    Html(markup)
}

/// Letters and digits in lower case, everything else one hyphen.
fn slug(text: &str) -> String {
    let words: Vec<String> = text
        .replace(['\'', '\u{2019}'], "")
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    if words.is_empty() { "section".to_owned() } else { words.join("-") }
}
