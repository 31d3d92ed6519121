//! Letters: claimed by lease, sent by somebody else, and their fate written down.
//!
//! Invariant: one statement claims, so that no two couriers hold one letter while its lease lasts. A failure is written
//! down only by who still holds the claim; a delivery always, since it is a fact.

use super::{
    Note, Outbox, acknowledgement,
    database::{Unavailable, reason},
    millis, notes, time,
    writer::json,
};
use crate::{
    enquiry::{Enquiry, Judgement},
    mail::mailer::DeliveryError,
};
use jiff::Timestamp;
use serde::Deserialize;
use sqlx::{AnyConnection, Row as _, any::AnyRow};

/// A letter that is ours until its lease ends.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Row.
    pub id: i64,
    /// Of the enquiry; 0 for a note, which has none.
    pub number: u64,
    /// 1 for the first recipient, 2 for the second …
    pub copy: u64,
    /// A staff address.
    pub recipient: String,
    /// With angle brackets; the same for life.
    pub message_id: String,
    /// Date header; the same for life.
    pub dated: Timestamp,
    /// When it was put in line; its age counts from here.
    pub queued: Timestamp,
    /// Tries, this one included.
    pub attempts: u32,
    /// What it says.
    pub says: Says,
    claim: String,
}

/// What a letter is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says {
    /// The enquiry with its number; it is written when it leaves.
    Enquiry,
    /// This note.
    Note(Note),
    /// That a message arrived, to whoever wrote it.
    Acknowledgement,
}

/// What a letter says.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Of this enquiry.
    pub reference: String,
    /// Of this enquiry.
    pub number: u64,
    /// When the post arrived.
    pub received: Timestamp,
    /// What they wrote.
    pub enquiry: Enquiry,
    /// Labels and their reasons.
    pub judgement: Judgement,
    /// The enquiry with the number before.
    pub previous: Option<Earlier>,
    /// The enquiry that this one corrects.
    pub corrects: Option<Earlier>,
}

/// An earlier enquiry, as a letter names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// Its number.
    pub number: u64,
    /// Its reference.
    pub reference: String,
    /// It is held, so that staff have no letter of it.
    pub held: bool,
}

/// How the relay has been doing; shared by all copies of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayState {
    /// Tries in a row at which no letter could have passed.
    pub failures: u32,
    /// Nobody knocks before.
    pub paused_until: Timestamp,
}

#[derive(Deserialize)]
pub(super) struct Content {
    pub(super) enquiry: Enquiry,
    pub(super) judgement: Judgement,
}

impl Outbox {
    /// Takes the first due letter in the order of arrival whose recipient is not among `busy`.
    pub async fn claim(
        &self,
        now: Timestamp,
        until: Timestamp,
        busy: &[String],
    ) -> Result<Option<Claimed>, Unavailable> {
        let pool = self.db.pool().await?;
        let claim = data_encoding::HEXLOWER.encode(&super::random::<8>());
        let row = sqlx::query(self.db.sql().claim)
            .bind(millis(now))
            .bind(millis(until))
            .bind(claim.clone())
            .bind(json(&busy))
            .fetch_optional(&pool)
            .await
            .map_err(|e| reason(&e))?;
        row.map(|row| claimed(&row, claim)).transpose().map_err(|e| reason(&e))
    }

