//! The clock; no other module reads it.
//!
//! Invariant: a clock that is set while the program runs lets nothing be erased early.
//!
//! Never: a wait, a time zone.

use jiff::{SignedDuration, Timestamp};
use std::{
    sync::{
        LazyLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

/// Delay of the erasure that is reported.
const REPORTED: SignedDuration = SignedDuration::from_hours(1);

static CLOCK: LazyLock<Clock> = LazyLock::new(|| Clock::new(Timestamp::now()));

/// The wall clock against the monotonic clock since the first reading.
struct Clock {
    wall: Timestamp,
    monotonic: Instant,
    /// How far the wall clock has fallen behind the monotonic one at most, in milliseconds: 0 or less.
    behind: AtomicI64,
}

/// The current time.
pub(super) fn now() -> Timestamp {
    let wall = Timestamp::now();
    CLOCK.erasure_time(wall, CLOCK.monotonic.elapsed());
    wall
}

/// The time for erasures: the current time, unless the clock was set while the program runs. A clock set forward does
/// not count until it is right again. One that was set back delays erasures by as much until a restart, since times that
/// were stored meanwhile are too early.
pub(super) fn erasure_time() -> Timestamp {
    let wall = Timestamp::now();
    let time = CLOCK.erasure_time(wall, CLOCK.monotonic.elapsed());
    let delay = wall.duration_since(time);
    if delay > REPORTED {
        let hours = delay.as_hours();
        tracing::error!(hours, "the clock was set while the program ran; erasures are late until a restart");
    }
    time
}

impl Clock {
    fn new(wall: Timestamp) -> Self {
        Self { wall, monotonic: Instant::now(), behind: AtomicI64::new(0) }
    }

    /// `elapsed` is the monotonic time since the first reading.
    fn erasure_time(&self, wall: Timestamp, elapsed: Duration) -> Timestamp {
        let expected = self.wall.saturating_add(elapsed).unwrap_or(Timestamp::MAX);
        let behind = wall.as_millisecond() - expected.as_millisecond();
        let behind = self.behind.fetch_min(behind, Ordering::Relaxed).min(behind);
        expected.saturating_add(SignedDuration::from_millis(behind)).unwrap_or(Timestamp::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTH: i64 = 30 * 24;

    /// The erasure time in hours since the start, for each reading of the clock in hours since the start, one hour after
    /// the other.
    fn erasure_times(readings: &[i64]) -> Vec<i64> {
        let start: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let clock = Clock::new(start);
        let times = readings.iter().zip(0..).map(|(wall, elapsed)| {
            let time = clock.erasure_time(start + SignedDuration::from_hours(*wall), Duration::from_hours(elapsed));
            time.duration_since(start).as_hours()
        });
        times.collect()
    }

    #[test]
    fn erasure_follows_a_clock_that_is_not_set() {
        assert_eq!(erasure_times(&[0, 1, 2, 3]), [0, 1, 2, 3]);
    }

    #[test]
    fn a_clock_that_is_set_forward_erases_nothing_early() {
        assert_eq!(erasure_times(&[0, 1 + MONTH, 2 + MONTH, 3]), [0, 1, 2, 3]);
    }

    #[test]
    fn what_was_stored_while_the_clock_was_set_back_is_not_erased_when_it_is_right_again() {
        assert_eq!(erasure_times(&[0, 1 - MONTH, 2 - MONTH, 3, 4]), [0, 1 - MONTH, 2 - MONTH, 3 - MONTH, 4 - MONTH]);
    }
}
