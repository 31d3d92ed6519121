//! Compresses pages made per request, such as the form.
//!
//! Only responses to GET are compressed. A response to a POST contains both a token and what a visitor typed: an
//! attacker who can make a browser post could learn the token from the compressed length (BREACH). The response to a
//! GET contains a fresh token (the form) or text from the address (a search), never both.
//!
//! Never: responses from the catalog, which are compressed already.

use crate::catalog::compress_response;
use axum::{
    body::Body,
    extract::Request,
    http::{
        HeaderValue, Method,
        header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, VARY},
    },
    middleware::Next,
    response::Response,
};
use http_body_util::BodyExt as _;

/// Compresses the response, which is a page, if the client accepts a coding.
pub(super) async fn pages(request: Request, next: Next) -> Response {
    let client = (request.method() == Method::GET).then(|| request.headers().clone());
    let response = next.run(request).await;
    let Some(client) = client else { return response };
    let (mut head, body) = response.into_parts();
    let identity = body.collect().await.expect("the body of a page is in memory").to_bytes();
    head.headers.append(VARY, ACCEPT_ENCODING.into());
    let Some((coding, bytes)) = compress_response(&client, &identity) else {
        return Response::from_parts(head, Body::from(identity));
    };
    head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::from(bytes))
}
