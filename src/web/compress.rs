//! Pages that are made for one reader, such as the form, travel as small as the prepared ones.
//!
//! Only answers to GET are compressed. An answer to a post shows what somebody typed beside a token; compressed together,
//! their length could tell something of it to whoever can make a browser post (BREACH). A page that is fetched shows a
//! fresh token (the form) or what the address brought (a search), never both.
//!
//! Never: catalog hits; they are compressed already and pass no layer.

use crate::catalog::compress_response;
use axum::{
    body::Body,
    extract::Request,
    http::{
        HeaderMap, HeaderValue, Method,
        header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, VARY},
    },
    middleware::Next,
    response::Response,
};
use http_body_util::BodyExt as _;

/// Compresses a page on its way out, if the reader takes that.
pub(super) async fn pages(request: Request, next: Next) -> Response {
    let reader = (request.method() == Method::GET).then(|| request.headers().clone());
    let answer = next.run(request).await;
    match reader {
        Some(reader) if is_plain_page(answer.headers()) => compressed(&reader, answer).await,
        _ => answer,
    }
}

fn is_plain_page(headers: &HeaderMap) -> bool {
    let page = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    page && !headers.contains_key(CONTENT_ENCODING)
}

async fn compressed(reader: &HeaderMap, answer: Response) -> Response {
    let (mut head, body) = answer.into_parts();
    let identity = body.collect().await.expect("a page is whole before it is answered").to_bytes();
    head.headers.append(VARY, ACCEPT_ENCODING.into());
    let Some((coding, bytes)) = compress_response(reader, &identity) else {
        return Response::from_parts(head, Body::from(identity));
    };
    head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::from(bytes))
}
