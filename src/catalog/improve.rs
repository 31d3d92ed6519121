//! Better compression behind the readers' backs: one thread of lowest priority.
//!
//! Invariant: at most one swap a second, however many pages there are; each swap shows finished variants only.
//!
//! Measured beside a busy server on two cores: throughput 0.88 with this thread at niceness 19, 0.62 with two threads at
//! niceness 0. So one thread, and nice.

use super::{
    Catalog, Encoder, Entry, Served, Shelf,
    encode::{Body, Effort},
};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Between two swaps.
const BATCH: Duration = Duration::from_secs(1);
/// How soon an idle thread sees that it shall stop.
const LOOK_UP: Duration = Duration::from_millis(250);

/// The thread; it stops when this is dropped.
#[derive(Debug)]
pub struct Improver {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Improver {
    /// Starts compressing what lies on the shelf, now and after every renewal.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(shelf: Arc<Shelf>, encoder: Arc<Encoder>) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let work = move || {
            step_back();
            while !stopped.load(Relaxed) {
                let seen = shelf.renewals();
                improve_all(&shelf, &encoder, &stopped);
                while shelf.renewals() == seen && !stopped.load(Relaxed) {
                    shelf.wait(seen, LOOK_UP);
                }
            }
        };
        let thread = thread::Builder::new().name("compress".into()).spawn(work)?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Improver {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Gives this thread the lowest priority: on Linux niceness belongs to the thread. Without the right to it the work is
/// done all the same.
pub fn step_back() {
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 19) {
        tracing::debug!(%error, "background work runs at normal priority");
    }
}

/// Improves everything once; leaves early if the shelf was renewed, since what is left may be gone by then.
fn improve_all(shelf: &Shelf, encoder: &Encoder, stop: &AtomicBool) {
    let renewals = shelf.renewals();
    let begun = Instant::now();
    let (mut better, mut swapped, mut count) = (HashMap::new(), Instant::now(), 0_usize);
    for body in shelf.get().improvable() {
        if stop.load(Relaxed) || shelf.renewals() != renewals {
            break;
        }
        better.insert(body.hash, encoder.improve(&body));
        count += 1;
        if swapped.elapsed() >= BATCH {
            shelf.improve(&std::mem::take(&mut better));
            swapped = Instant::now();
        }
    }
    if !better.is_empty() {
        shelf.improve(&better);
    }
    if count > 0 {
        encoder.tidy(&shelf.get().bodies().map(|body| body.hash).collect());
        tracing::info!(count, seconds = begun.elapsed().as_secs_f32(), "compressed as small as it gets");
    }
}

impl Catalog {
    /// The same catalog with better variants of some bodies; what is not named is shared with this one.
    pub(super) fn with_better(&self, better: &HashMap<blake3::Hash, Arc<Body>>) -> Self {
        let renew = |served: &Arc<Served>| match better.get(&served.body.hash) {
            Some(body) => Arc::new(served.with(Arc::clone(body), &self.common)),
            None => Arc::clone(served),
        };
        let entries = self.entries.iter().map(|(path, entry)| {
            let entry = match entry {
                Entry::Here(served) => Entry::Here(renew(served)),
                other => other.clone(),
            };
            (path.clone(), entry)
        });
        Self {
            common: Arc::clone(&self.common),
            entries: entries.collect(),
            assets: self.assets.clone(),
            moved: self.moved.clone(),
            failures: self.failures.iter().map(|(status, served)| (*status, renew(served))).collect(),
        }
    }

    fn bodies(&self) -> impl Iterator<Item = &Arc<Body>> {
        let here = self.entries.values().filter_map(|entry| match entry {
            Entry::Here(served) => Some(&served.body),
            Entry::Moved(_) | Entry::Gone | Entry::Routed => None,
        });
        here.chain(self.failures.values().map(|served| &served.body))
    }

    /// What was compressed in haste, once each.
    fn improvable(&self) -> Vec<Arc<Body>> {
        let hasty = self.bodies().filter(|body| body.effort == Effort::Fast);
        let unique: HashMap<_, _> = hasty.map(|body| (body.hash, Arc::clone(body))).collect();
        unique.into_values().collect()
    }
}
