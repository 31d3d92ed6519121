//! Erasing by hand: of one enquiry, or of everything from one address, with a search for what may be left.
//!
//! Invariant: a search that finds nothing has looked at every byte of the database's files.

use super::{
    Outbox, Place, Unavailable,
    database::reason,
    letters::{Content, unsigned},
};
use sqlx::Row as _;
use std::{collections::HashSet, fs, io, path::Path};

/// Long enough that two texts share no piece by chance, short enough that a name with its label makes one.
const PIECE: usize = 16;

/// An enquiry whose words are erased.
#[derive(Clone, PartialEq, Eq)]
pub struct Erased {
    /// Its number.
    pub number: u64,
    /// Its reference.
    pub reference: String,
    /// What it was, to search for.
    pub(super) words: String,
}

impl std::fmt::Debug for Erased {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Erased({})", self.number)
    }
}

/// Whose enquiries are meant.
#[derive(Debug, Clone, Copy)]
pub enum Sender<'a> {
    /// Who gave this address; capitals do not count.
    Email(&'a str),
    /// Who gave this number; only its digits count, and of a long one the last ten.
    Phone(&'a str),
}

/// What a search found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Searched {
    /// Bytes that were looked at.
    pub bytes: u64,
    /// Places that hold a piece of erased words.
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
    /// References of the enquiries from one address whose words are still kept.
    pub async fn references_of(&self, sender: &Sender<'_>) -> Result<Vec<String>, Unavailable> {
        let kept = self.kept_words().await?;
        let theirs = kept
            .into_iter()
            .filter(|one| serde_json::from_str::<Content>(&one.words).is_ok_and(|content| sender.wrote(&content)));
        Ok(theirs.map(|one| one.reference).collect())
    }

    /// Looks for erased words in every file of the database; `None` for a server, whose files are out of reach.
    pub async fn search(&self, erased: &[Erased]) -> Result<Option<Searched>, Unavailable> {
        let Place::Sqlite(file) = self.db.place() else { return Ok(None) };
        let mut pieces = HashSet::new();
        for one in erased {
            let words = enquiry_of(&one.words).as_bytes();
            pieces.extend(words.chunks_exact(PIECE).map(<[u8]>::to_vec));
        }
        // What others wrote alike is theirs.
        for other in self.kept_words().await? {
            for piece in other.words.as_bytes().windows(PIECE) {
                pieces.remove(piece);
            }
        }
        search(file, &pieces).map(Some).map_err(|error| Unavailable(format!("its files cannot be searched: {error}")))
    }

    async fn kept_words(&self) -> Result<Vec<Erased>, Unavailable> {
        const KEPT: &str = "SELECT number, reference, content FROM enquiry WHERE content IS NOT NULL ORDER BY number";
        let pool = self.db.pool().await?;
        let rows = sqlx::query(KEPT).fetch_all(&pool).await.map_err(|e| reason(&e))?;
        let kept = rows.iter().map(|row| {
            Ok(Erased {
                number: unsigned(row.try_get("number")?),
                reference: row.try_get("reference")?,
                words: row.try_get("content")?,
            })
        });
        kept.collect::<sqlx::Result<_>>().map_err(|e| reason(&e))
    }
}

/// What a person wrote, without the judgement: its reasons are ours, and stand in notes.
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
