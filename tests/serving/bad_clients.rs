//! Slow, silent and malformed clients: each connection ends within its time limit, and other clients are served.

use crate::test_server::{Client, PICTURE_BYTES, SHORT, TIMEOUT, TestServer, head, short_limits};
use relationship_clinic::web::Limits;
use std::time::{Duration, Instant};
use tokio::time::interval;

/// Much less than the client's time limit, much more than the server's on a busy machine.
const BOUND: Duration = Duration::from_secs(40);

/// The connection ends by its time limit, not at once and not much later.
async fn ends_by_time_limit(what: &str, client: &mut Client) -> String {
    let begun = Instant::now();
    let text = client.until_closed().await;
    let lasted = begun.elapsed();
    assert!(lasted > SHORT / 2 && lasted < BOUND, "{what} ended after {lasted:?}");
    text
}

#[tokio::test]
async fn silent_and_incomplete_requests_are_cut_off() {
    let server = TestServer::open(short_limits());
    let table = [
        ("silent", String::new()),
        ("half a request line", "GET / HT".into()),
        ("half a head", "GET / HTTP/1.1\r\nHost: a\r\nX-".into()),
        ("half a body", head("POST", "/post", &["Content-Length: 100"]) + "half"),
        ("half a chunk", head("POST", "/post", &["Transfer-Encoding: chunked"]) + "64\r\nhalf"),
        ("no body", head("POST", "/post", &["Content-Length: 100"])),
    ];
    for (what, text) in table {
        let mut client = server.connect().await;
        client.send(&text).await;
        assert_eq!(ends_by_time_limit(what, &mut client).await, "", "{what}");
    }
    assert_eq!(server.get("/", &[]).await.status, 200);
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_the_idle_limit_not_the_limit_for_headers() {
    let server = TestServer::open(Limits { idle: SHORT, request_headers: TIMEOUT, ..short_limits() });
    let mut client = server.connect().await;
    client.send(&head("GET", "/", &[])).await;
    assert_eq!(client.answer("GET").await.status, 200);
    assert_eq!(ends_by_time_limit("idle", &mut client).await, "");
}

#[tokio::test]
async fn incomplete_headers_on_a_used_connection_are_cut_off_after_the_limit_for_headers() {
    let server = TestServer::open(short_limits());
    let mut client = server.connect().await;
    client.send(&head("GET", "/", &[])).await;
    client.answer("GET").await;
    client.send("GET / HTTP/1.1\r\nHos").await;
    assert_eq!(ends_by_time_limit("half a second head", &mut client).await, "");
}

/// Sends a byte at a time, each well within the time-out, until cut off.
async fn sends_byte_by_byte(server: &TestServer, start: &str, byte: &str) -> Duration {
    let mut client = server.connect().await;
    client.send(start).await;
    let begun = Instant::now();
    let mut tick = interval(SHORT / 6);
    while begun.elapsed() < BOUND {
        tokio::select! {
            more = client.more() => assert!(!more, "nothing is answered"),
            _ = tick.tick() => {
                client.send(byte).await;
                continue;
            }
        }
        break;
    }
    begun.elapsed()
}

#[tokio::test]
async fn a_head_or_body_sent_byte_by_byte_gains_no_time() {
    let server = TestServer::open(short_limits());
    let body = head("POST", "/post", &["Content-Length: 10000"]);
    for (what, start) in [("head", "GET / HTTP/1.1\r\nX-Long: "), ("body", &body)] {
        let lasted = sends_byte_by_byte(&server, start, "x").await;
        assert!(lasted < BOUND, "a slow {what} lasted {lasted:?}");
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_the_answer_is_cut_off() {
    let mut server = TestServer::open(Limits { idle: SHORT, ..short_limits() });
    let mut client = server.connect().await;
    client.send(&head("GET", "/picture.png", &[]).repeat(8)).await;
    // The connection's end shows on the server's side: it can stop without cutting a request off.
    crate::test_server::eventually("the connection ends", async || {
        let text = client.send("x").await;
        (!text).then_some(())
    })
    .await;
    server.stop();
    server.serving.await.unwrap();
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_the_whole_answer() {
    let server = TestServer::open(Limits { idle: SHORT, ..short_limits() });
    let mut client = server.connect().await;
    client.send(&head("GET", "/picture.png", &["Connection: close"])).await;
    let begun = Instant::now();
    let mut tick = interval(SHORT / 10);
    let mut slow = 0;
    loop {
        if slow < 40 {
            tick.tick().await;
            slow += 1;
        }
        if !client.more().await {
            break;
        }
    }
    assert!(begun.elapsed() > SHORT * 2, "it took longer than a time-out: {:?}", begun.elapsed());
    assert!(client.until_closed().await.len() > PICTURE_BYTES / 2, "the picture arrived whole");
}

#[tokio::test]
async fn a_request_without_exactly_one_host_is_refused() {
    let server = TestServer::open(short_limits());
    let table = [
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a.example\r\nHost: a.example\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a.example, b.example\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a.example/x\r\n\r\n", 400),
        ("POST /post HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: clinic.example\r\n\r\n", 200),
        ("GET http://clinic.example/ HTTP/1.1\r\nHost: clinic.example\r\n\r\n", 200),
        ("GET / HTTP/1.0\r\n\r\n", 200),
    ];
    for (text, status) in table {
        let mut client = server.connect().await;
        client.send(text).await;
        assert_eq!(client.answer("GET").await.status, status, "{text:?}");
    }
}

#[tokio::test]
async fn malformed_and_oversized_heads_are_refused() {
    let server = TestServer::open(short_limits());
    let long = "x".repeat(40_000);
    let lines = "X-Line: 1\r\n".repeat(200);
    let table = [
        ("a long line", format!("GET / HTTP/1.1\r\nHost: a\r\nX-Long: {long}\r\n\r\n"), "431"),
        ("a long line without an end", format!("GET / HTTP/1.1\r\nHost: a\r\nX-Long: {long}"), "431"),
        ("a long address", format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"), "4"),
        ("many lines", format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n"), "431"),
        ("garbage", "\u{1}\u{2}\u{3} nonsense\r\n\r\n".into(), "400"),
        ("TLS", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}".into(), "400"),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), "400"),
        ("two lengths", head("POST", "/post", &["Content-Length: 1", "Content-Length: 2"]) + "xx", "400"),
        (
            "two ways to state a length",
            head("POST", "/post", &["Transfer-Encoding: chunked, identity"]) + "0\r\n\r\n",
            "400",
        ),
        ("a folded line", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n".into(), "400"),
        ("a space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n".into(), "400"),
    ];
    for (what, text, status) in table {
        let mut client = server.connect().await;
        client.send(&text).await;
        let begun = Instant::now();
        let answer = client.until_closed().await;
        assert!(begun.elapsed() < BOUND, "{what} is closed");
        // A client that still sends when the server closes may lose the answer; it must not get a page, or any body.
        let refused = answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.ends_with("\r\n\r\n");
        assert!(answer.is_empty() || refused, "{what}: {answer}");
    }
    assert_eq!(server.get("/", &[]).await.status, 200);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = TestServer::open(short_limits());
    let mut client = server.connect().await;
    let post = head("POST", "/post", &["Content-Length: 3"]) + "abc";
    let all = head("GET", "/", &[]) + &post + &head("GET", "/nowhere", &[]) + &head("GET", "/articles/boundaries", &[]);
    client.send(&all).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let answer = client.answer("GET").await;
        seen.push((answer.status, answer.text().contains("boundaries"), answer.text() == "3 bytes"));
    }
    assert_eq!(seen, [(200, false, false), (200, false, true), (404, false, false), (200, true, false)]);
}

#[tokio::test]
async fn a_slow_body_within_its_time_limit_is_accepted() {
    let server = TestServer::open(Limits { body_and_handler: TIMEOUT, ..short_limits() });
    let mut client = server.connect().await;
    client.send(&head("POST", "/post", &["Content-Length: 20", "Expect: 100-continue"])).await;
    let mut tick = interval(SHORT / 8);
    for _ in 0..20 {
        tick.tick().await;
        assert!(client.send("x").await, "the connection is open");
    }
    assert_eq!(client.answer("POST").await.status, 100);
    assert_eq!(client.answer("POST").await.text(), "20 bytes");
}
