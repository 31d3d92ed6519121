//! Notices changes of folders: by the system's notifications, and, since these follow a folder and not its path, by
//! comparing which folder is at the path. Deployments replace a folder, or a symbolic link to it.
//!
//! Invariant: after the last change of a series, one more read is announced.
//!
//! Never: the reading itself.

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    time::{Duration, SystemTime},
};
use tokio::{
    sync::mpsc,
    task::spawn_blocking,
    time::{Instant, timeout},
};

/// How long a folder must be unchanged before it is read: editors and rsync write a file in several steps.
const DEBOUNCE: Duration = Duration::from_millis(150);
/// A folder that keeps changing is read after this time.
const MAX_DEBOUNCE: Duration = Duration::from_secs(2);
/// How often the paths are checked.
const CHECK: Duration = Duration::from_millis(400);

/// Device, number and time of creation of a folder; the number alone may be used again. `None` if there is none.
type Identity = Option<(u64, u64, Option<SystemTime>)>;

/// Folders that are watched.
pub(super) struct Changes {
    folders: [PathBuf; 2],
    identities: [Identity; 2],
    changed: mpsc::Sender<()>,
    receiver: mpsc::Receiver<()>,
    watcher: Option<RecommendedWatcher>,
}

impl Changes {
    /// Watches the folders from now on.
    pub(super) fn watch(folders: [PathBuf; 2]) -> Self {
        let (changed, receiver) = mpsc::channel(1);
        let (identities, watcher) = (identities(&folders), watcher(&folders, changed.clone()));
        Self { folders, identities, changed, receiver, watcher }
    }

    /// Makes [`Changes::next`] return as after a change.
    pub(super) fn request(&self) {
        let _ = self.changed.try_send(());
    }

    /// Returns after a change, when nothing has changed for [`DEBOUNCE`], at most [`MAX_DEBOUNCE`] later. If this is dropped
    /// earlier, a change may be lost, so the folders must be read then.
    pub(super) async fn next(&mut self) {
        while timeout(CHECK, self.receiver.recv()).await.is_err() {
            let (folders, before, changed) = (self.folders.clone(), self.identities, self.changed.clone());
            let watch_others = move || {
                let found = identities(&folders);
                (found != before).then(|| (found, watcher(&folders, changed)))
            };
            if let Ok(Some(watched)) = spawn_blocking(watch_others).await {
                (self.identities, self.watcher) = watched;
                break;
            }
        }
        let end = Instant::now() + MAX_DEBOUNCE;
        while Instant::now() < end && timeout(DEBOUNCE, self.receiver.recv()).await.is_ok() {}
    }
}

fn identities(folders: &[PathBuf; 2]) -> [Identity; 2] {
    folders
        .each_ref()
        .map(|path| fs::metadata(path).ok().map(|folder| (folder.dev(), folder.ino(), folder.created().ok())))
}

/// The system's notifications; without them, changes are published at the next start.
fn watcher(folders: &[PathBuf], changed: mpsc::Sender<()>) -> Option<RecommendedWatcher> {
    let on_event = move |event: notify::Result<notify::Event>| {
        // A reload itself causes access events.
        if event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_))) {
            let _ = changed.try_send(());
        }
    };
    let watch = || {
        let mut watcher = notify::recommended_watcher(on_event)?;
        for folder in folders {
            watcher.watch(folder, RecursiveMode::Recursive)?;
        }
        notify::Result::Ok(watcher)
    };
    watch()
        .inspect_err(
            |error| tracing::warn!(%error, "the folders cannot be watched; changes are published at the next start"),
        )
        .ok()
}
