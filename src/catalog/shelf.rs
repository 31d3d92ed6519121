//! The place where the current catalog lies: read without a lock, swapped whole.
//!
//! Invariant: a reader sees one catalog from the first to the last byte of an answer. Swaps happen one after another,
//! so a renewal and better variants never undo each other.

use super::{Catalog, encode::Body};
use arc_swap::{ArcSwap, Guard};
use std::{
    collections::HashMap,
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

/// Holds the current catalog.
#[derive(Debug)]
pub struct Shelf {
    current: ArcSwap<Catalog>,
    /// Counts renewals; held during every swap.
    renewals: Mutex<u64>,
    renewed: Condvar,
}

impl Shelf {
    /// A shelf with a first catalog on it.
    pub fn new(catalog: Catalog) -> Self {
        Self { current: ArcSwap::from_pointee(catalog), renewals: Mutex::new(0), renewed: Condvar::new() }
    }

    /// The current catalog, for one answer; hold it briefly.
    pub fn load(&self) -> Guard<Arc<Catalog>> {
        self.current.load()
    }

    /// The current catalog, for longer work.
    pub fn get(&self) -> Arc<Catalog> {
        self.current.load_full()
    }

    /// Puts a new catalog in place of the current one.
    pub fn replace(&self, catalog: Catalog) {
        let mut renewals = self.renewals.lock().unwrap_or_else(PoisonError::into_inner);
        self.current.store(Arc::new(catalog));
        *renewals += 1;
        self.renewed.notify_all();
    }

    /// Swaps better variants in, wherever their plain bytes are still served.
    pub(super) fn improve(&self, better: &HashMap<blake3::Hash, Arc<Body>>) {
        let _held = self.renewals.lock().unwrap_or_else(PoisonError::into_inner);
        self.current.store(Arc::new(self.current.load().with_better(better)));
    }

    /// How often the catalog was renewed.
    pub(super) fn renewals(&self) -> u64 {
        *self.renewals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the count of renewals is no longer `seen`, or for the given time.
    pub(super) fn wait(&self, seen: u64, at_most: Duration) {
        let held = self.renewals.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.renewed.wait_timeout_while(held, at_most, |count| *count == seen);
    }
}
