//! Tables: classes instead of inline styles, which the content security policy blocks, in a scrolling frame.

use pulldown_cmark::{Alignment, Event, Tag, TagEnd};

/// State of the table that is being read.
#[derive(Debug, Default)]
pub(super) struct Tables {
    alignments: Vec<Alignment>,
    column: usize,
    head: bool,
}

impl Tables {
    /// The HTML of a table's event; `None` for other events.
    pub(super) fn replace<'t>(&mut self, event: &Event<'_>) -> Option<Event<'t>> {
        let markup = match event {
            Event::Start(Tag::Table(alignments)) => {
                self.alignments.clone_from(alignments);
                // The frame has a tab stop, so that a keyboard can scroll it (WCAG 2.1.1).
                "<div class=\"table\" role=\"region\" aria-label=\"Table\" tabindex=\"0\"><table>".to_owned()
            }
            Event::End(TagEnd::Table) => "</tbody></table></div>\n".to_owned(),
            Event::Start(Tag::TableHead) => {
                (self.head, self.column) = (true, 0);
                "<thead><tr>".to_owned()
            }
            Event::End(TagEnd::TableHead) => {
                self.head = false;
                "</tr></thead>\n<tbody>".to_owned()
            }
            Event::Start(Tag::TableRow) => {
                self.column = 0;
                "<tr>".to_owned()
            }
            Event::End(TagEnd::TableRow) => "</tr>\n".to_owned(),
            Event::Start(Tag::TableCell) => self.cell(),
            Event::End(TagEnd::TableCell) => if self.head { "</th>" } else { "</td>" }.to_owned(),
            _ => return None,
        };
        Some(Event::Html(markup.into()))
    }

    fn cell(&mut self) -> String {
        let class = match self.alignments.get(self.column) {
            Some(Alignment::Center) => " class=\"align-center\"",
            Some(Alignment::Right) => " class=\"align-end\"",
            _ => "",
        };
        self.column += 1;
        if self.head { format!("<th scope=\"col\"{class}>") } else { format!("<td{class}>") }
    }
}
