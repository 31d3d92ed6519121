//! The courier: takes due letters out of the outbox, one at a time, and writes down what became of them.
//!
//! Invariant: a letter leaves the line only with an acknowledgement or aside, where it is kept and shouted about. What
//! was acknowledged and could not be written down is remembered and written down before anything else is sent.
//!
//! A relay that fails before any letter was offered is paused for all copies of the program, and one of them knocks.
//!
//! Never: a decision (see `fate`), a word of a letter.

mod budget;
mod run;

use crate::mail::{
    alarm::AlarmChannel,
    fate::{Fate, Schedule, fate, wait},
    health::{Health, LATE, TroubleKind},
    mailer::{DeliveryError, Mailer},
    message::MessageBuilder,
    outbox::{Claimed, Outbox, RelayState, Says, Unavailable},
};
use arc_swap::ArcSwap;
use budget::Budget;
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex as StdMutex},
    time::Duration,
};
use tokio::sync::Mutex;

/// Beyond the mailer's own limit, so that nobody takes over a letter that is still on its way.
const MARGIN: Duration = Duration::from_secs(10);

/// An acknowledgement that is older would only puzzle.
const STALE: SignedDuration = SignedDuration::from_hours(24);

/// What a courier works with.
#[derive(Debug)]
pub struct Courier {
    outbox: Outbox,
    mailer: Mailer,
    letterhead: ArcSwap<MessageBuilder>,
    schedule: Schedule,
    door: Option<AlarmChannel>,
    budget: Budget,
    /// Recipients whose letter is on its way: theirs go one after another, others beside them.
    busy: Mutex<HashSet<String>>,
    unrecorded: Mutex<Vec<Claimed>>,
    /// That enquiries cannot be kept cannot be kept either.
    told_not_kept: StdMutex<bool>,
}

/// What one step did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing is due; when something will be.
    Idle(Option<Timestamp>),
    /// Number of the enquiry whose letter was acknowledged.
    Delivered(u64),
    /// It failed and is due again.
    Again(u64, Timestamp),
    /// It is kept, out of line.
    SetAside(u64),
    /// The relay is not to be knocked at before that time.
    Paused(Timestamp),
    /// As many letters as a minute may carry have gone.
    Full(Timestamp),
    /// The outbox is out of reach.
    Unavailable(Unavailable),
}

impl Courier {
    /// A courier; nothing happens before [`Courier::step`] or [`Courier::run`].
    pub fn new(
        outbox: Outbox,
        mailer: Mailer,
        letterhead: MessageBuilder,
        schedule: Schedule,
        per_minute: u32,
        door: Option<AlarmChannel>,
    ) -> Self {
        Self {
            outbox,
            mailer,
            letterhead: ArcSwap::from_pointee(letterhead),
            schedule,
            door,
            budget: Budget::new(per_minute),
            busy: Mutex::default(),
            unrecorded: Mutex::default(),
            told_not_kept: StdMutex::default(),
        }
    }

    /// Writes on other paper from now on: the clinic's facts may change while the program runs.
    pub fn adopt(&self, letterhead: MessageBuilder) {
        self.letterhead.store(Arc::new(letterhead));
    }

    /// Once, at start: settings may have been mended, so the relay is tried at once, also for letters that it had refused
    /// as a whole.
    pub async fn begin(&self, now: Timestamp) -> Result<(), Unavailable> {
        self.outbox.unpause().await?;
        self.outbox.revive(now).await.map(drop)
    }

    /// Claims one due letter, sends it, writes its fate down.
    pub async fn step(&self, now: Timestamp) -> Step {
        match self.try_step(now).await {
            Ok(step) => step,
            Err(cause) => Step::Unavailable(cause),
        }
    }

    async fn try_step(&self, now: Timestamp) -> Result<Step, Unavailable> {
        self.record_the_rest(now).await?;
        let place = match self.budget.reserve(now) {
            Ok(place) => place,
            Err(full_until) => return Ok(Step::Full(full_until)),
        };
        let lease = self.lease_from(now);
        let relay = self.outbox.relay().await?;
        if relay.failures > 0 {
            if relay.paused_until > now {
                return Ok(Step::Paused(relay.paused_until));
            }
            if !self.outbox.may_probe(now, lease).await? {
                return Ok(Step::Paused(lease));
            }
        }
        let Some(letter) = self.claim(now, lease).await? else {
            if relay.failures > 0 {
                self.outbox.unpause().await?;
            }
            return Ok(Step::Idle(self.outbox.next_due().await?));
        };
        place.take();
        let step = self.deliver(&letter, relay, now).await;
        self.busy.lock().await.remove(&letter.recipient);
        step
    }

    fn lease_from(&self, now: Timestamp) -> Timestamp {
        let lease = SignedDuration::try_from(self.mailer.limit() + MARGIN).unwrap_or(SignedDuration::MAX);
        now.saturating_add(lease).unwrap_or(Timestamp::MAX)
    }

    async fn claim(&self, now: Timestamp, lease: Timestamp) -> Result<Option<Claimed>, Unavailable> {
        let mut busy = self.busy.lock().await;
        let taken: Vec<String> = busy.iter().cloned().collect();
        let letter = self.outbox.claim(now, lease, &taken).await?;
        if let Some(letter) = &letter {
            busy.insert(letter.recipient.clone());
        }
        Ok(letter)
    }

