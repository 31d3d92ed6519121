//! Time limits of a connection: ends those of slow and silent clients.
//!
//! Invariant: a connection is in one [`Phase`], which has a limit. Headers or a body that arrive a byte at a time do
//! not extend it; each part of a response that the client reads does. The body of a form has a shorter limit of its
//! own, in `web/request_body.rs`, so that a slow one is answered with a page.
//!
//! hyper's `header_read_timeout` is off: it begins with the wait for the next request and continues while a
//! response is being read, so it would end idle connections and slow downloads after the limit for headers.

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

/// A connection is idle only after this time without an event: a browser pauses shorter than this between a page and
/// its stylesheet.
pub(super) const IDLE_AFTER: Duration = Duration::from_millis(500);

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Part of a request's headers has arrived.
    RequestHeaders,
    /// A request is being read and answered.
    Request,
    /// No request is open; the last response may still be being sent.
    Idle,
    /// The client does not read the response.
    Unread,
}

/// The phase of one connection, and whether there was progress since [`Activity::take_progress`]. Streams and services
/// only set this flag, so that a request reads the clock once.
#[derive(Debug)]
pub(super) struct Activity(Mutex<(Phase, bool)>);

impl Activity {
    /// The activity of a connection whose first byte has arrived.
    pub fn new() -> Self {
        Self(Mutex::new((Phase::RequestHeaders, true)))
    }

    /// Begins `phase` and its time limit.
    pub fn enter(&self, phase: Phase) {
        *self.state() = (phase, true);
    }

    fn take_progress(&self) -> (Phase, bool) {
        let mut state = self.state();
        (state.0, std::mem::take(&mut state.1))
    }

    fn state(&self) -> MutexGuard<'_, (Phase, bool)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) {
        if self.state().0 == Phase::Idle {
            self.enter(Phase::RequestHeaders);
        }
    }

    fn wrote(&self, result: &Poll<io::Result<usize>>) {
        let phase = self.state().0;
        match result {
            Poll::Ready(Ok(1..)) if phase != Phase::Request => self.enter(Phase::Idle),
            // No progress: its time began with the last part that was read.
            Poll::Pending if phase == Phase::Idle => self.state().0 = Phase::Unread,
            Poll::Ready(_) | Poll::Pending => {}
        }
    }
}

/// Ends one connection when its phase has lasted too long.
pub(super) struct Timer<'c> {
    pub activity: &'c Activity,
    pub limits: &'c Limits,
    /// When the phase began or last made progress.
    pub since: Instant,
    pub sleep: Pin<&'c mut Sleep>,
}

impl Timer<'_> {
    /// Ready when the phase has lasted too long. Poll it after the connection, in the same task: setting
    /// the progress flag wakes no task.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (phase, progress) = self.activity.take_progress();
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

    /// Whether the connection may be closed to make room for another.
    pub fn is_idle(&self) -> bool {
        self.activity.state().0 == Phase::Idle && self.since.elapsed() >= IDLE_AFTER
    }

    fn limit(&self, phase: Phase) -> Duration {
        match phase {
            Phase::RequestHeaders => self.limits.request_headers,
            Phase::Request => self.limits.body_and_handler,
            Phase::Idle | Phase::Unread => self.limits.idle,
        }
    }
}

/// A stream that records its reads and writes as activity.
pub(super) struct MonitoredStream<'c> {
    pub stream: TcpStream,
    pub activity: &'c Activity,
}

impl AsyncRead for MonitoredStream<'_> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.activity.read();
        }
        result
    }
}

impl AsyncWrite for MonitoredStream<'_> {
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
