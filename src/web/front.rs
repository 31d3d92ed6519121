//! The front door: the catalog first, the router for the rest.
//!
//! Invariant: a catalog hit passes no layer, allocates no box and awaits nothing: the layers of `web` cost more than
//! the answer. Every answer has the security headers, and every HTTP/1.1 request names exactly one host.
//!
//! Never: what a route does.

use super::{Origin, headers};
use crate::catalog::Shelf;
use axum::{Router, body::Body};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version, header};
use http_body::{Frame, SizeHint};
use http_body_util::Full;
use hyper::{body::Incoming, service::Service};
use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tower::ServiceExt;

/// Where a request's connection comes from: a visitor, or a proxy. An extension of requests that reach the router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visitor(pub SocketAddr);

/// Shared by all connections.
#[derive(Debug, Clone)]
pub struct Front {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shelf: Arc<Shelf>,
    router: Router,
    common: HeaderMap,
    origin: Option<Origin>,
    /// Held once by each connection.
    open: Arc<()>,
}

impl Front {
    /// A door before `shelf` and `router`. Whatever the router has no route for is the catalog's 404; whoever asks under
    /// another name than `origin`, if there is one, is sent there.
    pub fn new(shelf: Arc<Shelf>, router: Router, common: HeaderMap, origin: Option<Origin>) -> Self {
        let lost = Arc::clone(&shelf);
        let router = router.fallback(move |request: Request<Body>| {
            let answer = lost.load().not_found(&request);
            async move { answer.map(Body::from) }
        });
        Self { inner: Arc::new(Inner { shelf, router, common, origin, open: Arc::default() }) }
    }

    /// The service of one connection.
    pub fn for_visitor(&self, from: SocketAddr) -> Door {
        Door { inner: Arc::clone(&self.inner), from, _open: Arc::clone(&self.inner.open) }
    }

    /// Connections that are open now: with a request, idle or silent.
    pub fn connections(&self) -> usize {
        Arc::strong_count(&self.inner.open) - 1
    }

    /// Pages that the shelf has now.
    pub fn pages(&self) -> usize {
        self.inner.shelf.load().pages()
    }
}

/// The front door as one connection sees it.
#[derive(Debug)]
pub struct Door {
    inner: Arc<Inner>,
    from: SocketAddr,
    _open: Arc<()>,
}

impl Service<Request<Incoming>> for Door {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let Ok(host) = host_of(&request) else { return Answering::ready(self.inner.no_host()) };
        if let (Some(origin), Some(host)) = (&self.inner.origin, host)
            && origin.sends_on(&request, host, self.from)
        {
            return Answering::ready(self.inner.shelf.load().at_origin(origin.as_str(), &request));
        }
        match self.inner.shelf.load().answer(&request) {
            Some(answer) => Answering::ready(answer),
            None => Answering::Later(Box::pin(Arc::clone(&self.inner).route(request, self.from))),
        }
    }
}

impl Inner {
    async fn route(self: Arc<Self>, mut request: Request<Incoming>, from: SocketAddr) -> Response<Answer> {
        request.extensions_mut().insert(Visitor(from));
        let Ok(mut answer) = self.router.clone().oneshot(request.map(Body::new)).await;
        headers::complete(answer.headers_mut(), &self.common);
        answer.map(Answer::Made)
    }

    fn no_host(&self) -> Response<Bytes> {
        let mut answer = Response::new(Bytes::from_static(b"Name one host in this request.\n"));
        *answer.status_mut() = StatusCode::BAD_REQUEST;
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        headers::complete(headers, &self.common);
        answer
    }
}

/// More than one host, none where there must be one, or one that is not sound.
#[derive(Debug, PartialEq, Eq)]
struct Unsound;

/// RFC 9112, 3.2: exactly one `Host` in HTTP/1.1; HTTP/1.0 may do without. Two of them fool one of two servers in a row.
fn host_of<B>(request: &Request<B>) -> Result<Option<&[u8]>, Unsound> {
    let mut hosts = request.headers().get_all(header::HOST).iter().map(HeaderValue::as_bytes);
    match (hosts.next(), hosts.next()) {
        (None, _) if request.version() < Version::HTTP_11 => Ok(None),
        (Some(host), None) if host.iter().all(|byte| byte.is_ascii_graphic() && !b",/?#@\\".contains(byte)) => {
            Ok(Some(host))
        }
        _ => Err(Unsound),
    }
}

/// An answer on its way: there at once, or later from the router.
pub enum Answering {
    /// From the catalog. Taken on the first poll.
    Ready(Option<Response<Answer>>),
    /// From the router.
    Later(Pin<Box<dyn Future<Output = Response<Answer>> + Send>>),
}

impl Answering {
    fn ready(answer: Response<Bytes>) -> Self {
        Self::Ready(Some(answer.map(|bytes| Answer::Prepared(Full::new(bytes)))))
    }
}

impl Future for Answering {
    type Output = Result<Response<Answer>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(match self.get_mut() {
            Self::Ready(answer) => answer.take().expect("a future is not polled after it is done"),
            Self::Later(answer) => ready!(answer.as_mut().poll(context)),
        }))
    }
}

/// The body of an answer.
#[derive(Debug)]
pub enum Answer {
    /// Whole, from the catalog.
    Prepared(Full<Bytes>),
    /// Made for one reader.
    Made(Body),
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        match self.get_mut() {
            Self::Prepared(body) => Pin::new(body).poll_frame(context).map_err(|never| match never {}),
            Self::Made(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Prepared(body) => body.is_end_stream(),
            Self::Made(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Prepared(body) => body.size_hint(),
            Self::Made(body) => body.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_exactly_one_sound_host() {
        let table: &[(Version, &[&str], bool)] = &[
            (Version::HTTP_11, &["clinic.example"], true),
            (Version::HTTP_11, &["[::1]:3000"], true),
            (Version::HTTP_11, &[], false),
            (Version::HTTP_11, &["a.example", "a.example"], false),
            (Version::HTTP_11, &["a.example, b.example"], false),
            (Version::HTTP_11, &["user@a.example"], false),
            (Version::HTTP_11, &["a.example/path"], false),
            (Version::HTTP_11, &["a example"], false),
            (Version::HTTP_10, &[], true),
            (Version::HTTP_10, &["a.example"], true),
            (Version::HTTP_10, &["a.example", "b.example"], false),
        ];
        for (version, hosts, expected) in table {
            let mut request = Request::new(());
            *request.version_mut() = *version;
            for host in *hosts {
                request.headers_mut().append(header::HOST, HeaderValue::from_str(host).unwrap());
            }
            assert_eq!(host_of(&request).is_ok(), *expected, "{version:?} {hosts:?}");
        }
    }
}
