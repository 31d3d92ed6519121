//! Time limits of a connection: a slow or silent client is found and ended here.
//!
//! Invariant: a connection is in one [`Phase`], which has a limit. A head or body that arrives a byte at a time gains no
//! time; an answer of which the client takes a part does.
//!
//! hyper's `header_read_timeout` is off: it begins with the wait for the next request and runs on while an answer is
//! being read, so it would end idle connections and slow downloads after the time of a head.

use super::Limits;
use std::{
    io,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep},
};

/// A connection is idle only after this time without an event: a browser between a page and its stylesheet is not.
pub(super) const IDLE_AFTER: Duration = Duration::from_millis(500);

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Part of a request's head has arrived.
    Head,
    /// A request is being read and answered.
    Request,
    /// No request is open; the last answer may still be on its way.
    Idle,
    /// The client takes nothing of an answer.
    Unread,
}

/// The phase of one connection, and whether it was entered or went on since the timer looked. Streams and services only
/// note it, so that a request costs one reading of the clock.
#[derive(Debug)]
pub(super) struct Activity(Mutex<(Phase, bool)>);

impl Activity {
    /// Of a connection whose first byte has arrived.
    pub fn new() -> Self {
        Self(Mutex::new((Phase::Head, true)))
    }

    /// The time of `phase` begins.
    pub fn enter(&self, phase: Phase) {
        *self.state() = (phase, true);
    }

    fn look(&self) -> (Phase, bool) {
        let mut state = self.state();
        (state.0, std::mem::take(&mut state.1))
    }

    fn state(&self) -> MutexGuard<'_, (Phase, bool)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) {
        if self.state().0 == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    fn wrote(&self, result: &Poll<io::Result<usize>>) {
        let phase = self.state().0;
        match result {
            Poll::Ready(Ok(1..)) if phase != Phase::Request => self.enter(Phase::Idle),
            // Its time has begun with the last part that was taken.
            Poll::Pending if phase == Phase::Idle => self.state().0 = Phase::Unread,
            Poll::Ready(_) | Poll::Pending => {}
        }
    }
}

/// The timer of one connection.
pub(super) struct Timer<'c> {
    pub activity: &'c Activity,
    pub limits: &'c Limits,
    /// When the phase began or went on.
    pub since: Instant,
    pub sleep: Pin<&'c mut Sleep>,
}

impl Timer<'_> {
    /// Ready when the phase has lasted too long. To be polled after the connection, in the same task: what the
    /// connection notes wakes nothing.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (phase, progress) = self.activity.look();
        if progress {
            self.since = Instant::now();
        }
        let deadline = self.since + self.limit(phase);
        if deadline < self.sleep.deadline() {
            self.sleep.as_mut().reset(deadline);
        }
        while self.sleep.as_mut().poll(cx).is_ready() {
            if self.sleep.deadline() >= deadline {
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(deadline);
        }
        Poll::Pending
    }

    /// Whether the connection can make room for another.
    pub fn is_idle(&self) -> bool {
        self.activity.state().0 == Phase::Idle && self.since.elapsed() >= IDLE_AFTER
    }

    fn limit(&self, phase: Phase) -> Duration {
        match phase {
            Phase::Head => self.limits.head,
            Phase::Request => self.limits.request,
            Phase::Idle | Phase::Unread => self.limits.idle,
        }
    }
}

/// A stream that notes what passes through it.
pub(super) struct NotedStream<'c> {
    pub stream: TcpStream,
    pub activity: &'c Activity,
}

impl AsyncRead for NotedStream<'_> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.activity.read();
        }
        result
    }
}

impl AsyncWrite for NotedStream<'_> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.activity.wrote(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