    async fn deliver(&self, letter: &Claimed, relay: RelayState, now: Timestamp) -> Result<Step, Unavailable> {
        let result = self.send(letter, now).await;
        if let Err(DeliveryError::Outbox(cause)) = result {
            return Err(cause);
        }
        if !matches!(result, Err(DeliveryError::Session { .. })) {
            // The acknowledgement comes first: nothing may stand between it and the disk.
            if result.is_ok() && self.outbox.delivered(letter, now).await.is_err() {
                self.unrecorded.lock().await.push(letter.clone());
            }
            if relay.failures > 0 {
                self.outbox.relay_works(now).await?;
            }
        }
        let Err(error) = result else {
            tracing::info!(number = letter.number, copy = letter.copy, attempts = letter.attempts, "letter delivered");
            return Ok(Step::Delivered(letter.number));
        };
        self.fail(letter, &error, relay, now).await
    }

    async fn send(&self, letter: &Claimed, now: Timestamp) -> Result<(), DeliveryError> {
        let unwritable = |reason: String| DeliveryError::Letter { permanent: true, reason };
        let letterhead = self.letterhead.load_full();
        let packed = match &letter.says {
            Says::Note(note) => letterhead.note(letter, note),
            Says::Acknowledgement if now.duration_since(letter.queued) > STALE => {
                return Err(unwritable("it comes too late to be of use".into()));
            }
            Says::Acknowledgement => letterhead.acknowledgement(letter),
            Says::Enquiry => match self.outbox.stored(letter.number).await? {
                Some(stored) => letterhead.enquiry(letter, &stored),
                None => return Err(unwritable("its enquiry has no words".into())),
            },
        };
        self.mailer.send(&packed.map_err(|error| unwritable(error.to_string()))?).await
    }

    async fn fail(
        &self,
        letter: &Claimed,
        error: &DeliveryError,
        relay: RelayState,
        now: Timestamp,
    ) -> Result<Step, Unavailable> {
        let jitter = f64::from(u16::from_le_bytes(crate::mail::outbox::random())) / f64::from(u16::MAX);
        let age = Duration::try_from(now.duration_since(letter.queued)).unwrap_or_default();
        // A relay that failed for other letters before this one is as tired as all those tries together.
        let of_session = matches!(error, DeliveryError::Session { .. });
        let attempts = if of_session { relay.failures.saturating_add(1) } else { letter.attempts };
        let fate = fate(&Err(error.clone()), attempts, age, now, &self.schedule, jitter);
        let number = letter.number;
        tracing::warn!(
            number,
            copy = letter.copy,
            attempts = letter.attempts,
            fault = %error,
            ?fate,
            "letter not delivered"
        );
        if of_session {
            let pause = wait(attempts, &self.schedule, jitter);
            self.outbox.pause(now.saturating_add(pause).unwrap_or(Timestamp::MAX)).await?;
        }
        match fate {
            Fate::Again(at) => {
                // While the relay is paused the letter keeps its place at the head of the line.
                let due = if of_session { now } else { at };
                self.outbox.again(letter, error, due).await?;
                Ok(Step::Again(number, at))
            }
            Fate::SetAside | Fate::Delivered if letter.says == Says::Acknowledgement => {
                self.outbox.give_up(letter, now).await?;
                Ok(Step::SetAside(number))
            }
            Fate::SetAside | Fate::Delivered => {
                self.outbox.set_aside(letter, error, now).await?;
                tracing::error!(
                    number,
                    copy = letter.copy,
                    fault = %error,
                    "letter set aside; `enquiries resend` sends it again"
                );
                Ok(Step::SetAside(number))
            }
        }
    }

    async fn record_the_rest(&self, now: Timestamp) -> Result<(), Unavailable> {
        let mut rest = self.unrecorded.lock().await;
        while let Some(letter) = rest.last() {
            self.outbox.delivered(letter, now).await?;
            rest.pop();
        }
        Ok(())
    }

    /// What is wrong, for `/health/form`.
    pub async fn health(&self, now: Timestamp) -> Health {
        Health { keep: self.outbox.can_keep().await, letters: self.outbox.letters(now, LATE).await }
    }

    /// Looks for troubles that begin or end, and tells one that nobody was told of.
    pub async fn look_around(&self, now: Timestamp) {
        if let Err(cause) = self.try_look_around(now).await {
            tracing::debug!(%cause, "troubles cannot be looked for");
        }
        let not_kept = self.outbox.last_kept().is_err();
        if not_kept != *self.told_not_kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
            let told = !not_kept || self.tell(TroubleKind::NotKept, now).await;
            *self.told_not_kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = not_kept && told;
        }
    }

    async fn try_look_around(&self, now: Timestamp) -> Result<(), Unavailable> {
        let letters = self.outbox.letters(now, LATE).await?;
        for (kind, count) in [(TroubleKind::Late, letters.late), (TroubleKind::SetAside, letters.set_aside)] {
            if count == 0 {
                self.outbox.trouble_ends(kind).await?;
            } else if self.outbox.trouble_begins(kind, now).await? {
                tracing::error!(trouble = kind.name(), letters = count, "{}", kind.sentence());
            }
        }
        let lease = now.saturating_add(SignedDuration::from_secs(60)).unwrap_or(Timestamp::MAX);
        while let Some(trouble) = self.outbox.trouble_to_tell(now, lease).await? {
            if self.tell(trouble.kind, trouble.since).await {
                self.outbox.trouble_told(trouble.kind, now).await?;
            } else {
                let pause = wait(trouble.attempts, &self.schedule, 0.5);
                self.outbox.trouble_again(trouble.kind, now.saturating_add(pause).unwrap_or(Timestamp::MAX)).await?;
            }
        }
        Ok(())
    }

    /// True when it was told, or when there is no door to tell it at.
    async fn tell(&self, kind: TroubleKind, since: Timestamp) -> bool {
        let Some(door) = &self.door else { return true };
        match door.notify(kind, since).await {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(trouble = kind.name(), %error, "the alarm did not get through");
                false
            }
        }
    }
}
