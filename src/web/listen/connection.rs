//! One connection from its first byte to its end.

use super::{
    Limits, Signal,
    timeouts::{Activity, IDLE_AFTER, MonitoredStream, Phase, Timer},
};
use crate::web::site_service::ConnectionService;
use http::Request;
use hyper::{
    body::Incoming,
    server::conn::http1::Builder,
    service::{Service as _, service_fn},
};
use hyper_util::rt::TokioIo;
use std::{future::poll_fn, pin::pin, sync::Arc};
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{Instant, sleep, timeout},
};

/// Serves HTTP/1.1 until the client or a time limit ends the connection. A broken connection is not logged: the client
/// caused it.
pub(super) async fn serve(
    stream: TcpStream,
    service: ConnectionService,
    limits: Arc<Limits>,
    mut signals: watch::Receiver<Signal>,
) {
    // Responses are sent without delay. This fails only if the connection is closed already.
    let _ = stream.set_nodelay(true);
    if !first_byte_arrives(&stream, &limits, &mut signals).await {
        return;
    }
    let activity = Activity::new();
    let stream = TokioIo::new(MonitoredStream { stream, activity: &activity });
    let service = service_fn(|request: Request<Incoming>| {
        activity.enter(Phase::Request);
        let answer = service.call(request);
        async {
            let answer = answer.await;
            activity.enter(Phase::Idle);
            answer
        }
    });
    let mut http = pin!(http1(&limits).serve_connection(stream, service));
    let sleep = pin!(sleep(limits.request_headers));
    let mut timer = Timer { activity: &activity, limits: &limits, since: Instant::now(), sleep };
    loop {
        tokio::select! {
            biased;
            _ = http.as_mut() => return,
            () = poll_fn(|cx| timer.poll(cx)) => return,
            _ = signals.changed() => match *signals.borrow_and_update() {
                Signal::MakeRoom if timer.is_idle() => return,
                Signal::Serve | Signal::MakeRoom => {}
                Signal::Finish => http.as_mut().graceful_shutdown(),
                Signal::Close => return,
            },
        }
    }
}

/// Waits for the first byte. hyper, with its buffer of 8 KB for each connection, starts only after it.
async fn first_byte_arrives(stream: &TcpStream, limits: &Limits, signals: &mut watch::Receiver<Signal>) -> bool {
    let since = Instant::now();
    let mut byte = [0];
    let mut first_byte = pin!(timeout(limits.first_byte, stream.peek(&mut byte)));
    loop {
        tokio::select! {
            biased;
            seen = &mut first_byte => return matches!(seen, Ok(Ok(1..))),
            _ = signals.changed() => match *signals.borrow_and_update() {
                Signal::Serve => {}
                Signal::MakeRoom if since.elapsed() < IDLE_AFTER => {}
                Signal::MakeRoom | Signal::Finish | Signal::Close => return false,
            },
        }
    }
}

/// `max_buf_size` limits headers that do not end, `max_header_size` complete ones: both answer 431.
fn http1(limits: &Limits) -> Builder {
    let mut builder = Builder::new();
    builder
        .max_headers(limits.header_lines)
        .max_header_size(limits.header_bytes)
        .max_buf_size(limits.header_bytes)
        .header_read_timeout(None);
    builder
}
