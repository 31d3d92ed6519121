//! A panic in a handler is a fault of the program: logged, and answered with the page that says so.
//!
//! Never: what the panic said; it may hold what somebody typed.

use axum::response::Response;
use std::any::Any;
use tower_http::catch_panic::CatchPanicLayer;

/// The layer that answers with `page`.
pub(super) fn caught<F>(page: F) -> CatchPanicLayer<impl FnMut(Box<dyn Any + Send>) -> Response + Clone>
where
    F: Fn() -> Response + Clone,
{
    CatchPanicLayer::custom(move |_: Box<dyn Any + Send>| {
        tracing::error!("a request could not be answered: a handler panicked");
        page()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{
        Router,
        body::Body,
        http::{Request, StatusCode},
        response::IntoResponse as _,
        routing::get,
    };
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    async fn broken() -> String {
        panic!("Ana's words")
    }

    #[tokio::test]
    async fn a_panic_is_answered_with_the_page_and_not_with_its_words() {
        let page = || (StatusCode::INTERNAL_SERVER_ERROR, "our fault").into_response();
        let router = Router::new().route("/", get(broken)).layer(caught(page));
        let answer = router.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 500);
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "our fault");
    }
}
