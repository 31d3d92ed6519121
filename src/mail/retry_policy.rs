//! When a letter that could not be delivered is tried again: pure.
//!
//! Invariant: only a permanent refusal (5xx) or its age makes a letter fail; everything else is tried again.
//!
//! Never: the clock, randomness or a database; all of them are arguments.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// When to try again, and for how long.
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    /// Waits before each further try; the last repeats. Never empty.
    pub waits: Vec<Duration>,
    /// Age at which a letter fails.
    pub give_up: Duration,
}

/// What is done with a letter that could not be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is tried again at that time.
    Retry(Timestamp),
    /// It is kept and not tried again by itself.
    Failed,
}

impl RetryPolicy {
    /// Decides. `attempts` counts the tries so far, this one included; `age` is the time since the letter was queued;
    /// `jitter` lies between 0 and 1.
    pub fn outcome(&self, permanent: bool, attempts: u32, age: Duration, now: Timestamp, jitter: f64) -> Outcome {
        if permanent || age >= self.give_up {
            return Outcome::Failed;
        }
        Outcome::Retry(self.next_attempt(attempts, now, jitter))
    }

    /// The time of the next try after so many. `jitter` spreads the wait by a tenth to either side, so that copies of the
    /// program do not connect at the same time.
    pub fn next_attempt(&self, attempts: u32, now: Timestamp, jitter: f64) -> Timestamp {
        let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        let wait = self.waits.get(index).or(self.waits.last()).copied().unwrap_or(Duration::from_mins(1));
        let spread = wait.mul_f64(0.9 + 0.2 * jitter.clamp(0.0, 1.0));
        now.saturating_add(SignedDuration::try_from(spread).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> RetryPolicy {
        let minutes = |m: u64| Duration::from_secs(60 * m);
        RetryPolicy { waits: [1, 5, 15].map(minutes).to_vec(), give_up: minutes(60) }
    }

    fn decide(permanent: bool, attempts: u32, age_minutes: u64) -> Outcome {
        policy().outcome(permanent, attempts, Duration::from_secs(60 * age_minutes), Timestamp::UNIX_EPOCH, 0.5)
    }

    fn retry(seconds: i64) -> Outcome {
        Outcome::Retry(Timestamp::from_second(seconds).unwrap())
    }

    #[test]
    fn a_permanent_refusal_fails_at_once_and_anything_else_is_tried_again() {
        assert_eq!(decide(true, 1, 0), Outcome::Failed);
        assert_eq!(decide(false, 1, 0), retry(60));
    }

    #[test]
    fn waits_follow_the_policy_and_the_last_repeats() {
        for (attempts, seconds) in [(0, 60), (1, 60), (2, 300), (3, 900), (4, 900), (1_000_000, 900)] {
            assert_eq!(decide(false, attempts, 0), retry(seconds), "after {attempts} tries");
        }
    }

    #[test]
    fn a_letter_fails_at_its_age_and_not_before() {
        assert_eq!(decide(false, 9, 59), retry(900));
        assert_eq!(decide(false, 9, 60), Outcome::Failed);
    }

    #[test]
    fn jitter_stays_within_a_tenth() {
        let at = |jitter| policy().next_attempt(1, Timestamp::UNIX_EPOCH, jitter).as_millisecond();
        assert_eq!((at(0.0), at(1.0), at(-5.0), at(7.0)), (54_000, 66_000, 54_000, 66_000));
    }
}
