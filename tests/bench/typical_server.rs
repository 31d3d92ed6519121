//! A typical server for comparison: a router, a Markdown file read and rendered for each request, layers that compress
//! and add headers. The difference is what preparing responses once saves.

use askama::Template;
use axum::{
    Router,
    extract::Path,
    http::{HeaderName, HeaderValue, StatusCode},
    response::Html,
    routing::get,
};
use tower_http::{compression::CompressionLayer, set_header::SetResponseHeaderLayer};

/// Common security headers.
const HEADERS: [(&str, &str); 7] = [
    ("content-security-policy", "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
    ("referrer-policy", "same-origin"),
    ("strict-transport-security", "max-age=63072000"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];

#[derive(Template)]
#[template(
    source = "<!doctype html><html lang=\"en-US\"><head><meta charset=\"utf-8\"><title>{{ slug }}</title></head><body><main>{{ body|safe }}</main></body></html>",
    ext = "html"
)]
struct Page<'a> {
    slug: &'a str,
    body: &'a str,
}

/// Serves the shipped articles on this port forever.
pub fn serve(port: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let address = format!("127.0.0.1:{port}");
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::bind(address).await.expect("the port is free");
        axum::serve(listener, router()).await.expect("it serves forever");
    });
}

fn router() -> Router {
    let plain = Router::new().route("/articles/{slug}", get(article));
    let with_headers = HEADERS.iter().fold(plain, |router, (name, value)| {
        let (name, value) = (HeaderName::from_static(name), HeaderValue::from_static(value));
        router.layer(SetResponseHeaderLayer::if_not_present(name, value))
    });
    with_headers.layer(CompressionLayer::new())
}

async fn article(Path(slug): Path<String>) -> Result<Html<String>, StatusCode> {
    let file = format!("content/articles/{slug}/index.md");
    let text = tokio::fs::read_to_string(file).await.map_err(|_| StatusCode::NOT_FOUND)?;
    let markdown = text.splitn(3, "+++").nth(2).unwrap_or(&text);
    let mut body = String::new();
    pulldown_cmark::html::push_html(&mut body, pulldown_cmark::Parser::new(markdown));
    let page = Page { slug: &slug, body: &body }.render();
    page.map(Html).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}
