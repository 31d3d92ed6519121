//! The stop: open requests are answered, idle connections are closed, and after a time limit everything is.

use crate::test_server::{TIMEOUT, TestServer, all, compressed, head, short_limits};
use axum::{Router, routing::get};
use relationship_clinic::web::Limits;
use std::{future::pending, sync::Arc, time::Instant};
use tokio::{sync::Notify, time::timeout};

/// A handler that notifies `begun` and answers once `may` is notified.
fn slow(begun: Arc<Notify>, may: Arc<Notify>) -> Router {
    let handler = async move || {
        begun.notify_one();
        may.notified().await;
        "answered"
    };
    Router::new().route("/slow", get(handler)).route("/never", get(pending::<&'static str>))
}

#[tokio::test]
async fn an_open_request_is_answered_after_the_stop() {
    let (begun, may) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let router = slow(Arc::clone(&begun), Arc::clone(&may));
    let limits = Limits { stop: TIMEOUT, body_and_handler: TIMEOUT, ..short_limits() };
    let mut server = TestServer::with(limits, compressed(all()), router);
    let mut open = server.connect().await;
    open.send(&head("GET", "/slow", &[])).await;
    let mut idle = server.connect().await;
    idle.send(&head("GET", "/", &[])).await;
    idle.answer("GET").await;
    let mut silent = server.connect().await;
    begun.notified().await;

    server.stop();
    assert_eq!(idle.until_closed().await, "", "an idle connection is closed");
    assert_eq!(silent.until_closed().await, "", "a silent connection is closed");
    may.notify_one();
    let answer = open.answer("GET").await;
    assert_eq!((answer.text().as_str(), answer.header("connection")), ("answered", Some("close")));
    timeout(TIMEOUT, &mut server.serving).await.expect("serving ends").unwrap();
    assert!(tokio::net::TcpStream::connect(server.address).await.is_err(), "the listener is closed");
}

#[tokio::test]
async fn a_request_that_outlasts_the_stop_limit_is_cut_off() {
    let router = slow(Arc::default(), Arc::default());
    let mut server =
        TestServer::with(Limits { body_and_handler: TIMEOUT, ..short_limits() }, compressed(all()), router);
    let mut open = server.connect().await;
    open.send(&head("GET", "/never", &[])).await;
    let mut half = server.connect().await;
    half.send("GET / HTTP/1.1\r\nHos").await;
    // The answer to another client shows that both have been accepted.
    server.get("/", &[]).await;
    let begun = Instant::now();
    server.stop();
    timeout(TIMEOUT, &mut server.serving).await.expect("serving ends").unwrap();
    assert!(begun.elapsed() < TIMEOUT / 2, "{:?}", begun.elapsed());
    assert_eq!(open.until_closed().await, "");
    assert_eq!(half.until_closed().await, "");
}
