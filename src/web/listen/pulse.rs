//! The signs of life of one connection, and how long each may last.
//!
//! Streams and services only note what happened (two plain stores); the connection's task looks at the notes after
//! each turn, reads the clock once if there is news, and sets its one timer only if the deadline came nearer. So a
//! request costs no timer, and idleness and heads have time-outs of their own, which hyper's single one has not.

use super::Limits;
use http::Request;
use hyper::service::Service;
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// Nothing has arrived yet.
    Silent,
    /// A head is arriving.
    Head,
    /// A request is being read and answered.
    Request,
    /// An answer has left, or is leaving without a halt.
    Resting,
    /// An answer waits for its reader to take more of it.
    Stalled,
}

impl Phase {
    /// How long the phase may last, counted from its last sign of life.
    pub fn allowance(self, limits: &Limits) -> Duration {
        match self {
            Self::Silent => limits.first_byte,
            Self::Head => limits.head,
            Self::Request => limits.request,
            Self::Resting | Self::Stalled => limits.idle,
        }
    }
}

/// Notes of one connection, written and read by its one task.
#[derive(Debug)]
pub(super) struct Pulse {
    phase: AtomicU8,
    news: AtomicBool,
}

impl Pulse {
    pub fn new() -> Self {
        Self { phase: AtomicU8::new(Phase::Silent as u8), news: AtomicBool::new(false) }
    }

    pub fn phase(&self) -> Phase {
        [Phase::Silent, Phase::Head, Phase::Request, Phase::Resting, Phase::Stalled]
            [usize::from(self.phase.load(Relaxed))]
    }

    /// Something happened since the last look.
    pub fn take_news(&self) -> bool {
        self.news.load(Relaxed) && self.news.swap(false, Relaxed)
    }

    fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
        self.news.store(true, Relaxed);
    }

    /// The first bytes of a head start its time; the following do not, or a byte a second would hold it open.
    fn read(&self) {
        if matches!(self.phase(), Phase::Silent | Phase::Resting) {
            self.enter(Phase::Head);
        }
    }

    /// Each step of an answer that the reader takes gives time for the next; slow lines are welcome.
    fn wrote(&self) {
        if self.phase() != Phase::Request {
            self.enter(Phase::Resting);
        }
    }

    /// The reader's side is full. Its time runs from the last step; it is not idle, though.
    fn stalled(&self) {
        if self.phase() == Phase::Resting {
            self.phase.store(Phase::Stalled as u8, Relaxed);
        }
    }
}

/// A stream that notes what passes through it.
pub(super) struct Noted<T> {
    pub stream: T,
    pub pulse: Arc<Pulse>,
}

impl<T: AsyncRead + Unpin> AsyncRead for Noted<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let result = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            this.pulse.read();
        }
        result
    }
}

impl<T: AsyncWrite + Unpin> Noted<T> {
    fn noting(&self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match result {
            Poll::Ready(Ok(1..)) => self.pulse.wrote(),
            Poll::Ready(_) => {}
            Poll::Pending => self.pulse.stalled(),
        }
        result
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Noted<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.noting(result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.noting(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// A service that notes when a request takes its time and when its answer is there.
pub(super) struct Watched<S> {
    pub service: S,
    pub pulse: Arc<Pulse>,
}

impl<S, B> Service<Request<B>> for Watched<S>
where
    S: Service<Request<B>>,
    S::Future: Unpin,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Answering<S::Future>;

    fn call(&self, request: Request<B>) -> Self::Future {
        self.pulse.enter(Phase::Request);
        Answering { answer: self.service.call(request), pulse: Arc::clone(&self.pulse) }
    }
}

/// The future of [`Watched`].
pub(super) struct Answering<F> {
    answer: F,
    pulse: Arc<Pulse>,
}

impl<F: Future + Unpin> Future for Answering<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        let answer = Pin::new(&mut this.answer).poll(cx);
        if answer.is_ready() {
            this.pulse.enter(Phase::Resting);
        }
        answer
    }
}
