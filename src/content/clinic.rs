//! The clinic's facts and the help lines: what `clinic.toml` and `crisis.toml` hold.
//!
//! Invariant: an unknown fact is absent, never an empty text.

use super::front_matter::Day;
use jiff::civil::{Date, Time, Weekday};
use serde::{Deserialize, Deserializer, de::Error as _};
use std::collections::BTreeMap;

/// The clinic's facts (`clinic.toml`). Nothing is shown for a fact that is absent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clinic {
    /// Name of the practice.
    pub name: String,
    /// Text alternative of the logo.
    pub logo_alt: String,
    /// Telephone as written for people: `(650) 799-1375`.
    pub telephone: String,
    /// Public email address.
    pub email: String,
    /// Postal address.
    pub address: Address,
    /// IANA time zone of the clinic.
    pub time_zone: String,
    /// Target of the exit control.
    pub exit_url: String,
    /// Licensee, as the board's advertising rule requires.
    pub licensee: Option<Licensee>,
    /// Optional facts.
    #[serde(default)]
    pub facts: Facts,
    /// Response time, opening hours and holidays.
    pub reply: Option<Reply>,
    /// Whether new clients are accepted.
    pub availability: Option<Availability>,
    /// What the form offers.
    #[serde(default)]
    pub form: FormFacts,
    /// Links of the header, in order.
    pub navigation: Vec<Link>,
    /// Links of the footer, in order.
    pub footer: Vec<Link>,
}

/// A postal address in the United States.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Street and number.
    pub street: String,
    /// City or town.
    pub city: String,
    /// State in full.
    pub region: String,
    /// Two letters of the state, for structured data.
    pub region_code: String,
    /// ZIP code.
    pub postal_code: String,
    /// ISO 3166 code of the country.
    pub country: String,
}

/// A person whose license is advertised.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licensee {
    /// Name as known to the public.
    pub name: String,
    /// Title or abbreviation.
    pub title: Option<String>,
    /// License number.
    #[serde(rename = "licence")]
    pub license: Option<String>,
}

/// Optional facts, each absent until it is filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Facts {
    /// Fees, a sentence.
    pub fees: Option<String>,
    /// Insurance, a sentence.
    pub insurance: Option<String>,
    /// Languages spoken.
    pub languages: Vec<String>,
    /// Telehealth, a sentence.
    pub telehealth: Option<String>,
    /// Profiles elsewhere, absolute addresses.
    pub profiles: Vec<String>,
}

/// How soon the clinic answers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// Within how many working days.
    pub working_days: u8,
    /// Hours by weekday (`monday = "09:00-17:00"`, several with a comma); a day that is absent is closed.
    pub hours: Hours,
    /// Holidays: days on which no answers are sent.
    #[serde(default, deserialize_with = "dates")]
    pub holidays: Vec<Date>,
}

/// Whether new clients are accepted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Availability {
    /// The current state.
    pub state: AvailabilityState,
    /// Last day of this state; after it the state is `accepting`.
    #[serde(default, deserialize_with = "some_date")]
    pub until: Option<Date>,
}

/// See [`Availability`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AvailabilityState {
    /// New clients are accepted.
    Accepting,
    /// New clients are put on a waiting list.
    WaitingList,
    /// Enquiries are not read until [`Availability::until`].
    Away,
}

/// What the form offers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FormFacts {
    /// Text messages are offered as a way to answer.
    pub text_messages: bool,
    /// An email confirms the message if the visitor marks the mailbox as private.
    pub acknowledge: bool,
}

/// A link of the navigation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Text of the link.
    pub label: String,
    /// Path on this site.
    pub path: String,
}

/// Help lines (`crisis.toml`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crisis {
    /// Day on which every number was last checked.
    #[serde(deserialize_with = "date")]
    pub last_checked: Date,
    /// Heading and name of the help lines on every page ("Get help now").
    pub heading: String,
    /// Help lines in the order of every page.
    pub lines: Vec<HelpLine>,
}

