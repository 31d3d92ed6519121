//! Keeps couriers walking: woken by arrivals, by the next due time, and now and then in any case.

use super::{Courier, Step};
use jiff::{SignedDuration, Timestamp};
use std::{sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;

/// Letters of other copies, whose leases may end, and clocks that were set are found within this time.
const AT_LEAST: Duration = Duration::from_secs(15);
/// A database that is out of reach is asked again after this.
const OUT_OF_REACH: Duration = Duration::from_secs(5);
/// How often troubles are looked for.
const LOOK_AROUND: Duration = Duration::from_secs(10);
/// How often words that have done their work are erased.
const TIDY: Duration = Duration::from_mins(10);
/// Letters under way at once; more recipients than this share.
const MOST_LANES: usize = 8;

impl Courier {
    /// Walks until `stop` is cancelled; letters that are on their way then are finished first. `now` is the clock.
    pub async fn run<C>(self: Arc<Self>, stop: CancellationToken, now: C)
    where
        C: Fn() -> Timestamp + Clone + Send + Sync + 'static,
    {
        while let Err(cause) = self.begin(now()).await {
            tracing::error!(%cause, "letters wait");
            if asleep(OUT_OF_REACH, &stop).await {
                return;
            }
        }
        let mut tasks = JoinSet::new();
        for _ in 0..self.lanes() {
            tasks.spawn(Arc::clone(&self).lane(stop.clone(), now.clone()));
        }
        tasks.spawn(Arc::clone(&self).watch(stop.clone(), now.clone()));
        tasks.spawn(self.sweep(stop, now));
        tasks.join_all().await;
    }

    /// A lane per recipient and one more, so that a recipient at whom the relay hangs holds up nobody else.
    fn lanes(&self) -> usize {
        (self.outbox.recipients() + 1).min(MOST_LANES)
    }

    async fn lane(self: Arc<Self>, stop: CancellationToken, now: impl Fn() -> Timestamp + Send + Sync) {
        let mut arrivals = self.outbox.arrivals();
        while !stop.is_cancelled() {
            arrivals.borrow_and_update();
            let rest = match self.step(now()).await {
                Step::Delivered(_) | Step::Again(..) | Step::SetAside(_) => continue,
                Step::Idle(due) => due.map_or(AT_LEAST, |at| until(at, now())),
                Step::Paused(at) | Step::Full(at) => {
                    // An arrival changes nothing about these.
                    if asleep(until(at, now()), &stop).await {
                        return;
                    }
                    continue;
                }
                Step::Unavailable(cause) => {
                    tracing::error!(%cause, "letters wait");
                    OUT_OF_REACH
                }
            };
            tokio::select! {
                _ = arrivals.changed() => {}
                () = sleep(rest) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn watch(self: Arc<Self>, stop: CancellationToken, now: impl Fn() -> Timestamp + Send + Sync) {
        loop {
            self.look_around(now()).await;
            if asleep(LOOK_AROUND, &stop).await {
                return;
            }
        }
    }

    async fn sweep(self: Arc<Self>, stop: CancellationToken, now: impl Fn() -> Timestamp + Send + Sync) {
        loop {
            match self.outbox.tidy(now()).await {
                Ok(done) if done.erased > 0 || done.removed > 0 => {
                    tracing::info!(erased = done.erased, removed = done.removed, "enquiries erased");
                }
                Ok(_) => {}
                Err(cause) => tracing::error!(%cause, "enquiries are not erased"),
            }
            if asleep(TIDY, &stop).await {
                return;
            }
        }
    }
}

/// Not less than a moment, so that a clock in the past makes no busy loop.
fn until(at: Timestamp, now: Timestamp) -> Duration {
    let wait = at.duration_since(now).max(SignedDuration::from_millis(20));
    Duration::try_from(wait).unwrap_or(AT_LEAST).min(AT_LEAST)
}

/// True when it is time to stop.
async fn asleep(length: Duration, stop: &CancellationToken) -> bool {
    stop.run_until_cancelled(sleep(length)).await.is_none()
}
