//! Retention periods, for the code that erases and for the pages and mails that name them.

use jiff::{SignedDuration, Timestamp};

/// Hours for which the content of an enquiry is stored after it was marked as answered or as advertising.
pub const AFTER_ANSWER_HOURS: i64 = 24;
/// Days for which a held enquiry is stored after staff were first notified of it.
pub const HELD_DAYS: i64 = 30;
/// Days for which staff can undo a mark.
pub const UNDO_DAYS: i64 = 30;
/// Days for which number, reference, times and state are stored.
pub const RECORD_DAYS: i64 = 90;
/// Days for which the totals of readers and enquiries by article are stored: a year and the month before it.
pub const COUNT_DAYS: i64 = 400;

/// Marks that were set at this time or later can be undone at `now`.
pub fn undo_since(now: Timestamp) -> Timestamp {
    now.saturating_sub(SignedDuration::from_hours(24 * UNDO_DAYS)).unwrap_or(Timestamp::MIN)
}
