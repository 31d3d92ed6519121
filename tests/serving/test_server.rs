//! A small site behind the real listener, and a client that reads responses byte by byte.

use arc_swap::ArcSwap;
use axum::{Router, routing::post};
use http::{HeaderName, HeaderValue, StatusCode};
use relationship_clinic::{
    catalog::{Builder, Caching, Catalog, Compressor, Media, Resource, hashed_path},
    web::{self, Limits, Origin, SiteService},
};
use std::{
    net::SocketAddr,
    sync::{Arc, LazyLock},
    time::{Duration, SystemTime},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

/// Limit of a step in these tests.
pub const TIMEOUT: Duration = Duration::from_mins(2);
/// The time limits of [`short_limits`].
pub const SHORT: Duration = Duration::from_secs(1);

pub const SHEET: &str = "body { color: black; background: white; } ";
pub const PICTURE_BYTES: usize = 4 << 20;

/// Every time limit short, except for idle connections, which other tests need.
pub fn short_limits() -> Limits {
    Limits {
        first_byte: SHORT,
        request_headers: SHORT,
        body_and_handler: SHORT,
        idle: TIMEOUT,
        stop: SHORT,
        ..Limits::default()
    }
}

/// A page of some length that repeats a word.
pub fn page(word: &str) -> Resource {
    let body = format!("<p>{word}</p>").repeat(400);
    Resource::new(Media::Html, format!("<!doctype html><title>{word}</title>{body}"))
}

/// Address of the stylesheet.
pub fn sheet() -> String {
    hashed_path("site.css", SHEET.repeat(50).as_bytes())
}

/// One resource of every kind.
pub fn resources(builder: Builder) -> Builder {
    let link = HeaderValue::from_str(&format!("<{}>; rel=preload; as=style", sheet())).unwrap();
    let picture: Vec<u8> = (0..PICTURE_BYTES).map(|i| u8::try_from(i % 251).unwrap()).collect();
    let drawing = format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'>{}</svg>", "<g/>".repeat(200));
    builder
        .resource("/", page("home").header(http::header::LINK, link))
        .resource("/articles/boundaries", page("boundaries"))
        .resource("/articles", page("articles"))
        .resource("/empty.txt", Resource::new(Media::Text, ""))
        .resource(sheet(), Resource::new(Media::Css, SHEET.repeat(50)).caching(Caching::Immutable))
        .resource("/picture.png", Resource::new(Media::Png, picture).caching(Caching::Immutable))
        .resource("/drawing.svg", Resource::new(Media::Svg, drawing))
        .resource("/draft", page("draft").caching(Caching::Never).header(robots(), HeaderValue::from_static("noindex")))
        .redirect("/post/boundaries", "/articles/boundaries")
        .redirect("/blog/boundaries", "/articles/boundaries")
        .redirect("/", "/nowhere")
        .gone("/articles/retired")
        .routed("/post-office")
        .moved_folder("/blog-posts", "/articles")
        .moved_folder("/journal", "/articles")
        .failure(StatusCode::NOT_FOUND, page("not found").caching(Caching::Immutable))
        .failure(StatusCode::GONE, page("gone"))
}

/// The catalog once everything in it is compressed.
pub fn compressed(catalog: Catalog) -> Arc<Catalog> {
    let cache = tempfile::tempdir().unwrap();
    Compressor::open(cache.path()).compress(&catalog, || false);
    Arc::new(catalog)
}

pub fn robots() -> HeaderName {
    HeaderName::from_static("x-robots-tag")
}

/// The catalog of all resources, uncompressed.
pub fn all() -> Catalog {
    resources(Catalog::builder(web::security(true))).build()
}

/// Every resource, compressed.
static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| compressed(all()));

/// The site on a free port.
pub struct TestServer {
    pub address: SocketAddr,
    pub catalog: Arc<ArcSwap<Catalog>>,
    stop: Option<oneshot::Sender<()>>,
    pub serving: JoinHandle<()>,
}

impl TestServer {
    pub fn open(limits: Limits) -> Self {
        let router = Router::new().route("/post", post(|body: String| async move { format!("{} bytes", body.len()) }));
        Self::with(limits, Arc::clone(&CATALOG), router)
    }