    /// When the next letter is due, or the next lease ends.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, Unavailable> {
        const NEXT: &str = "SELECT MIN(CASE WHEN leased_until > due_at THEN leased_until ELSE due_at END) AS at \
                            FROM letter WHERE state = 'waiting'";
        let pool = self.db.pool().await?;
        let row = sqlx::query(NEXT).fetch_one(&pool).await.map_err(|e| reason(&e))?;
        Ok(row.try_get::<Option<i64>, _>("at").map_err(|e| reason(&e))?.map(time))
    }

    /// The words of a letter, or nothing if its enquiry was erased meanwhile.
    pub async fn stored(&self, number: u64) -> Result<Option<Stored>, Unavailable> {
        const STORED: &str = "SELECT e.reference, e.received_at, e.content, \
             p.number AS p_number, p.reference AS p_reference, p.state AS p_state, \
             c.number AS c_number, c.reference AS c_reference, c.state AS c_state \
             FROM enquiry e LEFT JOIN enquiry p ON p.number = e.number - 1 \
             LEFT JOIN enquiry c ON c.number = e.corrects WHERE e.number = $1";
        let pool = self.db.pool().await?;
        let row = sqlx::query(STORED).bind(signed(number)).fetch_optional(&pool).await.map_err(|e| reason(&e))?;
        row.map_or(Ok(None), |row| stored(number, &row)).map_err(|e| reason(&e))
    }

    /// Writes a delivery down; the enquiry is handed over with its last letter.
    pub async fn delivered(&self, letter: &Claimed, now: Timestamp) -> Result<(), Unavailable> {
        let pool = self.db.pool().await?;
        let mut tx = pool.begin().await.map_err(|e| reason(&e))?;
        hand_over(&mut tx, letter, millis(now)).await.map_err(|e| reason(&e))?;
        tx.commit().await.map_err(|e| reason(&e))?;
        if letter.says == Says::Acknowledgement {
            self.scrub.want();
        }
        Ok(())
    }

    /// Puts a letter back in line, keeping its place; due at that time.
    pub async fn again(&self, letter: &Claimed, error: &DeliveryError, at: Timestamp) -> Result<(), Unavailable> {
        const AGAIN: &str = "UPDATE letter SET due_at = $3, leased_until = 0, claim = NULL, stage = $4, fault = $5 \
                             WHERE id = $1 AND claim = $2 AND state = 'waiting'";
        self.fail(AGAIN, letter, error, at).await
    }

    /// Keeps a letter out of line until somebody sends it again.
    pub async fn set_aside(&self, letter: &Claimed, error: &DeliveryError, now: Timestamp) -> Result<(), Unavailable> {
        const ASIDE: &str = "UPDATE letter SET state = 'set-aside', done_at = $3, leased_until = 0, claim = NULL, \
                             stage = $4, fault = $5 WHERE id = $1 AND claim = $2 AND state = 'waiting'";
        self.fail(ASIDE, letter, error, now).await
    }

    async fn fail(
        &self,
        statement: &'static str,
        letter: &Claimed,
        error: &DeliveryError,
        at: Timestamp,
    ) -> Result<(), Unavailable> {
        let pool = self.db.pool().await?;
        let stage = if matches!(error, DeliveryError::Letter { .. }) { "letter" } else { "relay" };
        sqlx::query(statement)
            .bind(letter.id)
            .bind(letter.claim.clone())
            .bind(millis(at))
            .bind(stage)
            .bind(error.to_string())
            .execute(&pool)
            .await
            .map_err(|e| reason(&e))?;
        Ok(())
    }

    /// How the relay has been doing.
    pub async fn relay(&self) -> Result<RelayState, Unavailable> {
        let pool = self.db.pool().await?;
        let row = sqlx::query("SELECT failures, paused_until FROM relay WHERE name = 'staff'")
            .fetch_one(&pool)
            .await
            .map_err(|e| reason(&e))?;
        let failures: i64 = row.try_get("failures").map_err(|e| reason(&e))?;
        let paused_until: i64 = row.try_get("paused_until").map_err(|e| reason(&e))?;
        Ok(RelayState { failures: u32::try_from(failures).unwrap_or(u32::MAX), paused_until: time(paused_until) })
    }

    /// Lets one courier through to a relay that failed: true for who may knock; the others wait until `until`.
    pub async fn may_probe(&self, now: Timestamp, until: Timestamp) -> Result<bool, Unavailable> {
        const PROBE: &str =
            "UPDATE relay SET paused_until = $2 WHERE name = 'staff' AND failures > 0 AND paused_until <= $1";
        self.relay_update(sqlx::query(PROBE).bind(millis(now)).bind(millis(until))).await
    }

    /// The relay failed before any letter was offered: nobody knocks until then.
    pub async fn pause(&self, until: Timestamp) -> Result<(), Unavailable> {
        const PAUSE: &str = "UPDATE relay SET failures = failures + 1, paused_until = $1 WHERE name = 'staff'";
        self.relay_update(sqlx::query(PAUSE).bind(millis(until))).await.map(drop)
    }

    /// The next courier may knock at once; the count of failures stays.
    pub async fn unpause(&self) -> Result<(), Unavailable> {
        const UNPAUSE: &str = "UPDATE relay SET paused_until = 0 WHERE name = 'staff' AND paused_until > 0";
        self.relay_update(sqlx::query(UNPAUSE)).await.map(drop)
    }

    /// The relay spoke with us: letters that it had refused as a whole go again by themselves.
    pub async fn relay_works(&self, now: Timestamp) -> Result<(), Unavailable> {
        const WORKS: &str = "UPDATE relay SET failures = 0, paused_until = 0 WHERE name = 'staff' AND failures > 0";
        if self.relay_update(sqlx::query(WORKS)).await? {
            self.revive(now).await?;
        }
        Ok(())
    }

    /// Letters set aside because the relay refused *us* (log-in, greeting) wait again; those refused themselves do not.
    pub async fn revive(&self, now: Timestamp) -> Result<bool, Unavailable> {
        const REVIVE: &str = "UPDATE letter SET state = 'waiting', due_at = $1, queued_at = $1, attempts = 0, \
                              done_at = NULL WHERE state = 'set-aside' AND stage = 'relay'";
        self.relay_update(sqlx::query(REVIVE).bind(millis(now))).await
    }

    async fn relay_update(
        &self,
        query: sqlx::query::Query<'_, sqlx::Any, sqlx::any::AnyArguments>,
    ) -> Result<bool, Unavailable> {
        let pool = self.db.pool().await?;
        Ok(query.execute(&pool).await.map_err(|e| reason(&e))?.rows_affected() > 0)
    }
}

