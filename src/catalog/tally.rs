//! Counting without watching: how often something was opened, and nothing about who did it.
//!
//! Invariant: a count is a number beside a name of our own. Of a request, its method and two headers that every browser
//! sends alike are looked at; its address, its `User-Agent`, its cookies and its `Referer` are not even read, and nothing
//! of it is kept.
//!
//! A view is a GET by which a browser opens a page for somebody to see (`Sec-Fetch-Dest: document`, W3C Fetch Metadata):
//!
//! * a 304 is a view too, since the page is looked at again; a HEAD is not;
//! * what a browser fetches ahead (`Sec-Purpose: prefetch`) is not, since perhaps nobody will look;
//! * crawlers, link previews, feed readers and monitors do not send the first header, so they are not counted, and no
//!   list of their names has to be kept or their names read. Browsers from before 2023 are not counted either, nor is
//!   a site without TLS (but on localhost), where browsers leave these headers out: too few is the better mistake.
//!
//! Never: a lock or a look-up in a map for a reader. Never a day, a database, a rounding (`mail`).

use http::{HeaderMap, HeaderName, Method};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");

/// Counters by name. They outlive every catalog, so that a renewal of the words loses no view.
#[derive(Debug, Default)]
pub struct Tally(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

/// The counter of one name. Cheap to clone; clones count together.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Tally {
    /// The counter of a name, made if there is none.
    pub fn counter(&self, name: &str) -> Counter {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Counter(Arc::clone(counters.entry(name.to_owned()).or_default()))
    }

    /// What was counted since the last time, by name; zeros are left out.
    pub fn take(&self) -> BTreeMap<String, u64> {
        let counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = counters.iter().map(|(name, count)| (name.clone(), count.swap(0, Ordering::Relaxed)));
        taken.filter(|(_, count)| *count > 0).collect()
    }

    /// Takes back what could not be kept.
    pub fn give_back(&self, counts: &BTreeMap<String, u64>) {
        for (name, count) in counts {
            self.counter(name).add(*count);
        }
    }
}

impl Counter {
    /// Counts one more.
    pub fn add_one(&self) {
        self.add(1);
    }

    fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }
}

/// Somebody opens this page in a browser, to see it now.
pub(super) fn is_view(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::GET
        && headers.get(FETCH_DEST).is_some_and(|dest| dest == "document")
        && !headers.get(PURPOSE).is_some_and(|purpose| purpose.as_bytes().starts_with(b"prefetch"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_a_page_that_a_browser_opens_for_somebody() {
        let views = |method, lines: &str| {
            let pair = |line: &str| {
                let (name, value) = line.split_once(": ").unwrap();
                (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())
            };
            is_view(&method, &lines.lines().map(pair).collect())
        };
        assert!(views(Method::GET, "sec-fetch-dest: document"));
        assert!(views(Method::GET, "sec-fetch-dest: document\nif-none-match: *"));
        assert!(!views(Method::HEAD, "sec-fetch-dest: document"));
        assert!(!views(Method::GET, "sec-fetch-dest: document\nsec-purpose: prefetch"));
        assert!(!views(Method::GET, "sec-fetch-dest: document\nsec-purpose: prefetch;prerender"));
        assert!(!views(Method::GET, "sec-fetch-dest: empty"));
        assert!(!views(Method::GET, "accept: text/html\nuser-agent: a crawler"));
        assert!(!views(Method::GET, ""));
    }

    #[test]
    fn what_is_taken_is_counted_once_and_what_is_given_back_again() {
        let tally = Tally::default();
        let (one, same) = (tally.counter("a"), tally.counter("a"));
        tally.counter("never opened");
        one.add_one();
        same.add_one();
        let taken = tally.take();
        assert_eq!(taken, BTreeMap::from([("a".to_owned(), 2)]));
        assert!(tally.take().is_empty());
        one.add_one();
        tally.give_back(&taken);
        assert_eq!(tally.take(), BTreeMap::from([("a".to_owned(), 3)]));
    }
}
