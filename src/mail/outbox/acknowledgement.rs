//! The short note to whoever wrote, if the clinic wants one.
//!
//! Invariant: one an address and day, whoever types the address how often; the address is gone once the note has left or
//! failed for good. A note that fails is dropped in silence: anybody can type anybody's address, so it is no alarm.
//!
//! Never: a decision who gets one.

use super::{
    Claimed, Outbox, Unavailable,
    database::reason,
    millis,
    notes::{NoteRow, insert_once},
    reference::random,
};
use jiff::Timestamp;
use lettre::Address;

/// As the kind of a letter.
pub(super) const KIND: &str = "acknowledgement";

impl Outbox {
    /// Puts a note to `address` in line, unless this address has had one today; true if it did. The reference leads an
    /// erasure to it.
    pub async fn acknowledge(&self, reference: &str, address: &Address, now: Timestamp) -> Result<bool, Unavailable> {
        let day = self.options.load().zone.to_datetime(now).date();
        let hash = blake3::keyed_hash(&self.options.load().key, address.to_string().to_lowercase().as_bytes());
        let row = NoteRow {
            kind: KIND.to_owned(),
            copy: 1,
            recipient: address.to_string(),
            message_id: format!("<{}@{}>", data_encoding::HEXLOWER.encode(&random::<16>()), self.options.load().domain),
            state: "waiting",
            at: millis(now),
            once: format!("{KIND} {day} {}", &hash.to_hex()[..32]),
            body: Some(reference.to_owned()),
        };
        let pool = self.db.pool().await?;
        let mut tx = pool.begin().await.map_err(|e| reason(&e))?;
        let first = insert_once(&mut tx, &[row]).await.map_err(|e| reason(&e))?;
        tx.commit().await.map_err(|e| reason(&e))?;
        if first {
            self.announce();
        }
        Ok(first)
    }

    /// Drops a note that cannot be delivered; its key stays, so that the address is left in peace today.
    pub async fn give_up(&self, letter: &Claimed, now: Timestamp) -> Result<(), Unavailable> {
        const GIVE_UP: &str = "UPDATE letter SET state = 'given-up', done_at = $2, recipient = '', body = NULL, \
                               leased_until = 0, claim = NULL WHERE id = $1 AND kind = 'acknowledgement'";
        let pool = self.db.pool().await?;
        let query = sqlx::query(GIVE_UP).bind(letter.id).bind(millis(now));
        query.execute(&pool).await.map_err(|e| reason(&e))?;
        self.scrub.want();
        Ok(())
    }
}
