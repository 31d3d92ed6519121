//! Path to resource: everything that is the same for every reader, encoded once and answered by one look-up.
//!
//! Invariant: what a [`Catalog`] answers is complete: status, every header, whole body. It never changes; a new set of
//! pages is a new catalog, swapped on the [`Shelf`]. Nothing is rendered, compressed or read from disk for a reader.
//!
//! Never: what a page says (`pages`), sockets (`web`), answers that differ by reader.

mod builder;
mod cache;
mod conditional;
mod encode;
mod encoder;
mod export;
mod improve;
mod kept;
mod media;
mod name;
mod nearby;
mod negotiate;
mod once;
mod pictures;
mod range;
mod resource;
mod served;
mod shelf;
mod tally;

pub use builder::Builder;
pub use cache::VariantCache;
pub use encoder::Encoder;
pub use export::Exported;
pub use improve::{Improver, step_back};
pub use media::Media;
pub use name::{ASSETS, hashed, plain};
pub use nearby::Leads;
pub use once::compress_once;
pub use pictures::{Pictures, answer_apart};
pub use resource::{Caching, Resource};
pub use shelf::Shelf;
pub use tally::{Counter, Tally};

use bytes::Bytes;
use encode::Body;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{ALLOW, LOCATION},
};
use nearby::Folders;
use served::{Served, respond};
use std::{collections::HashMap, sync::Arc};

/// Everything there is, by path.
#[derive(Debug)]
pub struct Catalog {
    common: Arc<HeaderMap>,
    entries: HashMap<Box<str>, Entry>,
    /// Plain name of a hashed asset to its address of today.
    assets: HashMap<Box<str>, Box<str>>,
    moved: Folders,
    failures: HashMap<StatusCode, Arc<Served>>,
}

/// What stands at a path.
#[derive(Debug, Clone)]
enum Entry {
    Here(Arc<Served>),
    Moved(Arc<Moved>),
    Gone,
    /// The router answers here; the catalog knows only that the address exists.
    Routed,
}

/// A redirect, to a path that is not one itself.
#[derive(Debug)]
struct Moved {
    to: String,
    headers: HeaderMap,
}

impl Catalog {
    /// An empty catalog whose answers all carry the `common` headers.
    pub fn builder(common: HeaderMap, encoder: Arc<Encoder>) -> Builder {
        Builder::new(common, encoder)
    }

    /// The answer, or `None` if the path is not in here: let the router look.
    pub fn answer<B>(&self, request: &Request<B>) -> Option<Response<Bytes>> {
        let path = request.uri().path();
        let Some(entry) = self.entries.get(path) else { return self.elsewhere(request, path) };
        if matches!(entry, Entry::Routed) {
            return None;
        }
        if !reads(request.method()) {
            return Some(self.wrong_method(request));
        }
        Some(match entry {
            Entry::Here(served) => served.answer(request),
            Entry::Moved(moved) => moved.answer(request),
            Entry::Gone => self.failure(StatusCode::GONE, request),
            Entry::Routed => return None,
        })
    }

    /// The answer for a path that nobody knows.
    pub fn not_found<B>(&self, request: &Request<B>) -> Response<Bytes> {
        self.failure(StatusCode::NOT_FOUND, request)
    }

    /// The page for a failure, in the reader's coding; a line of text if no page was given for it.
    pub fn failure<B>(&self, status: StatusCode, request: &Request<B>) -> Response<Bytes> {
        match self.failures.get(&status) {
            Some(served) => served.answer(request),
            None => self.plain_failure(status),
        }
    }

    /// Every address that answers 200, in no order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter(|(_, entry)| matches!(entry, Entry::Here(_))).map(|(path, _)| &**path)
    }

    /// How many of these are pages, as opposed to feeds, pictures and other files.
    pub fn pages(&self) -> usize {
        let is_page = |entry: &&Entry| matches!(entry, Entry::Here(served) if served.resource.media == Media::Html);
        self.entries.values().filter(is_page).count()
    }

    fn wrong_method<B>(&self, request: &Request<B>) -> Response<Bytes> {
        let mut response = self.failure(StatusCode::METHOD_NOT_ALLOWED, request);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        response
    }

    fn plain_failure(&self, status: StatusCode) -> Response<Bytes> {
        let text = format!("{status}\n");
        let body = Body::plain(text.into());
        let resource = Resource::new(Media::Text, body.identity.clone()).caching(failure_caching(status));
        Served::new(resource, Arc::new(body), status, &self.common).answer(&Request::new(()))
    }
}

impl Moved {
    fn new(to: String, common: &HeaderMap) -> Self {
        let mut headers = common.clone();
        headers.insert(http::header::CACHE_CONTROL, Caching::Short.value());
        headers.insert(http::header::CONTENT_LENGTH, HeaderValue::from(0));
        Self { to, headers }
    }

    /// Sends the reader on (RFC 9110, 15.4.9), with the query (campaign marks, a search) kept.
    fn answer<B>(&self, request: &Request<B>) -> Response<Bytes> {
        let location = match request.uri().query() {
            Some(query) if !self.to.contains(['?', '#']) => HeaderValue::try_from(format!("{}?{query}", self.to)),
            _ => HeaderValue::try_from(&self.to),
        };
        let mut headers = self.headers.clone();
        headers
            .insert(LOCATION, location.expect("the builder takes only ASCII targets, a URI holds only such a query"));
        respond(StatusCode::PERMANENT_REDIRECT, headers, Bytes::new())
    }
}

fn reads(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}

/// "Not here" may be kept for seconds by a CDN; other failures by nobody.
fn failure_caching(status: StatusCode) -> Caching {
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Caching::Brief,
        _ => Caching::Never,
    }
}
