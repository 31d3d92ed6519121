//! The time by which the clinic replies, from its working days, hours, holidays and absences.
//!
//! Never: a time that the facts file does not promise to visitors.

use crate::content::{Availability, AvailabilityState, Clinic, Reply};
use jiff::{
    ToSpan as _,
    civil::{Date, DateTime, Weekday},
};

/// Most days that are searched: for a clinic that is closed for a year there is no time.
const MAX_DAYS: usize = 366;

/// The availability on a day, unless the clinic simply accepts clients; an availability ends after its last day.
pub fn availability_on(clinic: &Clinic, day: Date) -> Option<&Availability> {
    clinic.availability.as_ref().filter(|availability| {
        availability.state != AvailabilityState::Accepting && availability.until.is_none_or(|last| day <= last)
    })
}

/// The end of the working day by which a message received at `received` (in the clinic's zone) is answered.
///
/// The day of receipt does not count. A message received after closing time, on a closed day or during an absence
/// counts as received on the next open day.
pub fn reply_by(clinic: &Clinic, received: DateTime) -> Option<DateTime> {
    let reply = clinic.reply.as_ref()?;
    let back = clinic
        .availability
        .as_ref()
        .filter(|availability| availability.state == AvailabilityState::Away)
        .and_then(|away| away.until)
        .filter(|last| received.date() <= *last);
    let mut day = back.map_or(received.date(), |last| last.saturating_add(1.day()));
    if back.is_none() && closing(reply, day).is_none_or(|closing| received >= closing) {
        day = day.saturating_add(1.day());
    }
    let mut closings = day.series(1.day()).take(MAX_DAYS).filter_map(|day| closing(reply, day));
    closings.nth(usize::from(reply.working_days))
}

/// Weekdays within which staff are expected to reply if the facts file promises no time.
const DEFAULT_WEEKDAYS: usize = 2;

/// By when staff should have answered a message received at `received` (in the clinic's zone): the promised time, or
/// the end of the second weekday after. The latter is for reminders only and is never shown to visitors.
pub fn expected_by(clinic: &Clinic, received: DateTime) -> DateTime {
    reply_by(clinic, received).unwrap_or_else(|| {
        let weekday = |day: &Date| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        let mut weekdays = received.date().series(1.day()).skip(1).filter(weekday);
        weekdays.nth(DEFAULT_WEEKDAYS - 1).map_or(DateTime::MAX, |day| day.at(23, 59, 59, 0))
    })
}

/// Closing time of an open day; `None` on a closed day.
fn closing(reply: &Reply, day: Date) -> Option<DateTime> {
    if reply.holidays.contains(&day) {
        return None;
    }
    let (_, last) = reply.hours.on(day.weekday()).last()?;
    Some(day.to_datetime(*last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clinic(more: &str) -> Clinic {
        let shipped = include_str!("../../content/clinic.toml");
        let text = format!(
            "{shipped}\n[reply]\nworking_days = 2\nholidays = [2026-11-26]\n[reply.hours]\nmonday = \"09:00-17:00\"\n\
             tuesday = \"09:00-17:00\"\nwednesday = \"09:00-12:00, 13:00-17:00\"\nthursday = \"09:00-17:00\"\n\
             friday = \"09:00-15:00\"\n{more}"
        );
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn only_open_days_count() {
        let open = clinic("");
        let table = [
            ("2026-11-16T10:00", "2026-11-18T17:00", "Monday: by Wednesday"),
            ("2026-11-16T18:00", "2026-11-19T17:00", "after closing: as if on Tuesday"),
            ("2026-11-19T10:00", "2026-11-23T17:00", "Thursday: Friday and Monday"),
            ("2026-11-21T10:00", "2026-11-25T17:00", "Saturday: as if on Monday"),
            ("2026-11-24T10:00", "2026-11-27T15:00", "a holiday between"),
        ];
        for (received, by, case) in table {
            assert_eq!(reply_by(&open, received.parse().unwrap()), Some(by.parse().unwrap()), "{case}");
        }
    }

    #[test]
    fn an_absence_delays_the_reply_and_ends_after_its_last_day() {
        let away = clinic("[availability]\nstate = \"away\"\nuntil = 2026-11-29\n");
        let by = reply_by(&away, "2026-11-20T10:00".parse().unwrap());
        assert_eq!(by, Some("2026-12-02T17:00".parse().unwrap()), "back on Monday the 30th, two days later");
        let after = reply_by(&away, "2026-12-01T10:00".parse().unwrap());
        assert_eq!(after, Some("2026-12-03T17:00".parse().unwrap()));
        assert!(availability_on(&away, "2026-11-29".parse().unwrap()).is_some());
        assert!(availability_on(&away, "2026-11-30".parse().unwrap()).is_none());
    }

    #[test]
    fn without_a_promised_time_staff_are_reminded_after_two_weekdays() {
        let shipped: Clinic = toml::from_str(include_str!("../../content/clinic.toml")).unwrap();
        let table = [
            ("2026-11-24T15:12", "2026-11-26T23:59:59", "Tuesday: Thursday is over"),
            ("2026-11-27T09:00", "2026-12-01T23:59:59", "Friday: Tuesday is over"),
            ("2026-11-28T09:00", "2026-12-01T23:59:59", "Saturday"),
        ];
        for (received, by, case) in table {
            assert_eq!(expected_by(&shipped, received.parse().unwrap()), by.parse().unwrap(), "{case}");
        }
        let open = clinic("");
        let received = "2026-11-16T10:00".parse().unwrap();
        assert_eq!(Some(expected_by(&open, received)), reply_by(&open, received), "the promised time counts");
    }

    #[test]
    fn without_hours_there_is_no_promised_time() {
        let shipped: Clinic = toml::from_str(include_str!("../../content/clinic.toml")).unwrap();
        assert_eq!(reply_by(&shipped, "2026-11-20T10:00".parse().unwrap()), None);
    }
}
