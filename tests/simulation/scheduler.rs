//! Runs tasks on one thread, one poll at a time, in an order that the seed decides, with a clock of its own.
//!
//! A task that panics by [`Panic`] is started again after a second, as the supervisor of the program does. Any other
//! panic ends the simulation.

use crate::random::Random;
use jiff::{SignedDuration, Timestamp};
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

pub type Work = Pin<Box<dyn Future<Output = ()>>>;
pub type Start = Rc<dyn Fn() -> Work>;

/// What a simulated panic carries.
pub struct Panic;

/// Time as it passes; the clocks that the program reads may differ from it.
pub struct Time {
    now: Cell<Timestamp>,
    sleepers: RefCell<Vec<(Timestamp, Waker)>>,
}

impl Time {
    pub fn new(now: Timestamp) -> Self {
        Self { now: Cell::new(now), sleepers: RefCell::default() }
    }

    pub fn now(&self) -> Timestamp {
        self.now.get()
    }

    pub async fn sleep(&self, pause: Duration) {
        self.sleep_unless(pause, || false, |_| ()).await;
    }

    /// Ends early when `ended` is true; `register` is given the waker for that.
    pub async fn sleep_unless(&self, pause: Duration, ended: impl Fn() -> bool, register: impl Fn(Waker)) {
        let end = self.now() + SignedDuration::try_from(pause).unwrap();
        let mut registered = false;
        poll_fn(|context| {
            if self.now() >= end || ended() {
                return Poll::Ready(());
            }
            if !registered {
                registered = true;
                self.sleepers.borrow_mut().push((end, context.waker().clone()));
                register(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }

    /// Moves to the next end of a sleep before `end`, or to `end`; false then.
    fn advance(&self, end: Timestamp) -> bool {
        let next = self.sleepers.borrow().iter().map(|(at, _)| *at).min().filter(|at| *at < end);
        self.now.set(next.unwrap_or(end).max(self.now()));
        self.sleepers.borrow_mut().retain(|(at, waker)| {
            if *at <= self.now() {
                waker.wake_by_ref();
            }
            *at > self.now()
        });
        next.is_some()
    }
}

/// Lets other tasks run.
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

struct Ready(AtomicBool);

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Task {
    /// Tasks of one process end together.
    process: usize,
    start: Start,
    work: Work,
    ready: Arc<Ready>,
}

/// What happened in one poll.
pub enum Event {
    /// A task went on, and may have ended.
    Polled,
    /// This task panicked and will be started again.
    Panicked { task: usize },
    /// The time is up.
    End,
}

#[derive(Default)]
pub struct Scheduler {
    tasks: Vec<Option<Task>>,
}

impl Scheduler {
    pub fn spawn(&mut self, process: usize, start: Start) {
        let task = Task { process, work: start(), start, ready: Arc::new(Ready(AtomicBool::new(true))) };
        self.tasks.push(Some(task));
    }

    /// Ends every task of a process, wherever it is; returns which.
    pub fn kill(&mut self, process: usize) -> Vec<usize> {
        let of_process = |task: &Option<Task>| task.as_ref().is_some_and(|task| task.process == process);
        let killed: Vec<usize> = (0..self.tasks.len()).filter(|index| of_process(&self.tasks[*index])).collect();
        for index in &killed {
            self.tasks[*index] = None;
        }
        killed
    }

    /// Polls one task that is ready; lets time pass, at most to `end`, when none is. `before` is told which task.
    pub fn poll(&mut self, time: &Rc<Time>, random: &Random, end: Timestamp, before: impl Fn(usize)) -> Event {
        let ready = |task: &Option<Task>| task.as_ref().is_some_and(|task| task.ready.0.load(Ordering::Relaxed));
        let found: Vec<usize> = (0..self.tasks.len()).filter(|index| ready(&self.tasks[*index])).collect();
        if found.is_empty() {
            return if time.advance(end) { Event::Polled } else { Event::End };
        }
        let index = *random.choose(&found);
        before(index);
        let task = self.tasks[index].as_mut().unwrap();
        task.ready.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&task.ready));
        let polled = catch_unwind(AssertUnwindSafe(|| task.work.as_mut().poll(&mut Context::from_waker(&waker))));
        match polled {
            Ok(Poll::Pending) => Event::Polled,
            Ok(Poll::Ready(())) => {
                self.tasks[index] = None;
                Event::Polled
            }
            Err(cause) if cause.is::<Panic>() => {
                let (time, start) = (Rc::clone(time), Rc::clone(&task.start));
                task.work = Box::pin(async move {
                    time.sleep(Duration::from_secs(1)).await;
                    start().await;
                });
                task.ready.0.store(true, Ordering::Relaxed);
                Event::Panicked { task: index }
            }
            Err(cause) => resume_unwind(cause),
        }
    }
}
