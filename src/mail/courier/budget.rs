//! How many letters may leave in a minute, so that a backlog does not look like a flood to the relay.
//!
//! Invariant: a place is reserved in one step and counts at once, so that two lanes never take the last one both. Of one
//! copy of the program; several copies have a budget each.

use jiff::{SignedDuration, Timestamp};
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

const MINUTE: SignedDuration = SignedDuration::from_secs(60);

/// At most so many letters in any minute.
#[derive(Debug)]
pub(super) struct Budget {
    most: usize,
    taken: Mutex<VecDeque<Timestamp>>,
}

/// A place in the minute; given back when dropped, unless a letter took it.
#[derive(Debug)]
pub(super) struct Place<'a> {
    budget: &'a Budget,
    at: Timestamp,
    used: bool,
}

impl Budget {
    pub(super) fn new(per_minute: u32) -> Self {
        Self { most: per_minute as usize, taken: Mutex::default() }
    }

    /// A place for one letter now, or when the next one is free.
    pub(super) fn reserve(&self, now: Timestamp) -> Result<Place<'_>, Timestamp> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while taken.front().is_some_and(|at| now.duration_since(*at) >= MINUTE) {
            taken.pop_front();
        }
        match taken.front() {
            Some(oldest) if taken.len() >= self.most => Err(oldest.saturating_add(MINUTE).unwrap_or(Timestamp::MAX)),
            _ => {
                taken.push_back(now);
                Ok(Place { budget: self, at: now, used: false })
            }
        }
    }

    fn give_back(&self, at: Timestamp) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = taken.iter().rposition(|other| *other == at) {
            taken.remove(index);
        }
    }
}

impl Place<'_> {
    /// A letter goes: the place counts for a minute.
    pub(super) fn take(mut self) {
        self.used = true;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.used {
            self.budget.give_back(self.at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn two_lanes_never_both_reserve_the_last_place() {
        let budget = Budget::new(2);
        let first = budget.reserve(at(0)).unwrap();
        let second = budget.reserve(at(1)).unwrap();
        assert_eq!(budget.reserve(at(1)).unwrap_err(), at(60), "both are reserved, though no letter went yet");
        first.take();
        drop(second);
        budget.reserve(at(2)).expect("the place that nobody needed is free again").take();
        assert_eq!(budget.reserve(at(59)).unwrap_err(), at(60));
        assert!(budget.reserve(at(60)).is_ok(), "a minute after the first");
    }
}
