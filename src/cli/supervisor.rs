//! Starts background tasks by name and restarts those that end.
//!
//! Invariant: a task that ends or panics before the stop is logged with its name. Then it is started again, or, if the
//! program cannot work without it, [`Supervisor::failed`] returns its name.
//!
//! Place and message of a panic are logged by the hook in `logs`.

use std::{sync::Arc, thread, time::Duration};
use tokio::{
    sync::oneshot,
    task::{JoinError, JoinHandle, JoinSet},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

/// Pause before a task is started again, so that one that fails at once does not occupy a processor.
const RESTART_AFTER: Duration = Duration::from_secs(1);

/// Tasks that share `S` and are stopped together.
pub(super) struct Supervisor<S> {
    shared: Arc<S>,
    /// Each ends with its name: one that is restarted after the stop, a required one at any time.
    tasks: JoinSet<&'static str>,
    stop: CancellationToken,
}

impl<S: Send + Sync + 'static> Supervisor<S> {
    /// Without tasks.
    pub(super) fn new(shared: Arc<S>) -> Self {
        Self { shared, tasks: JoinSet::new(), stop: CancellationToken::new() }
    }

    /// Runs the future that `start` returns, and again whenever it ends before the stop. It is dropped at the stop.
    pub(super) fn restart<F>(&mut self, name: &'static str, mut start: impl FnMut(Arc<S>) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.restart_until(name, move |shared, stop| {
            let task = start(shared);
            async move {
                stop.run_until_cancelled(task).await;
            }
        });
    }

    /// The same for a future that ends by itself once the token is canceled, after finishing what it has begun.
    pub(super) fn restart_until<F>(
        &mut self,
        name: &'static str,
        mut start: impl FnMut(Arc<S>, CancellationToken) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let (shared, stop) = (Arc::clone(&self.shared), self.stop.clone());
        self.tasks.spawn(async move {
            let mut first = true;
            while report(name, &spawn(name, first, start(Arc::clone(&shared), stop.clone())).await, &stop) {
                first = false;
                stop.run_until_cancelled(sleep(RESTART_AFTER)).await;
                tracing::info!(task = name, "background task restarted");
            }
            name
        });
    }

    /// Runs a future without which the program cannot work. It ends by itself once the token is canceled.
    pub(super) fn require<F>(&mut self, name: &'static str, start: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = self.stop.clone();
        let task = spawn(name, true, start(stop.clone()));
        self.tasks.spawn(async move {
            report(name, &task.await, &stop);
            name
        });
    }

    /// Waits until a required task, of which there is one at least, has ended before the stop; its name.
    pub(super) async fn failed(&mut self) -> &'static str {
        self.tasks.join_next().await.expect("a task is required").expect("a panic of the task itself is caught")
    }

    /// Stops every task and waits for its end.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.tasks.join_all().await;
    }
}

/// In debug builds the tasks named in `CLINIC_TEST_PANIC`, separated by commas, panic at their first start.
fn spawn<F>(name: &'static str, first: bool, task: F) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let named = |names: String| names.split(',').any(|other| other == name);
    let panics = cfg!(debug_assertions) && first && std::env::var("CLINIC_TEST_PANIC").is_ok_and(named);
    tokio::spawn(async move {
        assert!(!panics, "a panic requested by CLINIC_TEST_PANIC");
        task.await;
    })
}

/// Logs the end of a task; true if it ended before the stop.
fn report(name: &'static str, ended: &Result<(), JoinError>, stop: &CancellationToken) -> bool {
    match ended {
        Err(_) => tracing::error!(task = name, "background task panicked"),
        Ok(()) if !stop.is_cancelled() => tracing::error!(task = name, "background task ended unexpectedly"),
        Ok(()) => return false,
    }
    !stop.is_cancelled()
}

