//! Totals of readers, on both databases: copies add up, days end with the clinic's day, old ones are removed.

use crate::{
    databases::Kind,
    test_outbox::{TestOutbox, start},
};
use jiff::{ToSpan as _, civil::date};
use relationship_clinic::mail::outbox::{Outbox, counts::Rounded};

fn counts(counts: &[(&str, u64, u64)]) -> Vec<(String, u64, u64)> {
    counts.iter().map(|(article, views, enquiries)| ((*article).to_owned(), *views, *enquiries)).collect()
}

/// Article, views and enquiries from one day of November to another.
async fn november(outbox: &Outbox, first: i8, last: i8) -> Vec<String> {
    let totals = outbox.totals(date(2026, 11, first), date(2026, 11, last)).await.unwrap();
    totals.iter().map(|total| format!("{} {} {}", total.article, total.views, total.enquiries)).collect()
}

async fn copies_add_up(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    let copy = test.copy().await;
    let two = counts(&[("a", 30, 10), ("b", 10, 0)]);
    let (one, other) = tokio::join!(test.outbox.add_counts(&two, start()), copy.add_counts(&two, start()));
    assert_eq!((one, other), (Ok(()), Ok(())));
    test.outbox.add_counts(&counts(&[("a", 10, 0)]), start()).await.unwrap();
    assert_eq!(november(&copy, 1, 30).await, ["a about 70 about 20", "b about 20 fewer than 10"]);
    assert_eq!(november(&copy, 24, 24).await, november(&copy, 1, 30).await, "enquiries are those of the month");
    assert!(november(&copy, 25, 30).await.is_empty(), "no article was read on another day");
}

async fn days_are_summed_before_they_are_rounded(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    for days in 0..3 {
        let day = start().checked_sub((days * 24).hours()).unwrap();
        test.outbox.add_counts(&counts(&[("a", 6, 4), ("b", 40, 0)]), day).await.unwrap();
    }
    assert_eq!(november(&test.outbox, 22, 24).await, ["b about 120 fewer than 10", "a about 20 about 10"]);
}

async fn a_day_is_the_clinics_day_and_its_total_is_removed_after_400_days(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    // Eleven at night in California is the next day in Greenwich; on the first, views and enquiries share a row.
    let night = "2026-12-02T07:30:00Z".parse().unwrap();
    test.outbox.add_counts(&counts(&[("a", 20, 10)]), night).await.unwrap();
    let first = date(2026, 12, 1);
    let total = || test.outbox.totals(first, first);
    let totals = total().await.unwrap();
    let shown: Vec<_> = totals.iter().map(|total| (total.first_day, total.views, total.enquiries)).collect();
    assert_eq!(shown, [(first, Rounded::new(20), Rounded::new(10))]);
    let day_400 = night.checked_add((400 * 24).hours()).unwrap();
    test.outbox.apply_retention(day_400).await.unwrap();
    assert_eq!(total().await.unwrap().len(), 1, "on the 400th day it is still there");
    let day_401 = night.checked_add((401 * 24).hours()).unwrap();
    test.outbox.apply_retention(day_401).await.unwrap();
    assert_eq!(total().await.unwrap(), []);
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
    days_are_summed_before_they_are_rounded,
);
