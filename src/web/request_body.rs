//! Reads the body of a post.
//!
//! A body that is too large is read to its end (up to [`MAX_DRAINED_BYTES`]), since a browser shows a response only
//! after it has sent everything.

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
/// How long a body may take; a phone on a bad line sends 32 KB in seconds. Shorter than the listener's limit for body
/// and handler, which closes the connection without a response.
pub const TIME_LIMIT: Duration = Duration::from_secs(20);

/// The body, if it is complete, small enough and of the type `application/x-www-form-urlencoded`.
///
/// # Errors
/// [`Failure::TooLarge`], [`Failure::Incomplete`] (cut off, or longer than `time_limit`) or [`Failure::UnknownType`].
pub async fn read(headers: &HeaderMap, mut body: Body, time_limit: Duration) -> Result<Vec<u8>, Failure> {
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
    let kept = tokio::time::timeout(time_limit, read).await.unwrap_or(Err(Failure::Incomplete))?;
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let is_form = essence.eq_ignore_ascii_case("application/x-www-form-urlencoded");
    if is_form { Ok(kept) } else { Err(Failure::UnknownType) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::Limits;
    use bytes::Bytes;
    use hyper::body::Frame;
    use std::{
        convert::Infallible,
        pin::Pin,
        task::{Context, Poll},
    };

    struct EndlessBody;

    impl hyper::body::Body for EndlessBody {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_slow_body_is_answered_before_the_listener_closes_the_connection() {
        let body = Body::new(EndlessBody);
        assert_eq!(read(&HeaderMap::new(), body, Duration::from_millis(1)).await, Err(Failure::Incomplete));
        assert!(TIME_LIMIT + Duration::from_secs(5) < Limits::default().body_and_handler);
    }
}
