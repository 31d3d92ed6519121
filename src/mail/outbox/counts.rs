//! Totals of views and enquiries by article: stored in the outbox's database, which all copies of the program share, and
//! shown rounded: by month, and for the weekly note by week.
//!
//! Invariant: counts of several copies add up; a row holds a day, an article and two numbers. No number below ten is
//! shown, and every other one is rounded to tens, so that none can be the reading of one person.
//!
//! Never: the day of an enquiry. Its text is erased within weeks, and a total of one on that day would reveal what it was
//! about; so enquiries are counted by month.

use super::{Outbox, Unavailable, letters::unsigned, writer::json};
use jiff::{Timestamp, civil::Date};
use std::{cmp::Reverse, collections::BTreeMap, fmt};

/// Below this a number is not shown; above, it is rounded to multiples of this.
const FEW: u64 = 10;

/// A number rounded to tens: "fewer than 10", "about 30".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rounded(u64);

impl Rounded {
    /// Rounds an exact number.
    pub fn new(exact: u64) -> Self {
        Self(if exact < FEW { 0 } else { (exact + FEW / 2) / FEW * FEW })
    }
}

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.pad(&format!("fewer than {FEW}")),
            number => f.pad(&format!("about {number}")),
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
    /// How often it was opened in the period.
    pub views: Rounded,
    /// Enquiries sent from the article in the whole month in which the period ends.
    pub enquiries: Rounded,
}

impl Outbox {
    /// Adds counts (slug, views, enquiries) to the totals of today, in the clinic's zone. Nothing was added if
    /// this fails, unless the answer was lost.
    pub async fn add_counts(&self, counts: &[(String, u64, u64)], now: Timestamp) -> Result<(), Unavailable> {
        let rows = json(&rows(counts, self.day(now)));
        self.db.execute(sqlx::query(self.db.sql.add_counts.as_str()).bind(rows)).await.map(drop)
    }

    /// The totals of each article from one day to another, both included, the most read first.
    pub async fn totals(&self, first: Date, last: Date) -> Result<Vec<Total>, Unavailable> {
        const SUM: &str = "SELECT article, CAST(SUM(views) AS BIGINT), COALESCE((SELECT enquiries FROM article_count month \
             WHERE month.article = days.article AND month.day = $3), 0) FROM article_count days \
             WHERE day >= $1 AND day <= $2 GROUP BY article ORDER BY article";
        let query = sqlx::query_as(SUM).bind(first.to_string()).bind(last.to_string());
        let query = query.bind(last.first_of_month().to_string());
        let rows: Vec<(String, i64, i64)> = query.fetch_all(&self.db.pool().await?).await?;
        let rounded = |number| Rounded::new(unsigned(number));
        let total = |(article, views, enquiries)| Total {
            first_day: first,
            article,
            views: rounded(views),
            enquiries: rounded(enquiries),
        };
        let mut totals: Vec<Total> = rows.into_iter().map(total).collect();
        totals.sort_by_key(|total| Reverse(total.views));
        Ok(totals)
    }

    /// The clinic's day.
    pub fn day(&self, now: Timestamp) -> Date {
        self.options.load().zone.to_datetime(now).date()
    }
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

    #[test]
    fn numbers_below_ten_are_not_shown_and_others_are_rounded_to_tens() {
        let table = [(0, "fewer than 10"), (1, "fewer than 10"), (9, "fewer than 10"), (10, "about 10")];
        for (exact, shown) in table.into_iter().chain([(14, "about 10"), (15, "about 20"), (1234, "about 1230")]) {
            assert_eq!(Rounded::new(exact).to_string(), shown, "{exact}");
        }
    }
}
