//! A resource ready to be served: its bodies and the headers of its 200.
//!
//! Invariant: the headers of 200 are made once, by [`headers`]; 304 starts from a copy of them, so it cannot
//! differ by mistake.

use super::{
    compression::Coding,
    counters::Counter,
    encoded_body::{Body, Encoded},
    media::Media,
    request_headers,
    resource::Resource,
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{
        ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE,
        ETAG, VARY,
    },
};
use std::sync::Arc;

/// Lets other sites' feed readers show our pictures and feeds.
const CORP: &str = "cross-origin-resource-policy";

/// A resource with its headers and bodies.
#[derive(Debug)]
pub(super) struct PreparedResource {
    pub media: Media,
    pub body: Arc<Body>,
    pub status: StatusCode,
    /// Headers of a 200 in any coding, made by [`headers`]; the values of `ETag` and `Content-Encoding` are replaced.
    /// hyper adds `Content-Length`. Shared by all resources of the same kind.
    pub headers: Arc<HeaderMap>,
    pub views: Option<Arc<Counter>>,
}

impl PreparedResource {
    /// The response to GET and HEAD; the caller handles other methods.
    pub fn respond<B>(&self, request: &Request<B>) -> Response<Bytes> {
        let coding =
            request_headers::preferred_coding(request.headers(), |coding| self.body.compressed(coding).is_some());
        let Encoded { coding, etag, bytes } = self.body.get(coding);
        if self.status == StatusCode::OK {
            if let Some(views) = &self.views {
                views.count_view(request.method(), request.headers());
            }
            if request_headers::has_current_copy(request.headers(), &etag) {
                let mut headers = self.headers(coding, etag);
                // The client has what describes the content (RFC 9110, 15.4.5).
                headers.remove(CONTENT_TYPE);
                headers.remove(CONTENT_ENCODING);
                return respond(StatusCode::NOT_MODIFIED, headers, Bytes::new());
            }
        }
        let mut headers = self.headers(coding, etag);
        if request.method() == Method::HEAD {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            return respond(self.status, headers, Bytes::new());
        }
        respond(self.status, headers, bytes)
    }

    fn headers(&self, coding: Coding, etag: HeaderValue) -> HeaderMap {
        let mut headers = (*self.headers).clone();
        match coding.name() {
            Some(name) => headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name)),
            None => headers.remove(CONTENT_ENCODING),
        };
        if self.status == StatusCode::OK {
            headers.insert(ETAG, etag);
        }
        headers
    }
}

/// The headers of a resource with this status, with placeholders for `ETag` and `Content-Encoding`. Failures have no
/// `ETag`, since clients do not keep them.
pub(super) fn headers(resource: &Resource, status: StatusCode, common: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(common.len() + 8);
    headers.extend(common.clone());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(resource.media.content_type()));
    headers.insert(CACHE_CONTROL, resource.caching.value());
    if resource.media.compresses() {
        headers.insert(VARY, ACCEPT_ENCODING.into());
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(""));
    }
    if status == StatusCode::OK {
        headers.insert(ETAG, HeaderValue::from_static(""));
        if resource.media.is_cross_origin() {
            headers.insert(CORP, HeaderValue::from_static("cross-origin"));
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
    }
    for (name, value) in &resource.headers {
        headers.append(name, value.clone());
    }
    headers
}

/// A response from its parts, without the builder's checks.
pub(super) fn respond(status: StatusCode, headers: HeaderMap, bytes: Bytes) -> Response<Bytes> {
    let mut response = Response::new(bytes);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The response for a resource outside a catalog, by the same rules, without the headers common to all responses.
pub fn respond_with<B>(resource: Resource, request: &Request<B>) -> Response<Bytes> {
    let hash = blake3::hash(&resource.bytes);
    let body = Arc::new(Body::new(resource.bytes.clone(), hash));
    let headers = Arc::new(headers(&resource, StatusCode::OK, &HeaderMap::new()));
    let Resource { media, views, .. } = resource;
    PreparedResource { media, body, status: StatusCode::OK, headers, views }.respond(request)
}
