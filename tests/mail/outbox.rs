//! The outbox, on both databases.

use crate::{
    databases::Kind,
    support::clinic::TIMEOUT,
    test_outbox::{TestOutbox, enquiry, held, is_slow, later, new, open_outbox, put, start, with_nonce},
};
use jiff::{SignedDuration, Timestamp};
use relationship_clinic::mail::{
    health::{LATE, LetterCounts, ProblemKind},
    mailer::DeliveryError,
    outbox::{
        ClaimedLetter, CommandError, LetterStore as _, NewEnquiry, Outbox, ProblemStore as _, PutError, RelayStore as _,
    },
};
use std::{collections::HashSet, time::Instant};

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
    a_stored_enquiry_has_a_reference_a_number_and_a_letter_per_recipient,
    numbers_have_no_gaps_after_failures,
    the_same_answers_get_the_same_receipt,
    other_answers_in_the_same_form_are_a_correction,
    identical_posts_to_two_copies_at_the_same_time_are_one_enquiry,
    concurrent_posts_are_all_stored_with_consecutive_numbers,
    one_bad_row_fails_alone,
    a_letter_is_claimed_by_one_worker_only,
    a_letter_is_claimed_again_after_its_lease,
    only_postgresql_compares_leases_with_its_own_clock,
    a_late_failure_of_a_lost_claim_changes_nothing,
    an_enquiry_is_delivered_with_its_last_letter,
    letters_come_in_the_order_of_arrival,
    a_busy_recipient_is_passed_over,
    a_held_enquiry_has_no_letter_until_released,
    a_failed_letter_waits_again_after_resend,
    letters_that_failed_because_of_the_relay_are_sent_again_when_it_recovers,
    content_is_erased_a_day_after_the_answer_or_two_weeks_after_delivery,
    a_row_is_removed_after_ninety_days,
    nothing_undelivered_is_erased,
    a_held_enquiry_is_erased_a_month_after_staff_were_notified_three_times,
    an_erased_enquiry_keeps_number_and_times,
    a_mark_can_be_undone_for_thirty_days_and_the_words_stay,
    an_enquiry_reported_as_not_stored_is_not_stored_later,
    a_stored_enquiry_is_there_after_a_restart,
    late_and_failed_letters_are_counted,
    a_problem_is_claimed_by_one_copy_once_until_it_is_over,
    a_relay_that_failed_is_probed_by_one_worker,
    unusual_characters_are_stored_unchanged,
    a_newer_version_may_have_added_migrations,
    two_copies_may_start_at_once,
);

const MINUTE: SignedDuration = SignedDuration::from_secs(60);

async fn claim(outbox: &Outbox, now: Timestamp) -> Option<ClaimedLetter> {
    outbox.claim(now, MINUTE, Timestamp::MAX, &[]).await.unwrap()
}

fn refused() -> DeliveryError {
    DeliveryError::Letter { permanent: true, reason: "refused at RCPT (550)".into() }
}

async fn sql(test: &TestOutbox, statement: &'static str) {
    let pool = sqlx::AnyPool::connect(&test.fresh.url).await.unwrap();
    sqlx::raw_sql(statement).execute(&pool).await.unwrap();
    pool.close().await;
}

async fn a_stored_enquiry_has_a_reference_a_number_and_a_letter_per_recipient(kind: Kind) {
    let test = TestOutbox::with(kind, &["a@clinic.example", "b@clinic.example"]).await;
    let receipt = test.put(new("Ann")).await;
    assert_eq!((receipt.number, receipt.duplicate, receipt.reference.len()), (1, false, 8));
    let (_, content, letters) = test.outbox.show(&receipt.reference).await.unwrap();
    assert_eq!(content.unwrap().enquiry, enquiry("Ann"));
    let facts: Vec<_> = letters.iter().map(|l| (l.recipient.as_str(), l.state.as_str(), l.attempts)).collect();
    assert_eq!(facts, [("a@clinic.example", "waiting", 0), ("b@clinic.example", "waiting", 0)]);
    let first = claim(&test.outbox, start()).await.unwrap();
    let second = claim(&test.outbox, start()).await.unwrap();
    assert_eq!(first.message_id, second.message_id, "it is one message to two people");
    assert!(
        first.message_id.starts_with(&format!("<{}.", receipt.reference))
            && first.message_id.ends_with("@clinic.example>")
    );
    assert_eq!((first.dated, first.copy, second.copy), (start(), 1, 2));
}

