//! Whether the same message was sent lately: hashes only, the newest few hundred, gone with the process.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

/// How many messages are remembered.
const REMEMBERED: usize = 512;

/// Hashes of the latest messages, with a salt of this process.
#[derive(Debug)]
pub struct Echoes {
    salt: [u8; 32],
    heard: Mutex<VecDeque<blake3::Hash>>,
}

impl Echoes {
    /// Nothing heard yet; `salt` is random.
    pub fn new(salt: [u8; 32]) -> Self {
        Self { salt, heard: Mutex::new(VecDeque::with_capacity(REMEMBERED)) }
    }

    /// Whether `message` was heard before; remembers it.
    pub fn heard_before(&self, message: &str) -> bool {
        let hash = blake3::keyed_hash(&self.salt, message.as_bytes());
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let before = heard.contains(&hash);
        if heard.len() == REMEMBERED {
            heard.pop_front();
        }
        heard.push_back(hash);
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_known_the_second_time_until_many_others_came() {
        let echoes = Echoes::new([3; 32]);
        assert!(!echoes.heard_before("hello"));
        assert!(echoes.heard_before("hello"));
        for other in 0..REMEMBERED {
            assert!(!echoes.heard_before(&other.to_string()));
        }
        assert!(!echoes.heard_before("hello"));
    }
}
