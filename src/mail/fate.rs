//! What becomes of a letter after a try: pure.
//!
//! Invariant: only a relay's own "never" (5xx) or old age sets a letter aside; everything else is tried again. No fate
//! deletes a letter.
//!
//! Never: the clock, randomness or a database; all of them are arguments.

use crate::mail::mailer::DeliveryError;
use jiff::Timestamp;
use std::time::Duration;

/// When to try again, and for how long.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Waits before each further try; the last repeats. Never empty.
    pub waits: Vec<Duration>,
    /// Age at which a letter is set aside.
    pub give_up: Duration,
}

/// What becomes of the letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Acknowledged.
    Delivered,
    /// Tried again at that time.
    Again(Timestamp),
    /// Kept, not tried again by itself, and shouted about.
    SetAside,
}

/// Decides. `attempts` counts the tries so far, this one included; `age` is the time since the letter was queued;
/// `jitter` lies between 0 and 1 and spreads the wait by a tenth to either side, so that copies of the program do not
/// knock together.
pub fn fate(
    result: &Result<(), DeliveryError>,
    attempts: u32,
    age: Duration,
    now: Timestamp,
    schedule: &Schedule,
    jitter: f64,
) -> Fate {
    match result {
        Ok(()) => Fate::Delivered,
        Err(error) if error.is_permanent() => Fate::SetAside,
        Err(_) if age >= schedule.give_up => Fate::SetAside,
        Err(_) => Fate::Again(now.saturating_add(wait(attempts, schedule, jitter)).unwrap_or(Timestamp::MAX)),
    }
}

/// The wait after so many tries.
pub(crate) fn wait(attempts: u32, schedule: &Schedule, jitter: f64) -> jiff::SignedDuration {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let wait = schedule.waits.get(index).or(schedule.waits.last()).copied().unwrap_or(Duration::from_mins(1));
    let spread = wait.mul_f64(0.9 + 0.2 * jitter.clamp(0.0, 1.0));
    jiff::SignedDuration::try_from(spread).unwrap_or(jiff::SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule() -> Schedule {
        let minutes = |m: u64| Duration::from_secs(60 * m);
        Schedule { waits: [1, 5, 15].map(minutes).to_vec(), give_up: minutes(60) }
    }

    fn letter(permanent: bool) -> Result<(), DeliveryError> {
        Err(DeliveryError::Letter { permanent, reason: String::new() })
    }

    fn session(permanent: bool) -> Result<(), DeliveryError> {
        Err(DeliveryError::Session { permanent, reason: String::new() })
    }

    fn decide(result: &Result<(), DeliveryError>, attempts: u32, age_minutes: u64) -> Fate {
        fate(result, attempts, Duration::from_secs(60 * age_minutes), Timestamp::UNIX_EPOCH, &schedule(), 0.5)
    }

    fn again(seconds: i64) -> Fate {
        Fate::Again(Timestamp::from_second(seconds).unwrap())
    }

    #[test]
    fn an_acknowledged_letter_is_delivered_however_old_it_is() {
        assert_eq!(decide(&Ok(()), 9, 10_000), Fate::Delivered);
    }

    #[test]
    fn a_permanent_refusal_sets_aside_at_once_and_anything_else_is_tried_again() {
        for failure in [letter, session] {
            assert_eq!(decide(&failure(true), 1, 0), Fate::SetAside, "{:?}", failure(true));
            assert_eq!(decide(&failure(false), 1, 0), again(60), "{:?}", failure(false));
        }
    }

    #[test]
    fn waits_follow_the_schedule_and_the_last_repeats() {
        for (attempts, seconds) in [(0, 60), (1, 60), (2, 300), (3, 900), (4, 900), (1_000_000, 900)] {
            assert_eq!(decide(&letter(false), attempts, 0), again(seconds), "after {attempts} tries");
        }
    }

    #[test]
    fn a_letter_is_given_up_at_its_age_and_not_before() {
        assert_eq!(decide(&letter(false), 9, 59), again(900));
        assert_eq!(decide(&letter(false), 9, 60), Fate::SetAside);
    }

    #[test]
    fn jitter_stays_within_a_tenth() {
        let at = |jitter| wait(1, &schedule(), jitter).as_millis();
        assert_eq!((at(0.0), at(1.0), at(-5.0), at(7.0)), (54_000, 66_000, 54_000, 66_000));
    }
}
