//! Whether enquiries are stored and letters delivered, and what is wrong, for an operator.
//!
//! Invariant: counts and causes only, no personal data.

use crate::mail::outbox::Unavailable;
use jiff::{SignedDuration, Timestamp};

/// A letter that waits longer than this is late.
pub const LATE: SignedDuration = SignedDuration::from_hours(1);

/// Letters and enquiries by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LetterCounts {
    /// Letters to be delivered.
    pub waiting: u64,
    /// Of these, those that wait for more than [`LATE`].
    pub late: u64,
    /// Since when the oldest of them waits.
    pub oldest: Option<Timestamp>,
    /// Letters that failed and whose enquiry is not marked as answered.
    pub failed: u64,
    /// Enquiries that are held and not marked as advertising; they have no letters yet.
    pub held: u64,
    /// The relay refuses the program (5xx before any letter was offered).
    pub relay_refuses: bool,
}

/// The state of the form, for `/health/form`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether an enquiry can be stored.
    pub write: Result<(), Unavailable>,
    /// Whether letters are delivered.
    pub letters: Result<LetterCounts, Unavailable>,
}

impl Health {
    /// True if nothing is wrong.
    pub fn is_well(&self) -> bool {
        self.reasons().is_empty()
    }

    /// One sentence for each thing that is wrong.
    pub fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        if let Err(cause) = &self.write {
            reasons.push(format!("Enquiries cannot be kept: {cause}."));
        } else if let Err(cause) = &self.letters {
            reasons.push(format!("Emails cannot be read: {cause}."));
        }
        if let Ok(letters) = &self.letters {
            if letters.late > 0 {
                reasons.push(format!("Emails are not being sent: {} waiting for more than an hour.", letters.late));
            }
            if letters.relay_refuses {
                reasons.push("The relay refuses the website: check CLINIC_SMTP_URL with `doctor`.".into());
            }
            if letters.failed > 0 {
                reasons.push(format!(
                    "Emails could not be delivered: {} failed; see `enquiries list`, then `enquiries resend`.",
                    letters.failed
                ));
            }
        }
        reasons
    }
}

/// A problem that raises an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// A letter waits for more than an hour.
    Late,
    /// A letter failed.
    Failed,
    /// An enquiry could not be stored.
    NotStored,
    /// The relay refused the program (5xx to connection, EHLO, STARTTLS or AUTH).
    RelayRefuses,
}

impl ProblemKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Late, Self::Failed, Self::NotStored, Self::RelayRefuses];

    /// The identifier in the database and in alarms for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Late => "letters-late",
            Self::Failed => "letters-set-aside",
            Self::NotStored => "enquiries-not-kept",
            Self::RelayRefuses => "relay-refuses",
        }
    }

    /// The kind with that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The text of an alarm for people.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Late => "A website enquiry has been waiting for more than an hour to be mailed to staff.",
            Self::Failed => "An email to staff was refused or became too old, and is not tried again. It is kept.",
            Self::NotStored => "The website cannot keep enquiries. Visitors are asked to call instead.",
            Self::RelayRefuses => {
                "The relay refuses the website, as with a wrong or expired password. Enquiries wait until it is corrected."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_problem_has_a_reason_and_no_problem_has_none() {
        let cause = || Unavailable("the disk is full".into());
        let letters = |late, failed| Ok(LetterCounts { waiting: late, late, failed, ..LetterCounts::default() });
        let cases = [
            ("well", Health { write: Ok(()), letters: letters(0, 0) }, 0),
            (
                "waiting is not late",
                Health { write: Ok(()), letters: Ok(LetterCounts { waiting: 5, ..LetterCounts::default() }) },
                0,
            ),
            ("late and failed", Health { write: Ok(()), letters: letters(2, 3) }, 2),
            ("down", Health { write: Err(cause()), letters: Err(cause()) }, 1),
            ("readable only", Health { write: Err(cause()), letters: letters(1, 0) }, 2),
            (
                "refused",
                Health { write: Ok(()), letters: Ok(LetterCounts { relay_refuses: true, ..LetterCounts::default() }) },
                1,
            ),
        ];
        for (case, health, expected) in cases {
            assert_eq!(health.reasons().len(), expected, "{case}: {:?}", health.reasons());
            assert_eq!(health.is_well(), expected == 0, "{case}");
        }
    }
}
