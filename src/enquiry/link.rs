//! Signed links, with which staff act on an enquiry from their mailbox without a log-in.
//!
//! Invariant: a link carries the action, the reference and the time of its expiry, signed with a key of its own; nothing
//! about a person. It permits that one action on that one enquiry, and nothing else.
//!
//! Never: the clock, or whether the action was done before (see the outbox).

use super::token::Key;
use jiff::Timestamp;

/// Where the links lead, below the public origin.
pub const PATH: &str = "/t/";
/// Length of action and expiry, which stand before the reference, in bytes.
const HEAD: usize = 1 + 8;

/// What a link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum LinkAction {
    /// Marks an enquiry as answered: no reminder comes.
    Answered = b'a',
    /// Sends a held enquiry to the mailbox.
    Release = b'r',
    /// Marks an enquiry as advertising: it is listed no more.
    Spam = b's',
}

impl LinkAction {
    const ALL: [Self; 3] = [Self::Answered, Self::Release, Self::Spam];
}

/// One action on one enquiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What is done.
    pub action: LinkAction,
    /// Reference of the enquiry.
    pub reference: String,
    /// It may no longer be done.
    pub expired: bool,
}

/// Writes and reads links of one installation.
#[derive(Debug, Clone)]
pub struct Links {
    origin: String,
    key: Key,
}

impl Links {
    /// Makes links below `origin` (without a trailing slash), signed with a key that is derived from `secret`.
    pub fn new(origin: &str, secret: &str) -> Self {
        Self { origin: origin.to_owned(), key: Key::new(secret, "link of staff") }
    }

    /// The address for `action` on the enquiry with that reference; it expires after `until`.
    pub fn to(&self, action: LinkAction, reference: &str, until: Timestamp) -> String {
        let mut bytes = vec![action as u8];
        bytes.extend_from_slice(&until.as_second().to_be_bytes());
        bytes.extend_from_slice(reference.as_bytes());
        format!("{}{PATH}{}", self.origin, self.key.seal(&bytes))
    }

    /// Reads `token`, the last part of such an address, at `now`; `None` if it was not signed here, or was changed since.
    pub fn read(&self, token: &str, now: Timestamp) -> Option<Link> {
        let message = self.key.open(token)?;
        let (head, reference) = message.split_at_checked(HEAD)?;
        let until = i64::from_be_bytes(head[1..].try_into().ok()?);
        let action = LinkAction::ALL.into_iter().find(|action| *action as u8 == head[0])?;
        let reference = String::from_utf8(reference.to_vec()).ok()?;
        Some(Link { action, reference, expired: now.as_second() > until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn token(links: &Links, action: LinkAction) -> String {
        let address = links.to(action, "K7MWPX3D", at(1_000));
        address.strip_prefix("https://clinic.example/t/").unwrap().to_owned()
    }

    #[test]
    fn a_link_is_valid_for_one_action_on_one_enquiry_until_it_expires() {
        let links = Links::new("https://clinic.example", "a secret of the test that is long enough");
        for action in LinkAction::ALL {
            let link = |expired| Some(Link { action, reference: "K7MWPX3D".into(), expired });
            let token = token(&links, action);
            assert_eq!(links.read(&token, at(1_000)), link(false), "{action:?}");
            assert_eq!(links.read(&token, at(1_001)), link(true), "{action:?}");
        }
    }

    #[test]
    fn a_token_that_was_not_signed_here_is_invalid() {
        let links = Links::new("https://clinic.example", "a secret of the test that is long enough");
        let other = Links::new("https://clinic.example", "another secret that is also long enough");
        let token = token(&links, LinkAction::Release);
        assert_eq!(other.read(&token, at(0)), None, "another installation");
        for change in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[change] = if bytes[change] == b'A' { b'B' } else { b'A' };
            assert_eq!(links.read(&String::from_utf8(bytes).unwrap(), at(0)), None, "byte {change}");
        }
        for text in ["", "AAAA", "not base64 !", &token[..40]] {
            assert_eq!(links.read(text, at(0)), None, "{text}");
        }
    }
}
