//! Heavy work off the async workers, with a limit on how much of it runs at once.

use std::sync::Arc;
use tokio::{sync::Semaphore, task::spawn_blocking};

/// Limits how many calls run at once; the others wait in order.
#[derive(Debug, Clone)]
pub(super) struct BlockingLimit(Arc<Semaphore>);

impl BlockingLimit {
    /// A limit of `calls` at once, at least one.
    pub fn new(calls: usize) -> Self {
        Self(Arc::new(Semaphore::new(calls.max(1))))
    }

    /// Runs `work` on a thread for blocking work. A panic is passed on to the caller. Work that has begun holds its
    /// permit until it ends, even if the caller is dropped.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let permit = Arc::clone(&self.0).acquire_owned().await.expect("the semaphore is never closed");
        let done = spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        done.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    #[tokio::test]
    async fn no_more_calls_run_at_once_than_the_limit_allows() {
        let limit = BlockingLimit::new(2);
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let calls = (0..20).map(|number| {
            let (limit, running, most) = (limit.clone(), Arc::clone(&running), Arc::clone(&most));
            tokio::spawn(async move {
                let work = move || {
                    most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                    std::thread::yield_now();
                    running.fetch_sub(1, SeqCst);
                    number
                };
                limit.run(work).await
            })
        });
        for (number, call) in calls.collect::<Vec<_>>().into_iter().enumerate() {
            assert_eq!(call.await.unwrap(), number);
        }
        assert!(most.load(SeqCst) <= 2);
    }

    #[tokio::test]
    async fn a_panic_reaches_the_caller_and_frees_the_permit() {
        let limit = BlockingLimit::new(1);
        let other = limit.clone();
        assert!(tokio::spawn(async move { other.run(|| panic!("broken")).await }).await.unwrap_err().is_panic());
        assert_eq!(limit.run(|| 1).await, 1);
    }
}
