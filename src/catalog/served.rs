//! A resource ready to go: every variant with all its headers.
//!
//! Invariant: the headers of 200 are made once, by [`head`]; 304 and 206 are the same map less or more what their
//! status asks for, so they cannot drift apart.

use super::{
    conditional,
    encode::{Body, Coding},
    negotiate::Accepted,
    range::{self, Part},
    resource::{Caching, Resource},
    tally,
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{
        ACCEPT_ENCODING, ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH,
        CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED, RANGE, VARY,
    },
};
use std::sync::Arc;

/// Lets other sites' feed readers show our pictures and feeds.
const CORP: &str = "cross-origin-resource-policy";

/// A resource with its variants.
#[derive(Debug)]
pub(super) struct Served {
    pub resource: Resource,
    pub body: Arc<Body>,
    status: StatusCode,
    identity: Head,
    gzip: Option<Head>,
    br: Option<Head>,
}

/// One variant.
#[derive(Debug)]
struct Head {
    tag: HeaderValue,
    headers: HeaderMap,
    bytes: Bytes,
}

impl Served {
    pub fn new(resource: Resource, body: Arc<Body>, status: StatusCode, common: &HeaderMap) -> Self {
        let make = |coding| head(&resource, &body, coding, status, common);
        let identity = make(Coding::Identity).expect("plain bytes are always there");
        let (gzip, br) = (make(Coding::Gzip), make(Coding::Br));
        Self { resource, body, status, identity, gzip, br }
    }

    /// The same resource with other variants of the same plain bytes.
    pub fn with(&self, body: Arc<Body>, common: &HeaderMap) -> Self {
        Self::new(self.resource.clone(), body, self.status, common)
    }

    /// Answers GET and HEAD; every other method is the caller's business.
    pub fn answer<B>(&self, request: &Request<B>) -> Response<Bytes> {
        let head = self.choose(request.headers());
        if self.status == StatusCode::OK {
            self.count(request);
            if conditional::unchanged(request.headers(), &head.tag, self.resource.modified) {
                return head.unchanged();
            }
            if let Some(part) = self.part(request, head) {
                return part;
            }
        }
        head.whole(self.status, request.method())
    }

    /// One more view, if somebody counts this resource and this is one.
    fn count<B>(&self, request: &Request<B>) {
        if let Some(views) = &self.resource.views
            && tally::is_view(request.method(), request.headers())
        {
            views.add_one();
        }
    }

    /// The same, for the address of an older version: today's bytes, to be asked about again each time.
    pub fn answer_stale<B>(&self, request: &Request<B>) -> Response<Bytes> {
        let mut response = self.answer(request);
        response.headers_mut().insert(CACHE_CONTROL, Caching::Ask.value());
        response
    }

    fn choose(&self, headers: &HeaderMap) -> &Head {
        let coding = Accepted::read(headers).choose(|coding| self.head(coding).is_some());
        self.head(coding).unwrap_or(&self.identity)
    }

    fn head(&self, coding: Coding) -> Option<&Head> {
        match coding {
            Coding::Identity => Some(&self.identity),
            Coding::Gzip => self.gzip.as_ref(),
            Coding::Br => self.br.as_ref(),
        }
    }

    fn part<B>(&self, request: &Request<B>, head: &Head) -> Option<Response<Bytes>> {
        if !self.resource.media.is_picture() || request.method() != Method::GET {
            return None;
        }
        let range = request.headers().get(RANGE)?;
        if !conditional::same_bytes(request.headers(), &head.tag, self.resource.modified) {
            return None;
        }
        match range::part(Some(range), head.bytes.len()) {
            Part::Whole => None,
            Part::Bytes(part) => Some(head.part(part)),
            Part::Outside => Some(head.outside()),
        }
    }
}

impl Head {
    fn whole(&self, status: StatusCode, method: &Method) -> Response<Bytes> {
        let bytes = if method == Method::HEAD { Bytes::new() } else { self.bytes.clone() };
        respond(status, self.headers.clone(), bytes)
    }

    fn unchanged(&self) -> Response<Bytes> {
        let mut headers = self.headers.clone();
        headers.remove(CONTENT_TYPE);
        headers.remove(CONTENT_LENGTH);
        respond(StatusCode::NOT_MODIFIED, headers, Bytes::new())
    }

    fn part(&self, part: std::ops::Range<usize>) -> Response<Bytes> {
        let whole = self.bytes.len();
        let mut headers = self.headers.clone();
        headers.insert(CONTENT_LENGTH, HeaderValue::from(part.len()));
        headers.insert(CONTENT_RANGE, text(&format!("bytes {}-{}/{whole}", part.start, part.end - 1)));
        respond(StatusCode::PARTIAL_CONTENT, headers, self.bytes.slice(part))
    }

    fn outside(&self) -> Response<Bytes> {
        let mut headers = self.headers.clone();
        for name in [CONTENT_TYPE, CONTENT_ENCODING, ETAG, LAST_MODIFIED] {
            headers.remove(name);
        }
        headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
        headers.insert(CACHE_CONTROL, Caching::Never.value());
        headers.insert(CONTENT_RANGE, text(&format!("bytes */{}", self.bytes.len())));
        respond(StatusCode::RANGE_NOT_SATISFIABLE, headers, Bytes::new())
    }
}

/// All headers of a variant; `None` if there is no such variant.
fn head(resource: &Resource, body: &Body, coding: Coding, status: StatusCode, common: &HeaderMap) -> Option<Head> {
    let bytes = body.bytes(coding)?.clone();
    let tag = body.tag(coding);
    let mut headers = HeaderMap::with_capacity(common.len() + 8);
    headers.extend(common.clone());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(resource.media.content_type()));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    headers.insert(CACHE_CONTROL, resource.caching.value());
    if let Some(name) = coding.name() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    if resource.media.compresses() {
        headers.insert(VARY, ACCEPT_ENCODING.into());
    }
    if status == StatusCode::OK {
        validators(&mut headers, resource, &tag);
    }
    for (name, value) in &resource.extra {
        headers.append(name, value.clone());
    }
    Some(Head { tag, headers, bytes })
}

/// What makes a copy askable again. Errors have none: nobody keeps them.
fn validators(headers: &mut HeaderMap, resource: &Resource, tag: &HeaderValue) {
    headers.insert(ETAG, tag.clone());
    if let Some(at) = resource.modified {
        headers.insert(LAST_MODIFIED, text(&httpdate::fmt_http_date(at)));
    }
    if resource.media.is_picture() {
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    }
    if resource.media.is_for_other_sites() {
        headers.insert(CORP, HeaderValue::from_static("cross-origin"));
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).expect("dates and ranges are visible ASCII")
}

/// A response from its parts, without the builder's checks.
pub(super) fn respond(status: StatusCode, headers: HeaderMap, bytes: Bytes) -> Response<Bytes> {
    let mut response = Response::new(bytes);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
