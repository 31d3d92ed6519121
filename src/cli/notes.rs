//! Keeps the note_writer at work while the site is served: the day's note, the week's note, and faults for the editor.

use super::{now, outbox, reload::Reloader};
use crate::{
    config::Config,
    content::Clinic,
    enquiry::link::Links,
    mail::{
        message::MessageBuilder,
        notes::{ContentFault, NoteWriter},
        outbox::Outbox,
    },
};
use lettre::Address;
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, time::sleep};

/// How often the note_writer looks at the clock; also how long it waits when the outbox is out of reach.
const LOOK: Duration = Duration::from_mins(1);

/// What a note_writer works with besides the clinic's facts, which may change while the program runs.
#[derive(Debug)]
pub(super) struct Desk {
    config: Config,
    outbox: Outbox,
    links: Links,
}

impl Desk {
    pub(super) fn new(config: Config, outbox: Outbox, links: Links) -> Self {
        Self { config, outbox, links }
    }

    /// A note_writer who knows the facts of now.
    ///
    /// # Errors
    /// The clinic's address is none.
    pub(super) fn note_writer(&self, clinic: &Clinic) -> Result<NoteWriter, String> {
        let letterhead = MessageBuilder::new(clinic, self.config.mail_from.clone(), self.links.clone());
        Ok(NoteWriter::new(self.outbox.clone(), letterhead, outbox::recipients(&self.config, clinic)?))
    }
}

/// Writes the notes of day and week when they are due, for ever.
pub(super) async fn keep_writing(desk: Arc<Desk>, reloader: Arc<Reloader>) {
    loop {
        let edition = reloader.edition.load_full();
        let clinic = &edition.site.clinic;
        let written = async {
            let note_writer = desk.note_writer(clinic)?;
            note_writer.daily(clinic, now()).await.map_err(|cause| cause.to_string())?;
            let title = |slug: &str| edition.article_title(slug);
            note_writer.weekly(clinic, title, now()).await.map_err(|cause| cause.to_string())
        };
        if let Err(cause) = written.await {
            tracing::error!(%cause, "notes to staff wait");
        }
        sleep(LOOK).await;
    }
}

/// Tells the editor of every new fault, for ever.
pub(super) async fn tell_editor(
    note_writer: NoteWriter,
    editor: Address,
    mut faults: watch::Receiver<Vec<ContentFault>>,
) {
    loop {
        let mistakes = faults.borrow_and_update().clone();
        let told = note_writer.editor(&editor, &mistakes, now()).await;
        let Err(cause) = told else {
            if faults.changed().await.is_err() {
                return;
            }
            continue;
        };
        tracing::error!(%cause, "the note to the editor waits");
        sleep(LOOK).await;
    }
}