/// One help line.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HelpLine {
    /// When to use it ("If anyone is in danger:").
    pub when: String,
    /// The same in a word or two, if the line also stands above the form.
    pub short: Option<String>,
    /// The safety text of articles names this line.
    #[serde(default)]
    pub in_safety_text: bool,
    /// Who answers ("emergency services").
    pub name: String,
    /// Language of the line (`es`) if it is not English.
    pub lang: Option<String>,
    /// Links that reach it.
    pub ways: Vec<HelpLink>,
}

/// A link that reaches a help line.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HelpLink {
    /// Its text ("Call 988").
    pub label: String,
    /// `tel:`, `sms:` or `https:`.
    pub href: String,
}

impl Clinic {
    /// Facts that are not filled in, each with the consequence.
    pub fn missing(&self) -> Vec<(&'static str, &'static str)> {
        let licensee = self.licensee.as_ref();
        let facts = [
            (
                licensee.is_some_and(|l| l.license.is_some()),
                "licensee.licence",
                "the board's advertising rule asks for the license number on every page",
            ),
            (licensee.is_some_and(|l| l.title.is_some()), "licensee.title", "the title of the licensee is not shown"),
            (self.reply.is_some(), "reply", "the receipt cannot say by when an answer comes"),
            (self.facts.fees.is_some(), "facts.fees", "fees are not mentioned anywhere"),
            (self.facts.insurance.is_some(), "facts.insurance", "insurance is not mentioned anywhere"),
        ];
        facts.into_iter().filter(|(known, ..)| !known).map(|(_, fact, then)| (fact, then)).collect()
    }
}

/// Opening hours of a week.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hours([Vec<(Time, Time)>; 7]);

impl Hours {
    /// The opening times of a weekday, in order, each from and to; none means closed.
    pub fn on(&self, day: Weekday) -> &[(Time, Time)] {
        &self.0[usize::try_from(day.to_monday_zero_offset()).unwrap_or_default()]
    }
}

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut week = Self::default();
        for (day, hours) in BTreeMap::<String, String>::deserialize(deserializer)? {
            let index = DAYS
                .iter()
                .position(|name| *name == day)
                .ok_or_else(|| D::Error::custom(format!("`{day}` is not a day; write monday to sunday")))?;
            week.0[index] = intervals(&hours).ok_or_else(|| {
                D::Error::custom(format!("`{hours}` are not hours; write them like 09:00-12:00, 13:00-17:00"))
            })?;
        }
        Ok(week)
    }
}

/// Reads `09:00-12:00, 13:00-17:00`; `None` unless the times increase.
fn intervals(text: &str) -> Option<Vec<(Time, Time)>> {
    let intervals: Vec<(Time, Time)> = text
        .split(',')
        .map(|part| {
            let (from, to) = part.trim().split_once('-')?;
            Some((from.trim().parse().ok()?, to.trim().parse().ok()?))
        })
        .collect::<Option<_>>()?;
    let times: Vec<Time> = intervals.iter().flat_map(|(from, to)| [*from, *to]).collect();
    times.is_sorted_by(|earlier, later| earlier < later).then_some(intervals)
}

fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    Day::deserialize(deserializer).map(|day| day.0)
}

fn some_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    date(deserializer).map(Some)
}

fn dates<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Date>, D::Error> {
    Vec::<Day>::deserialize(deserializer).map(|days| days.into_iter().map(|day| day.0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_increasing_hours_are_accepted() {
        let nine = Time::constant(9, 0, 0, 0);
        let five = Time::constant(17, 0, 0, 0);
        assert_eq!(intervals("09:00-17:00"), Some(vec![(nine, five)]));
        assert_eq!(intervals("09:00-12:00, 13:00-17:00").map(|s| s.len()), Some(2));
        for wrong in ["", "nine to five", "17:00-09:00", "09:00-13:00, 12:00-17:00", "09:00"] {
            assert_eq!(intervals(wrong), None, "{wrong}");
        }
    }
}
