//! Delivery: claims due letters from the outbox, one at a time, sends them, and records the outcome.
//!
//! Invariant: a letter leaves the queue only when the relay has acknowledged it or when it has failed; a failed letter is
//! kept and an alarm is raised. A delivery that could not be recorded is remembered and recorded before the next send.
//!
//! A relay that fails before any letter was offered is paused for all copies of the program; then one worker tries. If it
//! refuses the program (5xx), an alarm is raised.
//!
//! Never: a decision about retries (see `retry_policy`), the text of a letter.

use crate::mail::{
    health::ProblemKind,
    mailer::{DeliveryError, Mailer, MessageSender},
    message::MessageBuilder,
    outbox::{ClaimedLetter, LetterStore, MessageKind, Outbox, ProblemStore, RelayState, RelayStore, Unavailable},
    retry_policy::RetryPolicy,
};
use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Mutex, OnceCell},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

/// Added to the mailer's own limit, so that no other worker claims a letter that is being sent.
const MARGIN: Duration = Duration::from_secs(10);
/// A backlog that leaves at once looks like spam to a relay, so letters are counted by the minute.
const MINUTE: SignedDuration = SignedDuration::from_secs(60);
/// Letters of other copies, whose leases may end, and clocks that were set are found within this time.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// So that a time in the past, as that of a letter to a busy recipient, causes no busy loop.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// Pause after the database could not be reached.
const UNAVAILABLE_PAUSE: Duration = Duration::from_secs(5);
/// Letters sent at the same time, at most.
const MOST_WORKERS: usize = 8;

/// What the delivery workers of one program share.
#[derive(Debug)]
pub struct DeliveryWorker<S = Outbox, M = Mailer> {
    outbox: S,
    mailer: M,
    messages: ArcSwap<MessageBuilder>,
    policy: RetryPolicy,
    per_minute: usize,
    started: OnceCell<()>,
    /// Locked by the worker that claims a letter.
    claiming: Mutex<ClaimState>,
    /// Recipients to whom a letter is being sent: the letters of each go one after another.
    busy: StdMutex<HashSet<String>>,
}

#[derive(Debug, Default)]
struct ClaimState {
    /// Acknowledged by the relay, not yet recorded in the database.
    unrecorded: Vec<ClaimedLetter>,
    /// When the letters of the last minute were claimed.
    sent: VecDeque<Timestamp>,
}

/// What one step did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// No letter is due; when the next one will be.
    Idle(Option<Timestamp>),
    /// The letter about the enquiry with this number was acknowledged.
    Delivered(i64),
    /// It could not be delivered and is due again.
    Retry(i64, Timestamp),
    /// It could not be delivered and is not tried again by itself.
    Failed(i64),
    /// No connection to the relay before that time.
    Paused(Timestamp),
    /// As many letters as a minute allows were sent.
    RateLimited(Timestamp),
    /// The outbox cannot be read.
    Unavailable(Unavailable),
}

impl Step {
    /// How long a worker waits for its next step; `None`: it goes on at once.
    pub fn pause(&self, now: Timestamp) -> Option<Duration> {
        match self {
            Self::Delivered(_) | Self::Retry(..) | Self::Failed(_) => None,
            Self::Idle(None) => Some(LONGEST_PAUSE),
            Self::Idle(Some(at)) | Self::Paused(at) | Self::RateLimited(at) => {
                let pause = Duration::try_from(at.duration_since(now)).unwrap_or_default();
                Some(pause.clamp(SHORTEST_PAUSE, LONGEST_PAUSE))
            }
            Self::Unavailable(_) => Some(UNAVAILABLE_PAUSE),
        }
    }

    /// Whether that wait ends when a letter arrives.
    pub fn ends_at_arrival(&self) -> bool {
        matches!(self, Self::Idle(_) | Self::Unavailable(_))
    }
}

/// Removes a recipient from the busy ones when dropped, also by a panic.
struct Busy<'a>(&'a StdMutex<HashSet<String>>, &'a str);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        lock(self.0).remove(self.1);
    }
}