/// Runs `work` on a new thread of the lowest priority, and ends when it returns or panics.
pub(super) async fn on_background_thread(name: &str, work: impl FnOnce() + Send + 'static) {
    let (running, ended) = oneshot::channel::<()>();
    let started = thread::Builder::new().name(name.into()).spawn(move || {
        let _running = running;
        lower_priority();
        work();
    });
    match started {
        // The sender is dropped at the end of the thread.
        Ok(_) => drop(ended.await),
        Err(error) => tracing::error!(name, %error, "a background thread could not be started"),
    }
}

/// Gives this thread the lowest priority: on Linux niceness belongs to the thread. If the system refuses, the work is
/// done at normal priority.
fn lower_priority() {
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 19) {
        tracing::debug!(%error, "background work runs at normal priority");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        future::pending,
        sync::atomic::{AtomicUsize, Ordering::SeqCst},
    };
    use tokio::{sync::Notify, time::timeout};

    /// Limit of every wait: a test that takes longer hangs.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// Counts starts and waits for the second.
    #[derive(Clone, Default)]
    struct Starts(Arc<(AtomicUsize, Notify)>);

    impl Starts {
        /// True for the first.
        fn is_first(&self) -> bool {
            let first = self.0.0.fetch_add(1, SeqCst) == 0;
            if !first {
                self.0.1.notify_one();
            }
            first
        }

        async fn second(&self) {
            timeout(PATIENCE, self.0.1.notified()).await.expect("the task is started again");
        }
    }

    #[tokio::test]
    async fn a_task_that_panics_or_ends_is_started_again() {
        let (panicking, ending) = (Starts::default(), Starts::default());
        let mut supervisor = Supervisor::new(Arc::new(()));
        let starts = panicking.clone();
        supervisor.restart("panicking", move |_| {
            let first = starts.is_first();
            async move { if first { panic!("the first time") } else { pending().await } }
        });
        let starts = ending.clone();
        supervisor.restart_until("ending", move |_, stop| {
            let first = starts.is_first();
            async move {
                if !first {
                    stop.cancelled().await;
                }
            }
        });
        panicking.second().await;
        ending.second().await;
        timeout(PATIENCE, supervisor.stop()).await.expect("both end at the stop");
    }

    #[tokio::test]
    async fn a_thread_that_panics_is_started_again() {
        let starts = Starts::default();
        let mut supervisor = Supervisor::new(Arc::new(()));
        let counted = starts.clone();
        supervisor.restart_until("thread", move |_, stop| {
            let (first, runtime) = (counted.is_first(), tokio::runtime::Handle::current());
            let work = move || if first { panic!("the first time") } else { runtime.block_on(stop.cancelled()) };
            on_background_thread("thread", work)
        });
        starts.second().await;
        timeout(PATIENCE, supervisor.stop()).await.expect("it ends at the stop");
    }

    #[tokio::test]
    async fn a_required_task_that_panics_or_ends_is_reported() {
        for panics in [true, false] {
            let mut supervisor = Supervisor::new(Arc::new(()));
            supervisor.require("steady", CancellationToken::cancelled_owned);
            supervisor.require("listener", move |_| async move { assert!(!panics, "at once") });
            assert_eq!(timeout(PATIENCE, supervisor.failed()).await, Ok("listener"));
            timeout(PATIENCE, supervisor.stop()).await.expect("the other ends at the stop");
        }
    }

    #[tokio::test]
    async fn a_task_finishes_what_it_has_begun_at_the_stop() {
        let (begun, finished) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let mut supervisor = Supervisor::new(Arc::new(()));
        let (telling, done) = (Arc::clone(&begun), Arc::clone(&finished));
        supervisor.restart_until("finishing", move |_, stop| {
            let (telling, done) = (Arc::clone(&telling), Arc::clone(&done));
            async move {
                telling.notify_one();
                stop.cancelled().await;
                tokio::task::yield_now().await;
                done.fetch_add(1, SeqCst);
            }
        });
        supervisor.restart("endless", |_| pending());
        begun.notified().await;
        timeout(PATIENCE, supervisor.stop()).await.expect("both end at the stop");
        assert_eq!(finished.load(SeqCst), 1);
    }
}
