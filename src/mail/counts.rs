//! What the totals of [`super::outbox`] say, for people: by article and week or month, rounded.
//!
//! Invariant: no number below [`FEW`] is ever shown, and every other one is rounded to tens: a number that could be one
//! person's reading is not worth more than that person's peace.
//!
//! Never: a reader. There is nothing about one to show.

use jiff::{ToSpan as _, civil::Date};
use serde::Serialize;
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
    /// Enquiries of the whole month that were sent from its foot; on the first of a month only, else 0.
    pub enquiries: u64,
}

/// A number as it may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounded {
    /// Anything from none to one less than this.
    FewerThan(u64),
    /// Rounded to tens.
    About(u64),
}

impl Rounded {
    /// Of an exact number.
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

/// What days are summed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Monday to Sunday. Enquiries are not known by the week.
    Week,
    /// A calendar month.
    Month,
}

impl Period {
    /// First day of the period in which a day lies.
    pub fn first_day(self, day: Date) -> Date {
        match self {
            Self::Week => day.saturating_sub(i64::from(day.weekday().to_monday_zero_offset()).days()),
            Self::Month => day.first_of_month(),
        }
    }

    /// First day of the period that lies `back` periods before the one of a day.
    pub fn first_day_back(self, day: Date, back: u32) -> Date {
        let back = i64::from(back);
        let span = match self {
            Self::Week => back.weeks(),
            Self::Month => back.months(),
        };
        self.first_day(day).saturating_sub(span)
    }
}

/// One article in one period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Total {
    /// First day of the period.
    pub first_day: Date,
    /// Slug of the article.
    pub article: String,
    /// How often it was opened.
    pub views: Rounded,
    /// Enquiries sent from its foot, of a month; absent for weeks, unless somebody adds those of the month.
    pub enquiries: Option<Rounded>,
}

/// Sums days to periods: the latest first, then the most read. An article that nobody opened is not listed.
pub fn totals(days: &[DayCount], period: Period) -> Vec<Total> {
    let mut sums: BTreeMap<(Date, &str), (u64, u64)> = BTreeMap::new();
    for day in days {
        let sum = sums.entry((period.first_day(day.day), &day.article)).or_default();
        *sum = (sum.0 + day.views, sum.1 + day.enquiries);
    }
    let total = |((first_day, article), (views, enquiries)): ((Date, &str), (u64, u64))| Total {
        first_day,
        article: article.to_owned(),
        views: Rounded::new(views),
        enquiries: (period == Period::Month).then(|| Rounded::new(enquiries)),
    };
    // A week in which an article was not opened may yet hold its row of the month's enquiries.
    let opened = |(_, (views, _)): &((Date, &str), (u64, u64))| period == Period::Month || *views > 0;
    let mut totals: Vec<Total> = sums.into_iter().filter(opened).map(total).collect();
    totals.sort_by_key(|total| (Reverse(total.first_day), Reverse(total.views)));
    totals
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn small_numbers_are_not_told_apart_and_larger_ones_are_rounded_to_tens() {
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
        // November 23, 2026 is a Monday.
        let days = [
            count(date(2026, 11, 1), "trust", 0, 12),
            count(date(2026, 11, 22), "trust", 6, 0),
            count(date(2026, 11, 23), "trust", 6, 0),
            count(date(2026, 11, 29), "trust", 6, 0),
            count(date(2026, 11, 29), "quarrel", 40, 0),
        ];
        let shown = |period| -> Vec<String> {
            let line = |t: &Total| format!("{} {} {} {:?}", t.first_day, t.article, t.views, t.enquiries);
            totals(&days, period).iter().map(line).collect()
        };
        assert_eq!(
            shown(Period::Week),
            [
                "2026-11-23 quarrel about 40 None",
                "2026-11-23 trust about 10 None",
                "2026-11-16 trust fewer than 10 None"
            ]
        );
        assert_eq!(
            shown(Period::Month),
            ["2026-11-01 quarrel about 40 Some(FewerThan(10))", "2026-11-01 trust about 20 Some(About(10))"]
        );
    }

    #[test]
    fn a_week_begins_on_monday_and_a_month_on_the_first() {
        let day = date(2027, 1, 3);
        assert_eq!(Period::Week.first_day(day), date(2026, 12, 28));
        assert_eq!(Period::Week.first_day_back(day, 1), date(2026, 12, 21));
        assert_eq!(Period::Month.first_day_back(date(2027, 3, 31), 1), date(2027, 2, 1));
    }
}
