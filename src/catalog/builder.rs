//! Builds a catalog.

use super::{
    Caching, Catalog, Compressor, Entry, Media, Resource,
    encoded_body::Body,
    failure_caching,
    prepared::{self, PreparedResource},
    unhashed_name,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::{collections::HashMap, sync::Arc};

/// Uncompressed bytes that are kept in memory, of what is put in first; further ones are restored from the disk cache's
/// gzip bytes for the few clients that accept no compression.
const UNCOMPRESSED: usize = 4 * 1024 * 1024;

/// What the headers of a resource depend on.
type Kind = (Media, Caching, StatusCode, Vec<(HeaderName, HeaderValue)>);

/// Collects resources; the last one put at a path stays. Resources of equal content share a body, and those of one kind
/// their headers.
#[derive(Debug, Default)]
pub struct Builder {
    catalog: Catalog,
    bodies: HashMap<blake3::Hash, Arc<Body>>,
    compressor: Compressor,
    uncompressed: usize,
    headers: HashMap<Kind, Arc<HeaderMap>>,
}

impl Catalog {
    /// An empty catalog whose responses all carry the `common` headers.
    pub fn builder(common: HeaderMap) -> Builder {
        Builder { catalog: Self { common, ..Self::default() }, ..Builder::default() }
    }
}

impl Builder {
    /// Takes over what an earlier catalog has compressed, for the resources put in afterwards whose content is the
    /// same.
    #[must_use]
    pub fn reuse_compressed(mut self, earlier: &Catalog) -> Self {
        self.bodies.extend(earlier.resources().map(|(_, resource)| (resource.body.hash, Arc::clone(&resource.body))));
        self
    }

    /// Takes over what an earlier run has compressed, for resources put in afterwards.
    #[must_use]
    pub fn disk_cache(mut self, compressor: &Compressor) -> Self {
        self.compressor = compressor.clone();
        self
    }

    /// A resource at an absolute path. A path made by `hashed_path` is also found by its older hashes.
    #[must_use]
    pub fn resource(mut self, path: impl Into<String>, resource: Resource) -> Self {
        let path = path.into();
        if let Some(name) = unhashed_name(&path) {
            self.catalog.assets.insert(name.into(), path.as_str().into());
        }
        let resource = self.prepare(resource, StatusCode::OK);
        self.catalog.entries.insert(path.into(), Entry::Resource(resource));
        self
    }

    /// A 308 from one path to that of a page, or to a whole address; what was put at `from` before has precedence. A target
    /// that is not visible ASCII is left out.
    #[must_use]
    pub fn redirect(mut self, from: impl Into<Box<str>>, to: impl Into<String>) -> Self {
        let to = to.into();
        if HeaderValue::from_str(&to).is_ok() {
            self.catalog.entries.entry(from.into()).or_insert(Entry::Redirect(to));
        }
        self
    }

    /// A path that was removed for good: 410. A page or redirect at this path has precedence.
    #[must_use]
    pub fn gone(mut self, path: impl Into<Box<str>>) -> Self {
        self.catalog.entries.entry(path.into()).or_insert(Entry::Gone);
        self
    }

    /// A path that the router answers; near misses are redirected there. A page or redirect has precedence.
    #[must_use]
    pub fn routed(mut self, path: impl Into<Box<str>>) -> Self {
        self.catalog.entries.entry(path.into()).or_insert(Entry::Routed);
        self
    }

    /// A folder that was moved: a request for a path in `from` (`/post`) is redirected to the same path in `to`
    /// (`/articles`), if there is a resource.
    #[must_use]
    pub fn moved_folder(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.catalog.moved_folders.push((from.into(), to.into()));
        self
    }

    /// The page for a failure (404, 410, 405, 413, 500, 503 ...). The status decides its caching.
    #[must_use]
    pub fn failure(mut self, status: StatusCode, resource: Resource) -> Self {
        let resource = self.prepare(resource.caching(failure_caching(status)), status);
        self.catalog.failures.insert(status, resource);
        self
    }

    /// The catalog. Compressed bodies are missing, except those taken over; see [`super::Compressor`].
    pub fn build(self) -> Catalog {
        self.catalog
    }

    fn prepare(&mut self, resource: Resource, status: StatusCode) -> PreparedResource {
        let hash = blake3::hash(&resource.bytes);
        let body = self.bodies.entry(hash).or_insert_with(|| {
            self.uncompressed += resource.bytes.len();
            let cached = (self.uncompressed > UNCOMPRESSED).then(|| self.compressor.cached(hash)).flatten();
            Arc::new(cached.unwrap_or_else(|| Body::new(resource.bytes.clone(), hash)))
        });
        let kind = (resource.media, resource.caching, status, resource.headers.clone());
        let headers = self.headers.entry(kind);
        let headers = headers.or_insert_with(|| Arc::new(prepared::headers(&resource, status, &self.catalog.common)));
        let (media, views) = (resource.media, resource.views);
        PreparedResource { media, body: Arc::clone(body), status, headers: Arc::clone(headers), views }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::compression::Coding, *};
    use http::Request;

    #[test]
    fn pages_beyond_the_limit_come_from_the_cache_and_are_still_answered_uncompressed() {
        let folder = tempfile::tempdir().unwrap();
        let compressor = Compressor::open(folder.path());
        let page = |number: usize| format!("{number} ").repeat(UNCOMPRESSED / 5);
        for cached in [0, 2] {
            let builder = Catalog::builder(HeaderMap::new()).disk_cache(&compressor);
            let pages = (0..4).map(|number| (format!("/{number}"), Resource::new(Media::Html, page(number))));
            let catalog = pages.fold(builder, |builder, (path, page)| builder.resource(path, page)).build();
            let has_gzip = |(_, resource): &(&str, &PreparedResource)| resource.body.compressed(Coding::Gzip).is_some();
            assert_eq!(catalog.resources().filter(has_gzip).count(), cached);
            compressor.compress(&catalog, || false);
            for number in 0..4 {
                let request = Request::get(format!("/{number}")).body(()).unwrap();
                assert_eq!(catalog.respond(&request).unwrap().into_body(), page(number), "{number}, {cached} cached");
            }
        }
    }
}