async fn numbers_have_no_gaps_after_failures(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    bad_rows(&test).await;
    for (name, expected) in [("Ann", Some(1)), ("bad", None), ("Bob", Some(2)), ("bad", None), ("Cy", Some(3))] {
        let Some(number) = expected else {
            assert_refused(&test.outbox, &with_nonce(name, name)).await;
            continue;
        };
        assert_eq!(test.put(with_nonce(name, name)).await.number, number, "{name}");
    }
}

async fn the_same_answers_get_the_same_receipt(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    let first = test.put(with_nonce("Ann", "n1")).await;
    let cases = [
        ("a double click", with_nonce("Ann", "n1")),
        ("another form the same day", with_nonce("Ann", "n2")),
        ("no token the same day", new("Ann")),
        ("the same form three days later", NewEnquiry { received: later(3 * 86_400), ..with_nonce("Ann", "n1") }),
    ];
    for (case, again) in cases {
        let receipt = test.put(again).await;
        assert_eq!((&receipt.reference, receipt.number, receipt.duplicate), (&first.reference, 1, true), "{case}");
    }
    let next_day = test.put(NewEnquiry { received: later(86_400), ..new("Ann") }).await;
    assert_eq!((next_day.number, next_day.duplicate), (2, false), "the same words on another day are a new enquiry");
    assert_eq!(test.outbox.list().await.unwrap().len(), 2);
}

async fn other_answers_in_the_same_form_are_a_correction(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    let first = test.put(with_nonce("Ann", "n1")).await;
    let second = test.put(with_nonce("Anne", "n1")).await;
    assert_eq!((second.number, second.duplicate), (2, false));
    let stored = test.outbox.stored(2).await.unwrap().unwrap();
    let corrects = stored.corrects.unwrap();
    assert_eq!((corrects.number, corrects.reference), (1, first.reference));
}

async fn identical_posts_to_two_copies_at_the_same_time_are_one_enquiry(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    let copy = test.copy().await;
    for round in 0..20 {
        let twin = with_nonce("Ann", &format!("n{round}"));
        let twin = NewEnquiry { received: later(round * 86_400), ..twin };
        let (one, two) = tokio::join!(put(&test.outbox, &twin), put(&copy, &twin));
        assert_eq!(one.reference, two.reference, "round {round}");
        assert!(one.duplicate != two.duplicate, "round {round}: exactly one of them is new");
    }
    assert_eq!(test.outbox.list().await.unwrap().len(), 20);
}

async fn concurrent_posts_are_all_stored_with_consecutive_numbers(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    let copy = test.copy().await;
    let posts = (0..200).map(|i| {
        let outbox = if i % 2 == 0 { test.outbox.clone() } else { copy.clone() };
        tokio::spawn(async move { put(&outbox, &new(&format!("Ann {i}"))).await })
    });
    let mut numbers = Vec::new();
    let mut references = HashSet::new();
    for post in posts.collect::<Vec<_>>() {
        let receipt = post.await.unwrap();
        numbers.push(receipt.number);
        references.insert(receipt.reference);
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=200).collect::<Vec<_>>());
    assert_eq!(references.len(), 200);
}

