//! Totals of views and enquiries by article: stored in the outbox's database, which all copies of the program share, and
//! shown rounded: by month, and for the weekly note by week.
//!
//! Invariant: counts of several copies add up; a row holds a day, an article and two numbers. No number below [`FEW`] is
//! shown, and every other one is rounded to tens, so that none can be the reading of one person.
//!
//! Never: the day of an enquiry. Its text is erased after a day, and a total of one on that day would reveal what it was
//! about; so enquiries are counted by month.

use super::{Outbox, Unavailable, letters::unsigned, writer::json};
use jiff::{Timestamp, ToSpan as _, civil::Date};
use sqlx::{Row as _, any::AnyRow};
use std::{cmp::Reverse, collections::BTreeMap, fmt};

/// Below this a number is not shown; above, it is rounded to multiples of this.
pub const FEW: u64 = 10;

/// Totals of one article on one day of the clinic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayCount {
    /// The day; for enquiries the first of their month.
    pub day: Date,
    /// Slug of the article.
    pub article: String,
    /// How often it was opened that day.
    pub views: u64,
    /// Enquiries of the whole month that were sent from the article; on the first of a month only, else 0.
    pub enquiries: u64,
}

/// A rounded number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rounded {
    /// Less than this, or none.
    FewerThan(u64),
    /// Rounded to tens.
    About(u64),
}

impl Rounded {
    /// Rounds an exact number.
    pub fn new(exact: u64) -> Self {
        if exact < FEW { Self::FewerThan(FEW) } else { Self::About((exact + FEW / 2) / FEW * FEW) }
    }
}

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FewerThan(limit) => f.pad(&format!("fewer than {limit}")),
            Self::About(number) => f.pad(&format!("about {number}")),
        }
    }
}

/// One article in one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    /// First day of the period.
    pub first_day: Date,
    /// Slug of the article.
    pub article: String,
    /// How often it was opened.
    pub views: Rounded,
    /// Enquiries sent from the article in a whole month.
    pub enquiries: Rounded,
}

/// Sums days to periods, of which `first_day` gives the first day: the latest first, then the most read.
pub fn totals(days: &[DayCount], first_day: impl Fn(Date) -> Date) -> Vec<Total> {
    let mut sums: BTreeMap<(Date, &str), (u64, u64)> = BTreeMap::new();
    for day in days {
        let sum = sums.entry((first_day(day.day), &day.article)).or_default();
        *sum = (sum.0 + day.views, sum.1 + day.enquiries);
    }
    let total = |((first_day, article), (views, enquiries)): ((Date, &str), (u64, u64))| Total {
        first_day,
        article: article.to_owned(),
        views: Rounded::new(views),
        enquiries: Rounded::new(enquiries),
    };
    let mut totals: Vec<Total> = sums.into_iter().map(total).collect();
    totals.sort_by_key(|total| (Reverse(total.first_day), Reverse(total.views)));
    totals
}

impl Outbox {
    /// Adds counts (slug, views, enquiries) to the totals of today, in the clinic's zone. Nothing was added if
    /// this fails, unless the answer was lost.
    pub async fn add_counts(&self, counts: &[(String, u64, u64)], now: Timestamp) -> Result<(), Unavailable> {
        let rows = json(&rows(counts, self.day(now)));
        self.db.execute(sqlx::query(self.db.sql.add_counts).bind(rows)).await.map(drop)
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
    /// first; articles without views are left out. Enquiries are those of the month in which that week ended. For the
    /// weekly note.
    pub async fn read_last_week(&self, now: Timestamp) -> Result<Vec<Total>, Unavailable> {
        let first = week_before(self.day(now));
        let last = first.saturating_add(6.days());
        let month = last.first_of_month();
        let (mut week, enquiries) = (self.day_counts(first, last).await?, self.day_counts(month, month).await?);
        // A week without views may hold the row of the month's enquiries.
        week.retain(|count| count.views > 0);
        let mut week = totals(&week, |_| first);
        for total in &mut week {
            let counted = enquiries.iter().find(|count| count.article == total.article);
            total.enquiries = Rounded::new(counted.map_or(0, |count| count.enquiries));
        }
        Ok(week)
    }

    /// The clinic's day.
    pub fn day(&self, now: Timestamp) -> Date {
        self.options.load().zone.to_datetime(now).date()
    }
}

/// Monday of the week before the one of a day.
fn week_before(day: Date) -> Date {
    day.saturating_sub((i64::from(day.weekday().to_monday_zero_offset()) + 7).days())
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

/// One row for each day and article, in the order of the table's key, so that two copies cannot deadlock. Enquiries are counted on the first of the month.
fn rows(counts: &[(String, u64, u64)], today: Date) -> Vec<serde_json::Value> {
    let mut rows: BTreeMap<(Date, &str), (u64, u64)> = BTreeMap::new();
    for (article, views, enquiries) in counts {
        rows.entry((today, article)).or_default().0 += views;
        rows.entry((today.first_of_month(), article)).or_default().1 += enquiries;
    }
    let counted = rows.into_iter().filter(|(_, (views, enquiries))| views + enquiries > 0);
    let row = |((day, article), (views, enquiries)): ((Date, &str), _)| serde_json::json!({ "day": day, "article": article, "views": views, "enquiries": enquiries });
    counted.map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn numbers_below_ten_are_not_shown_and_others_are_rounded_to_tens() {
        let table = [(0, "fewer than 10"), (1, "fewer than 10"), (9, "fewer than 10"), (10, "about 10")];
        for (exact, shown) in table.into_iter().chain([(14, "about 10"), (15, "about 20"), (1234, "about 1230")]) {
            assert_eq!(Rounded::new(exact).to_string(), shown, "{exact}");
        }
    }

    fn count(day: Date, article: &str, views: u64, enquiries: u64) -> DayCount {
        DayCount { day, article: article.into(), views, enquiries }
    }

    #[test]
    fn days_are_summed_before_they_are_rounded() {
        let days = [
            count(date(2026, 11, 1), "trust", 0, 12),
            count(date(2026, 11, 22), "trust", 6, 0),
            count(date(2026, 11, 23), "trust", 6, 0),
            count(date(2026, 11, 29), "trust", 6, 0),
            count(date(2026, 11, 29), "quarrel", 40, 0),
        ];
        let line = |t: &Total| format!("{} {} {} {}", t.first_day, t.article, t.views, t.enquiries);
        assert_eq!(
            totals(&days, Date::first_of_month).iter().map(line).collect::<Vec<_>>(),
            ["2026-11-01 quarrel about 40 fewer than 10", "2026-11-01 trust about 20 about 10"]
        );
    }

    #[test]
    fn a_week_begins_on_monday() {
        assert_eq!(week_before(date(2027, 1, 3)), date(2026, 12, 21));
        assert_eq!(week_before(date(2027, 1, 4)), date(2026, 12, 28));
    }
}
