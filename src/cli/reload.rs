//! Builds the edition and its catalog at the start, and again whenever the content or static folder changes.
//!
//! Invariant: visitors see complete editions only. After a change with faults, which are reported, the last good
//! edition is still served.

use super::{build, changes::Changes, now};
use crate::{
    catalog::{CardCache, Catalog, Compressor, Counters},
    config::Config,
    content::{self, Faults},
    mail::notes::ContentFault,
    pages::Edition,
    web,
};
use arc_swap::ArcSwap;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::{sync::Arc, time::Duration};
use tokio::{
    runtime::Handle,
    sync::{Mutex, watch},
    task::spawn_blocking,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// The edition is built at least this often, since dates decide what is public.
const MAX_AGE: Duration = Duration::from_hours(24);

/// The current edition, and what is needed to build the next one.
pub(super) struct Reloader {
    config: Config,
    compressor: Compressor,
    counters: Arc<Counters>,
    pub(super) catalog: Arc<ArcSwap<Catalog>>,
    pub(super) edition: Arc<ArcSwap<Edition>>,
    pub(super) cards: Arc<CardCache>,
    /// Changes with every new edition.
    pub(super) reloads: watch::Sender<u64>,
    /// Faults of the last change; empty if it is served.
    pub(super) faults: watch::Sender<Vec<ContentFault>>,
    changes: Mutex<Changes>,
}

impl Reloader {
    /// Builds the first edition; `counters` count the views of its articles. New photographs have placeholders in it,
    /// so that they do not delay the start.
    ///
    /// # Errors
    /// Every fault of the content, as text.
    pub(super) fn start(config: &Config, counters: Arc<Counters>) -> Result<Self, String> {
        // Watching starts before the first read, so that no change between the two is missed.
        let changes = Changes::watch([config.content.clone(), config.r#static.clone()]);
        let compressor = Compressor::open(&config.data.join("cache"));
        let built = build::catch_panic(&config.content, || build(config, &counters, &compressor, None));
        let (edition, catalog) = built.map_err(|error| error.to_string())?;
        if edition.assets.has_placeholders {
            changes.request();
        }
        Ok(Self {
            config: config.clone(),
            compressor,
            counters,
            catalog: Arc::new(ArcSwap::new(catalog)),
            edition: Arc::new(ArcSwap::new(edition)),
            cards: Arc::new(CardCache::open(&config.data.join("cache"))),
            reloads: watch::Sender::new(0),
            faults: watch::Sender::new(Vec::new()),
            changes: Mutex::new(changes),
        })
    }

    /// Builds and publishes a new edition, or reports its faults.
    fn reload(&self) {
        let earlier = self.catalog.load();
        let built = || build(&self.config, &self.counters, &self.compressor, Some(&earlier));
        match build::catch_panic(&self.config.content, built) {
            Ok((edition, catalog)) => {
                self.edition.store(edition);
                self.catalog.store(catalog);
                self.reloads.send_modify(|count| *count += 1);
                self.faults.send_replace(Vec::new());
                tracing::info!("a new edition is served");
            }
            Err(error) => {
                tracing::error!(
                    "the change has faults and is not published; the last good edition is still served\n{error}"
                );
                self.faults.send_replace(error.faults());
            }
        }
    }

    /// Reloads after every change of a folder, and on the day when content appears or expires. Never returns.
    pub(super) async fn run(self: Arc<Self>) {
        let mut changes = self.changes.lock().await;
        loop {
            let _ = timeout(self.until_next_change(), changes.next()).await;
            let reloader = Arc::clone(&self);
            let _ = spawn_blocking(move || reloader.reload()).await;
        }
    }

    /// Compresses the current catalog and every later one, until the token is canceled. Blocks.
    pub(super) fn compress(&self, runtime: &Handle, stop: &CancellationToken) {
        let mut reloads = self.reloads.subscribe();
        while !stop.is_cancelled() {
            reloads.mark_unchanged();
            let is_outdated = || stop.is_cancelled() || reloads.has_changed().unwrap_or(true);
            self.compressor.compress(&self.catalog.load_full(), is_outdated);
            runtime.block_on(stop.run_until_cancelled(reloads.changed()));
        }
    }

    fn until_next_change(&self) -> Duration {
        let edition = self.edition.load();
        let zone = TimeZone::get(&edition.site.clinic.time_zone).unwrap_or(TimeZone::UTC);
        let midnight = |day: Date| zone.to_ambiguous_timestamp(day.at(0, 0, 0, 0)).compatible().ok();
        let next = edition.site.changes_on.and_then(midnight);
        next.map_or(MAX_AGE, |midnight| until(midnight, now())).min(MAX_AGE)
    }
}

/// Reads the folders and builds edition and catalog. With an `earlier` catalog, renders new photographs first and
/// reuses compressed bodies.
fn build(
    config: &Config,
    counters: &Counters,
    compressor: &Compressor,
    earlier: Option<&Catalog>,
) -> Result<(Arc<Edition>, Arc<Catalog>), build::BuildError> {
    let build::Build { mut edition, warnings } = build::build(config, now(), earlier.is_some())?;
    if !warnings.is_empty() {
        tracing::warn!("the content has warnings\n{}", Faults::from(warnings));
    }
    let mut builder = Catalog::builder(web::security(config.is_https())).disk_cache(compressor);
    if let Some(earlier) = earlier {
        builder = builder.reuse_compressed(earlier);
    }
    let catalog = edition.catalog(builder, counters);
    edition.drop_article_html();
    keep_addresses(config, &edition.site.unrecorded);
    let edition = Arc::new(edition);
    build_search_index(&edition);
    Ok((edition, Arc::new(catalog)))
}

/// Writes the public addresses that the content folder does not record to the data folder, so that one that is lost later
/// is a fault. A staging site publishes nothing.
fn keep_addresses(config: &Config, unrecorded: &[String]) {
    // A line with a space has a day that is still to come, or stands in the data folder already.
    let public: Vec<&String> = unrecorded.iter().filter(|line| !config.staging && !line.contains(' ')).collect();
    if !public.is_empty()
        && let Err(error) = content::record(&config.data, public)
    {
        tracing::error!(%error, "new addresses are not kept: one that is lost later would not be a fault");
    }
}

/// The time left, plus a second, so that the new day has certainly begun.
fn until(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or_default() + Duration::from_secs(1)
}

/// Builds the search index in the background; an earlier search waits for it.
fn build_search_index(edition: &Arc<Edition>) {
    let edition = Arc::clone(edition);
    spawn_blocking(move || {
        edition.index();
    });
}