/// Makes the database refuse every enquiry with the nonce "bad".
async fn bad_rows(test: &TestOutbox) {
    let statement = match test.fresh.kind {
        Kind::Sqlite => {
            "CREATE TRIGGER refuse BEFORE INSERT ON enquiry WHEN NEW.nonce = 'bad' \
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        }
        Kind::Postgres => "ALTER TABLE enquiry ADD CONSTRAINT refuse CHECK (nonce <> 'bad')",
    };
    sql(test, statement).await;
}

/// The error is one of the row; until then the database may be slow.
async fn assert_refused(outbox: &Outbox, new: &NewEnquiry) {
    let began = Instant::now();
    loop {
        let error = outbox.put(new).await.unwrap_err();
        if !is_slow(&error) {
            assert!(matches!(error, PutError::NotStored(_)), "{error:?}");
            return;
        }
        assert!(began.elapsed() < TIMEOUT, "{error}");
    }
}

async fn one_bad_row_fails_alone(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    bad_rows(&test).await;
    let posts = (0..40).map(|i| {
        let outbox = test.outbox.clone();
        tokio::spawn(async move {
            let name = format!("Ann {i}");
            if i % 10 == 5 {
                assert_refused(&outbox, &with_nonce(&name, "bad")).await;
            } else {
                put(&outbox, &with_nonce(&name, &format!("n{i}"))).await;
            }
        })
    });
    for post in posts.collect::<Vec<_>>() {
        post.await.unwrap();
    }
    assert_eq!(test.outbox.list().await.unwrap().last().unwrap().number, 36);
}

async fn a_letter_is_claimed_by_one_worker_only(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    let copy = test.copy().await;
    for i in 0..30 {
        test.put(new(&format!("Ann {i}"))).await;
    }
    let workers = [test.outbox.clone(), copy.clone(), test.outbox.clone(), copy].map(|outbox| {
        tokio::spawn(async move {
            let mut taken = Vec::new();
            while taken.len() < 100
                && let Some(letter) = claim(&outbox, start()).await
            {
                taken.push(letter.id);
            }
            taken
        })
    });
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.unwrap());
    }
    let distinct: HashSet<_> = all.iter().collect();
    assert_eq!((all.len(), distinct.len()), (30, 30));
}

/// As if a minute had passed, also on the clock of the database's server.
async fn end_leases(test: &TestOutbox) {
    sql(test, "UPDATE letter SET leased_until = leased_until - 60000 WHERE leased_until > 0").await;
}

async fn a_letter_is_claimed_again_after_its_lease(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    test.put(new("Ann")).await;
    let first = claim(&test.outbox, start()).await.unwrap();
    assert!(claim(&test.outbox, later(59)).await.is_none(), "it is leased");
    end_leases(&test).await;
    let second = claim(&test.outbox, start()).await.unwrap();
    assert_eq!(
        (second.id, second.attempts, &second.message_id, second.dated),
        (first.id, 2, &first.message_id, first.dated)
    );
}

async fn only_postgresql_compares_leases_with_its_own_clock(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    let copy = test.copy().await;
    test.put(new("Ann")).await;
    assert!(claim(&test.outbox, start()).await.is_some());
    let with_a_fast_clock = claim(&copy, later(3600)).await;
    assert_eq!(with_a_fast_clock.is_none(), kind == Kind::Postgres);
}

async fn a_late_failure_of_a_lost_claim_changes_nothing(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    test.put(new("Ann")).await;
    let lost = claim(&test.outbox, start()).await.unwrap();
    end_leases(&test).await;
    let held = claim(&test.outbox, later(60)).await.unwrap();
    test.outbox.mark_failed(&lost, &refused(), later(61)).await.unwrap();
    test.outbox.schedule_retry(&lost, &refused(), later(9999)).await.unwrap();
    assert!(claim(&test.outbox, later(62)).await.is_none(), "the second claim stands");
    test.outbox.mark_delivered(&lost, later(63)).await.unwrap();
    test.outbox.schedule_retry(&held, &refused(), later(64)).await.unwrap();
    assert!(claim(&test.outbox, later(500)).await.is_none(), "a delivery is recorded by any claim");
}

async fn an_enquiry_is_delivered_with_its_last_letter(kind: Kind) {
    let test = TestOutbox::with(kind, &["a@clinic.example", "b@clinic.example"]).await;
    test.put(new("Ann")).await;
    let first = claim(&test.outbox, start()).await.unwrap();
    let second = claim(&test.outbox, start()).await.unwrap();
    test.outbox.mark_delivered(&first, later(1)).await.unwrap();
    let entry = test.outbox.list().await.unwrap().remove(0);
    assert_eq!((entry.state.as_str(), entry.delivered), ("waiting", None));
    test.outbox.mark_delivered(&second, later(2)).await.unwrap();
    let entry = test.outbox.list().await.unwrap().remove(0);
    assert_eq!((entry.state.as_str(), entry.delivered), ("delivered", Some(later(2))));
}

