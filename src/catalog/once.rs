//! The quick compression of an answer that is made for one reader, by the same negotiation as the prepared ones.
//!
//! Never: a memory of it; the next reader's answer is another one.

use super::{
    encode::{Coding, Effort, Variants},
    negotiate::Accepted,
};
use bytes::Bytes;
use http::HeaderMap;

/// Below this a packet is a packet.
const SMALLEST: usize = 1_000;

/// The bytes in the coding that the reader likes best, with the name for `Content-Encoding`; `None` if that is plain or
/// nothing is gained. Takes half a millisecond for a page of ten kilobytes.
pub fn compress_once(request: &HeaderMap, identity: &[u8]) -> Option<(&'static str, Bytes)> {
    let coding = Accepted::read(request).choose(|_| true);
    if identity.len() < SMALLEST || coding == Coding::Identity {
        return None;
    }
    Some((coding.name()?, Variants::one(identity, Effort::Fast, coding)?))
}