async fn hand_over(tx: &mut AnyConnection, letter: &Claimed, now: i64) -> sqlx::Result<()> {
    // Two letters of one enquiry may arrive at the same instant: who locks the enquiry second sees both.
    const LOCK: &str = "UPDATE enquiry SET state = state WHERE number = $1";
    const DELIVERED: &str = "UPDATE letter SET state = 'delivered', done_at = $2, leased_until = 0, claim = NULL, \
                             stage = NULL, fault = NULL, body = NULL WHERE id = $1 AND state <> 'delivered'";
    const HANDED_OVER: &str = "UPDATE enquiry SET state = 'delivered', delivered_at = $2 WHERE number = $1 \
         AND state = 'waiting' AND NOT EXISTS (SELECT 1 FROM letter WHERE number = $1 AND state <> 'delivered')";
    let number = signed(letter.number);
    sqlx::query(LOCK).bind(number).execute(&mut *tx).await?;
    sqlx::query(DELIVERED).bind(letter.id).bind(now).execute(&mut *tx).await?;
    sqlx::query(HANDED_OVER).bind(number).bind(now).execute(&mut *tx).await?;
    match &letter.says {
        Says::Enquiry => {}
        Says::Note(note) => notes::told(tx, note, now).await?,
        // The address has done its work.
        Says::Acknowledgement => {
            sqlx::query("UPDATE letter SET recipient = '' WHERE id = $1").bind(letter.id).execute(&mut *tx).await?;
        }
    }
    Ok(())
}

fn claimed(row: &AnyRow, claim: String) -> sqlx::Result<Claimed> {
    Ok(Claimed {
        id: row.try_get("id")?,
        number: row.try_get::<Option<i64>, _>("number")?.map_or(0, unsigned),
        copy: unsigned(row.try_get("copy")?),
        recipient: row.try_get("recipient")?,
        message_id: row.try_get("message_id")?,
        dated: time(row.try_get("dated_at")?),
        queued: time(row.try_get("queued_at")?),
        attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
        says: says(row)?,
        claim,
    })
}

/// A note that a newer version wrote in another form is that version's to send; here it fails as a letter without words.
fn says(row: &AnyRow) -> sqlx::Result<Says> {
    if row.try_get::<String, _>("kind")? == acknowledgement::KIND {
        return Ok(Says::Acknowledgement);
    }
    let body: Option<String> = row.try_get("body")?;
    Ok(body.and_then(|body| serde_json::from_str(&body).ok()).map_or(Says::Enquiry, Says::Note))
}

fn stored(number: u64, row: &AnyRow) -> sqlx::Result<Option<Stored>> {
    let Some(content) = row.try_get::<Option<String>, _>("content")? else { return Ok(None) };
    let content: Content = serde_json::from_str(&content).map_err(|e| sqlx::Error::Decode(Box::new(e)))?;
    Ok(Some(Stored {
        reference: row.try_get("reference")?,
        number,
        received: time(row.try_get("received_at")?),
        enquiry: content.enquiry,
        judgement: content.judgement,
        previous: earlier(row, "p_number", "p_reference", "p_state")?,
        corrects: earlier(row, "c_number", "c_reference", "c_state")?,
    }))
}

fn earlier(row: &AnyRow, number: &str, reference: &str, state: &str) -> sqlx::Result<Option<Earlier>> {
    let Some(number) = row.try_get::<Option<i64>, _>(number)? else { return Ok(None) };
    let held = row.try_get::<String, _>(state)? == "held";
    Ok(Some(Earlier { number: unsigned(number), reference: row.try_get(reference)?, held }))
}

/// Numbers count enquiries: they fit.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