async fn letters_come_in_the_order_of_arrival(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    for i in 0..5 {
        test.put(new(&format!("Ann {i}"))).await;
    }
    let first = claim(&test.outbox, start()).await.unwrap();
    test.outbox.schedule_retry(&first, &refused(), later(30)).await.unwrap();
    let mut numbers = Vec::new();
    for seconds in [0, 0, 30, 30] {
        numbers.push(claim(&test.outbox, later(seconds)).await.unwrap().number);
    }
    assert_eq!(numbers, [2, 3, 1, 4], "a letter that is due again has kept its place");
}

async fn a_busy_recipient_is_passed_over(kind: Kind) {
    let test = TestOutbox::with(kind, &["a@clinic.example", "b@clinic.example"]).await;
    test.put(new("Ann")).await;
    let busy = ["a@clinic.example".to_owned()];
    let letter = test.outbox.claim(start(), MINUTE, Timestamp::MAX, &busy).await.unwrap().unwrap();
    assert_eq!(letter.recipient, "b@clinic.example");
    assert!(test.outbox.claim(start(), MINUTE, Timestamp::MAX, &busy).await.unwrap().is_none());
}

async fn a_held_enquiry_has_no_letter_until_released(kind: Kind) {
    let test = TestOutbox::with(kind, &["a@clinic.example", "b@clinic.example"]).await;
    let receipt = test.put(held("Seller")).await;
    assert_eq!(test.outbox.list().await.unwrap()[0].state, "held");
    assert!(claim(&test.outbox, start()).await.is_none());
    test.outbox.release(&receipt.reference, later(100)).await.unwrap();
    let entry = test.outbox.list().await.unwrap().remove(0);
    assert_eq!((entry.state.as_str(), entry.released), ("waiting", Some(later(100))));
    let letter = claim(&test.outbox, later(100)).await.unwrap();
    assert_eq!((letter.dated, letter.queued), (start(), later(100)), "its date is the post's, its age is new");
    assert!(claim(&test.outbox, later(100)).await.is_some());
    let twice = test.outbox.release(&receipt.reference, later(101)).await;
    assert!(matches!(twice, Err(CommandError::NotApplicable { .. })), "{twice:?}");
    assert!(claim(&test.outbox, later(100)).await.is_none());
}

async fn a_failed_letter_waits_again_after_resend(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    let receipt = test.put(new("Ann")).await;
    let letter = claim(&test.outbox, start()).await.unwrap();
    test.outbox.mark_failed(&letter, &refused(), later(1)).await.unwrap();
    assert_eq!(test.outbox.list().await.unwrap()[0].state, "failed");
    assert!(claim(&test.outbox, later(9_999_999)).await.is_none());
    test.outbox.relay_recovered(later(2)).await.unwrap();
    assert_eq!(test.outbox.list().await.unwrap()[0].state, "failed", "the letter itself was refused");
    assert!(test.outbox.resend(Some("XXXXXXXX"), later(3)).await.is_err());
    assert_eq!(test.outbox.resend(Some(&receipt.reference), later(500)).await, Ok(1));
    let again = claim(&test.outbox, later(500)).await.unwrap();
    assert_eq!((again.attempts, again.queued, again.dated), (1, later(500), start()));
    assert_eq!(again.message_id, letter.message_id);
}

async fn letters_that_failed_because_of_the_relay_are_sent_again_when_it_recovers(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    test.put(new("Ann")).await;
    let letter = claim(&test.outbox, start()).await.unwrap();
    let session = DeliveryError::Session { permanent: true, reason: "refused at AUTH (535)".into() };
    test.outbox.mark_failed(&letter, &session, later(1)).await.unwrap();
    test.outbox.pause(later(60)).await.unwrap();
    test.outbox.relay_recovered(later(100)).await.unwrap();
    assert!(claim(&test.outbox, later(100)).await.is_some());
}

