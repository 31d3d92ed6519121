//! Counts of views and enquiries: added to the totals while the site is served, and shown by `counts`, rounded.
//!
//! A view is counted for the day on which it is added, so the last minutes before midnight may count for the next day.

use super::{Ended, aligned, enquiries, now};
use crate::{
    catalog::Counters,
    config::Config,
    enquiry::retention::COUNT_DAYS,
    mail::outbox::{Outbox, counts::Total},
};
use jiff::ToSpan as _;
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How often counts are added to the totals; a program that is killed loses no more than this.
const ADD_EVERY: Duration = Duration::from_mins(5);

/// Adds the counts to the totals every [`ADD_EVERY`] and at the stop. Counts that cannot be added are kept.
pub(super) async fn add_to_totals(counters: Arc<Counters>, outbox: Outbox, stop: CancellationToken) {
    loop {
        let stopped = stop.run_until_cancelled(sleep(ADD_EVERY)).await.is_none();
        let counts = counters.take();
        if !counts.is_empty()
            && let Err(error) = outbox.add_counts(&counts, now()).await
        {
            tracing::warn!(%error, "the counts could not be stored and are kept for the next time");
            counters.put_back(&counts);
        }
        if stopped {
            return;
        }
    }
}

/// Prints every stored total, the latest month first.
pub(super) fn run(config: &Config) -> Ended {
    enquiries::with_outbox(config, false, async |outbox| {
        let this_month = outbox.day(now()).first_of_month();
        let mut totals = Vec::new();
        for back in 0..=COUNT_DAYS / 28 {
            let month = this_month.saturating_sub(back.months());
            totals.extend(outbox.totals(month, month.last_of_month()).await?);
        }
        Ok(table(&totals))
    })
}

fn table(totals: &[Total]) -> String {
    if totals.is_empty() {
        return "nothing was counted yet; views appear here within minutes\n".to_owned();
    }
    let mut rows = vec![["from", "article", "views", "enquiries"].map(str::to_owned)];
    rows.extend(totals.iter().map(|Total { first_day, article, views, enquiries }| {
        [first_day.to_string(), article.clone(), views.to_string(), enquiries.to_string()]
    }));
    aligned(&rows)
}
