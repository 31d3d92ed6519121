//! The notes that the website writes by itself: a daily one if there is something, a weekly one that says how it went, and
//! one to the editor when a change of the words cannot be served.
//!
//! Invariant: each is written once, by one copy of the program; whether it is due is decided by data and time alone. The
//! words are in the templates.
//!
//! Never: the clock, a transport, a visitor's words.

mod due;
mod views;

pub use due::{Week, day_of_note, week_of_note};
pub use views::Mistake;

use crate::{
    content::Clinic,
    mail::{
        health::LATE,
        letter::Letterhead,
        outbox::{Note, Outbox, Unavailable},
    },
};
use askama::Template;
use jiff::Timestamp;
use lettre::Address;

/// Writes notes and puts them in line.
#[derive(Debug, Clone)]
pub struct Secretary {
    outbox: Outbox,
    letterhead: Letterhead,
    staff: Vec<Address>,
}

impl Secretary {
    /// Who reads the notes are `staff`, each a copy.
    pub fn new(outbox: Outbox, letterhead: Letterhead, staff: Vec<Address>) -> Self {
        Self { outbox, letterhead, staff }
    }

    /// Writes the note of the day once its hour has come, if something should be known; true if it did.
    pub async fn daily(&self, clinic: &Clinic, now: Timestamp) -> Result<bool, Unavailable> {
        let Some(day) = day_of_note(now, &self.letterhead.zone) else { return Ok(false) };
        let once = format!("daily {day}");
        if self.outbox.is_noted(&once).await? {
            return Ok(false);
        }
        let held = self.outbox.held().await?;
        let open = self.outbox.open_enquiries().await?;
        let stuck = self.outbox.stuck(now, LATE).await?;
        let numbers = held.iter().map(|held| held.number).collect();
        let view = views::Daily::new(&self.letterhead, clinic, (held, open, stuck), day, now);
        let note = (!view.is_empty()).then(|| view.note(day, numbers));
        Ok(self.outbox.note(&once, &self.staff, note.as_ref(), now).await? && note.is_some())
    }

    /// Writes the note of the week on its Monday or as soon as possible after; true if it did. The first week of an
    /// outbox has none: there is nothing to look back at. `title` names an article by its slug; one without a name is left out.
    pub async fn weekly(
        &self,
        clinic: &Clinic,
        title: impl Fn(&str) -> Option<String>,
        now: Timestamp,
    ) -> Result<bool, Unavailable> {
        let week = week_of_note(now, &self.letterhead.zone);
        let once = format!("weekly {}", week.monday);
        if self.outbox.is_noted(&once).await? {
            return Ok(false);
        }
        if !self.outbox.knows_notes_of("weekly").await? {
            self.outbox.note(&once, &self.staff, None, now).await?;
            return Ok(false);
        }
        let counts = self.outbox.counts(week.from, week.to).await?;
        let held = self.outbox.held().await?.len();
        let open = self.outbox.open_enquiries().await?;
        let stuck = self.outbox.stuck(now, LATE).await?.len();
        let late = views::late(&self.letterhead, clinic, &open, now).count();
        let read = self.outbox.read_last_week(now).await?;
        let articles = read
            .iter()
            .filter_map(|total| title(&total.article).map(|title| views::ArticleCount::new(title, total)))
            .collect();
        let view = views::Weekly { week, counts, held, open: open.len(), late, stuck, articles };
        self.outbox.note(&once, &self.staff, Some(&view.note()), now).await
    }

    /// Tells the editor of mistakes, the same ones once until there are none; true if it did.
    pub async fn editor(&self, editor: &Address, mistakes: &[Mistake], now: Timestamp) -> Result<bool, Unavailable> {
        if mistakes.is_empty() {
            self.outbox.forget_notes_of("editor").await?;
            return Ok(false);
        }
        let note = views::Editor { mistakes }.note();
        let once = format!("editor {}", &blake3::hash(note.text.as_bytes()).to_hex()[..16]);
        self.outbox.note(&once, std::slice::from_ref(editor), Some(&note), now).await
    }
}

/// The first line of the text is the subject, so that every word of a note stands in its templates.
fn note(text: &impl Template, html: &impl Template) -> Note {
    let render = "a template that only chooses and repeats can be rendered";
    let whole = text.render().expect(render);
    let (subject, text) = whole.split_once("\n\n").unwrap_or((&whole, ""));
    let html = html.render().expect(render);
    Note { subject: subject.trim().to_owned(), text: text.to_owned(), html, day: String::new(), held: Vec::new() }
}