async fn content_is_erased_a_day_after_the_answer_or_two_weeks_after_delivery(kind: Kind) {
    const DAY: i64 = 86_400;
    for (answered, erased) in [(None, 10 + 14 * DAY), (Some(5), 5 + DAY), (Some(2 * DAY), 3 * DAY)] {
        let test = TestOutbox::new(kind).await;
        let receipt = test.put(new("Ann")).await;
        let letter = claim(&test.outbox, start()).await.unwrap();
        if let Some(answered) = answered {
            test.outbox.answered(&receipt.reference, later(answered)).await.unwrap();
        }
        assert_eq!(
            test.outbox.apply_retention(later(60 * DAY)).await.unwrap().erased,
            0,
            "{answered:?}: not delivered"
        );
        test.outbox.mark_delivered(&letter, later(10)).await.unwrap();
        assert_eq!(test.outbox.apply_retention(later(erased - 1)).await.unwrap().erased, 0, "{answered:?}");
        let run = test.outbox.apply_retention(later(erased)).await.unwrap();
        assert_eq!((run.erased, run.unscrubbed), (1, false), "{answered:?}");
        assert!(test.outbox.show(&receipt.reference).await.unwrap().1.is_none());
    }
}

async fn a_row_is_removed_after_ninety_days(kind: Kind) {
    const DAY: i64 = 86_400;
    let test = TestOutbox::new(kind).await;
    let receipt = test.put(new("Ann")).await;
    let letter = claim(&test.outbox, start()).await.unwrap();
    test.outbox.mark_delivered(&letter, later(10)).await.unwrap();
    assert_eq!(test.outbox.apply_retention(later(10 + 14 * DAY)).await.unwrap().erased, 1);
    assert_eq!(test.outbox.apply_retention(later(90 * DAY - 1)).await.unwrap().removed, 0);
    assert_eq!(test.outbox.list().await.unwrap()[0].reference, receipt.reference);
    assert_eq!(test.outbox.apply_retention(later(90 * DAY)).await.unwrap().removed, 1);
    assert!(test.outbox.list().await.unwrap().is_empty());
    assert_eq!(test.put(new("Bob")).await.number, 2, "numbers go on after the trace is gone");
}

async fn nothing_undelivered_is_erased(kind: Kind) {
    let test = TestOutbox::with(kind, &["a@clinic.example", "b@clinic.example", "c@clinic.example"]).await;
    let receipt = test.put(new("Ann")).await;
    test.put(held("Seller")).await;
    let first = claim(&test.outbox, start()).await.unwrap();
    let second = claim(&test.outbox, start()).await.unwrap();
    test.outbox.mark_delivered(&first, later(1)).await.unwrap();
    test.outbox.mark_failed(&second, &refused(), later(1)).await.unwrap();
    let run = test.outbox.apply_retention(later(400 * 86_400)).await.unwrap();
    assert_eq!((run.erased, run.removed), (0, 0));
    assert!(test.outbox.show(&receipt.reference).await.unwrap().1.is_some());
}

async fn a_held_enquiry_is_erased_a_month_after_staff_were_notified_three_times(kind: Kind) {
    const DAY: i64 = 86_400;
    let test = TestOutbox::new(kind).await;
    test.put(held("Seller")).await;
    sql(&test, "UPDATE enquiry SET told_first_at = received_at, told_times = 2").await;
    assert_eq!(test.outbox.apply_retention(later(31 * DAY)).await.unwrap().erased, 0, "notified only twice");
    sql(&test, "UPDATE enquiry SET told_times = 3").await;
    assert_eq!(test.outbox.apply_retention(later(30 * DAY - 1)).await.unwrap().erased, 0, "not a month yet");
    assert_eq!(test.outbox.apply_retention(later(30 * DAY)).await.unwrap().erased, 1);
}

async fn an_erased_enquiry_keeps_number_and_times(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    let receipt = test.put(with_nonce("Ann", "n1")).await;
    test.outbox.answered(&receipt.reference, later(5)).await.unwrap();
    test.outbox.erase(&receipt.reference, later(9)).await.unwrap();
    let entry = test.outbox.list().await.unwrap().remove(0);
    assert_eq!((entry.number, entry.received, entry.answered), (1, start(), Some(later(5))));
    assert_eq!((entry.state.as_str(), entry.erased), ("erased", true));
    assert!(claim(&test.outbox, later(10)).await.is_none(), "its letter is no longer queued");
    assert!(test.outbox.erase(&receipt.reference, later(11)).await.is_err());
    assert_eq!(test.put(with_nonce("Ann", "n1")).await.number, 2, "erased answers cannot be recognized as a duplicate");
}

