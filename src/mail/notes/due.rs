//! When notes are due: pure.

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, Weekday},
    tz::TimeZone,
};

/// Before the first calls of the day, in the clinic's zone.
const HOUR: i8 = 8;

/// The week that a weekly note covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Week {
    /// The Monday on which the note is due.
    pub monday: Date,
    /// First day covered: the Monday before.
    pub first: Date,
    /// Last day: the Sunday.
    pub last: Date,
    /// When the first day begins.
    pub from: Timestamp,
    /// When the last day is over.
    pub to: Timestamp,
}

/// The day whose note may be written now: today from eight o'clock on.
pub fn day_of_note(now: Timestamp, zone: &TimeZone) -> Option<Date> {
    let local = zone.to_datetime(now);
    (local.hour() >= HOUR).then(|| local.date())
}

/// The week whose note may be written now: the one that ended before the latest Monday, eight o'clock.
pub fn week_of_note(now: Timestamp, zone: &TimeZone) -> Week {
    let local = zone.to_datetime(now);
    let back = i32::from(local.weekday().since(Weekday::Monday));
    let early = back == 0 && local.hour() < HOUR;
    let monday = local.date().saturating_sub((back + if early { 7 } else { 0 }).days());
    let first = monday.saturating_sub(7.days());
    let midnight =
        |day: Date| zone.to_ambiguous_timestamp(day.at(0, 0, 0, 0)).compatible().unwrap_or(Timestamp::UNIX_EPOCH);
    Week { monday, first, last: monday.saturating_sub(1.day()), from: midnight(first), to: midnight(monday) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> TimeZone {
        TimeZone::get("America/Los_Angeles").unwrap()
    }

    #[test]
    fn the_note_of_a_day_is_due_at_eight_in_the_clinics_zone() {
        for (now, day) in [
            ("2026-11-24T15:59:59Z", None),
            ("2026-11-24T16:00:00Z", Some("2026-11-24")),
            ("2026-11-25T07:59:59Z", Some("2026-11-24")),
            ("2026-11-25T08:00:00Z", None),
            ("2026-07-01T15:00:00Z", Some("2026-07-01")),
        ] {
            let found = day_of_note(now.parse().unwrap(), &zone()).map(|day| day.to_string());
            assert_eq!(found.as_deref(), day, "{now}");
        }
    }

    #[test]
    fn the_note_of_a_week_is_due_on_monday_at_eight_and_stays_due() {
        for (now, monday) in [
            ("2026-11-23T15:59:59Z", "2026-11-16"),
            ("2026-11-23T16:00:00Z", "2026-11-23"),
            ("2026-11-29T20:00:00Z", "2026-11-23"),
            ("2026-11-30T16:00:00Z", "2026-11-30"),
        ] {
            assert_eq!(week_of_note(now.parse().unwrap(), &zone()).monday.to_string(), monday, "{now}");
        }
    }

    #[test]
    fn a_week_is_seven_whole_days_also_when_clocks_change() {
        let week = week_of_note("2026-11-02T17:00:00Z".parse().unwrap(), &zone());
        assert_eq!((week.first.to_string().as_str(), week.last.to_string().as_str()), ("2026-10-26", "2026-11-01"));
        assert_eq!(week.from.to_string(), "2026-10-26T07:00:00Z");
        assert_eq!(week.to.to_string(), "2026-11-02T08:00:00Z");
    }
}
