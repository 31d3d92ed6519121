//! When a letter that could not be delivered is tried again: pure.
//!
//! Invariant: only a permanent refusal (5xx) of the letter itself, its age, or that it cannot be built makes a letter fail;
//! everything else is tried again, a 5xx about the session (banner, EHLO, STARTTLS, AUTH) included.
//!
//! Never: the clock, randomness or a database; all of them are arguments.

use super::mailer::DeliveryError;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// A try, its wait included, is taken to last this long at least.
const SHORTEST: Duration = Duration::from_mins(1);

/// When to try again, and for how long.
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    /// Waits before each further try; the last repeats. Never empty.
    pub waits: Vec<Duration>,
    /// Age at which a letter fails.
    pub give_up: Duration,
}

impl RetryPolicy {
    /// Whether a letter of this age, counted since it was queued, is kept and not tried again by itself after `error`.
    /// `attempts` counts the tries so far: a letter whose age has another cause (the relay was paused, the program did not
    /// run, the clock was set) is tried for as long as any other.
    pub fn fails(&self, error: &DeliveryError, attempts: u32, age: SignedDuration) -> bool {
        let hopeless = matches!(error, DeliveryError::Unwritable(_) | DeliveryError::Letter { permanent: true, .. });
        let age = Duration::try_from(age).unwrap_or_default();
        hopeless || age.min(self.longest().max(SHORTEST).saturating_mul(attempts)) >= self.give_up
    }

    /// No wait is longer.
    fn longest(&self) -> Duration {
        self.waits.iter().max().copied().unwrap_or_default().mul_f64(1.1)
    }

    /// The time of the next try after so many. `jitter` spreads the wait by a tenth to either side, so that copies of the
    /// program do not connect at the same time.
    pub fn next_attempt(&self, attempts: u32, now: Timestamp, jitter: f64) -> Timestamp {
        let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        let wait = self.waits.get(index).or(self.waits.last()).copied().unwrap_or(Duration::from_mins(1));
        after(now, wait.mul_f64(0.9 + 0.2 * jitter.clamp(0.0, 1.0)))
    }

    /// The latest time for which anything may wait now: the longest wait or `other`, whichever ends later. What is due
    /// after it was stored before the clock was set back.
    pub fn latest(&self, now: Timestamp, other: SignedDuration) -> Timestamp {
        after(now, self.longest().max(Duration::try_from(other).unwrap_or_default()))
    }
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    now.saturating_add(SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    fn policy() -> RetryPolicy {
        let minutes = |m: u64| Duration::from_secs(60 * m);
        RetryPolicy { waits: [1, 5, 15].map(minutes).to_vec(), give_up: minutes(60) }
    }

    fn next(attempts: u32) -> i64 {
        policy().next_attempt(attempts, Timestamp::UNIX_EPOCH, 0.5).as_second()
    }

    #[test]
    fn only_the_letter_itself_or_its_age_makes_it_fail() {
        let letter = |permanent| DeliveryError::Letter { permanent, reason: String::new() };
        let session = |permanent| DeliveryError::Session { permanent, reason: String::new() };
        let table = [
            (letter(true), true),
            (DeliveryError::Unwritable(String::new()), true),
            (letter(false), false),
            (session(true), false),
            (session(false), false),
        ];
        for (error, at_once) in table {
            assert_eq!(policy().fails(&error, 9, SignedDuration::from_mins(59)), at_once, "{error:?}");
            assert!(policy().fails(&error, 9, SignedDuration::from_mins(60)), "{error:?}");
            assert_eq!(
                policy().fails(&error, 3, SignedDuration::from_hours(30 * 24)),
                at_once,
                "{error:?}: three tries"
            );
        }
    }

    #[test]
    fn waits_follow_the_policy_and_the_last_repeats() {
        for (attempts, seconds) in [(0, 60), (1, 60), (2, 300), (3, 900), (4, 900), (1_000_000, 900)] {
            assert_eq!(next(attempts), seconds, "after {attempts} tries");
        }
    }

    #[test]
    fn a_wait_is_as_long_when_clocks_change_to_or_from_daylight_saving_time() {
        let zone = TimeZone::get("America/Los_Angeles").unwrap();
        let policy = RetryPolicy { waits: vec![Duration::from_hours(1)], give_up: Duration::from_hours(1) };
        // Half past one in the morning; an hour later it is half past one again, or half past three.
        for (now, local) in [("2026-11-01T08:30:00Z", "01:30:00"), ("2026-03-08T09:30:00Z", "03:30:00")] {
            let now: Timestamp = now.parse().unwrap();
            let next = policy.next_attempt(1, now, 0.5);
            assert_eq!(next.duration_since(now), SignedDuration::from_hours(1));
            assert_eq!(zone.to_datetime(next).time().to_string(), local);
        }
    }

    #[test]
    fn nothing_waits_longer_than_the_latest_time() {
        let policy = policy();
        let now = Timestamp::UNIX_EPOCH;
        for attempts in 0..9 {
            assert!(policy.next_attempt(attempts, now, 1.0) <= policy.latest(now, SignedDuration::ZERO));
        }
        assert_eq!(policy.latest(now, SignedDuration::from_secs(2000)).as_second(), 2000);
    }

    #[test]
    fn jitter_stays_within_a_tenth() {
        let at = |jitter| policy().next_attempt(1, Timestamp::UNIX_EPOCH, jitter).as_millisecond();
        assert_eq!((at(0.0), at(1.0), at(-5.0), at(7.0)), (54_000, 66_000, 54_000, 66_000));
    }
}
