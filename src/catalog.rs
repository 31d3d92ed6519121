//! Resources by path: everything that is the same for every client, prepared once and answered by one lookup.
//!
//! Invariant: what a [`Catalog`] answers is complete: status, every header, whole body. Its content never changes; only
//! compressed bodies are filled in later, by the [`Compressor`]. A new set of pages is a new catalog. Nothing is
//! rendered, compressed or read from disk for a request.
//!
//! Never: the text of a page (`pages`), sockets (`web`), responses that differ by client.

mod builder;
mod card_cache;
mod compression;
mod compressor;
mod counters;
mod disk_cache;
mod encoded_body;
mod export;
mod hashed_path;
mod media;
mod near_miss;
mod prepared;
mod request_headers;
mod resource;

pub use builder::Builder;
pub use card_cache::CardCache;
pub use compression::compress_response;
pub use compressor::Compressor;
pub use counters::{Counter, Counters};
pub use export::Exported;
pub use hashed_path::{hashed_path, unhashed_name};
pub use media::Media;
pub use near_miss::Target;
pub use prepared::respond_with;
pub use resource::{Caching, Resource};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE},
};
use prepared::{PreparedResource, respond};
use std::collections::HashMap;

/// All resources, redirects and removed pages, by path.
#[derive(Debug, Default)]
pub struct Catalog {
    common: HeaderMap,
    entries: HashMap<Box<str>, Entry>,
    /// Name of an asset without its hash, to its current path.
    assets: HashMap<Box<str>, Box<str>>,
    /// Old and new path of each folder that was moved.
    moved_folders: Vec<(String, String)>,
    failures: HashMap<StatusCode, PreparedResource>,
}

/// What is at a path.
#[derive(Debug)]
enum Entry {
    Resource(PreparedResource),
    /// A redirect to the path of a page, or to a whole address.
    Redirect(String),
    Gone,
    /// Answered by the router; the catalog only records that the path exists.
    Routed,
}

impl Catalog {
    /// The response, or `None` if the router is to answer.
    pub fn respond<B>(&self, request: &Request<B>) -> Option<Response<Bytes>> {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        match self.entries.get(request.uri().path()) {
            None if reads => self.near_miss(request),
            None | Some(Entry::Routed) => None,
            Some(_) if !reads => {
                let mut response = self.failure(StatusCode::METHOD_NOT_ALLOWED, request);
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
                Some(response)
            }
            Some(Entry::Resource(resource)) => Some(resource.respond(request)),
            Some(Entry::Redirect(to)) => Some(self.redirect(to, request)),
            Some(Entry::Gone) => Some(self.failure(StatusCode::GONE, request)),
        }
    }

    /// The page for a failure, in the client's coding; a line of text if there is no page for it.
    pub fn failure<B>(&self, status: StatusCode, request: &Request<B>) -> Response<Bytes> {
        if let Some(resource) = self.failures.get(&status) {
            return resource.respond(request);
        }
        let mut headers = self.common.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(Media::Text.content_type()));
        headers.insert(CACHE_CONTROL, failure_caching(status).value());
        respond(status, headers, format!("{status}\n").into())
    }

    /// How many resources are pages, as opposed to feeds, pictures and other files.
    pub fn pages(&self) -> usize {
        let here = self.entries.values().filter_map(Entry::resource);
        here.filter(|resource| resource.media == Media::Html).count()
    }

    /// Every resource with its path, those of failures included.
    fn resources(&self) -> impl Iterator<Item = (&str, &PreparedResource)> {
        let here = self.entries.iter().filter_map(|(path, entry)| Some((&**path, entry.resource()?)));
        here.chain(self.failures.values().map(|resource| ("", resource)))
    }
}

impl Entry {
    fn resource(&self) -> Option<&PreparedResource> {
        match self {
            Self::Resource(resource) => Some(resource),
            Self::Redirect(_) | Self::Gone | Self::Routed => None,
        }
    }
}

/// A CDN may keep 404 and 410 for seconds; other failures are never kept.
fn failure_caching(status: StatusCode) -> Caching {
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Caching::Brief,
        _ => Caching::Never,
    }
}
