//! The reloader: makes an edition of what lies in the folders, again whenever that changes.
//!
//! Invariant: readers see whole editions only. A faulty change is reported and the last good edition keeps serving.

use super::{build, now};
use crate::{
    catalog::{CardCache, Catalog, Compressor, Counters},
    config::Config,
    content::Faults,
    mail::notes::ContentFault,
    pages::Edition,
    web,
};
use arc_swap::ArcSwap;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::{sync::Arc, time::Duration};
use tokio::{
    runtime::Handle,
    sync::{Mutex, mpsc, watch},
    task::spawn_blocking,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// A folder must be still for so long before it is read: editors and rsync write a file in several steps.
const QUIET: Duration = Duration::from_millis(150);
/// A folder that is never still is read after this all the same.
const RESTLESS: Duration = Duration::from_secs(2);
/// Without a known day of change, the reloader looks again after this.
const LONGEST: Duration = Duration::from_hours(24);

/// See the module.
pub(super) struct Reloader {
    config: Config,
    compressor: Compressor,
    counters: Arc<Counters>,
    pub(super) catalog: Arc<ArcSwap<Catalog>>,
    pub(super) edition: Arc<ArcSwap<Edition>>,
    pub(super) cards: Arc<CardCache>,
    renewals: watch::Sender<u64>,
    /// What must be mended before the last change can be served; nothing if it is.
    verdicts: watch::Sender<Vec<ContentFault>>,
    changes: Mutex<mpsc::Receiver<()>>,
    _watcher: Option<RecommendedWatcher>,
}

impl Reloader {
    /// Makes the first edition, and lets `counters` count how often its articles are opened. Photographs that are new are blanks in it: they hold up no start.
    ///
    /// # Errors
    /// Every fault of the words, as text.
    pub(super) fn start(config: &Config, counters: Arc<Counters>) -> Result<Self, String> {
        // Before anything is read, so that no change falls between reading and watching.
        let (changed, changes) = mpsc::channel(1);
        let watcher = watcher(config, changed.clone());
        let (edition, catalog) = build(config, &counters, None)?;
        if edition.has_placeholders() {
            let _ = changed.try_send(());
        }
        build::complain_of_missing(config, &edition.site.clinic)?;
        Ok(Self {
            config: config.clone(),
            compressor: Compressor::open(&config.data.join("cache")),
            counters,
            catalog: Arc::new(ArcSwap::new(catalog)),
            edition: Arc::new(ArcSwap::new(edition)),
            cards: Arc::new(CardCache::open(&config.data.join("cache"))),
            renewals: watch::Sender::new(0),
            verdicts: watch::Sender::new(Vec::new()),
            changes: Mutex::new(changes),
            _watcher: watcher,
        })
    }

    /// Tells of every new edition.
    pub(super) fn renewals(&self) -> watch::Receiver<u64> {
        self.renewals.subscribe()
    }

    /// Tells what was wrong with the last change; nothing if it is served.
    pub(super) fn verdicts(&self) -> watch::Receiver<Vec<ContentFault>> {
        self.verdicts.subscribe()
    }

    /// Reads, makes, swaps; or reports why not.
    fn renew(&self) {
        match build(&self.config, &self.counters, Some(&self.catalog.load())) {
            Ok((edition, catalog)) => {
                self.edition.store(edition);
                self.catalog.store(catalog);
                self.renewals.send_modify(|count| *count += 1);
                self.verdicts.send_replace(Vec::new());
                tracing::info!("a new edition is served");
            }
            Err(faults) => {
                tracing::error!("the change is not served; the last good edition stays\n{faults}");
                self.verdicts.send_replace(faults.mistakes());
            }
        }
    }

    /// Renews the edition on every change of a folder and on the day that the words name, for ever.
    pub(super) async fn run(self: Arc<Self>) {
        let mut changes = self.changes.lock().await;
        loop {
            tokio::select! {
                () = sleep(self.until_next_day()) => {}
                Some(()) = changes.recv() => still(&mut changes).await,
            }
            let reloader = Arc::clone(&self);
            if spawn_blocking(move || reloader.renew()).await.is_err() {
                tracing::error!("making an edition panicked; the last good one stays");
            }
        }
    }

    /// Compresses the current catalog and every later one, until the token is cancelled. Blocks.
    pub(super) fn compress(&self, runtime: &Handle, stop: &CancellationToken) {
        let mut renewals = self.renewals();
        while !stop.is_cancelled() {
            renewals.mark_unchanged();
            let is_outdated = || stop.is_cancelled() || renewals.has_changed().unwrap_or(true);
            self.compressor.compress(&self.catalog.load_full(), is_outdated);
            runtime.block_on(stop.run_until_cancelled(renewals.changed()));
        }
    }

    fn until_next_day(&self) -> Duration {
        let edition = self.edition.load();
        let zone = TimeZone::get(&edition.site.clinic.time_zone).unwrap_or(TimeZone::UTC);
        let midnight = |day: Date| zone.to_ambiguous_timestamp(day.at(0, 0, 0, 0)).compatible().ok();
        let next = edition.site.changes_on.and_then(midnight);
        next.map_or(LONGEST, |midnight| until(midnight, now())).min(LONGEST)
    }
}

/// Reads the folders and makes edition and catalog. With an `earlier` catalog it waits for new photographs and takes over
/// what is compressed.
fn build(
    config: &Config,
    counters: &Counters,
    earlier: Option<&Catalog>,
) -> Result<(Arc<Edition>, Arc<Catalog>), build::Wrong> {
    let build::Read { mut edition, warnings } = build::read(config, now(), earlier.is_some())?;
    if !warnings.is_empty() {
        tracing::warn!("somebody should look at the words\n{}", Faults::from(warnings));
    }
    let mut builder = Catalog::builder(web::security(config.is_https()));
    if let Some(earlier) = earlier {
        builder = builder.reuse_compressed(earlier);
    }
    let catalog = edition.catalog(builder, counters);
    edition.drop_article_html();
    let edition = Arc::new(edition);
    prepare_search(&edition);
    Ok((edition, Arc::new(catalog)))
}

/// Watches both folders; if the system cannot, changes show at the next start only.
fn watcher(config: &Config, changed: mpsc::Sender<()>) -> Option<RecommendedWatcher> {
    let heard = move |event: notify::Result<notify::Event>| {
        // Reading a file is an event too, and the reloader reads them all.
        if event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_))) {
            let _ = changed.try_send(());
        }
    };
    let watch = || {
        let mut watcher = notify::recommended_watcher(heard)?;
        watcher.watch(&config.content, RecursiveMode::Recursive)?;
        watcher.watch(&config.r#static, RecursiveMode::Recursive)?;
        notify::Result::Ok(watcher)
    };
    watch().inspect_err(|error| tracing::warn!(%error, "changes of the words show at the next start")).ok()
}

/// Time left, and a moment more, so that the day has surely begun.
fn until(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or_default() + Duration::from_secs(1)
}

/// Waits until nothing has changed for a moment.
async fn still(changes: &mut mpsc::Receiver<()>) {
    let end = Instant::now() + RESTLESS;
    while Instant::now() < end {
        if timeout(QUIET, changes.recv()).await.is_err() {
            return;
        }
    }
}

/// Reads the words for the search behind the readers' backs; whoever searches sooner waits for it.
fn prepare_search(edition: &Arc<Edition>) {
    let edition = Arc::clone(edition);
    spawn_blocking(move || {
        edition.index();
    });
}
