//! The end: open requests are answered, idle connections are not waited for, and there is a last moment.

use crate::house::{House, SOON, TIMEOUT, all, compressed, head, quick};
use axum::{Router, routing::get};
use relationship_clinic::web::Limits;
use std::{
    future::pending,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{sync::Notify, time::timeout};

/// A handler that says when it has begun and answers when it may.
fn slow(begun: Arc<Notify>, may: Arc<Notify>) -> Router {
    let handler = async move || {
        begun.notify_one();
        may.notified().await;
        "answered"
    };
    Router::new().route("/slow", get(handler)).route("/never", get(pending::<&'static str>))
}

#[tokio::test]
async fn an_open_request_is_answered_after_the_call_to_stop() {
    let (begun, may) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let router = slow(Arc::clone(&begun), Arc::clone(&may));
    let limits = Limits { stop: TIMEOUT, request: TIMEOUT, ..quick() };
    let mut house = House::with(limits, compressed(all()), router);
    let mut open = house.knock().await;
    open.send(&head("GET", "/slow", &[])).await;
    let mut idle = house.knock().await;
    idle.send(&head("GET", "/", &[])).await;
    idle.answer("GET").await;
    let mut silent = house.knock().await;
    begun.notified().await;

    house.stop();
    assert_eq!(idle.until_closed().await, "", "who is idle is let go");
    assert_eq!(silent.until_closed().await, "", "who is silent is let go");
    may.notify_one();
    let answer = open.answer("GET").await;
    assert_eq!((answer.text().as_str(), answer.header("connection")), ("answered", Some("close")));
    timeout(TIMEOUT, &mut house.serving).await.expect("serving ends").unwrap();
    assert!(tokio::net::TcpStream::connect(house.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn what_takes_too_long_is_cut_off_at_the_last_moment() {
    let router = slow(Arc::default(), Arc::default());
    let mut house = House::with(Limits { request: TIMEOUT, ..quick() }, compressed(all()), router);
    let mut open = house.knock().await;
    open.send(&head("GET", "/never", &[])).await;
    let mut half = house.knock().await;
    half.send("GET / HTTP/1.1\r\nHos").await;
    // Another visitor's answer shows that both have been seen.
    house.get("/", &[]).await;
    let begun = Instant::now();
    house.stop();
    timeout(TIMEOUT, &mut house.serving).await.expect("serving ends").unwrap();
    assert!(begun.elapsed() < SOON + Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(open.until_closed().await, "");
    assert_eq!(half.until_closed().await, "");
}
