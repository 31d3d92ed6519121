//! One connection from its first byte to its end.

use super::{
    Limits,
    pulse::{Noted, Phase, Pulse, Watched},
};
use http::Request;
use hyper::{
    body::Incoming,
    server::conn::http1::{Builder, Connection},
    service::Service,
};
use hyper_util::rt::TokioIo;
use std::{
    error::Error,
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::watch,
    time::{Instant, Sleep, sleep_until, timeout},
};

/// A connection is idle only after this long without a sign of life: a browser between a page and its stylesheet is not.
const IDLE_AFTER: Duration = Duration::from_millis(500);

/// What the house asks of its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// All is well.
    Serve,
    /// Places are short: who is idle leaves.
    MakeRoom,
    /// Answer what is open, then leave.
    Finish,
    /// Leave now.
    Leave,
}

/// What a connection knows of the house. The house counts its open connections by `orders`.
pub(super) struct Served {
    pub limits: Arc<Limits>,
    pub orders: watch::Receiver<Order>,
}

impl Served {
    /// Serves a TCP connection.
    pub async fn run<S, B>(mut self, stream: TcpStream, service: S)
    where
        S: Service<Request<Incoming>, Response = http::Response<B>> + Send + 'static,
        S::Future: Send + Unpin + 'static,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        B: http_body::Body + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        // Answers leave at once; it fails only on a connection that is gone already.
        let _ = stream.set_nodelay(true);
        if self.has_spoken(&stream).await {
            self.serve(stream, service).await;
        }
    }

    /// Waits for the first byte without a buffer of eight kilobytes per silent visitor.
    async fn has_spoken(&mut self, stream: &TcpStream) -> bool {
        let since = Instant::now();
        let mut first = [0];
        let mut first_byte = pin!(timeout(self.limits.first_byte, stream.peek(&mut first)));
        loop {
            tokio::select! {
                biased;
                seen = &mut first_byte => return matches!(seen, Ok(Ok(1..))),
                _ = self.orders.changed() => match *self.orders.borrow_and_update() {
                    Order::Serve => {}
                    Order::MakeRoom if since.elapsed() < IDLE_AFTER => {}
                    Order::MakeRoom | Order::Finish | Order::Leave => return false,
                },
            }
        }
    }

    /// Speaks HTTP/1.1 over any stream; TLS may hand its own in.
    async fn serve<T, S, B>(mut self, stream: T, service: S)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        S: Service<Request<Incoming>, Response = http::Response<B>>,
        S::Future: Unpin,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        B: http_body::Body + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let pulse = Arc::new(Pulse::new());
        let stream = TokioIo::new(Noted { stream, pulse: Arc::clone(&pulse) });
        let service = Watched { service, pulse: Arc::clone(&pulse) };
        let mut http = pin!(protocol(&self.limits).serve_connection(stream, service));
        let mut watch = pin!(Watch::new(pulse, Arc::clone(&self.limits)));
        loop {
            tokio::select! {
                biased;
                () = poll_fn(|cx| turn(http.as_mut(), &mut watch, cx)) => return,
                _ = self.orders.changed() => match *self.orders.borrow_and_update() {
                    Order::MakeRoom if watch.is_idle() => return,
                    Order::Serve | Order::MakeRoom => {}
                    Order::Finish => http.as_mut().graceful_shutdown(),
                    Order::Leave => return,
                },
            }
        }
    }
}

/// Time-outs are [`Watch`]'s, so hyper needs no timer. A head without an end is cut by the buffer's size, a whole one by
/// its own: both answer 431.
fn protocol(limits: &Limits) -> Builder {
    let mut builder = Builder::new();
    builder
        .max_headers(limits.head_lines)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.head_bytes)
        .header_read_timeout(None);
    builder
}

/// One turn of a connection: done when it ended or its time is up. A broken connection is the visitor's own business.
fn turn<T, S, B>(http: Pin<&mut Connection<T, S>>, watch: &mut Pin<&mut Watch>, cx: &mut Context<'_>) -> Poll<()>
where
    T: hyper::rt::Read + hyper::rt::Write + Unpin,
    S: hyper::service::HttpService<Incoming, ResBody = B>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: http_body::Body + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    match http.poll(cx) {
        Poll::Ready(_) => Poll::Ready(()),
        Poll::Pending => watch.poll(cx),
    }
}

/// The one timer of a connection.
struct Watch {
    pulse: Arc<Pulse>,
    limits: Arc<Limits>,
    last: Instant,
    deadline: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Watch {
    fn new(pulse: Arc<Pulse>, limits: Arc<Limits>) -> Self {
        let last = Instant::now();
        let deadline = last + Phase::Silent.allowance(&limits);
        Self { pulse, limits, last, deadline, timer: Box::pin(sleep_until(deadline)) }
    }

    /// Ready when the time of the phase is up.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.pulse.take_news() {
            self.last = Instant::now();
            self.deadline = self.last + self.pulse.phase().allowance(&self.limits);
            if self.deadline < self.timer.deadline() {
                self.timer.as_mut().reset(self.deadline);
            }
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            if self.timer.deadline() >= self.deadline {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(self.deadline);
        }
        Poll::Pending
    }

    fn is_idle(&self) -> bool {
        matches!(self.pulse.phase(), Phase::Silent | Phase::Resting) && self.last.elapsed() >= IDLE_AFTER
    }
}
