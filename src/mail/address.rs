//! The gate for email addresses that visitors type.
//!
//! Invariant: what passes can stand in a header and in an envelope. The form's own rule is not enough: `validator`
//! accepts `a@<script>[::1]` and control characters before an address literal.
//!
//! Never: a look at the network. Whether a mailbox exists is not asked.

/// A mailbox's address as mailers take it.
pub use lettre::Address;

/// RFC 5321 4.5.3.1.3: a path holds 256 octets, two of them the angle brackets.
const LONGEST: usize = 254;

/// Whether an answer can be sent to this address: name, `@`, and a domain with a dot; no literal, no control character,
/// at most 254 octets.
pub fn acceptable(text: &str) -> bool {
    text.len() <= LONGEST
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
        && text.parse::<Address>().is_ok_and(|address| is_name_with_dot(address.domain()))
}

/// A literal (`[127.0.0.1]`) or a bare host name is no mailbox of a person who writes to a clinic.
fn is_name_with_dot(domain: &str) -> bool {
    !domain.starts_with('[') && domain.trim_matches('.').contains('.') && !domain.ends_with('.')
}

#[cfg(test)]
mod tests {
    use super::acceptable;

    #[test]
    fn an_address_that_can_be_answered_passes() {
        for text in ["ann@example.org", "a+b.c@mail.example.co.uk", "o'neil@example.org", "ann@bücher.example"] {
            assert!(acceptable(text), "{text}");
        }
    }

    #[test]
    fn what_cannot_stand_in_a_header_or_lead_to_a_person_is_refused() {
        let long = format!("{}@example.org", "a".repeat(250));
        for text in [
            "",
            "ann",
            "ann@",
            "@example.org",
            "ann@localhost",
            "ann@example.",
            "ann@[127.0.0.1]",
            "ann@[IPv6:::1]",
            "a@<script>[::1]",
            "ann@example.org\r\nBcc: x@example.org",
            "ann@example.org\0",
            "a\u{7}nn@example.org",
            "ann b@example.org",
            "ann@exa mple.org",
            "ann@example.org, bob@example.org",
            "<ann@example.org>",
            long.as_str(),
        ] {
            assert!(!acceptable(text), "{text:?}");
        }
    }
}