async fn a_mark_can_be_undone_for_thirty_days_and_the_words_stay(kind: Kind) {
    const MONTH: i64 = 30 * 86_400;
    let test = TestOutbox::new(kind).await;
    let (ann, seller) = (test.put(new("Ann")).await.reference, test.put(held("Seller")).await.reference);
    test.outbox.answered(&ann, later(0)).await.unwrap();
    test.outbox.spam(&seller, later(0)).await.unwrap();
    assert!(test.outbox.undo_answered(&ann, later(MONTH + 1)).await.is_err());
    assert!(test.outbox.undo_spam(&seller, later(MONTH + 1)).await.is_err());
    test.outbox.undo_answered(&ann, later(MONTH)).await.unwrap();
    test.outbox.undo_spam(&seller, later(MONTH)).await.unwrap();
    assert!(test.outbox.undo_spam(&seller, later(MONTH)).await.is_err(), "there is no mark any more");
    let entries = test.outbox.list().await.unwrap();
    assert!(entries.iter().all(|entry| entry.answered.is_none() && entry.spam.is_none()), "{entries:?}");
    assert_eq!(test.outbox.apply_retention(later(MONTH)).await.unwrap().erased, 0);
    assert_eq!(test.outbox.held().await.unwrap().len(), 1, "it is listed again");
}

async fn an_enquiry_reported_as_not_stored_is_not_stored_later(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    test.put(new("Ann")).await;
    let pool = sqlx::AnyPool::connect(&test.fresh.url).await.unwrap();
    let mut tx = pool.begin().await.unwrap();
    sqlx::query("UPDATE counter SET last = last").execute(&mut *tx).await.unwrap();
    let began = Instant::now();
    let (bob, cy) = (new("Bob"), new("Cy"));
    let (first, second) = tokio::join!(test.outbox.put(&bob), test.outbox.put(&cy));
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "it took {:?}", began.elapsed());
    assert!(matches!(first, Err(PutError::NotStored(_))), "{first:?}");
    assert!(matches!(second, Err(PutError::NotStored(_))), "{second:?}");
    assert!(first.unwrap_err().to_string().contains("locked"));
    tx.rollback().await.unwrap();
    let receipt = test.put(new("Dee")).await;
    assert_eq!(receipt.number, 2, "neither Bob nor Cy is kept");
}

async fn a_stored_enquiry_is_there_after_a_restart(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    let receipt = test.put(with_nonce("Ann", "n1")).await;
    test.outbox.close().await;
    let copy = test.copy().await;
    let again = put(&copy, &with_nonce("Ann", "n1")).await;
    assert_eq!((again.reference, again.duplicate), (receipt.reference, true));
    assert_eq!(claim(&copy, start()).await.unwrap().number, 1);
}

async fn late_and_failed_letters_are_counted(kind: Kind) {
    let test = TestOutbox::with(kind, &["a@clinic.example", "b@clinic.example"]).await;
    let receipt = test.put(new("Ann")).await;
    let count = async |seconds| test.outbox.letter_counts(later(seconds), LATE).await.unwrap();
    let both = LetterCounts { waiting: 2, oldest: Some(start()), ..LetterCounts::default() };
    assert_eq!(count(3599).await, both);
    assert_eq!(count(3600).await, LetterCounts { late: 2, ..both });
    let letter = claim(&test.outbox, start()).await.unwrap();
    test.outbox.mark_failed(&letter, &refused(), later(1)).await.unwrap();
    let one = LetterCounts { waiting: 1, ..both };
    assert_eq!(count(3600).await, LetterCounts { late: 1, failed: 1, ..one });
    test.outbox.answered(&receipt.reference, later(2)).await.unwrap();
    assert_eq!(count(10).await, one);
    test.put(held("Bob")).await;
    assert_eq!(count(10).await, LetterCounts { held: 1, ..one });
}

