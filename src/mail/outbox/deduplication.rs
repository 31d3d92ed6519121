//! Whether an enquiry was stored before: pure.
//!
//! Invariant: only identical answers are a duplicate. One different character makes a new enquiry, so that nothing a
//! visitor wrote is lost.

use crate::enquiry::Enquiry;

/// An enquiry that is stored already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) number: u64,
    pub(crate) reference: String,
    pub(crate) nonce: Option<String>,
    /// Absent once its content is erased.
    pub(crate) fingerprint: Option<String>,
    pub(crate) day: String,
}

/// How a new enquiry relates to those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Match {
    /// The same form, or the same day, with every answer identical: a double click, a reload, a second try.
    Duplicate { number: u64, reference: String },
    /// The same form with other answers: Back and a corrected number.
    Correction(u64),
    /// A new enquiry.
    None,
}

/// Compares with the earlier enquiries that share a nonce or a fingerprint, in the order of their numbers.
pub(crate) fn compare(earlier: &[Known], nonce: Option<&str>, fingerprint: &str, day: &str) -> Match {
    let same_form = |known: &&Known| nonce.is_some() && known.nonce.as_deref() == nonce;
    let same_answers = |known: &&Known| known.fingerprint.as_deref() == Some(fingerprint);
    let duplicate = earlier.iter().filter(same_answers).find(|known| same_form(known) || known.day == day);
    match (duplicate, earlier.iter().rfind(same_form)) {
        (Some(known), _) => Match::Duplicate { number: known.number, reference: known.reference.clone() },
        (None, Some(known)) => Match::Correction(known.number),
        (None, None) => Match::None,
    }
}

/// A keyed hash of every answer.
pub(crate) fn fingerprint(key: &[u8; 32], enquiry: &Enquiry) -> String {
    // JSON keeps the borders between answers: no two enquiries share a text.
    let answers = serde_json::to_vec(enquiry).expect("an enquiry is plain data");
    blake3::keyed_hash(key, &answers).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(number: u64, nonce: &str, fingerprint: &str, day: &str) -> Known {
        Known {
            number,
            reference: format!("R{number}"),
            nonce: (!nonce.is_empty()).then(|| nonce.to_owned()),
            fingerprint: (!fingerprint.is_empty()).then(|| fingerprint.to_owned()),
            day: day.to_owned(),
        }
    }

    #[test]
    fn only_identical_answers_of_the_same_form_or_day_are_the_same_enquiry() {
        let duplicate = |number| Match::Duplicate { number, reference: format!("R{number}") };
        let earlier = [known(1, "n1", "f1", "mon"), known(2, "", "f2", "mon"), known(3, "n3", "", "mon")];
        let cases = [
            ("a double click", Some("n1"), "f1", "mon", duplicate(1)),
            ("the same form a day later", Some("n1"), "f1", "tue", duplicate(1)),
            ("another form on the same day", Some("n9"), "f1", "mon", duplicate(1)),
            ("no token on the same day", None, "f2", "mon", duplicate(2)),
            ("no token a day later", None, "f2", "tue", Match::None),
            ("other answers in the same form", Some("n1"), "f9", "mon", Match::Correction(1)),
            ("the same form after erasure", Some("n3"), "f3", "mon", Match::Correction(3)),
            ("nothing in common", Some("n9"), "f9", "mon", Match::None),
            ("two forms without a token", None, "f9", "mon", Match::None),
        ];
        for (case, nonce, fingerprint, day, expected) in cases {
            assert_eq!(compare(&earlier, nonce, fingerprint, day), expected, "{case}");
        }
    }

    #[test]
    fn a_second_correction_names_the_first_one() {
        let earlier = [known(1, "n1", "f1", "mon"), known(2, "n1", "f2", "mon")];
        assert_eq!(compare(&earlier, Some("n1"), "f3", "mon"), Match::Correction(2));
    }
}
