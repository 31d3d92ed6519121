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
    sync::Notify,
    time::{Instant, Sleep},
};

/// A connection is idle only after this time without an event: a browser pauses shorter than this between a page and
/// its stylesheet.
const IDLE_AFTER: Duration = Duration::from_millis(500);

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Part of a request's headers has arrived.
    RequestHeaders,
    /// A request is being read and answered.
    Request,
    /// No request is open, or none has come yet; the last response may still be being sent.
    Idle,
    /// The client does not read the response.
    Unread,
}

/// What one connection is doing, for itself and for the listener.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    /// Notified when the connection is to be closed if it is idle.
    pub close: Notify,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// When the phase began or last made progress.
    since: Instant,
    /// There was progress since [`Activity::phase`]. Streams and services only set this flag, so that a request reads
    /// the clock once.
    progress: bool,
}

impl Activity {
    /// The activity of a new connection, which is idle until its first byte.
    pub fn new() -> Self {
        let state = State { phase: Phase::Idle, since: Instant::now(), progress: false };
        Self { state: Mutex::new(state), close: Notify::new() }
    }

    /// Begins `phase` and its time limit.
    pub fn enter(&self, phase: Phase) {
        let mut state = self.state();
        (state.phase, state.progress) = (phase, true);
    }

    /// Since when the connection has been idle, if it may be closed to make room for another.
    pub fn idle_since(&self) -> Option<Instant> {
        let state = self.state();
        let is_idle = state.phase == Phase::Idle && !state.progress && state.since.elapsed() >= IDLE_AFTER;
        is_idle.then_some(state.since)
    }

    /// The phase, and when it began or last made progress.
    fn phase(&self) -> (Phase, Instant) {
        let mut state = self.state();
        if std::mem::take(&mut state.progress) {
            state.since = Instant::now();
        }
        (state.phase, state.since)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) {
        if self.state().phase == Phase::Idle {
            self.enter(Phase::RequestHeaders);
        }
    }

    fn wrote(&self, result: &Poll<io::Result<usize>>) {
        let phase = self.state().phase;
        match result {
            Poll::Ready(Ok(1..)) if phase != Phase::Request => self.enter(Phase::Idle),
            // No progress: its time began with the last part that was read.
            Poll::Pending if phase == Phase::Idle => self.state().phase = Phase::Unread,
            Poll::Ready(_) | Poll::Pending => {}
        }
    }
}

/// Ends one connection when its phase has lasted too long.
pub(super) struct Timer<'c> {
    pub activity: &'c Activity,
    pub limits: &'c Limits,
    pub sleep: Pin<&'c mut Sleep>,
}

impl Timer<'_> {
    /// Ready when the phase has lasted too long. Poll it after the connection, in the same task: setting
    /// the progress flag wakes no task.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (phase, since) = self.activity.phase();
        let deadline = since + self.limit(phase);
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
