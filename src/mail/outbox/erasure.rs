//! Erasure on request: of one enquiry, or of all from one address.

use super::{CommandError, Outbox, Unavailable, enquiries::not_applicable, letters::Content};
use jiff::Timestamp;

/// An enquiry whose content is erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// Position in the sequence of all enquiries, from 1.
    pub number: i64,
    /// Eight characters, given to the visitor.
    pub reference: String,
}

/// Whose enquiries are erased.
#[derive(Debug, Clone, Copy)]
pub enum Sender<'a> {
    /// The visitor with this address; case does not matter.
    Email(&'a str),
    /// The visitor with this number; its last ten digits are compared.
    Phone(&'a str),
}

impl Sender<'_> {
    fn wrote(&self, content: &Content) -> bool {
        match self {
            Self::Email(sought) => {
                let given = content.enquiry.email.as_ref().map(|mailbox| mailbox.address.trim().to_lowercase());
                given.is_some_and(|given| given == sought.trim().to_lowercase())
            }
            Self::Phone(sought) => {
                let sought = digits(sought);
                let given = content.enquiry.phone.as_ref().map(|phone| digits(&phone.number));
                !sought.is_empty() && given.is_some_and(|given| given == sought)
            }
        }
    }
}

fn digits(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits[digits.len().saturating_sub(10)..].to_owned()
}

impl Outbox {
    /// Erases the content of one enquiry now, delivered or not, and removes its waiting letters. Number, reference and
    /// times stay, and no reminder comes. [`Outbox::scrub`] then clears the bytes from the file.
    pub async fn erase(&self, reference: &str, now: Timestamp) -> Result<Erased, CommandError> {
        let erased = self.try_erase(reference, now.as_millisecond()).await?;
        erased.ok_or_else(|| not_applicable(reference, "it is erased already, or no enquiry has this reference"))
    }

    async fn try_erase(&self, reference: &str, now: i64) -> Result<Option<Erased>, Unavailable> {
        // The lock comes first: a delivery of its letter may be recorded at the same moment.
        const LOCK: &str = "UPDATE enquiry SET state = state WHERE reference = $1 AND content IS NOT NULL \
                             RETURNING number";
        const ERASE: &str = "UPDATE enquiry SET content = NULL, fingerprint = NULL, state = 'erased', erased_at = $2, \
                             answered_at = COALESCE(answered_at, $2) WHERE number = $1";
        const LETTERS: &str = "DELETE FROM letter WHERE state <> 'delivered' AND (number = $1 OR \
                               (kind = 'acknowledgement' AND body = $2))";
        let mut tx = self.db.pool().await?.begin().await?;
        let row = sqlx::query_as(LOCK).bind(reference.to_owned()).fetch_optional(&mut *tx).await?;
        let Some((number,)) = row else { return Ok(None) };
        sqlx::query(ERASE).bind(number).bind(now).execute(&mut *tx).await?;
        sqlx::query(LETTERS).bind(number).bind(reference.to_owned()).execute(&mut *tx).await?;
        self.record_erased(&[(number, reference.to_owned())])?;
        tx.commit().await?;
        Ok(Some(Erased { number, reference: reference.to_owned() }))
    }

    /// References of the enquiries from one address whose content is still kept.
    pub async fn references_of(&self, sender: &Sender<'_>) -> Result<Vec<String>, Unavailable> {
        let theirs = self.entries("").await?.into_iter().filter(|(_, text)| {
            text.as_ref().and_then(|text| serde_json::from_str(text).ok()).is_some_and(|content| sender.wrote(&content))
        });
        Ok(theirs.map(|(entry, _)| entry.reference).collect())
    }
}
