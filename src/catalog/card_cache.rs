//! The disk cache of cards (the pictures of shared links), by address.
//!
//! Invariant: a card is drawn once, unless it was deleted; without a folder it is drawn for each request.
//!
//! Never: drawing.

use super::disk_cache::DiskCache;
use bytes::Bytes;
use std::{collections::HashSet, path::Path};

/// Another file format needs another name; another drawing has another address.
const FOLDER: &str = "pictures-v1";
/// Upper limit of the disk cache, in bytes: some ten thousand cards.
const LIMIT: u64 = 256 * 1024 * 1024;

/// A folder of cards, or none.
#[derive(Debug, Default)]
pub struct CardCache(Option<DiskCache>);

impl CardCache {
    /// Opens or makes a folder below `cache`. If that fails, every request draws.
    pub fn open(cache: &Path) -> Self {
        let cache = DiskCache::open(&cache.join(FOLDER), LIMIT);
        Self(cache.inspect_err(|error| tracing::warn!(%error, "cards are not cached on disk")).ok())
    }

    /// The card at this address: from disk, or drawn now and stored. The oldest cards make room for new ones. Blocks.
    pub fn get(&self, address: &str, draw: impl FnOnce() -> Vec<u8>) -> Bytes {
        let name = blake3::hash(address.as_bytes());
        if let Some(bytes) = self.0.as_ref().and_then(|cache| cache.get(&name)) {
            return bytes;
        }
        let bytes = Bytes::from(draw());
        if let Some(cache) = &self.0
            && let Err(error) = cache.put(&name, &bytes).and_then(|()| cache.trim(&HashSet::from([name])))
        {
            tracing::debug!(%error, "a card could not be cached");
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_drawn_once_and_kept_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CardCache::open(folder.path());
        assert_eq!(cache.get("/a", || b"first".to_vec()), "first");
        assert_eq!(cache.get("/a", || panic!("drawn twice")), "first");
        let again = CardCache::open(folder.path());
        assert_eq!(again.get("/a", || panic!("drawn twice")), "first");
    }

    #[test]
    fn the_oldest_card_makes_room_for_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CardCache(Some(DiskCache::open(folder.path(), 0).unwrap()));
        assert_eq!(cache.get("/a", || b"first".to_vec()), "first");
        assert_eq!(cache.get("/b", || b"other".to_vec()), "other");
        assert_eq!(cache.get("/a", || b"again".to_vec()), "again");
    }

    #[test]
    fn without_a_folder_a_card_is_drawn_for_each_request() {
        let cache = CardCache::default();
        assert_eq!(cache.get("/a", || b"1".to_vec()), "1");
        assert_eq!(cache.get("/a", || b"2".to_vec()), "2");
    }
}
