//! Validates email addresses that visitors type.
//!
//! Invariant: an accepted address is valid in a header and in an envelope. The form's own rule is not enough: `validator`
//! accepts `a@<script>[::1]` and control characters before an address literal.
//!
//! Never: a network query. Whether the mailbox exists is not checked.

/// The address of a mailbox.
pub use lettre::Address;

/// Octets. RFC 5321 4.5.3.1.3: a path has at most 256, two of them the angle brackets.
const MAX_LENGTH: usize = 254;

/// Whether a reply can be sent to this address: name, `@`, and a domain with a dot; no literal, no control character,
/// at most 254 octets.
pub fn acceptable(text: &str) -> bool {
    text.len() <= MAX_LENGTH
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
        && text.parse::<Address>().is_ok_and(|address| has_several_labels(address.domain()))
}

/// Neither a literal (`[127.0.0.1]`) nor a single label.
fn has_several_labels(domain: &str) -> bool {
    !domain.starts_with('[') && domain.trim_matches('.').contains('.') && !domain.ends_with('.')
}

#[cfg(test)]
mod tests {
    use super::acceptable;

    #[test]
    fn an_address_with_name_and_domain_is_accepted() {
        for text in ["ann@example.org", "a+b.c@mail.example.co.uk", "o'neil@example.org", "ann@bücher.example"] {
            assert!(acceptable(text), "{text}");
        }
    }

    #[test]
    fn an_address_that_is_invalid_in_a_header_or_has_no_domain_is_refused() {
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
