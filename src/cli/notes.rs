//! Keeps the secretary at work while the site is served: the day's note, the week's note, and faults for the editor.

use super::{now, outbox, reload::Reloader};
use crate::{
    config::Config,
    content::Clinic,
    enquiry::link::Links,
    mail::{
        letter::Letterhead,
        notes::{Mistake, Secretary},
        outbox::Outbox,
    },
};
use lettre::Address;
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, time::sleep};

/// How often the secretary looks at the clock; also how long it waits when the outbox is out of reach.
const LOOK: Duration = Duration::from_mins(1);

/// What a secretary works with besides the clinic's facts, which may change while the program runs.
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

    /// A secretary who knows the facts of now.
    ///
    /// # Errors
    /// The clinic's address is none.
    pub(super) fn secretary(&self, clinic: &Clinic) -> Result<Secretary, String> {
        let letterhead = Letterhead::new(clinic, self.config.mail_from.clone(), self.links.clone());
        Ok(Secretary::new(self.outbox.clone(), letterhead, outbox::recipients(&self.config, clinic)?))
    }
}

/// Writes the notes of day and week when they are due, for ever.
pub(super) async fn keep_writing(desk: Arc<Desk>, reloader: Arc<Reloader>) {
    loop {
        let edition = reloader.edition.load_full();
        let clinic = &edition.site.clinic;
        let written = async {
            let secretary = desk.secretary(clinic)?;
            secretary.daily(clinic, now()).await.map_err(|cause| cause.to_string())?;
            let title = |slug: &str| edition.article_title(slug);
            secretary.weekly(clinic, title, now()).await.map_err(|cause| cause.to_string())
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
