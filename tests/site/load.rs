//! The form while the rest of the site is busy: no route makes a post fail.

use crate::support::clinic::{Clinic, valid_form};
use std::{
    collections::BTreeSet,
    io::{Read as _, Write as _},
    net::TcpStream,
    panic::{self, AssertUnwindSafe},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::Duration,
};

/// Requests for each route of `src/web.rs` and for what the catalog answers; the costly ones where they differ.
const REQUESTS: [(&str, &str); 16] = [
    ("/contact", "GET /contact"),
    ("/contact", "POST /contact"),
    ("/contact/token", "GET /contact/token"),
    ("/contact/received", "GET /contact/received?r=K7MWPX3D.1.AAAAAAAAAAAAAAAAAAAAAA"),
    ("/t/{token}", "GET /t/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    ("/t/{token}", "POST /t/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    ("/search", "GET /search?q=atachment+betryal+appologizing+trust+love+child+money+anger+work+home+talk+time"),
    ("/assets/cards/{*page}", "GET /assets/cards/articles/attachment-repair-therapy.0000000000000000.png"),
    ("/dev/changes", "GET /dev/changes"),
    ("/health/live", "GET /health/live"),
    ("/health/ready", "GET /health/ready"),
    ("/health/form", "GET /health/form"),
    ("", "GET /articles"),
    ("", "GET /feed.xml"),
    ("", "GET /no-such-page"),
    ("", "DELETE /"),
];
/// Requests at the same time, and posts during them.
const CLIENTS: usize = 8;
const POSTS: usize = 2;

/// Sends one request and waits for the response, but not for longer than an impatient client.
fn send(clinic: &Clinic, request: &str) {
    let body = format!("reason_code={}", "a@".repeat(15_000));
    let body = if request.starts_with("POST") { body.as_str() } else { "" };
    let lines =
        ["Host: localhost", "Connection: close", "Content-Type: application/x-www-form-urlencoded"].join("\r\n");
    let text = format!("{request} HTTP/1.1\r\n{lines}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let mut stream = TcpStream::connect(clinic.origin.trim_start_matches("http://")).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(1))).expect("the time is not zero");
    // The program may close the connection at any time.
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.read_to_end(&mut Vec::new()));
}

/// Posts a form until it is stored. A busy disk may take longer than a visitor waits; then the page has every answer, and
/// nothing else may be the reason. A route that blocks the outbox fails every try.
fn store(clinic: &Clinic, name: &str, from: &str) {
    let mut fields = valid_form();
    fields[0].1 = name;
    let headers = [("sec-fetch-site", "same-origin"), ("x-forwarded-for", from)];
    clinic.store_with(&fields, &headers, |page| {
        fields.iter().filter(|(field, _)| ["name", "message", "phone"].contains(field)).for_each(|(_, answer)| {
            page.has(answer);
        });
    });
    let log = clinic.log();
    let is_slow = |line: &str| ["did not answer in time", "too slow"].iter().any(|cause| line.contains(cause));
    let other = log.lines().find(|line| line.contains(" ERROR ") && !is_slow(line));
    assert_eq!(other, None, "the post was not stored for another reason");
}

#[test]
fn no_route_under_load_makes_a_post_fail() {
    let routes = include_str!("../../src/web.rs").split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next());
    let tested: BTreeSet<&str> = REQUESTS.iter().map(|(route, _)| *route).collect();
    assert_eq!(
        routes.filter(|route| !tested.contains(route)).collect::<Vec<_>>(),
        ["/metrics"],
        "this one is not public"
    );
    // The posts come from addresses of their own.
    let clinic = Clinic::with(&[("CLINIC_TRUSTED_PROXIES", "127.0.0.1")]);
    for (number, (_, request)) in REQUESTS.iter().enumerate() {
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    while !done.load(Relaxed) {
                        send(&clinic, request);
                    }
                });
            }
            let from = format!("192.0.2.{}", number + 1);
            // A panic of this thread would wait for the clients.
            let posts = || (0..POSTS).for_each(|post| store(&clinic, &format!("Ana {number} {post}"), &from));
            let stored = panic::catch_unwind(AssertUnwindSafe(posts));
            done.store(true, Relaxed);
            assert!(stored.is_ok(), "{request}\n{}", clinic.log());
        });
    }
    clinic.letters(REQUESTS.len() * POSTS);
}
