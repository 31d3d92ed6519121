//! Whether an enquiry was here before: pure.
//!
//! Invariant: only identical answers are the same enquiry. One differing sign makes a new one, so that nothing a person
//! wrote is swallowed.

use crate::enquiry::Enquiry;

/// An enquiry that is already kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) number: u64,
    pub(crate) reference: String,
    pub(crate) nonce: Option<String>,
    /// Absent once its content is erased.
    pub(crate) fingerprint: Option<String>,
    pub(crate) day: String,
}

/// What a new enquiry is to those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sameness {
    /// The same form, or the same day, with every answer identical: a double click, a reload, a second try.
    Again { number: u64, reference: String },
    /// The same form with other answers: Back and a corrected number.
    Correction(u64),
    /// Never seen.
    New,
}

/// Decides by the earlier enquiries that share a nonce or a fingerprint, in the order of their numbers.
pub(crate) fn sameness(earlier: &[Kept], nonce: Option<&str>, fingerprint: &str, day: &str) -> Sameness {
    let same_form = |kept: &&Kept| nonce.is_some() && kept.nonce.as_deref() == nonce;
    let same_answers = |kept: &&Kept| kept.fingerprint.as_deref() == Some(fingerprint);
    let again = earlier.iter().filter(same_answers).find(|kept| same_form(kept) || kept.day == day);
    match (again, earlier.iter().rfind(same_form)) {
        (Some(kept), _) => Sameness::Again { number: kept.number, reference: kept.reference.clone() },
        (None, Some(kept)) => Sameness::Correction(kept.number),
        (None, None) => Sameness::New,
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

    fn kept(number: u64, nonce: &str, fingerprint: &str, day: &str) -> Kept {
        Kept {
            number,
            reference: format!("R{number}"),
            nonce: (!nonce.is_empty()).then(|| nonce.to_owned()),
            fingerprint: (!fingerprint.is_empty()).then(|| fingerprint.to_owned()),
            day: day.to_owned(),
        }
    }

    #[test]
    fn only_identical_answers_of_the_same_form_or_day_are_the_same_enquiry() {
        let again = |number| Sameness::Again { number, reference: format!("R{number}") };
        let earlier = [kept(1, "n1", "f1", "mon"), kept(2, "", "f2", "mon"), kept(3, "n3", "", "mon")];
        let cases = [
            ("a double click", Some("n1"), "f1", "mon", again(1)),
            ("the same form a day later", Some("n1"), "f1", "tue", again(1)),
            ("another form on the same day", Some("n9"), "f1", "mon", again(1)),
            ("no token on the same day", None, "f2", "mon", again(2)),
            ("no token a day later", None, "f2", "tue", Sameness::New),
            ("other answers in the same form", Some("n1"), "f9", "mon", Sameness::Correction(1)),
            ("the same form after erasure", Some("n3"), "f3", "mon", Sameness::Correction(3)),
            ("nothing in common", Some("n9"), "f9", "mon", Sameness::New),
            ("two forms without a token", None, "f9", "mon", Sameness::New),
        ];
        for (case, nonce, fingerprint, day, expected) in cases {
            assert_eq!(sameness(&earlier, nonce, fingerprint, day), expected, "{case}");
        }
    }

    #[test]
    fn a_second_correction_names_the_first_one() {
        let earlier = [kept(1, "n1", "f1", "mon"), kept(2, "n1", "f2", "mon")];
        assert_eq!(sameness(&earlier, Some("n1"), "f3", "mon"), Sameness::Correction(2));
    }
}
