//! What is counted while the program serves, and its way into the totals.
//!
//! A view is counted for the day on which it is kept, so the last minutes before midnight may count for the next day.

use super::now;
use crate::{
    catalog::Tally,
    mail::outbox::{Fresh, Outbox},
};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// The counters of this process.
#[derive(Debug, Clone, Default)]
pub(super) struct Counting {
    pub(super) views: Arc<Tally>,
    pub(super) enquiries: Arc<Tally>,
}

impl Counting {
    /// Adds what was counted to the totals after every pause, and a last time when `stop` is cancelled.
    pub(super) async fn keep_every(self, outbox: Outbox, pause: Duration, stop: CancellationToken) {
        while stop.run_until_cancelled(sleep(pause)).await.is_some() {
            self.keep(&outbox).await;
        }
        self.keep(&outbox).await;
    }

    /// Adds what was counted to the totals; what cannot be kept now is kept the next time.
    async fn keep(&self, outbox: &Outbox) {
        let fresh = Fresh { views: self.views.take(), enquiries: self.enquiries.take() };
        if fresh.is_empty() {
            return;
        }
        if let Err(error) = outbox.add_counts(&fresh, now()).await {
            tracing::warn!(%error, "the counts of readers wait");
            self.views.give_back(&fresh.views);
            self.enquiries.give_back(&fresh.enquiries);
        }
    }
}
