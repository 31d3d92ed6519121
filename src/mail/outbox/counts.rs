//! Totals of readers and enquiries by article: kept beside the enquiries, since that is what the copies share.
//!
//! Invariant: copies add up, whichever comes first; a row holds a day, a name of ours and two numbers.
//!
//! Never: when an enquiry came, by the day. Its words are erased after a day, and a total of one beside its trace would
//! say again what it was about; so enquiries are counted by the month.

use super::{Outbox, Unavailable, letters::unsigned, writer::json};
use crate::{
    enquiry::retention,
    mail::counts::{DayCount, Period, Rounded, Total, totals},
};
use jiff::{Timestamp, ToSpan as _, civil::Date};
use serde::Serialize;
use sqlx::{Row as _, any::AnyRow};
use std::collections::BTreeMap;

/// Counts by slug since the last time they were kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fresh {
    /// Views of each article.
    pub views: BTreeMap<String, u64>,
    /// Enquiries from the foot of each article.
    pub enquiries: BTreeMap<String, u64>,
}

impl Fresh {
    /// Nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.views.is_empty() && self.enquiries.is_empty()
    }

    /// In the order of the table's key, so that two copies never wait for one another in a circle.
    fn rows(&self, today: Date) -> Vec<CountRow<'_>> {
        let mut rows: BTreeMap<(Date, &str), (u64, u64)> = BTreeMap::new();
        for (article, count) in &self.views {
            rows.entry((today, article)).or_default().0 += count;
        }
        for (article, count) in &self.enquiries {
            rows.entry((today.first_of_month(), article)).or_default().1 += count;
        }
        let row = |((day, article), (views, enquiries))| CountRow { day, article, views, enquiries };
        rows.into_iter().map(row).collect()
    }
}

#[derive(Debug, Serialize, PartialEq)]
struct CountRow<'a> {
    day: Date,
    article: &'a str,
    views: u64,
    enquiries: u64,
}

impl Outbox {
    /// Adds fresh counts to the totals of today, in the clinic's zone, and lets old days go. Nothing was added if this
    /// fails, unless the answer to the commit was lost.
    pub async fn add_counts(&self, fresh: &Fresh, now: Timestamp) -> Result<(), Unavailable> {
        const OLD: &str = "DELETE FROM article_count WHERE day < $1";
        let today = self.day(now);
        let oldest = today.saturating_sub(retention::COUNT_DAYS.days());
        let mut tx = self.db.pool().await?.begin().await?;
        sqlx::query(self.db.sql().add_counts).bind(json(&fresh.rows(today))).execute(&mut *tx).await?;
        sqlx::query(OLD).bind(oldest.to_string()).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Every total from one day to another, both included.
    pub async fn day_counts(&self, first: Date, last: Date) -> Result<Vec<DayCount>, Unavailable> {
        const READ: &str = "SELECT day, article, views, enquiries FROM article_count \
                            WHERE day >= $1 AND day <= $2 ORDER BY day, article";
        let query = sqlx::query(READ).bind(first.to_string()).bind(last.to_string());
        let rows = query.fetch_all(&self.db.pool().await?).await?;
        Ok(rows.iter().map(day_count).collect::<sqlx::Result<_>>()?)
    }

    /// What was read in the last whole week before `now`, Monday to Sunday in the clinic's zone: rounded, the most read
    /// first; articles that nobody opened are left out. Enquiries are those of the month in which that week ended. For the
    /// weekly note.
    pub async fn read_last_week(&self, now: Timestamp) -> Result<Vec<Total>, Unavailable> {
        let first = Period::Week.first_day_back(self.day(now), 1);
        let last = first.saturating_add(6.days());
        let month = self.day_counts(last.first_of_month(), last).await?;
        let month: BTreeMap<String, Option<Rounded>> =
            totals(&month, Period::Month).into_iter().map(|total| (total.article, total.enquiries)).collect();
        let mut week = totals(&self.day_counts(first, last).await?, Period::Week);
        for total in &mut week {
            total.enquiries = month.get(&total.article).copied().flatten();
        }
        Ok(week)
    }

    /// The clinic's day.
    pub fn day(&self, now: Timestamp) -> Date {
        self.options.load().zone.to_datetime(now).date()
    }
}

fn day_count(row: &AnyRow) -> sqlx::Result<DayCount> {
    let day: String = row.try_get("day")?;
    Ok(DayCount {
        day: day.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
        article: row.try_get("article")?,
        views: unsigned(row.try_get("views")?),
        enquiries: unsigned(row.try_get("enquiries")?),
    })
}
