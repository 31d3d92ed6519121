//! Whether a post was made by another website.
//!
//! The check is tower-http's (`Sec-Fetch-Site`, then `Origin` against `Host`). It is called on the headers and not used
//! as a layer, since a refusal must show the posted answers.

use axum::http::{Request, Response, request::Parts};
use std::convert::Infallible;
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_http::csrf::{CsrfLayer, ProtectionError};

/// Whether another site made the request. `origin` is the public origin, from which `Host` may differ behind a proxy.
///
/// `Origin: null` is accepted only with `Sec-Fetch-Site: same-origin`. A request with neither header is accepted, with
/// a higher spam score.
pub async fn is_cross_site(parts: &Parts, origin: &str) -> bool {
    let layer = CsrfLayer::new().add_trusted_origin(origin).expect("the settings hold a valid origin");
    let passed = service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Response::new(())) });
    let Ok(answer) = layer.layer(passed).oneshot(Request::from_parts(parts.clone(), ())).await;
    answer.extensions().get::<ProtectionError>().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_request_from_another_site_is_cross_site() {
        let table: [(&[(&str, &str)], bool); 9] = [
            (&[("sec-fetch-site", "same-origin"), ("origin", "https://clinic.example")], false),
            (&[("sec-fetch-site", "same-origin"), ("origin", "null")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("origin", "https://clinic.example")], false),
            (&[], false),
            (&[("sec-fetch-site", "cross-site")], true),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")], true),
            (&[("origin", "https://evil.example")], true),
            (&[("origin", "null")], true),
        ];
        for (headers, expected) in table {
            let mut request = Request::post("/contact").header("host", "clinic.example");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(is_cross_site(&parts, "https://www.clinic.example").await, expected, "{headers:?}");
        }
    }
}
