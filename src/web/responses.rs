//! Responses that several handlers give: pages made for one visitor, failures, and the answer after a panic.

use crate::pages::{self, Edition, Failure};
use axum::{
    http::StatusCode,
    response::{Html, IntoResponse as _, Response},
};
use std::any::Any;
use tower_http::catch_panic::CatchPanicLayer;

/// The page of a failure.
pub(super) fn failure(edition: &Edition, failure: Failure) -> Response {
    page(failure.status(), pages::failure(edition, failure))
}

/// The page of a 404.
pub(super) fn not_found(edition: &Edition) -> Response {
    failure(edition, Failure::NotFound)
}

/// A page made for one visitor. No cache keeps it, since devices are shared: `headers` adds `no-store`.
pub(super) fn page(status: StatusCode, html: String) -> Response {
    (status, Html(html)).into_response()
}

/// The layer that answers a panic of a handler with `page`. The panic itself is logged by the hook of `cli`.
pub(super) fn catch_panic<F>(page: F) -> CatchPanicLayer<impl FnMut(Box<dyn Any + Send>) -> Response + Clone>
where
    F: Fn() -> Response + Clone,
{
    CatchPanicLayer::custom(move |_: Box<dyn Any + Send>| page())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{
        Router,
        body::Body,
        http::{Request, StatusCode},
        routing::get,
    };
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    async fn broken() -> String {
        panic!("Ana's message")
    }

    #[tokio::test]
    async fn a_panic_is_answered_with_the_page_and_not_with_its_message() {
        let page = || (StatusCode::INTERNAL_SERVER_ERROR, "an error page").into_response();
        let router = Router::new().route("/", get(broken)).layer(catch_panic(page));
        let answer = router.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 500);
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "an error page");
    }
}
