//! What is wrong with the way from form to mailbox, in words for an operator.
//!
//! Invariant: no personal data; counts and causes only.

use crate::mail::outbox::Unavailable;
use jiff::{SignedDuration, Timestamp};

/// A letter that waits longer than this is late.
pub const LATE: SignedDuration = SignedDuration::from_hours(1);

/// How the letters fare.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LetterCounts {
    /// In line.
    pub waiting: u64,
    /// In line for more than [`LATE`].
    pub late: u64,
    /// Since when the oldest one in line waits, if there is one.
    pub oldest: Option<Timestamp>,
    /// Set aside, their enquiry not marked as answered.
    pub failed: u64,
    /// Enquiries that have none yet: held, and not marked as advertising.
    pub held: u64,
}

/// The state of the form, for `/health/form`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether an enquiry can be kept.
    pub keep: Result<(), Unavailable>,
    /// How the letters fare, if the outbox can tell.
    pub letters: Result<LetterCounts, Unavailable>,
}

impl Health {
    /// Nothing to tell.
    pub fn is_well(&self) -> bool {
        self.reasons().is_empty()
    }

    /// One sentence for each thing that is wrong.
    pub fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        if let Err(cause) = &self.keep {
            reasons.push(format!("Enquiries cannot be kept: {cause}."));
        }
        match &self.letters {
            Err(cause) if self.keep.is_ok() => reasons.push(format!("Letters cannot be read: {cause}.")),
            Err(_) => {}
            Ok(letters) => {
                if letters.late > 0 {
                    reasons.push(format!("Letters do not leave: {} waiting for more than an hour.", letters.late));
                }
                if letters.failed > 0 {
                    reasons.push(format!(
                        "Letters were refused or gave up: {} set aside; see `enquiries list`, then `enquiries resend`.",
                        letters.failed
                    ));
                }
            }
        }
        reasons
    }
}

/// Something worth shouting about by the second door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// A letter waits for more than an hour.
    Late,
    /// A letter was set aside.
    Failed,
    /// An enquiry could not be kept.
    NotStored,
}

impl ProblemKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Late, Self::Failed, Self::NotStored];

    /// As stored, and as a program at the second door reads it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Late => "letters-late",
            Self::Failed => "letters-set-aside",
            Self::NotStored => "enquiries-not-kept",
        }
    }

    /// The kind with that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// For people.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Late => "A website enquiry has been waiting for more than an hour to be mailed to staff.",
            Self::Failed => "A letter to staff was refused for good or grew too old, and was set aside. It is kept.",
            Self::NotStored => "The website cannot keep enquiries. Visitors are asked to call instead.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_that_is_wrong_has_its_sentence_and_nothing_wrong_has_none() {
        let cause = || Unavailable("the disk is full".into());
        let letters = |late, failed| Ok(LetterCounts { waiting: late, late, failed, ..LetterCounts::default() });
        let cases = [
            ("well", Health { keep: Ok(()), letters: letters(0, 0) }, 0),
            (
                "waiting is not late",
                Health { keep: Ok(()), letters: Ok(LetterCounts { waiting: 5, ..LetterCounts::default() }) },
                0,
            ),
            ("late and set aside", Health { keep: Ok(()), letters: letters(2, 3) }, 2),
            ("down", Health { keep: Err(cause()), letters: Err(cause()) }, 1),
            ("readable only", Health { keep: Err(cause()), letters: letters(1, 0) }, 2),
        ];
        for (case, health, expected) in cases {
            assert_eq!(health.reasons().len(), expected, "{case}: {:?}", health.reasons());
            assert_eq!(health.is_well(), expected == 0, "{case}");
        }
    }
}
