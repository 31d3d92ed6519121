//! The token of the contact form: time of issue and a nonce, signed.
//!
//! It shows how long a visitor took and whether two posts come from the same form. It is one spam signal among several:
//! a form without a valid token is accepted.
//!
//! Never: the clock or randomness; both are arguments.

use data_encoding::BASE64URL_NOPAD;

/// Length of a nonce in bytes.
pub const NONCE: usize = 16;
/// Length of the signature in bytes: half of a keyed BLAKE3 hash.
const MAC: usize = 16;

/// The key of one purpose, derived from the secret of the installation.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// A key for `purpose`, so that a signature for one purpose is not valid for another.
    pub fn new(secret: &str, purpose: &str) -> Self {
        Self(blake3::derive_key(&format!("relationship-clinic 2026 {purpose}"), secret.as_bytes()))
    }

    /// `message` followed by its signature, in base64url.
    pub fn seal(&self, message: &[u8]) -> String {
        BASE64URL_NOPAD.encode(&[message, &self.signature(message)].concat())
    }

    /// The message of a text from [`Self::seal`], if the signature is valid.
    pub fn open(&self, text: &str) -> Option<Vec<u8>> {
        let mut message = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let mac = message.split_off(message.len().checked_sub(MAC)?);
        // Hashing both sides again makes the comparison independent of how many bytes agree.
        let again = |mac: &[u8]| blake3::keyed_hash(&self.0, mac);
        (again(&self.signature(&message)) == again(&mac)).then_some(message)
    }

    /// The first half of a keyed BLAKE3 hash.
    fn signature(&self, message: &[u8]) -> [u8; MAC] {
        let mut mac = [0; MAC];
        mac.copy_from_slice(&blake3::keyed_hash(&self.0, message).as_bytes()[..MAC]);
        mac
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// The content of a posted token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// Absent: no script, an old page, or a program.
    Missing,
    /// Not signed with this key.
    Invalid,
    /// Signed with this key.
    Valid {
        /// Base64url.
        nonce: String,
        /// Seconds since it was issued.
        age: u64,
    },
}

impl Token {
    /// A token issued at `now` (seconds since 1970).
    pub fn issue(key: &Key, now: i64, nonce: [u8; NONCE]) -> String {
        key.seal(&[now.to_be_bytes().as_slice(), &nonce].concat())
    }

    /// Reads `text` at `now`.
    pub fn read(key: &Key, text: &str, now: i64) -> Self {
        if text.is_empty() {
            return Self::Missing;
        }
        match key.open(text).as_deref().and_then(|message| message.split_first_chunk()) {
            Some((time, nonce)) => {
                let age = now.saturating_sub(i64::from_be_bytes(*time)).try_into().unwrap_or(0);
                Self::Valid { nonce: BASE64URL_NOPAD.encode(nonce), age }
            }
            None => Self::Invalid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_token_signed_for_this_purpose_is_valid_and_it_holds_its_age() {
        let key = Key::new("a secret of the test that is long enough", "form");
        let other = Key::new("a secret of the test that is long enough", "link");
        let token = Token::issue(&key, 1_000, [7; NONCE]);
        let nonce = BASE64URL_NOPAD.encode(&[7; NONCE]);
        assert_eq!(Token::read(&key, &token, 1_060), Token::Valid { nonce: nonce.clone(), age: 60 });
        assert_eq!(Token::read(&key, &token, 900), Token::Valid { nonce, age: 0 }, "a clock set back");
        assert_eq!(Token::read(&key, "", 1_060), Token::Missing);
        assert_eq!(Token::read(&other, &token, 1_060), Token::Invalid, "another purpose");
        for change in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[change] = if bytes[change] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(Token::read(&key, &changed, 1_060), Token::Invalid, "byte {change}");
        }
        assert_eq!(Token::read(&key, "not base64 !", 1_060), Token::Invalid);
    }
}
