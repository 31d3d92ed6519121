//! Totals of readers, on both databases: copies add up, days end with the clinic's day, old ones are removed.

use crate::{
    databases::Kind,
    test_outbox::{TestOutbox, start},
};
use jiff::{ToSpan as _, civil::date};
use relationship_clinic::mail::outbox::counts::Rounded;

fn counts(counts: &[(&str, u64, u64)]) -> Vec<(String, u64, u64)> {
    counts.iter().map(|(article, views, enquiries)| ((*article).to_owned(), *views, *enquiries)).collect()
}

async fn copies_add_up(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    let copy = test.copy().await;
    let two = counts(&[("a", 3, 1), ("b", 1, 0)]);
    let (one, other) = tokio::join!(test.outbox.add_counts(&two, start()), copy.add_counts(&two, start()));
    assert_eq!((one, other), (Ok(()), Ok(())));
    test.outbox.add_counts(&counts(&[("a", 1, 0)]), start()).await.unwrap();
    let days = copy.day_counts(date(2026, 11, 1), date(2026, 11, 30)).await.unwrap();
    let shown: Vec<_> = days.iter().map(|d| (d.day.to_string(), d.article.as_str(), d.views, d.enquiries)).collect();
    assert_eq!(
        shown,
        [
            ("2026-11-01".to_owned(), "a", 0, 2),
            ("2026-11-24".to_owned(), "a", 7, 0),
            ("2026-11-24".to_owned(), "b", 2, 0)
        ]
    );
}

async fn a_day_is_the_clinics_day_and_its_total_is_removed_after_400_days(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    // Eleven at night in California is the next day in Greenwich; on the first, views and enquiries share a row.
    let night = "2026-12-02T07:30:00Z".parse().unwrap();
    test.outbox.add_counts(&counts(&[("a", 2, 1)]), night).await.unwrap();
    let all = || test.outbox.day_counts(date(2020, 1, 1), date(2040, 1, 1));
    let days = all().await.unwrap();
    assert_eq!((days.len(), days[0].day, days[0].views, days[0].enquiries), (1, date(2026, 12, 1), 2, 1));
    let day_400 = night.checked_add((400 * 24).hours()).unwrap();
    test.outbox.apply_retention(day_400).await.unwrap();
    assert_eq!(all().await.unwrap().len(), 1, "on the 400th day it is still there");
    let day_401 = night.checked_add((401 * 24).hours()).unwrap();
    test.outbox.apply_retention(day_401).await.unwrap();
    assert_eq!(all().await.unwrap(), []);
}

async fn the_note_covers_the_last_whole_week(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    // A Tuesday: the week before runs from November 16 to 22.
    for (days_ago, views) in [(1, 100), (2, 20), (8, 30), (9, 100)] {
        let day = start().checked_sub((days_ago * 24).hours()).unwrap();
        test.outbox.add_counts(&counts(&[("a", views, 0)]), day).await.unwrap();
    }
    let week = test.outbox.read_last_week(start()).await.unwrap();
    assert_eq!(week.len(), 1);
    assert_eq!((week[0].first_day, week[0].views), (date(2026, 11, 16), Rounded::About(50)));
}

/// Makes a test of each function for each database.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite { $( #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name($crate::databases::Kind::Sqlite).await } )* }
        mod postgres { $( #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name($crate::databases::Kind::Postgres).await } )* }
    };
}

on_both!(
    copies_add_up,
    a_day_is_the_clinics_day_and_its_total_is_removed_after_400_days,
    the_note_covers_the_last_whole_week,
);
