//! Detects messages that were posted before: hashes of the newest few hundred, kept in memory only.

use std::{
    collections::VecDeque,
    hash::{BuildHasher as _, RandomState},
    sync::{Mutex, PoisonError},
};

/// Most messages whose hashes are stored.
const REMEMBERED: usize = 512;

/// Hashes of the newest messages, with keys of this process.
#[derive(Debug, Default)]
pub struct Duplicates {
    keys: RandomState,
    seen: Mutex<VecDeque<u64>>,
}

impl Duplicates {
    /// Whether `message` was seen before; remembers it.
    pub fn seen_before(&self, message: &str) -> bool {
        let hash = self.keys.hash_one(message);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let before = seen.contains(&hash);
        seen.truncate(REMEMBERED - 1);
        seen.push_front(hash);
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_a_duplicate_until_512_others_have_come() {
        let duplicates = Duplicates::default();
        assert!(!duplicates.seen_before("hello"));
        assert!(duplicates.seen_before("hello"));
        for other in 0..REMEMBERED {
            assert!(!duplicates.seen_before(&other.to_string()));
        }
        assert!(!duplicates.seen_before("hello"));
    }
}