fn lock(busy: &StdMutex<HashSet<String>>) -> MutexGuard<'_, HashSet<String>> {
    busy.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<M: MessageSender> DeliveryWorker<Outbox, M> {
    /// How many times to start [`DeliveryWorker::run`]: one for each recipient and one more, so that a slow recipient
    /// delays no other.
    pub fn workers(&self) -> usize {
        (self.outbox.recipients() + 1).min(MOST_WORKERS)
    }

    /// Delivers until `stop` is canceled; a letter that is being sent then is finished first. `now` is the clock.
    pub async fn run(self: Arc<Self>, stop: CancellationToken, now: impl Fn() -> Timestamp + Send + Sync) {
        let mut arrivals = self.outbox.arrivals();
        while !stop.is_cancelled() {
            arrivals.borrow_and_update();
            let step = self.step(now()).await;
            let Some(pause) = step.pause(now()) else { continue };
            tokio::select! {
                _ = arrivals.changed(), if step.ends_at_arrival() => {}
                () = sleep(pause) => {}
                () = stop.cancelled() => return,
            }
        }
    }
}

impl<S: LetterStore + RelayStore + ProblemStore, M: MessageSender> DeliveryWorker<S, M> {
    /// Nothing happens before [`DeliveryWorker::step`] or [`DeliveryWorker::run`].
    pub fn new(outbox: S, mailer: M, messages: MessageBuilder, policy: RetryPolicy, per_minute: u32) -> Self {
        Self {
            outbox,
            mailer,
            messages: ArcSwap::from_pointee(messages),
            policy,
            per_minute: per_minute as usize,
            started: OnceCell::new(),
            claiming: Mutex::default(),
            busy: StdMutex::default(),
        }
    }

    /// Replaces the clinic's facts in later letters.
    pub fn set_message_builder(&self, messages: MessageBuilder) {
        self.messages.store(Arc::new(messages));
    }

    /// Claims one due letter, sends it, records the outcome.
    pub async fn step(&self, now: Timestamp) -> Step {
        self.try_step(now).await.unwrap_or_else(|cause| {
            tracing::error!(%cause, "letters wait");
            Step::Unavailable(cause)
        })
    }

    async fn try_step(&self, now: Timestamp) -> Result<Step, Unavailable> {
        // Settings may have been corrected before this start, so the relay is tried at once.
        self.started.get_or_try_init(|| self.outbox.resume()).await?;
        let mut claiming = self.claiming.lock().await;
        while let Some(letter) = claiming.unrecorded.last() {
            self.outbox.mark_delivered(letter, now).await?;
            claiming.unrecorded.pop();
        }
        if let Some(until) = claiming.limited_until(now, self.per_minute) {
            return Ok(Step::RateLimited(until));
        }
        let lease = SignedDuration::try_from(self.mailer.limit() + MARGIN).unwrap_or(SignedDuration::MAX);
        let latest = self.policy.latest(now, lease);
        let relay = self.outbox.relay().await?;
        let end = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        if relay.failures > 0 && !self.outbox.may_probe(now, end, latest).await? {
            return Ok(Step::Paused(relay.paused_until));
        }
        let busy: Vec<String> = lock(&self.busy).iter().cloned().collect();
        let Some(letter) = self.outbox.claim(now, lease, latest, &busy).await? else {
            drop(claiming);
            if relay.failures > 0 {
                return self.check_relay(relay, now).await;
            }
            return Ok(Step::Idle(self.outbox.next_due().await?));
        };
        claiming.sent.push_back(now);
        lock(&self.busy).insert(letter.recipient.clone());
        let _busy = Busy(&self.busy, &letter.recipient);
        drop(claiming);
        self.deliver(&letter, relay, now).await
    }

