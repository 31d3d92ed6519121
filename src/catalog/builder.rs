//! Puts a catalog together.

use super::{Catalog, Encoder, Entry, Moved, Resource, failure_caching, name, nearby::Folders, served::Served};
use http::{HeaderMap, HeaderValue, StatusCode};
use rayon::prelude::*;
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
    encoder: Arc<Encoder>,
    resources: BTreeMap<String, Resource>,
    failures: BTreeMap<u16, Resource>,
    redirects: BTreeMap<String, String>,
    gone: Vec<String>,
    routed: Vec<String>,
    moved: Folders,
    kept: Vec<(Box<str>, Entry)>,
}

impl Builder {
    pub(super) fn new(common: HeaderMap, encoder: Arc<Encoder>) -> Self {
        Self {
            common: Arc::new(common),
            encoder,
            resources: BTreeMap::new(),
            failures: BTreeMap::new(),
            redirects: BTreeMap::new(),
            gone: Vec::new(),
            routed: Vec::new(),
            moved: Folders::default(),
            kept: Vec::new(),
        }
    }

    /// A resource at an absolute path. A path made by [`name::hashed`] is also found by its older hashes.
    #[must_use]
    pub fn page(mut self, path: impl Into<String>, resource: Resource) -> Self {
        self.resources.insert(path.into(), resource);
        self
    }

    /// What an earlier catalog has at this path, just as it is there: nothing is encoded again. Nothing, if it has none.
    #[must_use]
    pub fn keep(mut self, path: &str, earlier: &Catalog) -> Self {
        self.kept.extend(earlier.entries.get_key_value(path).map(|(path, entry)| (path.clone(), entry.clone())));
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
        self.failures.insert(status.as_u16(), resource.caching(failure_caching(status)));
        self
    }

    /// Encodes everything, on all processors.
    pub fn build(self) -> Catalog {
        let (common, encoder) = (&*self.common, &*self.encoder);
        let resources: Vec<_> = self.resources.into_iter().collect();
        let mut entries: HashMap<Box<str>, Entry> = HashMap::with_capacity(resources.len());
        for path in self.gone {
            entries.insert(path.into(), Entry::Gone);
        }
        for path in self.routed {
            entries.insert(path.into(), Entry::Routed);
        }
        for (from, to) in resolve(&self.redirects) {
            entries.insert(from.into(), Entry::Moved(Arc::new(Moved::new(to, common))));
        }
        let assets = asset_names(resources.iter().map(|(path, _)| path.as_str()));
        entries.extend(self.kept);
        entries.extend(encode_all(&resources, encoder, common));
        let failures = self.failures.into_iter().map(|(status, resource)| {
            let status = StatusCode::from_u16(status).expect("it was a status before");
            (status, Arc::new(serve(&resource, status, encoder, common)))
        });
        let failures = failures.collect();
        Catalog { common: self.common, entries, assets, moved: self.moved, failures }
    }
}

fn asset_names<'a>(paths: impl Iterator<Item = &'a str>) -> HashMap<Box<str>, Box<str>> {
    paths.filter_map(|path| Some((name::plain(path)?.into(), path.into()))).collect()
}

fn serve(resource: &Resource, status: StatusCode, encoder: &Encoder, common: &HeaderMap) -> Served {
    let body = encoder.encode(resource.media, resource.bytes.clone());
    Served::new(resource.clone(), body, status, common)
}

fn encode_all(resources: &[(String, Resource)], encoder: &Encoder, common: &HeaderMap) -> Vec<(Box<str>, Entry)> {
    let entry = |(path, resource): &(String, Resource)| {
        let served = serve(resource, StatusCode::OK, encoder, common);
        (path.as_str().into(), Entry::Here(Arc::new(served)))
    };
    resources.par_iter().map(entry).collect()
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
