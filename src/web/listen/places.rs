//! Places for connections, as many as the system allows at once.
//!
//! Invariant: while all are taken, each new connection closes at most the one that has been idle for longest, and wakes
//! no other.

use super::timeouts::Activity;
use std::{
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// How often a new connection looks for an idle one while all places are taken.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The places, and the activity of the connections that have one.
pub(super) struct Places {
    free: Arc<Semaphore>,
    /// Some of them may have ended.
    taken: Vec<Weak<Activity>>,
}

impl Places {
    /// This many places, all free.
    pub fn new(places: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(places)), taken: Vec::new() }
    }

    /// A place for a new connection, as soon as there is one.
    pub async fn take(&mut self) -> (OwnedSemaphorePermit, Arc<Activity>) {
        let permit = loop {
            if self.free.available_permits() == 0 {
                self.close_longest_idle();
            }
            if let Ok(permit) = timeout(LOOK_EVERY, Arc::clone(&self.free).acquire_owned()).await {
                break permit.expect("the semaphore is never closed");
            }
        };
        if self.taken.len() == self.taken.capacity() {
            self.taken.retain(|activity| activity.strong_count() > 0);
        }
        let activity = Arc::new(Activity::new());
        self.taken.push(Arc::downgrade(&activity));
        (permit, activity)
    }

    fn close_longest_idle(&self) {
        let taken = self.taken.iter().filter_map(Weak::upgrade);
        let idle = taken.filter_map(|activity| Some((activity.idle_since()?, activity)));
        if let Some((_, longest)) = idle.min_by_key(|(since, _)| *since) {
            longest.close.notify_one();
        }
    }
}