    async fn deliver(&self, letter: &ClaimedLetter, relay: RelayState, now: Timestamp) -> Result<Step, Unavailable> {
        let sent = self.send(letter, now).await;
        if let Err(DeliveryError::Outbox(cause)) = sent {
            return Err(cause);
        }
        // Record this first: otherwise a crash would send the letter again.
        if sent.is_ok() && self.outbox.mark_delivered(letter, now).await.is_err() {
            self.claiming.lock().await.unrecorded.push(letter.clone());
        }
        if relay.failures > 0 && matches!(sent, Ok(()) | Err(DeliveryError::Letter { .. })) {
            self.outbox.relay_recovered(now).await?;
        }
        if let Err(error) = sent {
            return self.record_failure(letter, &error, relay, now).await;
        }
        tracing::info!(number = letter.number, copy = letter.copy, attempts = letter.attempts, "letter delivered");
        Ok(Step::Delivered(letter.number))
    }

    async fn send(&self, letter: &ClaimedLetter, now: Timestamp) -> Result<(), DeliveryError> {
        // None for the other kinds: their number is 0.
        let stored = self.outbox.stored(letter.number).await?;
        let messages = self.messages.load_full();
        let message = messages.message(letter, stored.as_ref(), now);
        self.mailer.send(&message.map_err(|error| DeliveryError::Unwritable(error.to_string()))?).await
    }

    async fn record_failure(
        &self,
        letter: &ClaimedLetter,
        error: &DeliveryError,
        relay: RelayState,
        now: Timestamp,
    ) -> Result<Step, Unavailable> {
        let (number, copy, attempts) = (letter.number, letter.copy, letter.attempts);
        tracing::warn!(number, copy, attempts, fault = %error, "letter not delivered");
        let of_session = matches!(error, DeliveryError::Session { .. });
        let at = if of_session {
            self.pause_relay(error, relay, now).await?
        } else {
            self.policy.next_attempt(attempts, now, jitter(letter))
        };
        if !self.policy.fails(error, attempts, now.duration_since(letter.queued)) {
            // While the relay is paused the letter keeps its place at the head of the queue.
            self.outbox.schedule_retry(letter, error, if of_session { now } else { at }).await?;
            return Ok(Step::Retry(number, at));
        }
        if letter.kind == MessageKind::Acknowledgement {
            self.outbox.discard_acknowledgement(letter, now).await?;
        } else {
            self.outbox.mark_failed(letter, error, now).await?;
            tracing::error!(number, copy, fault = %error, "letter failed; `enquiries resend` sends it again");
        }
        Ok(Step::Failed(number))
    }

    /// Tries the relay without a letter, since none waits: letters that failed because of it are queued when it works.
    async fn check_relay(&self, relay: RelayState, now: Timestamp) -> Result<Step, Unavailable> {
        if let Err(error) = self.mailer.check().await {
            return Ok(Step::Paused(self.pause_relay(&error, relay, now).await?));
        }
        self.outbox.relay_recovered(now).await?;
        Ok(Step::Idle(self.outbox.next_due().await?))
    }

    /// Returns when the relay is tried again. Its failures are counted for all letters, not for each.
    async fn pause_relay(
        &self,
        error: &DeliveryError,
        relay: RelayState,
        now: Timestamp,
    ) -> Result<Timestamp, Unavailable> {
        let until = self.policy.next_attempt(relay.failures.saturating_add(1), now, 0.5);
        self.outbox.pause(until).await?;
        let kind = ProblemKind::RelayRefuses;
        if error.is_permanent() && self.outbox.problem_begins(kind, 1, now).await? {
            tracing::error!(problem = kind.name(), fault = %error, "{}", kind.sentence());
        }
        Ok(until)
    }
}

/// Between 0 and 1, another for each claim, which is random.
fn jitter(letter: &ClaimedLetter) -> f64 {
    f64::from(blake3::hash(letter.claim.as_bytes()).as_bytes()[0]) / f64::from(u8::MAX)
}

impl ClaimState {
    /// When the next letter may be sent, if that is not now.
    fn limited_until(&mut self, now: Timestamp, per_minute: usize) -> Option<Timestamp> {
        // Times after `now` are from before the clock was set back.
        self.sent.retain(|at| *at <= now && now.duration_since(*at) < MINUTE);
        let oldest = self.sent.front().filter(|_| self.sent.len() >= per_minute)?;
        Some(oldest.saturating_add(MINUTE).unwrap_or(Timestamp::MAX))
    }
}
