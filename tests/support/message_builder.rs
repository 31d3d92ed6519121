//! What the messages of tests have in common.

use jiff::tz::TimeZone;
use relationship_clinic::{enquiry::link::Links, mail::message::MessageBuilder};

/// The key of links.
pub const SECRET: &str = "a secret of at least thirty-two characters";

pub fn message_builder() -> MessageBuilder {
    MessageBuilder {
        sender_name: "The Relationship Clinic website".into(),
        sender: "website@clinic.example".parse().expect("it is an address"),
        bounces_to: "bounces@clinic.example".parse().expect("it is an address"),
        zone: TimeZone::get("America/Los_Angeles").expect("jiff knows the zone"),
        zone_name: Some("Pacific time"),
        links: Links::new("https://www.clinic.example", SECRET),
        acknowledges: false,
    }
}
