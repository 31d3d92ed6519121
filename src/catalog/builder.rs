//! Puts a catalog together.

use super::{
    Caching, Catalog, Entry, Media, Moved, Resource,
    body::Body,
    failure_caching, name,
    near_miss::Folders,
    prepared::{self, PreparedResource},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// A redirect leads through this many others at most before it counts as a circle.
const HOPS: usize = 16;

/// Collects resources; the last one put at a path stays.
#[derive(Debug)]
pub struct Builder {
    common: Arc<HeaderMap>,
    bodies: HashMap<blake3::Hash, Arc<Body>>,
    resources: BTreeMap<String, Resource>,
    failures: HashMap<StatusCode, Resource>,
    redirects: BTreeMap<String, String>,
    gone: Vec<String>,
    routed: Vec<String>,
    moved: Folders,
}

impl Builder {
    pub(super) fn new(common: HeaderMap) -> Self {
        Self {
            common: Arc::new(common),
            bodies: HashMap::new(),
            resources: BTreeMap::new(),
            failures: HashMap::new(),
            redirects: BTreeMap::new(),
            gone: Vec::new(),
            routed: Vec::new(),
            moved: Folders::default(),
        }
    }

    /// A resource at an absolute path. A path made by [`name::hashed`] is also found by its older hashes.
    #[must_use]
    pub fn page(mut self, path: impl Into<String>, resource: Resource) -> Self {
        self.resources.insert(path.into(), resource);
        self
    }

    /// Takes over what an earlier catalog has compressed, for the resources whose content did not change.
    #[must_use]
    pub fn reuse_compressed(mut self, earlier: &Catalog) -> Self {
        self.bodies.extend(earlier.resources().map(|(_, resource)| (resource.body.hash, Arc::clone(&resource.body))));
        self
    }

    /// A 308 from one path to another or to a whole address; a page at `from` goes first. A target that is a redirect
    /// itself is followed at once, so that readers go one hop; a circle leads nowhere and is left out, and so is a
    /// target that is not visible ASCII.
    #[must_use]
    pub fn redirect(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.redirects.insert(from.into(), to.into());
        self
    }

    /// A path that was and will not be again: 410.
    #[must_use]
    pub fn gone(mut self, path: impl Into<String>) -> Self {
        self.gone.push(path.into());
        self
    }

    /// A path that the router answers; near misses of it are sent there.
    #[must_use]
    pub fn routed(mut self, path: impl Into<String>) -> Self {
        self.routed.push(path.into());
        self
    }

    /// A folder that has moved whole: what is asked for in `from` (`/post`) is sent to the same name in `to`
    /// (`/articles`), if something stands there.
    #[must_use]
    pub fn moved_folder(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.moved.add(from.into(), to.into());
        self
    }

    /// The page for unknown paths.
    #[must_use]
    pub fn not_found(self, resource: Resource) -> Self {
        self.failure(StatusCode::NOT_FOUND, resource)
    }

    /// The page for another failure (410, 405, 413, 500, 503 ...). Its caching goes by the status.
    #[must_use]
    pub fn failure(mut self, status: StatusCode, resource: Resource) -> Self {
        self.failures.insert(status, resource.caching(failure_caching(status)));
        self
    }

    /// Makes the catalog. Compressed bodies are missing, but for those that were taken over; see [`super::Compressor`].
    pub fn build(mut self) -> Catalog {
        let mut entries: HashMap<Box<str>, Entry> = HashMap::with_capacity(self.resources.len());
        for path in self.gone.drain(..) {
            entries.insert(path.into(), Entry::Gone);
        }
        for path in self.routed.drain(..) {
            entries.insert(path.into(), Entry::Routed);
        }
        for (from, to) in resolve(&self.redirects) {
            entries.insert(from.into(), Entry::Moved(Moved::new(to, &self.common)));
        }
        let mut prepare = Prepare { common: &self.common, bodies: self.bodies, headers: HashMap::new() };
        let mut assets = HashMap::new();
        for (path, resource) in self.resources {
            if let Some(name) = name::plain(&path) {
                assets.insert(name.into(), path.as_str().into());
            }
            entries.insert(path.into(), Entry::Here(prepare.resource(resource, StatusCode::OK)));
        }
        let mut failures = HashMap::new();
        for (status, resource) in self.failures {
            failures.insert(status, prepare.resource(resource, status));
        }
        Catalog { common: Arc::clone(&self.common), entries, assets, moved: self.moved, failures }
    }
}

/// What the headers of a resource depend on.
type Kind = (Media, Caching, StatusCode, Vec<(HeaderName, HeaderValue)>);

/// Prepares resources, so that equal contents share a body and equal headers are kept once.
struct Prepare<'a> {
    common: &'a HeaderMap,
    bodies: HashMap<blake3::Hash, Arc<Body>>,
    headers: HashMap<Kind, Arc<HeaderMap>>,
}

impl Prepare<'_> {
    fn resource(&mut self, resource: Resource, status: StatusCode) -> PreparedResource {
        let hash = blake3::hash(&resource.bytes);
        let body = self.bodies.entry(hash).or_insert_with(|| Arc::new(Body::new(resource.bytes.clone(), hash)));
        let kind = (resource.media, resource.caching, status, resource.headers.clone());
        let headers = self.headers.entry(kind);
        let headers = headers.or_insert_with(|| Arc::new(prepared::headers(&resource, status, self.common)));
        PreparedResource::new(resource, Arc::clone(body), status, Arc::clone(headers))
    }
}

/// Each redirect with the end of its chain.
fn resolve(redirects: &BTreeMap<String, String>) -> impl Iterator<Item = (&str, String)> {
    redirects.iter().filter_map(|(from, first)| {
        let mut to = first;
        for _ in 0..HOPS {
            match redirects.get(to) {
                Some(next) => to = next,
                None => return HeaderValue::from_str(to).is_ok().then(|| (from.as_str(), to.clone())),
            }
        }
        tracing::warn!(from, "a redirect goes round in a circle and is left out");
        None
    })
}
