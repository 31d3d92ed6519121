//! Path to resource: everything that is the same for every client, prepared once and answered by one lookup.
//!
//! Invariant: what a [`Catalog`] answers is complete: status, every header, whole body. Its content never changes; only
//! compressed bodies are filled in later, by the [`Compressor`]. A new set of pages is a new catalog. Nothing is rendered,
//! compressed or read from disk for a request.
//!
//! Never: what a page says (`pages`), sockets (`web`), responses that differ by client.

mod body;
mod builder;
mod compression;
mod compressor;
mod counters;
mod disk_cache;
mod export;
mod media;
mod name;
mod near_miss;
mod pictures;
mod prepared;
mod request_headers;
mod resource;

pub use builder::Builder;
pub use compression::compress_response;
pub use compressor::Compressor;
pub use counters::{Counter, Counters};
pub use export::Exported;
pub use media::Media;
pub use name::{ASSETS, hashed, plain};
pub use near_miss::Leads;
pub use pictures::Pictures;
pub use prepared::answer_apart;
pub use resource::{Caching, Resource};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, LOCATION},
};
use near_miss::Folders;
use prepared::{PreparedResource, respond};
use std::{collections::HashMap, sync::Arc};

/// Everything there is, by path.
#[derive(Debug)]
pub struct Catalog {
    common: Arc<HeaderMap>,
    entries: HashMap<Box<str>, Entry>,
    /// Plain name of a hashed asset to its address of today.
    assets: HashMap<Box<str>, Box<str>>,
    moved: Folders,
    failures: HashMap<StatusCode, PreparedResource>,
}

/// What stands at a path.
#[derive(Debug)]
enum Entry {
    Here(PreparedResource),
    Moved(Moved),
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
    pub fn builder(common: HeaderMap) -> Builder {
        Builder::new(common)
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
            Entry::Here(resource) => resource.answer(request),
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
            Some(resource) => resource.answer(request),
            None => self.plain_failure(status),
        }
    }

    /// Every address that answers 200, in no order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter(|(_, entry)| matches!(entry, Entry::Here(_))).map(|(path, _)| &**path)
    }

    /// How many of these are pages, as opposed to feeds, pictures and other files.
    pub fn pages(&self) -> usize {
        let here = self.entries.values().filter_map(Entry::resource);
        here.filter(|resource| resource.media == Media::Html).count()
    }

    /// Every resource with its path, those of failures included.
    fn resources(&self) -> impl Iterator<Item = (&str, &PreparedResource)> {
        let here = self.entries.iter().filter_map(|(path, entry)| Some((&**path, entry.resource()?)));
        here.chain(self.failures.values().map(|resource| ("", resource)))
    }

    fn wrong_method<B>(&self, request: &Request<B>) -> Response<Bytes> {
        let mut response = self.failure(StatusCode::METHOD_NOT_ALLOWED, request);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        response
    }

    fn plain_failure(&self, status: StatusCode) -> Response<Bytes> {
        let mut headers = (*self.common).clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(Media::Text.content_type()));
        headers.insert(CACHE_CONTROL, failure_caching(status).value());
        respond(status, headers, format!("{status}\n").into())
    }
}

impl Entry {
    fn resource(&self) -> Option<&PreparedResource> {
        match self {
            Self::Here(resource) => Some(resource),
            Self::Moved(_) | Self::Gone | Self::Routed => None,
        }
    }
}

impl Moved {
    fn new(to: String, common: &HeaderMap) -> Self {
        let mut headers = common.clone();
        headers.insert(CACHE_CONTROL, Caching::Short.value());
        headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
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
