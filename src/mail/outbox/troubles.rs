//! Troubles worth shouting about: each is told once, by one copy of the program, and again only after it was over.
//!
//! Invariant: a trouble carries no word that a person wrote; its kind is all there is.

use super::{Outbox, Unavailable, database::reason, millis, time};
use crate::mail::health::{Letters, TroubleKind};
use jiff::{SignedDuration, Timestamp};
use sqlx::Row as _;

/// A trouble to tell, ours until its lease ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToTell {
    /// Which.
    pub kind: TroubleKind,
    /// Since when.
    pub since: Timestamp,
    /// Tries to tell it, this one included.
    pub attempts: u32,
}

impl Outbox {
    /// How the letters fare: those that wait, those that wait longer than `late`, those set aside whose enquiry nobody
    /// has answered; and the enquiries that are held.
    pub async fn letters(&self, now: Timestamp, late: SignedDuration) -> Result<Letters, Unavailable> {
        const COUNT: &str = "SELECT (SELECT COUNT(*) FROM letter WHERE state = 'waiting' AND kind <> 'acknowledgement') AS waiting, \
             (SELECT COUNT(*) FROM letter WHERE state = 'waiting' AND kind <> 'acknowledgement' AND queued_at <= $1) AS late, \
             (SELECT MIN(queued_at) FROM letter WHERE state = 'waiting' AND kind <> 'acknowledgement') AS oldest, \
             (SELECT COUNT(*) FROM enquiry WHERE state = 'held' AND marked_spam_at IS NULL) AS held, \
             (SELECT COUNT(*) FROM letter l WHERE l.state = 'set-aside' AND NOT EXISTS (SELECT 1 FROM enquiry e \
              WHERE e.number = l.number AND e.answered_at IS NOT NULL)) AS aside";
        let before = millis(now.saturating_sub(late).unwrap_or(Timestamp::MIN));
        let pool = self.db.pool().await?;
        let row = sqlx::query(COUNT).bind(before).fetch_one(&pool).await.map_err(|e| reason(&e))?;
        let count = |column| row.try_get::<i64, _>(column).map(super::letters::unsigned).map_err(|e| reason(&e));
        let oldest = row.try_get::<Option<i64>, _>("oldest").map_err(|e| reason(&e))?.map(time);
        Ok(Letters {
            waiting: count("waiting")?,
            late: count("late")?,
            oldest,
            set_aside: count("aside")?,
            held: count("held")?,
        })
    }

    /// Notes that a trouble is there; true if it is new.
    pub async fn trouble_begins(&self, kind: TroubleKind, now: Timestamp) -> Result<bool, Unavailable> {
        const BEGIN: &str = "INSERT INTO trouble (kind, since, due_at) VALUES ($1, $2, $2) ON CONFLICT DO NOTHING";
        let pool = self.db.pool().await?;
        let query = sqlx::query(BEGIN).bind(kind.name()).bind(millis(now));
        Ok(query.execute(&pool).await.map_err(|e| reason(&e))?.rows_affected() > 0)
    }

    /// Notes that a trouble is over; true if it was there.
    pub async fn trouble_ends(&self, kind: TroubleKind) -> Result<bool, Unavailable> {
        let pool = self.db.pool().await?;
        let query = sqlx::query("DELETE FROM trouble WHERE kind = $1").bind(kind.name());
        Ok(query.execute(&pool).await.map_err(|e| reason(&e))?.rows_affected() > 0)
    }

    /// Claims a trouble that nobody was told of.
    pub async fn trouble_to_tell(&self, now: Timestamp, until: Timestamp) -> Result<Option<ToTell>, Unavailable> {
        // Under READ COMMITTED a second copy waits for the row and then finds the lease taken.
        const CLAIM: &str = "UPDATE trouble SET leased_until = $2, attempts = attempts + 1 WHERE told_at IS NULL \
             AND due_at <= $1 AND leased_until <= $1 AND kind = (SELECT MIN(kind) FROM trouble WHERE told_at IS NULL \
             AND due_at <= $1 AND leased_until <= $1) RETURNING kind, since, attempts";
        let pool = self.db.pool().await?;
        let query = sqlx::query(CLAIM).bind(millis(now)).bind(millis(until));
        let Some(row) = query.fetch_optional(&pool).await.map_err(|e| reason(&e))? else { return Ok(None) };
        let kind: String = row.try_get("kind").map_err(|e| reason(&e))?;
        let attempts: i64 = row.try_get("attempts").map_err(|e| reason(&e))?;
        let since = time(row.try_get("since").map_err(|e| reason(&e))?);
        // A kind that only a newer version knows is that version's to tell.
        Ok(TroubleKind::named(&kind).map(|kind| ToTell {
            kind,
            since,
            attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        }))
    }

    /// The trouble was told.
    pub async fn trouble_told(&self, kind: TroubleKind, now: Timestamp) -> Result<(), Unavailable> {
        self.trouble_update("UPDATE trouble SET told_at = $2, leased_until = 0 WHERE kind = $1", kind, now).await
    }

    /// It could not be told; again at that time.
    pub async fn trouble_again(&self, kind: TroubleKind, at: Timestamp) -> Result<(), Unavailable> {
        self.trouble_update("UPDATE trouble SET due_at = $2, leased_until = 0 WHERE kind = $1", kind, at).await
    }

    async fn trouble_update(
        &self,
        statement: &'static str,
        kind: TroubleKind,
        at: Timestamp,
    ) -> Result<(), Unavailable> {
        let pool = self.db.pool().await?;
        let query = sqlx::query(statement).bind(kind.name()).bind(millis(at));
        query.execute(&pool).await.map_err(|e| reason(&e))?;
        Ok(())
    }
}
