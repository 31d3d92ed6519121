//! `counts`: a table for people, JSON for programs; rounded both.

use super::{data, now, serve, words};
use crate::{
    config::Config,
    mail::counts::{Period, Total, totals},
};
use std::{fmt::Write as _, process::ExitCode};
use tokio::runtime::Runtime;

/// What somebody wants to see.
#[derive(Debug, clap::Args)]
pub(super) struct Wanted {
    /// Sum up by week or by month; enquiries are known by the month only
    #[arg(long, value_enum, default_value = "month")]
    by: By,
    /// How many weeks or months, the present one included
    #[arg(long, value_name = "NUMBER", default_value = "3", value_parser = clap::value_parser!(u32).range(1..))]
    last: u32,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum By {
    Week,
    Month,
}

impl From<By> for Period {
    fn from(by: By) -> Self {
        match by {
            By::Week => Self::Week,
            By::Month => Self::Month,
        }
    }
}

pub(super) fn run(config: &Config, wanted: &Wanted) -> ExitCode {
    let read = Runtime::new().map_err(|error| error.to_string()).and_then(|r| r.block_on(read(config, wanted)));
    match read {
        Ok(totals) if wanted.json => println!("{}", serde_json::to_string_pretty(&totals).expect("plain data")),
        Ok(totals) => print!("{}", table(&totals)),
        Err(text) => {
            eprintln!("{text}");
            return ExitCode::from(1);
        }
    }
    ExitCode::SUCCESS
}

async fn read(config: &Config, wanted: &Wanted) -> Result<Vec<Total>, String> {
    let clinic = words::read(config, now())?.edition.site.clinic;
    let secret = data::secret(config).map_err(|error| format!("the secret in {}: {error}", config.data.display()))?;
    let outbox = serve::outbox(config, &clinic, &secret).await?;
    let (period, today) = (Period::from(wanted.by), outbox.day(now()));
    let days = outbox.counts(period.first_day_back(today, wanted.last - 1), today).await.map_err(|e| e.to_string());
    outbox.close().await;
    Ok(totals(&days?, period))
}

fn table(totals: &[Total]) -> String {
    if totals.is_empty() {
        return "nothing was counted yet; what is read now shows here within minutes\n".to_owned();
    }
    let width = totals.iter().map(|total| total.article.len()).max().unwrap_or(0).max("article".len());
    let mut text = format!("{:<10}  {:<width$}  {:<14}  {}\n", "from", "article", "views", "enquiries");
    for Total { first_day, article, views, enquiries } in totals {
        let enquiries = enquiries.map_or_else(|| "by the month only".to_owned(), |number| number.to_string());
        writeln!(text, "{first_day:<10}  {article:<width$}  {views:<14}  {enquiries}").expect("text takes every write");
    }
    text
}
