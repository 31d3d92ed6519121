//! Reads the body of a post.
//!
//! A body that is too large is read to its end (up to [`MAX_DRAINED_BYTES`]), since a browser shows a response only after it has
//! sent everything.

use crate::pages::Failure;
use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use http_body_util::BodyExt as _;
use std::time::Duration;

/// The largest form: 1,500 characters of any script, percent-encoded, and the rest with room to spare.
const MAX_FORM_BYTES: usize = 32 * 1024;
/// How much is read in total, so that the browser shows the response.
const MAX_DRAINED_BYTES: usize = 4 * 1024 * 1024;
/// How long a body may take; a phone on a bad line sends 32 KB in seconds.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The body, if it is complete, small enough and of the type `application/x-www-form-urlencoded`.
///
/// # Errors
/// [`Failure::TooLarge`], [`Failure::Incomplete`] (cut off, or too slow) or [`Failure::UnknownType`].
pub async fn read(headers: &HeaderMap, mut body: Body) -> Result<Vec<u8>, Failure> {
    let (mut kept, mut seen) = (Vec::new(), 0);
    let read = async {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Failure::Incomplete)?;
            let Some(data) = frame.data_ref() else { continue };
            seen += data.len();
            if seen <= MAX_FORM_BYTES {
                kept.extend_from_slice(data);
            } else if seen > MAX_DRAINED_BYTES {
                break;
            }
        }
        if seen > MAX_FORM_BYTES { Err(Failure::TooLarge) } else { Ok(kept) }
    };
    let kept = tokio::time::timeout(TIME_LIMIT, read).await.unwrap_or(Err(Failure::Incomplete))?;
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let is_form = essence.eq_ignore_ascii_case("application/x-www-form-urlencoded");
    if is_form { Ok(kept) } else { Err(Failure::UnknownType) }
}
