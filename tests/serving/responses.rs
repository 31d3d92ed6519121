//! Responses: status, headers and bytes of every kind of resource.

use crate::test_server::{Answer, TestServer, head, sheet, short_limits};

const CODINGS: [&str; 4] = ["Accept-Encoding: br", "Accept-Encoding: gzip", "Accept-Encoding: identity", "X-None: 1"];

fn addresses() -> Vec<String> {
    let mut all: Vec<String> =
        ["/", "/articles/boundaries", "/empty.txt", "/picture.png", "/drawing.svg", "/draft"].map(str::to_owned).into();
    all.push(sheet());
    all
}

#[tokio::test]
async fn a_304_repeats_every_header_of_the_200_but_length_type_and_coding() {
    let server = TestServer::open(short_limits());
    for address in addresses() {
        for coding in CODINGS {
            let whole = server.get(&address, &[coding]).await;
            assert_eq!(whole.status, 200, "{address} {coding}");
            let tag = whole.header("etag").unwrap();
            let unchanged = server.get(&address, &[coding, &format!("If-None-Match: {tag}")]).await;
            assert_eq!(unchanged.status, 304, "{address} {coding}");
            let expected = whole.without(&["content-length", "content-type", "content-encoding"]);
            assert_eq!(unchanged.headers, expected, "{address} {coding}");
        }
    }
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let server = TestServer::open(short_limits());
    for address in addresses().iter().map(String::as_str).chain(["/nowhere", "/articles/retired", "/post/boundaries"]) {
        for coding in CODINGS {
            let get = server.get(address, &[coding]).await;
            let mut client = server.connect().await;
            client.send(&head("HEAD", address, &[coding, "Connection: close"])).await;
            let head = client.answer("HEAD").await;
            assert_eq!((head.status, head.without(&["connection"])), (get.status, get.headers), "{address} {coding}");
            assert_eq!(client.until_closed().await, "", "{address} {coding}");
        }
    }
}

#[tokio::test]
async fn every_coding_has_the_same_text_and_its_own_etag() {
    let server = TestServer::open(short_limits());
    let plain = server.get("/", &[]).await;
    assert_eq!(plain.header("content-encoding"), None);
    let mut etags = vec![plain.header("etag").unwrap().to_owned()];
    for coding in ["br", "gzip"] {
        let answer = server.get("/", &[&format!("Accept-Encoding: {coding}")]).await;
        assert_eq!(answer.header("content-encoding"), Some(coding));
        assert_eq!(answer.text(), plain.text(), "{coding}");
        assert!(answer.body.len() < plain.body.len() / 4, "{coding} is small");
        etags.push(answer.header("etag").unwrap().to_owned());
    }
    etags.sort();
    etags.dedup();
    assert_eq!(etags.len(), 3, "{etags:?}");
}

#[tokio::test]
async fn every_response_has_the_security_headers_and_one_cache_policy() {
    let server = TestServer::open(short_limits());
    let mut answers: Vec<(String, Answer)> = Vec::new();
    for path in addresses().iter().map(String::as_str).chain(["/nowhere", "/articles/retired", "/post/boundaries"]) {
        answers.push((path.to_owned(), server.get(path, &[]).await));
    }
    answers.push(("wrong method".into(), server.request("POST", "/", &["Content-Length: 0"]).await));
    answers.push(("router".into(), server.request("POST", "/post", &["Content-Length: 0"]).await));
    answers.push(("router's 405".into(), server.get("/post", &[]).await));
    answers.push(("two hosts".into(), server.get("/", &["Host: b.example"]).await));
    for (path, answer) in answers {
        for name in [
            "cache-control",
            "content-security-policy",
            "cross-origin-opener-policy",
            "cross-origin-resource-policy",
            "permissions-policy",
            "referrer-policy",
            "strict-transport-security",
            "x-content-type-options",
            "x-frame-options",
        ] {
            let count = answer.headers.iter().filter(|(known, _)| known == name).count();
            assert_eq!(count, 1, "{name} of {path}: {answer:?}");
        }
        assert_eq!(answer.header("server"), None, "{path}");
    }
}

#[tokio::test]
async fn each_kind_of_resource_has_its_cache_policy() {
    let server = TestServer::open(short_limits());
    let table = [
        ("/", "public, max-age=0, s-maxage=60, must-revalidate"),
        (&sheet(), "public, max-age=31536000, immutable"),
        ("/draft", "no-store"),
        ("/nowhere", "public, max-age=0, s-maxage=5, must-revalidate"),
        ("/articles/retired", "public, max-age=0, s-maxage=5, must-revalidate"),
        ("/assets/site.0123456789abcdef.css", "no-cache"),
    ];
    for (path, expected) in table {
        assert_eq!(server.get(path, &[]).await.header("cache-control"), Some(expected), "{path}");
    }
}

#[tokio::test]
async fn compressible_resources_vary_by_accept_encoding() {
    let server = TestServer::open(short_limits());
    for path in ["/", "/empty.txt", "/drawing.svg", "/nowhere"] {
        assert_eq!(server.get(path, &[]).await.header("vary"), Some("accept-encoding"), "{path}");
    }
    assert_eq!(server.get("/picture.png", &["Accept-Encoding: br, gzip"]).await.header("vary"), None);
}

#[tokio::test]
async fn pictures_may_be_embedded_by_other_sites_and_pages_may_not() {
    let server = TestServer::open(short_limits());
    for (path, expected) in [("/picture.png", "cross-origin"), ("/drawing.svg", "cross-origin"), ("/", "same-origin")] {
        assert_eq!(server.get(path, &[]).await.header("cross-origin-resource-policy"), Some(expected), "{path}");
    }
}

