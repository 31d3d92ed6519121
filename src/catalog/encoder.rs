//! Where variants come from: memory, then the cache on disk, then a quick compression.
//!
//! Invariant: the same bytes are compressed once per level, however often a set of pages is built.
//!
//! Never: waits for the best compression; [`super::Improver`] makes that later.

use super::{
    cache::VariantCache,
    encode::{Body, Effort, Variants},
    media::Media,
};
use bytes::Bytes;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError, Weak},
};

/// Makes variants and remembers those in use.
#[derive(Debug, Default)]
pub struct Encoder {
    cache: Option<VariantCache>,
    known: Mutex<HashMap<blake3::Hash, Weak<Body>>>,
}

impl Encoder {
    /// With a cache on disk, or none: then a start compresses everything again.
    pub fn new(cache: Option<VariantCache>) -> Self {
        Self { cache, known: Mutex::default() }
    }

    /// The body of these bytes: at once.
    pub(super) fn encode(&self, media: Media, identity: Bytes) -> Arc<Body> {
        let hash = blake3::hash(&identity);
        if let Some(body) = self.lock().get(&hash).and_then(Weak::upgrade) {
            return body;
        }
        let (variants, effort) = self.variants(media, hash, &identity);
        self.remember(Body { hash, identity, variants, effort })
    }

    /// The same plain bytes with the smallest variants: slow. A cache that cannot be written costs time, nothing else.
    pub(super) fn improve(&self, body: &Body) -> Arc<Body> {
        let body = body.at_best();
        if let Some(cache) = &self.cache
            && let Err(error) = cache.put(&body.hash, &body.variants)
        {
            tracing::debug!(%error, "a compressed page could not be kept in the cache");
        }
        self.remember(body)
    }

    /// Drops what no catalog uses: from memory always, from disk as far as the bound asks for it.
    pub(super) fn tidy(&self, used: &HashSet<blake3::Hash>) {
        self.lock().retain(|_, body| body.strong_count() > 0);
        if let Some(cache) = &self.cache
            && let Err(error) = cache.trim(used)
        {
            tracing::debug!(%error, "the cache could not be trimmed");
        }
    }

    fn variants(&self, media: Media, hash: blake3::Hash, identity: &[u8]) -> (Variants, Effort) {
        if !media.compresses() {
            return (Variants::default(), Effort::None);
        }
        match self.cache.as_ref().and_then(|cache| cache.get(&hash)) {
            Some(variants) => (variants, Effort::Best),
            None => (Variants::make(identity, Effort::Fast), Effort::Fast),
        }
    }

    fn remember(&self, body: Body) -> Arc<Body> {
        let body = Arc::new(body);
        self.lock().insert(body.hash, Arc::downgrade(&body));
        body
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<blake3::Hash, Weak<Body>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
