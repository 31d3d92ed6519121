//! Fills in the compressed bodies of a catalog: one background thread of lowest priority.
//!
//! Invariant: a body is compressed at most once; before that the disk cache is asked. What readers need first is
//! compressed first.
//!
//! Measured beside a busy server on two cores: throughput 0.88 with one thread at niceness 19, 0.62 with two threads at
//! niceness 0.

use super::{
    Catalog,
    body::{Body, cache_name},
    compression::Coding,
    disk_cache::DiskCache,
    media::Media,
};
use std::{
    collections::HashSet,
    io,
    path::Path,
    sync::{
        Arc,
        mpsc::{self, Receiver, TryRecvError},
    },
    thread,
    time::Instant,
};

/// Another file format or other compression levels need another name.
const FOLDER: &str = "compressed-br11-gz12-v1";
/// Upper limit of the disk cache, in bytes.
const CACHE_LIMIT: u64 = 512 * 1024 * 1024;
/// Gzip first: it takes a tenth of the time, and serves until Brotli is there.
const CODINGS: [Coding; 2] = [Coding::Gzip, Coding::Br];

/// The background thread. It ends when this is dropped.
#[derive(Debug)]
pub struct Compressor(mpsc::Sender<Arc<Catalog>>);

impl Compressor {
    /// Starts the thread, with a disk cache below `cache`. If the folder cannot be opened, every start compresses
    /// everything again.
    ///
    /// # Errors
    /// The system cannot start a thread.
    pub fn start(cache: &Path) -> io::Result<Self> {
        let cache = DiskCache::open(&cache.join(FOLDER), CACHE_LIMIT)
            .inspect_err(|error| tracing::warn!(%error, "compressed pages are not cached on disk"))
            .ok();
        let (sender, catalogs) = mpsc::channel::<Arc<Catalog>>();
        let run = move || {
            lower_priority();
            while let Ok(mut catalog) = catalogs.recv() {
                while let Some(newer) = compress_all(&catalog, cache.as_ref(), &catalogs) {
                    catalog = newer;
                }
            }
        };
        thread::Builder::new().name("compress".into()).spawn(run)?;
        Ok(Self(sender))
    }

    /// Compresses this catalog next, instead of an earlier one.
    pub fn compress(&self, catalog: Arc<Catalog>) {
        if self.0.send(catalog).is_err() {
            tracing::error!("the thread `compress` has ended; new pages stay uncompressed until the next start");
        }
    }
}

/// Gives this thread the lowest priority: on Linux niceness belongs to the thread. If the system refuses, the work is
/// done at normal priority.
pub fn lower_priority() {
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 19) {
        tracing::debug!(%error, "background work runs at normal priority");
    }
}

/// Fills in every body; stops early if a newer catalog comes, and returns it.
fn compress_all(
    catalog: &Catalog,
    cache: Option<&DiskCache>,
    catalogs: &Receiver<Arc<Catalog>>,
) -> Option<Arc<Catalog>> {
    let begun = Instant::now();
    let bodies = catalog.compressible();
    for coding in CODINGS {
        for body in &bodies {
            match catalogs.try_recv() {
                Ok(newer) => return Some(newer),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => body.fill(coding, cache),
            }
        }
    }
    let used: HashSet<_> =
        bodies.iter().flat_map(|body| CODINGS.map(|coding| cache_name(&body.hash, coding))).collect();
    if let Some(Err(error)) = cache.map(|cache| cache.trim(&used)) {
        tracing::debug!(%error, "old files of the cache could not be deleted");
    }
    tracing::info!(bodies = bodies.len(), seconds = begun.elapsed().as_secs_f32(), "everything is compressed");
    None
}

impl Catalog {
    /// Compresses everything now, for files or a benchmark; a server has a [`Compressor`].
    pub fn compress_now(&self) {
        self.compressible().iter().for_each(|body| CODINGS.iter().for_each(|coding| body.fill(*coding, None)));
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
