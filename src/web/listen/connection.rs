//! One connection from its first byte to its end.

use super::{
    Limits, Signal,
    timeouts::{Activity, MonitoredStream, Phase, Timer},
};
use crate::web::site_service::ConnectionService;
use http::Request;
use hyper::{
    body::Incoming,
    server::conn::http1::Builder,
    service::{Service as _, service_fn},
};
use hyper_util::rt::TokioIo;
use std::{future::poll_fn, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{sleep, timeout},
};

/// Serves HTTP/1.1 until the client or a time limit ends the connection. A broken connection is not logged: the client
/// caused it.
pub(super) async fn serve(
    stream: TcpStream,
    service: ConnectionService,
    limits: Arc<Limits>,
    activity: Arc<Activity>,
    mut signals: watch::Receiver<Signal>,
) {
    // Responses are sent without delay. This fails only if the connection is closed already.
    let _ = stream.set_nodelay(true);
    if !first_byte_arrives(&stream, limits.first_byte, &activity, &mut signals).await {
        return;
    }
    activity.enter(Phase::RequestHeaders);
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
    let mut timer = Timer { activity: &activity, limits: &limits, sleep };
    loop {
        tokio::select! {
            biased;
            _ = http.as_mut() => return,
            () = poll_fn(|cx| timer.poll(cx)) => return,
            // A request may have arrived since the listener found it idle.
            () = activity.close.notified() => if activity.idle_since().is_some() { return },
            _ = signals.changed() => match *signals.borrow_and_update() {
                Signal::Serve => {}
                Signal::Finish => http.as_mut().graceful_shutdown(),
                Signal::Close => return,
            },
        }
    }
}

/// Waits for the first byte. hyper, with its buffer of 8 KB for each connection, starts only after it.
async fn first_byte_arrives(
    stream: &TcpStream,
    limit: Duration,
    activity: &Activity,
    signals: &mut watch::Receiver<Signal>,
) -> bool {
    let mut byte = [0];
    tokio::select! {
        biased;
        seen = timeout(limit, stream.peek(&mut byte)) => matches!(seen, Ok(Ok(1..))),
        () = activity.close.notified() => false,
        _ = signals.wait_for(|signal| *signal != Signal::Serve) => false,
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
