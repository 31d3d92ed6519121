//! How long the program keeps what it keeps: one place for the code that erases and the page that says so.

/// Hours that the answers stay after every letter was handed over.
pub const AFTER_HANDOVER_HOURS: i64 = 24;
/// Days that a held enquiry stays after staff were first told of it.
pub const HELD_DAYS: i64 = 30;
/// Days that number, reference, times and state stay.
pub const TRACE_DAYS: i64 = 90;
/// Days that the totals of readers and enquiries by article stay: a year and the month before it.
pub const COUNT_DAYS: i64 = 400;
