//! The service of the site's listener: checks the host, looks the path up in the catalog, and passes other
//! requests to the router.
//!
//! Invariant: a response from the catalog passes no layer of the router, allocates no box and awaits nothing, since
//! these would cost more than the response itself. Every response has the security headers, and every HTTP/1.1 request
//! names exactly one host.
//!
//! Never: what a route does.

use super::{Origin, headers};
use crate::catalog::Catalog;
use arc_swap::ArcSwap;
use axum::{Router, body::Body};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version, header};
use http_body_util::{Either, Full};
use hyper::{body::Incoming, service::Service};
use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
};
use tokio_util::either::Either as ReadyOr;
use tower::ServiceExt;

/// A response's body: from the catalog, or made by the router.
type ResponseBody = Either<Full<Bytes>, Body>;
type Answer = Result<Response<ResponseBody>, Infallible>;

/// The peer of a request's connection: a visitor, or a proxy. An extension of requests that reach the router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visitor(pub SocketAddr);

/// The service of a listener, shared by all its connections.
#[derive(Debug, Clone)]
pub struct SiteService(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    catalog: Arc<ArcSwap<Catalog>>,
    router: Router,
    common: HeaderMap,
    origin: Option<Origin>,
    /// Held once by each connection.
    open: Arc<()>,
}

impl SiteService {
    /// Serves `catalog`, then `router`; paths without a route get the catalog's 404. Requests for another host than
    /// `origin`, if it is set, are redirected there.
    pub fn new(catalog: Arc<ArcSwap<Catalog>>, router: Router, common: HeaderMap, origin: Option<Origin>) -> Self {
        let unknown = Arc::clone(&catalog);
        let router = router.fallback(move |request: Request<Body>| {
            let response = unknown.load().failure(StatusCode::NOT_FOUND, &request).map(Body::from);
            async move { response }
        });
        Self(Arc::new(Inner { catalog, router, common, origin, open: Arc::default() }))
    }

    /// The service of one connection.
    pub fn for_visitor(&self, from: SocketAddr) -> ConnectionService {
        ConnectionService { site: Arc::clone(&self.0), from, _open: Arc::clone(&self.0.open) }
    }

    /// Connections that are open now: with a request, idle or silent.
    pub fn connections(&self) -> usize {
        Arc::strong_count(&self.0.open) - 1
    }

    /// Pages in the current catalog.
    pub fn pages(&self) -> usize {
        self.0.catalog.load().pages()
    }
}

/// The site's service for one connection.
#[derive(Debug)]
pub struct ConnectionService {
    site: Arc<Inner>,
    from: SocketAddr,
    _open: Arc<()>,
}

impl Service<Request<Incoming>> for ConnectionService {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = ReadyOr<Ready<Answer>, Pin<Box<dyn Future<Output = Answer> + Send>>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        match self.site.prepared(&request, self.from) {
            Some(response) => ReadyOr::Left(ready(Ok(response.map(|bytes| Either::Left(Full::new(bytes)))))),
            None => ReadyOr::Right(Box::pin(Arc::clone(&self.site).route(request, self.from))),
        }
    }
}

impl Inner {
    /// The response that needs no route.
    fn prepared<B>(&self, request: &Request<B>, from: SocketAddr) -> Option<Response<Bytes>> {
        let Ok(host) = host_of(request) else { return Some(self.bad_host()) };
        let catalog = self.catalog.load();
        if let (Some(origin), Some(host)) = (&self.origin, host)
            && let Some(caching) = origin.redirect(request, host, from)
        {
            return Some(catalog.redirect_to_origin(origin.as_str(), request, caching));
        }
        catalog.respond(request)
    }

    async fn route(self: Arc<Self>, mut request: Request<Incoming>, from: SocketAddr) -> Answer {
        request.extensions_mut().insert(Visitor(from));
        let Ok(mut response) = self.router.clone().oneshot(request.map(Body::new)).await;
        headers::complete(response.headers_mut(), &self.common);
        Ok(response.map(Either::Right))
    }

    fn bad_host(&self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from_static(b"Name one host in this request.\n"));
        *response.status_mut() = StatusCode::BAD_REQUEST;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        headers::complete(headers, &self.common);
        response
    }
}

/// More than one host, none where one is required, or an invalid one.
#[derive(Debug, PartialEq, Eq)]
struct InvalidHost;

/// RFC 9112, 3.2: exactly one `Host` in HTTP/1.1; HTTP/1.0 may do without. With two, a proxy and this server
/// could each use a different one.
fn host_of<B>(request: &Request<B>) -> Result<Option<&[u8]>, InvalidHost> {
    let mut hosts = request.headers().get_all(header::HOST).iter().map(HeaderValue::as_bytes);
    match (hosts.next(), hosts.next()) {
        (None, _) if request.version() < Version::HTTP_11 => Ok(None),
        (Some(host), None) if host.iter().all(|byte| byte.is_ascii_graphic() && !b",/?#@\\".contains(byte)) => {
            Ok(Some(host))
        }
        _ => Err(InvalidHost),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_must_name_exactly_one_valid_host() {
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
