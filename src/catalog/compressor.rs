//! Fills in the compressed bodies of a catalog, in one background thread of lowest priority.
//!
//! Invariant: a body is compressed at most once; before that, the disk cache is read. Resources
//! that visitors need first are compressed first.
//!
//! Measured with a busy server on two cores: throughput 0.88 with one thread at niceness 19, 0.62 with two threads at
//! niceness 0.

use super::{
    Catalog,
    compression::Coding,
    disk_cache::DiskCache,
    encoded_body::{Body, cache_name},
    media::Media,
};
use std::{collections::HashSet, path::Path, sync::Arc, time::Instant};

/// Another file format or other compression levels need another name.
const FOLDER: &str = "compressed-br11-gz12-v1";
/// Upper limit of the disk cache, in bytes.
const CACHE_LIMIT: u64 = 512 * 1024 * 1024;
/// Gzip first: it takes a tenth of the time, and serves until Brotli is there.
const CODINGS: [Coding; 2] = [Coding::Gzip, Coding::Br];

/// Compresses the bodies of catalogs, with a disk cache if the folder could be opened.
#[derive(Debug, Clone, Default)]
pub struct Compressor(Option<Arc<DiskCache>>);

impl Compressor {
    /// With a disk cache below `cache`. If the folder cannot be opened, every start compresses everything again.
    pub fn open(cache: &Path) -> Self {
        let cache = DiskCache::open(&cache.join(FOLDER), CACHE_LIMIT);
        let cache = cache.inspect_err(|error| tracing::warn!(%error, "compressed pages are not cached on disk"));
        Self(cache.ok().map(Arc::new))
    }

    /// A body of which only the gzip bytes are in memory, if the disk cache has them.
    pub(super) fn cached(&self, hash: blake3::Hash) -> Option<Body> {
        Body::from_cache(self.0.as_deref()?, hash)
    }

    /// Fills in every missing body; stops early once `is_outdated`. Blocks: 10 ms for each page that is not cached.
    pub fn compress(&self, catalog: &Catalog, is_outdated: impl Fn() -> bool) {
        let begun = Instant::now();
        let bodies = catalog.compressible();
        for coding in CODINGS {
            for body in &bodies {
                if is_outdated() {
                    return;
                }
                body.fill(coding, self.0.as_deref());
            }
        }
        let used: HashSet<_> =
            bodies.iter().flat_map(|body| CODINGS.map(|coding| cache_name(&body.hash, coding))).collect();
        if let Some(Err(error)) = self.0.as_ref().map(|cache| cache.trim(&used)) {
            tracing::debug!(%error, "old files of the cache could not be deleted");
        }
        tracing::info!(bodies = bodies.len(), seconds = begun.elapsed().as_secs_f32(), "everything is compressed");
    }
}

impl Catalog {
    /// Compresses everything now, for files or a benchmark; a server has a [`Compressor`].
    pub fn compress_now(&self) {
        Compressor(None).compress(self, || false);
    }

    /// Bodies that compression helps: stylesheets and scripts, which every page needs, then pages, then the rest; short
    /// paths, such as that of the home page, first.
    fn compressible(&self) -> Vec<&Body> {
        let resources = self.resources().filter(|(_, resource)| resource.media.compresses());
        let mut resources: Vec<_> = resources.collect();
        resources.sort_by_key(|(path, resource)| {
            let kind = match resource.media {
                Media::Css | Media::Script => 0,
                Media::Html => 1,
                _ => 2,
            };
            (kind, path.len(), *path)
        });
        resources.into_iter().map(|(_, resource)| &*resource.body).collect()
    }
}
