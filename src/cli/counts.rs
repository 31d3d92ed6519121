//! Counts of views and enquiries: added to the totals while the site is served, and shown by `counts`, rounded.
//!
//! A view is counted for the day on which it is added, so the last minutes before midnight may count for the next day.

use super::{Ended, data, now, outbox};
use crate::{
    catalog::Counters,
    config::Config,
    content,
    mail::outbox::{
        Outbox,
        counts::{Total, totals},
    },
};
use jiff::{ToSpan as _, civil::Date};
use secrecy::ExposeSecret as _;
use std::{fmt::Write as _, process::ExitCode, sync::Arc, time::Duration};
use tokio::{runtime::Runtime, time::sleep};
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

/// Options of `counts`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How many months, including the current one
    #[arg(long, value_name = "NUMBER", default_value = "3", value_parser = clap::value_parser!(u32).range(1..))]
    last: u32,
}

pub(super) fn run(config: &Config, arguments: &Arguments) -> Ended {
    let totals = Runtime::new()?.block_on(read(config, arguments))?;
    print!("{}", table(&totals));
    Ok(ExitCode::SUCCESS)
}

async fn read(config: &Config, arguments: &Arguments) -> Result<Vec<Total>, String> {
    let clinic = content::clinic_facts(&config.content).map_err(|faults| faults.to_string())?;
    let secret = data::secret(config).map_err(|error| format!("the secret in {}: {error}", config.data.display()))?;
    let outbox = outbox::open(config, &clinic, secret.expose_secret()).await?;
    let today = outbox.day(now());
    let first = today.first_of_month().saturating_sub(i64::from(arguments.last - 1).months());
    let days = outbox.day_counts(first, today).await.map_err(|error| error.to_string());
    outbox.close().await;
    Ok(totals(&days?, Date::first_of_month))
}

fn table(totals: &[Total]) -> String {
    if totals.is_empty() {
        return "nothing was counted yet; views appear here within minutes\n".to_owned();
    }
    let width = totals.iter().map(|total| total.article.len()).max().unwrap_or(0).max("article".len());
    let mut text = format!("{:<10}  {:<width$}  {:<14}  {}\n", "from", "article", "views", "enquiries");
    for Total { first_day, article, views, enquiries } in totals {
        writeln!(text, "{first_day:<10}  {article:<width$}  {views:<14}  {enquiries}")
            .expect("writing to a string never fails");
    }
    text
}
