//! Keeps the secretary at work while the site is served: the day's note, the week's note, and faults for the editor.

use super::{now, press::Press};
use crate::mail::notes::{Mistake, Secretary};
use lettre::Address;
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, time::sleep};

/// How often the secretary looks at the clock; also how long it waits when the outbox is out of reach.
const LOOK: Duration = Duration::from_mins(1);

/// Writes the notes of day and week when they are due, for ever.
pub(super) async fn keep_writing(secretary: Secretary, press: Arc<Press>) {
    loop {
        let edition = press.edition.load_full();
        let clinic = &edition.site.clinic;
        let written = async {
            secretary.daily(clinic, now()).await?;
            secretary.weekly(clinic, |slug| edition.article_title(slug), now()).await
        };
        if let Err(cause) = written.await {
            tracing::error!(%cause, "notes to staff wait");
        }
        sleep(LOOK).await;
    }
}

/// Tells the editor of every new fault, for ever.
pub(super) async fn tell_editor(secretary: Secretary, editor: Address, mut verdicts: watch::Receiver<Vec<Mistake>>) {
    loop {
        let mistakes = verdicts.borrow_and_update().clone();
        let told = secretary.editor(&editor, &mistakes, now()).await;
        let Err(cause) = told else {
            if verdicts.changed().await.is_err() {
                return;
            }
            continue;
        };
        tracing::error!(%cause, "the note to the editor waits");
        sleep(LOOK).await;
    }
}