    pub fn with(limits: Limits, catalog: Arc<Catalog>, router: Router) -> Self {
        let catalog = Arc::new(ArcSwap::new(catalog));
        let origin = Origin::new(&"https://clinic.example".parse().unwrap(), &["127.0.0.0/8".parse().unwrap()]);
        let site = SiteService::new(Arc::clone(&catalog), router, web::security(true), origin);
        let listener = web::open("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move {
            let _ = stopped.await;
        };
        let serving = tokio::spawn(web::serve(listener, site, limits, shutdown));
        Self { address, catalog, stop: Some(stop), serving }
    }

    pub fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub async fn connect(&self) -> Client {
        Client::new(TcpStream::connect(self.address).await.unwrap())
    }

    /// One request with a head of these lines, on a connection of its own.
    pub async fn request(&self, method: &str, path: &str, lines: &[&str]) -> Answer {
        let mut client = self.connect().await;
        client.send(&head(method, path, lines)).await;
        client.answer(method).await
    }

    pub async fn get(&self, path: &str, lines: &[&str]) -> Answer {
        self.request("GET", path, lines).await
    }
}

pub fn head(method: &str, path: &str, lines: &[&str]) -> String {
    let request = format!("{method} {path} HTTP/1.1");
    [&request, "Host: clinic.example"].iter().chain(lines).chain(&["\r\n"]).copied().collect::<Vec<_>>().join("\r\n")
}

pub struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, read: Vec::new() }
    }

    /// Returns false if the connection is closed.
    pub async fn send(&mut self, text: &str) -> bool {
        self.stream.write_all(text.as_bytes()).await.is_ok()
    }

    /// The next answer; `method` decides whether it has a body.
    pub async fn answer(&mut self, method: &str) -> Answer {
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            assert!(self.more().await, "the connection ended before the head: {:?}", self.text());
        };
        let head: Vec<u8> = self.read.drain(..end + 4).collect();
        let mut answer = Answer::parse(std::str::from_utf8(&head[..end]).unwrap());
        if method != "HEAD" && !matches!(answer.status, 100 | 304) {
            let length = answer.header("content-length").expect("every body has a content-length").parse().unwrap();
            while self.read.len() < length {
                assert!(self.more().await, "the connection ended before the body");
            }
            answer.body = self.read.drain(..length).collect();
        }
        answer
    }

    /// Reads until the server closes the connection, and returns what came; fails if it stays open.
    pub async fn until_closed(&mut self) -> String {
        while self.more().await {}
        self.text()
    }

    /// Reads once; false at the end.
    pub async fn more(&mut self) -> bool {
        let read = timeout(TIMEOUT, self.stream.read_buf(&mut self.read)).await.expect("the connection stays open");
        matches!(read, Ok(1..))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.read).into_owned()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case; without `date`.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    fn parse(head: &str) -> Self {
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let pair = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        };
        let mut headers: Vec<_> = lines.map(pair).filter(|(name, _)| name != "date").collect();
        headers.sort();
        Self { status, headers, body: Vec::new() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub fn without(&self, names: &[&str]) -> Vec<(String, String)> {
        self.headers.iter().filter(|(name, _)| !names.contains(&name.as_str())).cloned().collect()
    }

    /// The body as text, whatever its coding.
    pub fn text(&self) -> String {
        let bytes = match self.header("content-encoding") {
            None => self.body.clone(),
            Some("br") => {
                let mut out = Vec::new();
                brotli::BrotliDecompress(&mut &self.body[..], &mut out).unwrap();
                out
            }
            Some("gzip") => {
                let length = u32::from_le_bytes(*self.body.last_chunk().unwrap());
                let mut out = vec![0; length as usize];
                libdeflater::Decompressor::new().gzip_decompress(&self.body, &mut out).unwrap();
                out
            }
            Some(other) => panic!("unexpected coding {other}"),
        };
        String::from_utf8(bytes).unwrap()
    }
}

/// Waits until `check` returns a value, for things that happen on another thread.
pub async fn eventually<T>(what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = SystemTime::now();
    loop {
        if let Some(found) = check().await {
            return found;
        }
        assert!(begun.elapsed().unwrap() < TIMEOUT, "never: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
