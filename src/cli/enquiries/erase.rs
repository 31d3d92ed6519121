//! `enquiries erase`: erases content, and reports what remains.

use super::{Erase, Failed, normalized};
use crate::{
    cli::{count, now},
    config::Config,
    mail::outbox::{Erased, Outbox, Sender},
};
use std::{fmt::Write as _, fs, time::Duration};
use tokio::time::sleep;

/// Attempts to clear the files, since another reader of the database may delay it.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);

/// Erases the content, and clears its remains from the outbox's files.
pub(super) async fn erase(config: &Config, outbox: &Outbox, what: &Erase) -> Result<String, Failed> {
    let references = match what {
        Erase { reference: Some(reference), .. } => vec![normalized(reference)],
        Erase { email: Some(address), .. } => outbox.references_of(&Sender::Email(address)).await?,
        Erase { phone, .. } => outbox.references_of(&Sender::Phone(phone.as_deref().unwrap_or_default())).await?,
    };
    if references.is_empty() {
        let text = "nothing from this address is stored; what was delivered more than a day ago is erased already";
        return Err(text.into());
    }
    let mut erased = Vec::new();
    for reference in &references {
        erased.push(outbox.erase(reference, now()).await?);
    }
    let mut clear = outbox.scrub().await?;
    for _ in 1..TRIES {
        if !clear {
            sleep(PAUSE).await;
            clear = outbox.scrub().await?;
        }
    }
    if !clear {
        let text = "the content is erased, but traces of it are still in the outbox's files, since another program reads \
                    them; the server clears them within ten minutes, or run this again: nothing more is needed";
        return Err(text.into());
    }
    Ok(report(config, &erased))
}

/// Reports what remains of the enquiries, and where.
fn report(config: &Config, erased: &[Erased]) -> String {
    let mut text =
        count(erased.len(), "enquiry", "enquiries") + " erased. Left of each: number, reference, times, state.\n";
    for one in erased {
        let _ = writeln!(text, "  No. {}, {}", one.number, one.reference);
    }
    // The file name of a mail begins with number and reference.
    for mail in fs::read_dir(config.data.join("mail")).into_iter().flatten().flatten() {
        let mail = mail.path().display().to_string();
        if erased.iter().any(|one| mail.contains(&format!("{}-{}", one.number, one.reference))) {
            let _ = writeln!(text, "A mail in the folder still holds its content; delete it: {mail}");
        }
    }
    text + "Not erased by this command: emails in mailboxes, backups. A PostgreSQL server's files and its own log may \
            hold the bytes until they are used again.\n"
}
