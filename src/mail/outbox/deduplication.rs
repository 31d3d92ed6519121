//! Which enquiries of a batch were stored before, and the receipt of each: pure but for the new references.
//!
//! Invariant: only identical answers are a duplicate. One different character makes a new enquiry, so that nothing a
//! visitor wrote is lost. Numbers go up by one.

use super::{Receipt, reference::new_reference};
use serde::Serialize;

/// What an enquiry is compared by.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Identity {
    /// Of the form, if it had a valid token.
    pub(super) nonce: Option<String>,
    /// A keyed hash of every answer; absent once the content is erased.
    pub(super) fingerprint: Option<String>,
    /// In the clinic's zone.
    pub(super) day: String,
}

/// An enquiry that is stored already, or stands before in the batch.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) receipt: Receipt,
    pub(super) identity: Identity,
}

/// The receipt of each enquiry of a batch, and the number that it corrects, if any. `known` are the earlier enquiries
/// that share a nonce or a fingerprint, in the order of their numbers; `last` is the last number given.
///
/// A duplicate (the same form or the same day with every answer identical: a double click, a reload, a second try) gets
/// the receipt of the first. The same form with other answers (Back and a corrected number) is a correction.
pub(super) fn decide(batch: &[&Identity], mut known: Vec<Known>, last: i64) -> Vec<(Receipt, Option<i64>)> {
    let mut number = last;
    let mut decided = Vec::with_capacity(batch.len());
    for &new in batch {
        let same_form = |known: &&Known| new.nonce.is_some() && known.identity.nonce == new.nonce;
        let same_answers = |known: &&Known| known.identity.fingerprint == new.fingerprint;
        let mut same = known.iter().filter(same_answers);
        if let Some(first) = same.find(|known| same_form(known) || known.identity.day == new.day) {
            decided.push((Receipt { duplicate: true, ..first.receipt.clone() }, None));
            continue;
        }
        let corrects = known.iter().rfind(same_form).map(|known| known.receipt.number);
        number += 1;
        let receipt = Receipt { reference: new_reference(), number, duplicate: false, held: false };
        known.push(Known { receipt: receipt.clone(), identity: new.clone() });
        decided.push((receipt, corrects));
    }
    decided
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(nonce: &str, fingerprint: &str, day: &str) -> Identity {
        let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Identity { nonce: filled(nonce), fingerprint: filled(fingerprint), day: day.to_owned() }
    }

    fn known(number: i64, nonce: &str, fingerprint: &str) -> Known {
        let receipt = Receipt { reference: format!("R{number}"), number, duplicate: false, held: false };
        Known { receipt, identity: identity(nonce, fingerprint, "mon") }
    }

    #[test]
    fn only_identical_answers_of_the_same_form_or_day_are_the_same_enquiry() {
        let cases = [
            ("a double click", "n1", "f1", "mon", (1, true, None)),
            ("the same form a day later", "n1", "f1", "tue", (1, true, None)),
            ("another form on the same day", "n9", "f1", "mon", (1, true, None)),
            ("no token on the same day", "", "f2", "mon", (2, true, None)),
            ("no token a day later", "", "f2", "tue", (4, false, None)),
            ("other answers in the same form", "n1", "f9", "mon", (4, false, Some(1))),
            ("the same form after erasure", "n3", "f3", "mon", (4, false, Some(3))),
            ("nothing in common", "n9", "f9", "mon", (4, false, None)),
            ("two forms without a token", "", "f9", "mon", (4, false, None)),
        ];
        for (case, nonce, fingerprint, day, expected) in cases {
            let earlier = vec![known(1, "n1", "f1"), known(2, "", "f2"), known(3, "n3", "")];
            let decided = decide(&[&identity(nonce, fingerprint, day)], earlier, 3);
            let [(receipt, corrects)] = &decided[..] else { panic!("{case}: {decided:?}") };
            assert_eq!((receipt.number, receipt.duplicate, *corrects), expected, "{case}");
            assert_eq!(receipt.duplicate, receipt.reference.starts_with('R') && receipt.number < 4, "{case}");
        }
    }

    #[test]
    fn a_second_correction_names_the_first_one() {
        let earlier = vec![known(1, "n1", "f1"), known(2, "n1", "f2")];
        assert_eq!(decide(&[&identity("n1", "f3", "mon")], earlier, 2)[0].1, Some(2));
    }

    #[test]
    fn a_duplicate_in_the_same_batch_gets_the_same_receipt_and_no_number_is_skipped() {
        let batch = [("n1", "a"), ("n1", "a"), ("n1", "b"), ("n2", "c")];
        let batch = batch.map(|(nonce, fingerprint)| identity(nonce, fingerprint, "mon"));
        let decided = decide(&batch.iter().collect::<Vec<_>>(), Vec::new(), 40);
        let facts: Vec<_> = decided.iter().map(|(r, corrects)| (r.number, r.duplicate, *corrects)).collect();
        assert_eq!(facts, [(41, false, None), (41, true, None), (42, false, Some(41)), (43, false, None)]);
        assert_eq!(decided[0].0.reference, decided[1].0.reference);
    }
}
