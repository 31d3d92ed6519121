//! The tasks that write notes: each day and each week to staff, and to the editor about faults in the content.

use super::{now, outbox, serve::Program};
use crate::{content::Clinic, mail::notes::NoteWriter};
use lettre::Address;
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

/// Pause between two checks, and after an error of the outbox.
const INTERVAL: Duration = Duration::from_mins(1);

/// Writes the notes of day and week when they are due, until it is dropped.
pub(super) async fn write_to_staff(program: Arc<Program>) {
    loop {
        if let Err(cause) = write_due(&program).await {
            tracing::error!(%cause, "notes to staff are delayed");
        }
        sleep(INTERVAL).await;
    }
}

async fn write_due(program: &Program) -> Result<(), String> {
    let edition = program.reloader.edition.load_full();
    let clinic = &edition.site.clinic;
    let writer = writer(program, clinic)?;
    writer.daily(clinic, now()).await.map_err(|cause| cause.to_string())?;
    let title = |slug: &str| edition.article_title(slug);
    writer.weekly(clinic, title, now()).await.map(drop).map_err(|cause| cause.to_string())
}

/// Reports every new fault to the editor, until it is dropped.
pub(super) async fn write_to_editor(program: Arc<Program>, editor: Address) {
    let mut reported = program.reloader.faults.subscribe();
    loop {
        let faults = reported.borrow_and_update().clone();
        let edition = program.reloader.edition.load_full();
        let written = async {
            let writer = writer(&program, &edition.site.clinic)?;
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
fn writer(program: &Program, clinic: &Clinic) -> Result<NoteWriter, String> {
    let builder = outbox::messages(&program.config, clinic, program.links.clone());
    Ok(NoteWriter::new(program.outbox.clone(), builder, outbox::recipients(&program.config, clinic)?))
}
