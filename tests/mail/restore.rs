//! A backup, a day's work, and a restore: into the outbox as it is, and after the loss of its database.

use crate::{
    databases::Kind,
    test_outbox::{TestOutbox, held, later, new, start},
};
use jiff::Timestamp;
use relationship_clinic::mail::outbox::{BackupError, ClaimedLetter, LetterStore as _, Outbox, Restored};
use std::{fs, path::PathBuf};

const DAY: i64 = 86_400;

async fn claim(outbox: &Outbox, now: Timestamp) -> Option<ClaimedLetter> {
    outbox.claim(now, jiff::SignedDuration::from_secs(60), Timestamp::MAX, &[]).await.unwrap()
}

/// Delivers the letter that is next.
async fn deliver(outbox: &Outbox, number: i64, now: Timestamp) {
    let letter = claim(outbox, now).await.unwrap();
    assert_eq!(letter.number, number);
    outbox.mark_delivered(&letter, now).await.unwrap();
}

/// Number, reference and state of every enquiry.
async fn list(outbox: &Outbox) -> Vec<(i64, String, String)> {
    let entries = outbox.list().await.unwrap();
    entries.into_iter().map(|entry| (entry.number, entry.reference, entry.state)).collect()
}

/// No. 1 (Old) is delivered, 2 (Bob) and 3 (Cy) wait, 4 is held. Then the backup. Then 1 is erased by its age and 3 on
/// request, 2 is delivered, 5 (Dee) and 6 (Eve) come. Returns the backup and the references.
async fn work(test: &TestOutbox) -> (PathBuf, Vec<String>) {
    let outbox = &test.outbox;
    test.put(new("Old Zinnia")).await;
    deliver(outbox, 1, start()).await;
    for enquiry in [new("Bob"), new("Cy Quartermaine"), held("Seller")] {
        test.put(enquiry).await;
    }
    let file = test.fresh.folder.path().join("backup.sqlite");
    assert_eq!(outbox.backup(&file).await.unwrap(), 4);
    assert_eq!(outbox.apply_retention(later(40 * DAY)).await.unwrap().erased, 1);
    deliver(outbox, 2, later(41 * DAY)).await;
    let references: Vec<String> = list(outbox).await.into_iter().map(|(_, reference, _)| reference).collect();
    outbox.erase(&references[2], later(41 * DAY)).await.unwrap();
    for name in ["Dee", "Eve"] {
        test.put(new(name)).await;
    }
    deliver(outbox, 5, later(41 * DAY)).await;
    (file, references)
}

#[tokio::test]
async fn a_restore_changes_nothing_that_is_stored() {
    let test = TestOutbox::new(Kind::Sqlite).await;
    let (file, _) = work(&test).await;
    let before = list(&test.outbox).await;
    let restored = test.outbox.restore(&file, later(42 * DAY)).await.unwrap();
    assert_eq!(restored, Restored { enquiries: 0, letters: 0, last: 6 });
    assert_eq!(list(&test.outbox).await, before);
    assert_eq!(test.put(new("Fay")).await.number, 7, "numbers go on without a gap");
}

#[tokio::test]
async fn a_lost_outbox_is_restored_and_nothing_is_sent_twice_or_comes_back_after_erasure() {
    let test = TestOutbox::new(Kind::Sqlite).await;
    let (file, references) = work(&test).await;
    test.outbox.close().await;
    for ending in ["sqlite", "sqlite-wal", "sqlite-shm"] {
        let _ = fs::remove_file(test.fresh.folder.path().join("data").join("outbox").with_extension(ending));
    }
    let fay = test.put(new("Fay")).await;
    assert_eq!(fay.number, 1, "a new outbox has begun");
    let restored = test.outbox.restore(&file, later(42 * DAY)).await.unwrap();
    assert_eq!((restored.enquiries, restored.letters), (4, 1));

    let states = list(&test.outbox).await;
    let state = |reference: &str| states.iter().find(|(_, other, _)| other == reference).unwrap().2.as_str();
    let now = references.iter().map(|reference| state(reference)).collect::<Vec<_>>();
    assert_eq!(now, ["erased", "failed", "erased", "held"]);
    assert_eq!(state(&fay.reference), "waiting", "what came since the loss is still there");
    let numbers: Vec<i64> = states.iter().map(|(number, ..)| *number).collect();
    assert!(numbers.len() == 5 && numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
    test.outbox.scrub().await.unwrap();
    for erased in ["Old Zinnia", "Cy Quartermaine"] {
        assert!(!test.fresh.is_on_disk(erased), "{erased} is in the data folder again");
    }

    assert_eq!(claim(&test.outbox, later(43 * DAY)).await.unwrap().number, 1, "Fay's letter is due");
    assert!(claim(&test.outbox, later(43 * DAY)).await.is_none(), "Bob's may have been sent");
    assert_eq!(test.outbox.resend(Some(&references[1]), later(43 * DAY)).await, Ok(1));
    let letter = claim(&test.outbox, later(43 * DAY)).await.unwrap();
    let stored = test.outbox.stored(letter.number).await.unwrap().unwrap();
    assert_eq!((stored.enquiry.name.as_str(), stored.reference), ("Bob", references[1].clone()));

    let next = test.put(new("Gus")).await.number;
    assert!(
        next > 6 && next == restored.last + 1 && numbers.iter().all(|number| *number < next),
        "{next}: {numbers:?}"
    );
    let again = test.outbox.restore(&file, later(44 * DAY)).await.unwrap();
    assert_eq!(again, Restored { enquiries: 0, letters: 0, last: next }, "a second restore finds nothing missing");
}

#[tokio::test]
async fn a_file_that_is_no_backup_is_refused_and_leaves_no_copy() {
    let test = TestOutbox::new(Kind::Sqlite).await;
    let receipt = test.put(new("Ann")).await;
    let missing = test.fresh.folder.path().join("missing");
    let error = test.outbox.restore(&missing, start()).await.unwrap_err();
    assert!(matches!(error, BackupError::Source(..)), "{error}");
    let other = test.fresh.folder.path().join("other");
    fs::write(&other, "this is not a database".repeat(100)).unwrap();
    let error = test.outbox.restore(&other, start()).await.unwrap_err();
    assert!(matches!(error, BackupError::Damaged(_)), "{error}");
    let files = fs::read_dir(test.fresh.folder.path().join("data")).unwrap();
    let left: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("restored")), "{left:?}");
    assert_eq!(list(&test.outbox).await, [(1, receipt.reference, "waiting".to_owned())]);
}
