//! Erasure on request: of one enquiry, or of all from one address, with a search for remains.
//!
//! Invariant: the search reads every byte of the database's files.

use super::{
    CommandError, DatabaseLocation, Outbox, Unavailable,
    enquiries::not_applicable,
    letters::{Content, unsigned},
    millis,
};
use jiff::Timestamp;
use std::{collections::HashSet, fs, io, path::Path};

/// Bytes of a piece: enough that two texts share none by chance, few enough that a name with its label fills one.
const PIECE: usize = 16;

/// An enquiry whose content is erased.
#[derive(Clone, PartialEq, Eq)]
pub struct Erased {
    /// Its number.
    pub number: u64,
    /// Its reference.
    pub reference: String,
    /// The content, to search for.
    pub(super) content: String,
}

impl std::fmt::Debug for Erased {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Erased({})", self.number)
    }
}

/// Whose enquiries are erased.
#[derive(Debug, Clone, Copy)]
pub enum Sender<'a> {
    /// The visitor with this address; case does not matter.
    Email(&'a str),
    /// The visitor with this number; its last ten digits are compared.
    Phone(&'a str),
}

/// The result of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Searched {
    /// Bytes that were read.
    pub bytes: u64,
    /// Places that hold a piece of erased content.
    pub found: usize,
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
        let erased = self.try_erase(reference, millis(now)).await?;
        self.scrub.request();
        erased.ok_or_else(|| not_applicable(reference, "it is erased already, or no enquiry has this reference"))
    }

    async fn try_erase(&self, reference: &str, now: i64) -> Result<Option<Erased>, Unavailable> {
        // The lock comes first: a delivery of its letter may be recorded at the same moment.
        const CONTENT: &str = "UPDATE enquiry SET state = state WHERE reference = $1 AND content IS NOT NULL \
                             RETURNING number, content";
        const ERASE: &str = "UPDATE enquiry SET content = NULL, fingerprint = NULL, state = 'erased', erased_at = $2, \
                             answered_at = COALESCE(answered_at, $2) WHERE number = $1";
        const LETTERS: &str = "DELETE FROM letter WHERE state <> 'delivered' AND (number = $1 OR \
                               (kind = 'acknowledgement' AND body = $2))";
        let mut tx = self.db.pool().await?.begin().await?;
        let row = sqlx::query_as(CONTENT).bind(reference.to_owned()).fetch_optional(&mut *tx).await?;
        let Some((number, content)) = row else { return Ok(None) };
        sqlx::query(ERASE).bind(number).bind(now).execute(&mut *tx).await?;
        sqlx::query(LETTERS).bind(number).bind(reference.to_owned()).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(Some(Erased { number: unsigned(number), reference: reference.to_owned(), content }))
    }

    /// References of the enquiries from one address whose content is still kept.
    pub async fn references_of(&self, sender: &Sender<'_>) -> Result<Vec<String>, Unavailable> {
        let theirs = self.entries("").await?.into_iter().filter(|(_, text)| {
            text.as_ref().and_then(|text| serde_json::from_str(text).ok()).is_some_and(|content| sender.wrote(&content))
        });
        Ok(theirs.map(|(entry, _)| entry.reference).collect())
    }

    /// Looks for erased content in every file of the database; `None` for a server, whose files are out of reach.
    pub async fn search(&self, erased: &[Erased]) -> Result<Option<Searched>, Unavailable> {
        let DatabaseLocation::Sqlite(file) = self.db.place() else { return Ok(None) };
        let mut pieces = HashSet::new();
        for one in erased {
            let content = enquiry_of(&one.content).as_bytes();
            pieces.extend(content.chunks_exact(PIECE).map(<[u8]>::to_vec));
        }
        // Other enquiries may hold the same pieces.
        for text in self.entries("").await?.into_iter().filter_map(|(_, text)| text) {
            for piece in text.as_bytes().windows(PIECE) {
                pieces.remove(piece);
            }
        }
        search(file, &pieces).map(Some).map_err(|error| Unavailable(format!("its files cannot be searched: {error}")))
    }
}

/// The visitor's answers, without the spam score, whose reasons are in notes too.
fn enquiry_of(content: &str) -> &str {
    content.split(",\"judgement\":").next().unwrap_or(content)
}

fn search(file: &Path, pieces: &HashSet<Vec<u8>>) -> io::Result<Searched> {
    let mut searched = Searched { bytes: 0, found: 0 };
    for ending in ["", "-wal", "-journal"] {
        let mut path = file.as_os_str().to_owned();
        path.push(ending);
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !ending.is_empty() => continue,
            Err(error) => return Err(error),
        };
        searched.bytes += bytes.len() as u64;
        searched.found += bytes.windows(PIECE).filter(|piece| pieces.contains(*piece)).count();
    }
    Ok(searched)
}
