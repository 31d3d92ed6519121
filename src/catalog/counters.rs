//! How often each article was opened, and how many enquiries came from it; nothing about the reader.
//!
//! Invariant: a count is a number for an article. Of a request, only its method and two headers that are the same
//! for all visitors are read, never its address, `User-Agent`, cookies or `Referer`, and nothing of it is stored.
//!
//! A view is a GET by which a browser opens a page to show it (`Sec-Fetch-Dest: document`, W3C Fetch Metadata):
//!
//! * a 304 is a view too, since the page is shown again; a HEAD is not;
//! * what a browser fetches ahead (`Sec-Purpose: prefetch`) is not, since it may never be shown;
//! * crawlers, link previews, feed readers and monitors do not send the first header, so they are not counted, and no
//!   list of their names is needed. Browsers from before 2023 are not counted either, nor are views of a site
//!   without TLS (except on localhost), where browsers omit these headers: counting too few is better than too many.
//!
//! Never: a lock or a map look-up for a view; days, storage and rounding, which are in `mail`.

use http::{HeaderMap, HeaderName, Method};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");

/// Counters by the slug of the article. They outlive every catalog, so that a reload loses no view.
#[derive(Debug, Default)]
pub struct Counters(Mutex<BTreeMap<String, Arc<Counter>>>);

/// The counter of one article.
#[derive(Debug, Default)]
pub struct Counter {
    views: AtomicU64,
    enquiries: AtomicU64,
}

impl Counters {
    /// The counter of an article, made if there is none.
    pub fn counter(&self, slug: &str) -> Arc<Counter> {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(counters.entry(slug.to_owned()).or_default())
    }

    /// Slug, views and enquiries since the last time, where there were any.
    pub fn take(&self) -> Vec<(String, u64, u64)> {
        let counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken =
            counters.iter().map(|(slug, c)| (slug.clone(), c.views.swap(0, Relaxed), c.enquiries.swap(0, Relaxed)));
        taken.filter(|(_, views, enquiries)| views + enquiries > 0).collect()
    }

    /// Adds what was taken and could not be stored.
    pub fn put_back(&self, counts: &[(String, u64, u64)]) {
        for (slug, views, enquiries) in counts {
            let counter = self.counter(slug);
            counter.views.fetch_add(*views, Relaxed);
            counter.enquiries.fetch_add(*enquiries, Relaxed);
        }
    }
}

impl Counter {
    /// Counts one view if the request is one.
    pub(super) fn count_view(&self, method: &Method, headers: &HeaderMap) {
        if is_view(method, headers) {
            self.views.fetch_add(1, Relaxed);
        }
    }

    /// Counts one enquiry.
    pub fn count_enquiry(&self) {
        self.enquiries.fetch_add(1, Relaxed);
    }
}

/// A browser opens this page to show it now.
fn is_view(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::GET
        && headers.get(FETCH_DEST).is_some_and(|dest| dest == "document")
        && !headers.get(PURPOSE).is_some_and(|purpose| purpose.as_bytes().starts_with(b"prefetch"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_a_page_that_a_browser_opens_to_show_it() {
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
    fn what_is_taken_is_counted_once_and_what_is_put_back_again() {
        let counters = Counters::default();
        let (one, same) = (counters.counter("a"), counters.counter("a"));
        counters.counter("never opened");
        let opened = HeaderMap::from_iter([(FETCH_DEST, "document".parse().unwrap())]);
        one.count_view(&Method::GET, &opened);
        same.count_view(&Method::GET, &opened);
        one.count_view(&Method::GET, &HeaderMap::new());
        same.count_enquiry();
        let taken = counters.take();
        assert_eq!(taken, [("a".to_owned(), 2, 1)]);
        assert!(counters.take().is_empty());
        one.count_view(&Method::GET, &opened);
        counters.put_back(&taken);
        assert_eq!(counters.take(), [("a".to_owned(), 3, 1)]);
    }
}
