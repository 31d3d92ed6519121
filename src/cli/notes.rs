//! The tasks that write notes: each day and each week to staff, and to the editor about faults in the content.

use super::{now, outbox, reload::Reloader};
use crate::{
    config::Config,
    content::Clinic,
    enquiry::link::Links,
    mail::{notes::NoteWriter, outbox::Outbox},
};
use lettre::Address;
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

/// Pause between two checks, and after an error of the outbox.
const INTERVAL: Duration = Duration::from_mins(1);

/// The state that both tasks share.
pub(super) struct NoteContext {
    pub(super) config: Config,
    pub(super) outbox: Outbox,
    pub(super) links: Links,
    pub(super) reloader: Arc<Reloader>,
}

impl NoteContext {
    /// Writes the notes of day and week when they are due, until it is dropped.
    pub(super) async fn write_to_staff(self: Arc<Self>) {
        loop {
            if let Err(cause) = self.write_due().await {
                tracing::error!(%cause, "notes to staff are delayed");
            }
            sleep(INTERVAL).await;
        }
    }

    async fn write_due(&self) -> Result<(), String> {
        let edition = self.reloader.edition.load_full();
        let clinic = &edition.site.clinic;
        let writer = self.writer(clinic)?;
        writer.daily(clinic, now()).await.map_err(|cause| cause.to_string())?;
        let title = |slug: &str| edition.article_title(slug);
        writer.weekly(clinic, title, now()).await.map_err(|cause| cause.to_string())?;
        Ok(())
    }

    /// Reports every new fault to the editor, until it is dropped.
    pub(super) async fn write_to_editor(self: Arc<Self>, editor: Address) {
        let mut reported = self.reloader.faults();
        loop {
            let faults = reported.borrow_and_update().clone();
            let edition = self.reloader.edition.load_full();
            let written = async {
                let writer = self.writer(&edition.site.clinic)?;
                writer.editor(&editor, &faults, now()).await.map_err(|cause| cause.to_string())
            };
            if let Err(cause) = written.await {
                tracing::error!(%cause, "the note to the editor is delayed");
                sleep(INTERVAL).await;
            } else if reported.changed().await.is_err() {
                return;
            }
        }
    }

    /// A writer with the clinic's current facts, which may change while the program runs.
    fn writer(&self, clinic: &Clinic) -> Result<NoteWriter, String> {
        let builder = outbox::messages(&self.config, clinic, self.links.clone());
        Ok(NoteWriter::new(self.outbox.clone(), builder, outbox::recipients(&self.config, clinic)?))
    }
}