#[tokio::test]
async fn an_old_address_is_redirected_once_and_keeps_its_query() {
    let server = TestServer::open(short_limits());
    let table = [
        ("/post/boundaries", "/articles/boundaries"),
        ("/blog/boundaries", "/articles/boundaries"),
        ("/post/boundaries/", "/articles/boundaries"),
        ("/articles/boundaries/", "/articles/boundaries"),
        ("/blog/boundaries?utm=1&b=%20", "/articles/boundaries?utm=1&b=%20"),
        ("/articles/boundaries///", "/articles/boundaries"),
        ("/Articles/Boundaries", "/articles/boundaries"),
        ("/blog-posts/boundaries", "/articles/boundaries"),
        ("/Blog-Posts/Boundaries/?a=b", "/articles/boundaries?a=b"),
        ("/POST/boundaries", "/articles/boundaries"),
        ("/journal", "/articles"),
        ("/journal/", "/articles"),
        ("/post-office/", "/post-office"),
        ("/Post-Office", "/post-office"),
    ];
    for (path, to) in table {
        let answer = server.get(path, &[]).await;
        assert_eq!((answer.status, answer.header("location")), (308, Some(to)), "{path}");
    }
    for path in [
        "//articles/boundaries",
        "//elsewhere.example/",
        "/blog-posts/nothing",
        "/blog-postscript",
        "/journal/boundaries/x",
    ] {
        assert_eq!(server.get(path, &[]).await.status, 404, "{path}");
    }
    assert_eq!(server.get("/journal/retired", &[]).await.status, 410, "what is gone is gone in the old folder too");
    assert_eq!(server.get("/", &[]).await.status, 200, "a page goes before a redirect");
}

#[tokio::test]
async fn another_host_and_plain_http_are_corrected_by_one_redirect() {
    let server = TestServer::open(short_limits());
    let other = "Host: www.clinic.example";
    let clear = "X-Forwarded-Proto: http";
    let table = [
        ("GET", "/", vec![other], "https://clinic.example/"),
        ("HEAD", "/articles/boundaries", vec![other], "https://clinic.example/articles/boundaries"),
        ("GET", "/Blog-Posts/Boundaries/?q=a%20b", vec![other], "https://clinic.example/articles/boundaries?q=a%20b"),
        ("GET", "/post/boundaries", vec![other, clear], "https://clinic.example/articles/boundaries"),
        ("GET", "/nowhere", vec![other], "https://clinic.example/nowhere"),
        ("GET", "//evil.example/", vec![other], "https://clinic.example//evil.example/"),
        (
            "GET",
            "/articles/boundaries/",
            vec!["Host: clinic.example", clear],
            "https://clinic.example/articles/boundaries",
        ),
    ];
    for (method, path, lines, to) in table {
        let mut client = server.connect().await;
        client.send(&format!("{method} {path} HTTP/1.1\r\n{}\r\n\r\n", lines.join("\r\n"))).await;
        let answer = client.answer(method).await;
        assert_eq!((answer.status, answer.header("location")), (308, Some(to)), "{method} {path}");
        let is_kept = answer.header("cache-control") != Some("no-store");
        assert_eq!(
            is_kept,
            lines.contains(&other),
            "a redirect by the scheme of the request alone is not kept: {path}"
        );
    }
    for (method, path, host) in
        [("POST", "/post", "other.example"), ("GET", "/", "localhost:3000"), ("GET", "/", "10.1.2.3")]
    {
        let mut client = server.connect().await;
        client.send(&format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n")).await;
        assert_eq!(client.answer(method).await.status, 200, "{method} {path} {host}");
    }
}

#[tokio::test]
async fn failure_responses_have_a_body() {
    let server = TestServer::open(short_limits());
    let table = [
        ("GET", "/nowhere", 404, "not found"),
        ("GET", "/articles/retired", 410, "gone"),
        ("GET", "/articles/retired/", 410, "gone"),
        ("GET", "/assets/other.0123456789abcdef.css", 404, "not found"),
        ("POST", "/", 405, "405"),
        ("DELETE", "/post/boundaries", 405, "405"),
        ("POST", "/nowhere", 404, "not found"),
    ];
    for (method, path, status, word) in table {
        let answer = server.request(method, path, &["Accept-Encoding: br"]).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(answer.text().contains(word), "{method} {path}: {}", answer.text());
    }
    let refused = server.request("POST", "/", &[]).await;
    assert_eq!(refused.header("allow"), Some("GET, HEAD"));
}

#[tokio::test]
async fn the_path_of_an_older_asset_returns_the_current_file() {
    let server = TestServer::open(short_limits());
    let today = server.get(&sheet(), &["Accept-Encoding: br"]).await;
    let yesterday = server.get("/assets/site.0123456789abcdef.css", &["Accept-Encoding: br"]).await;
    assert_eq!(yesterday.status, 200);
    assert_eq!(yesterday.body, today.body);
    assert_eq!(yesterday.without(&["cache-control"]), today.without(&["cache-control"]));
}

#[tokio::test]
async fn a_request_for_a_range_gets_everything() {
    let server = TestServer::open(short_limits());
    for path in ["/picture.png", "/"] {
        let whole = server.get(path, &[]).await;
        let range = server.get(path, &["Range: bytes=10-19"]).await;
        assert_eq!((range.status, &range.body), (200, &whole.body), "{path}");
        assert_eq!(whole.header("accept-ranges"), None, "{path}");
    }
}

#[tokio::test]
async fn headers_added_to_a_resource_are_sent() {
    let server = TestServer::open(short_limits());
    assert_eq!(server.get("/draft", &[]).await.header("x-robots-tag"), Some("noindex"));
    assert!(server.get("/", &[]).await.header("link").unwrap().contains("rel=preload"));
}
