//! Whether a post was made by another website.
//!
//! The check is tower-http's (`Sec-Fetch-Site`, then `Origin` against `Host`). It is called on the headers and not used
//! as a layer, since a refusal must show the posted answers.

use crate::enquiry::signals::FetchSite;
use axum::http::{HeaderValue, Request, Response, request::Parts};
use std::convert::Infallible;
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_http::csrf::{CsrfLayer, ProtectionError};

/// The check of one public origin, from which `Host` may differ behind a proxy.
pub struct CrossSiteCheck(CsrfLayer);

impl CrossSiteCheck {
    /// `origin` is the public origin.
    pub fn new(origin: &str) -> Self {
        Self(CsrfLayer::new().add_trusted_origin(origin).expect("the settings hold a valid origin"))
    }

    /// From where a post comes; `None` if another site made it.
    ///
    /// `Origin: null` is accepted only with `Sec-Fetch-Site: same-origin`. A request with neither header is accepted,
    /// with a higher spam score.
    pub async fn accept(&self, parts: &Parts) -> Option<FetchSite> {
        let passed = service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Response::new(())) });
        let Ok(answer) = self.0.layer(passed).oneshot(Request::from_parts(parts.clone(), ())).await;
        if answer.extensions().get::<ProtectionError>().is_some() {
            return None;
        }
        Some(match parts.headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
            None | Some(b"none") => FetchSite::Unknown,
            Some(b"same-origin") => FetchSite::SameOrigin,
            Some(_) => FetchSite::CrossSite,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_request_from_another_site_is_cross_site() {
        let check = CrossSiteCheck::new("https://www.clinic.example");
        let table: [(&[_], _); 10] = [
            (&[("sec-fetch-site", "same-origin"), ("origin", "https://clinic.example")], Some(FetchSite::SameOrigin)),
            (&[("sec-fetch-site", "same-origin"), ("origin", "null")], Some(FetchSite::SameOrigin)),
            (&[("sec-fetch-site", "none")], Some(FetchSite::Unknown)),
            (&[("sec-fetch-site", "same-site"), ("origin", "https://www.clinic.example")], Some(FetchSite::CrossSite)),
            (&[("origin", "https://clinic.example")], Some(FetchSite::Unknown)),
            (&[], Some(FetchSite::Unknown)),
            (&[("sec-fetch-site", "cross-site")], None),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")], None),
            (&[("origin", "https://evil.example")], None),
            (&[("origin", "null")], None),
        ];
        for (headers, expected) in table {
            let mut request = Request::post("/contact").header("host", "clinic.example");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(check.accept(&parts).await, expected, "{headers:?}");
        }
    }
}
