//! A minimal server for comparison: hyper and a runtime alone. Fixed bytes, two headers, no timeout, no limit.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{convert::Infallible, fs, path::Path, sync::Arc};
use tokio::net::TcpListener;

/// The file of a page in the folder, without its ending for a coding.
pub const PAGE: &str = "page.html";
/// The file of the stylesheet.
pub const SHEET: &str = "site.css";

struct Bodies {
    page: [Bytes; 3],
    sheet: [Bytes; 3],
}

/// Serves the bodies of a folder forever.
pub fn serve(port: &str, folder: &Path) {
    let variants = |name: &str| {
        ["", ".gz", ".br"].map(|ending| {
            Bytes::from(fs::read(folder.join(format!("{name}{ending}"))).expect("the bodies were written before"))
        })
    };
    let bodies = Arc::new(Bodies { page: variants(PAGE), sheet: variants(SHEET) });
    let address = format!("127.0.0.1:{port}");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async move {
        let listener = TcpListener::bind(address).await.expect("the port is free");
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let _ = stream.set_nodelay(true);
            let bodies = Arc::clone(&bodies);
            let service = service_fn(move |request| {
                let response = respond(&bodies, &request);
                async move { Ok::<_, Infallible>(response) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
}

fn respond(bodies: &Bodies, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    if request.headers().contains_key(header::IF_NONE_MATCH) {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    let coding = request.headers().get(header::ACCEPT_ENCODING).map_or(&b""[..], HeaderValue::as_bytes);
    let variants = if request.uri().path().starts_with("/assets/") { &bodies.sheet } else { &bodies.page };
    let (bytes, coding) = match coding {
        b"br" => (&variants[2], Some("br")),
        b"gzip" => (&variants[1], Some("gzip")),
        _ => (&variants[0], None),
    };
    let mut response = Response::new(Full::new(bytes.clone()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if let Some(coding) = coding {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    response
}
