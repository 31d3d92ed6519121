//! Checks that enquiries are stored and letters are sent, and raises an alarm when a problem begins.
//!
//! Invariant: each problem is reported once, by one copy of the program, and again only after it was over or when more
//! letters have failed.

use crate::mail::{
    alarm::{AlarmChannel, Notifier},
    health::{LATE, ProblemKind},
    outbox::{Outbox, ProblemStore, REPEAT, Unavailable},
    retry_policy::RetryPolicy,
};
use jiff::{SignedDuration, Timestamp};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::sleep;

/// Pause between two checks.
const INTERVAL: Duration = Duration::from_secs(10);
/// A copy that has claimed a problem and not reported it within this time is replaced by another.
const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// Finds problems and reports each once.
#[derive(Debug)]
pub struct HealthWatch<S = Outbox, N = AlarmChannel> {
    outbox: S,
    channel: Option<N>,
    policy: RetryPolicy,
    /// In memory, because while enquiries cannot be stored, this cannot be stored either.
    write_failure_reported: AtomicBool,
}

impl<S: ProblemStore, N: Notifier> HealthWatch<S, N> {
    /// Without a `channel`, problems are only logged. A report that fails is retried with the waits of `policy`.
    pub fn new(outbox: S, channel: Option<N>, policy: RetryPolicy) -> Self {
        Self { outbox, channel, policy, write_failure_reported: AtomicBool::new(false) }
    }

    /// Checks at intervals, until it is dropped. `now` is the clock.
    pub async fn run(self: Arc<Self>, now: impl Fn() -> Timestamp + Send + Sync) {
        loop {
            self.check(now()).await;
            sleep(INTERVAL).await;
        }
    }

    /// Records problems that begin or end, and reports those that are not reported yet.
    pub async fn check(&self, now: Timestamp) {
        if let Err(cause) = self.check_letters(now).await {
            tracing::debug!(%cause, "the state of the letters cannot be read");
        }
        let failing = self.outbox.last_write().is_err();
        if failing != self.write_failure_reported.load(Ordering::Relaxed) {
            let reported = failing && self.report(ProblemKind::NotStored, now).await;
            self.write_failure_reported.store(reported, Ordering::Relaxed);
        }
    }

    async fn check_letters(&self, now: Timestamp) -> Result<(), Unavailable> {
        let letters = self.outbox.letter_counts(now, LATE).await?;
        for (kind, count) in [(ProblemKind::Late, letters.late), (ProblemKind::Failed, letters.failed)] {
            if count == 0 {
                self.outbox.problem_ends(kind).await?;
                continue;
            }
            // Each letter that fails has a cause of its own; those that wait have one.
            let counted = if kind == ProblemKind::Failed { count } else { 1 };
            if self.outbox.problem_begins(kind, counted, now).await? {
                tracing::error!(problem = kind.name(), letters = count, "{}", kind.sentence());
            }
        }
        let latest = self.policy.latest(now, REPEAT);
        while let Some(problem) = self.outbox.claim_problem(now, LEASE, latest).await? {
            if self.report(problem.kind, problem.since).await {
                self.outbox.problem_reported(&problem, now).await?;
            } else {
                let at = self.policy.next_attempt(problem.attempts, now, 0.5);
                self.outbox.retry_problem(problem.kind, at).await?;
            }
        }
        Ok(())
    }

    /// True when it was reported, or when there is no channel for reports.
    async fn report(&self, kind: ProblemKind, since: Timestamp) -> bool {
        let Some(channel) = &self.channel else { return true };
        let reported = channel.notify(kind, since).await;
        reported
            .inspect_err(|error| tracing::error!(problem = kind.name(), %error, "the alarm was not delivered"))
            .is_ok()
    }
}