async fn a_problem_is_claimed_by_one_copy_once_until_it_is_over(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    let copy = test.copy().await;
    let begins = async |at| test.outbox.problem_begins(ProblemKind::Late, 1, later(at)).await.unwrap();
    assert!(begins(0).await && !begins(1).await && !begins(2).await, "a trouble begins once");
    let claim = |outbox: Outbox, at| async move { outbox.claim_problem(later(at), MINUTE, later(at)).await };
    let (one, two) = tokio::join!(claim(test.outbox.clone(), 2), claim(copy.clone(), 2));
    let claimed = [one.unwrap(), two.unwrap()];
    assert_eq!(
        claimed.iter().flatten().map(|t| (t.kind, t.since)).collect::<Vec<_>>(),
        [(ProblemKind::Late, later(0))]
    );
    sql(&test, "UPDATE trouble SET leased_until = leased_until - 60000").await;
    let retaken = claim(copy.clone(), 2).await.unwrap().unwrap();
    assert_eq!(retaken.attempts, 2, "a copy that died while telling is replaced");
    copy.problem_reported(&retaken, later(61)).await.unwrap();
    assert_eq!(claim(copy.clone(), 999).await.unwrap(), None);
    assert!(copy.problem_ends(ProblemKind::Late).await.unwrap());
    assert!(begins(2000).await, "after its end it may begin again");
}

async fn a_relay_that_failed_is_probed_by_one_worker(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    let copy = test.copy().await;
    test.outbox.pause(later(60)).await.unwrap();
    let relay = copy.relay().await.unwrap();
    assert_eq!((relay.failures, relay.paused_until), (1, later(60)));
    assert!(!copy.may_probe(later(59), later(200), later(200)).await.unwrap());
    let probe = |outbox: Outbox| async move { outbox.may_probe(later(60), later(200), later(200)).await };
    let (one, two) = tokio::join!(probe(test.outbox.clone()), probe(copy));
    assert!(one.unwrap() != two.unwrap());
}

async fn unusual_characters_are_stored_unchanged(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    let name = "\0 \u{1} ' \" \\ \\u0000 \u{2028} \u{202e} 👩‍👩‍👧 مريم \u{feff}$1?1:x %00";
    let receipt = test.put(with_nonce(name, "n'\"\\")).await;
    let (_, content, _) = test.outbox.show(&receipt.reference).await.unwrap();
    assert_eq!(content.unwrap().enquiry.name, name);
    assert!(test.put(with_nonce(name, "n'\"\\")).await.duplicate);
}

async fn a_newer_version_may_have_added_migrations(kind: Kind) {
    let test = TestOutbox::new(kind).await;
    test.put(new("Ann")).await;
    let statement = match kind {
        Kind::Sqlite => {
            "ALTER TABLE enquiry ADD COLUMN novelty TEXT; INSERT INTO _sqlx_migrations \
             (version, description, success, checksum, execution_time) VALUES (99, 'novelty', TRUE, x'00', 0)"
        }
        Kind::Postgres => {
            "ALTER TABLE enquiry ADD COLUMN novelty TEXT; INSERT INTO _sqlx_migrations \
             (version, description, success, checksum, execution_time) VALUES (99, 'novelty', TRUE, '\\x00', 0)"
        }
    };
    sql(&test, statement).await;
    assert_eq!(test.put(new("Bob")).await.number, 2, "beside the running program");
    test.outbox.close().await;
    let copy = open_outbox(test.fresh.place.clone(), &["staff@clinic.example"]).await;
    assert_eq!(put(&copy, &new("Cy")).await.number, 3, "after a restart of the older one");
}

async fn two_copies_may_start_at_once(kind: Kind) {
    for _ in 0..5 {
        let fresh = crate::databases::fresh(kind);
        let open = || open_outbox(fresh.place.clone(), &["staff@clinic.example"]);
        let (one, two) = tokio::join!(open(), open());
        let (ann, bob) = (new("Ann"), new("Bob"));
        let (first, second) = tokio::join!(put(&one, &ann), put(&two, &bob));
        assert_eq!(first.number + second.number, 3);
    }
}
