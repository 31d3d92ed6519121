//! Takes the body of a post: whole, or a reason why not.
//!
//! A body that is too large is read to its end (within reason), since a browser shows an answer only after it has sent
//! everything.

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use http_body_util::BodyExt as _;
use std::time::Duration;

/// Most bytes of a form: 1,500 characters of any script, percent-encoded, and the rest with room to spare.
pub const MOST: usize = 32 * 1024;
/// Most bytes that are read and thrown away, so that the answer arrives.
const DRAINED: usize = 4 * 1024 * 1024;
/// How long a body may take; a phone on a bad line sends 32 KB in seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came of it.
#[derive(Debug)]
pub enum Taken {
    /// All of it.
    Whole(Vec<u8>),
    /// More than [`MOST`].
    TooLarge,
    /// Cut off, or too slow.
    Incomplete,
    /// Not a form.
    UnknownType,
}

/// Reads `body` if its type is `application/x-www-form-urlencoded`, and drains it otherwise.
pub async fn take(headers: &HeaderMap, body: Body) -> Taken {
    match tokio::time::timeout(PATIENCE, read(body)).await {
        Err(_elapsed) => Taken::Incomplete,
        Ok(Taken::Whole(_)) if !is_form(headers) => Taken::UnknownType,
        Ok(taken) => taken,
    }
}

async fn read(mut body: Body) -> Taken {
    let (mut kept, mut seen) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Taken::Incomplete };
        let Some(data) = frame.data_ref() else { continue };
        seen += data.len();
        if seen <= MOST {
            kept.extend_from_slice(data);
        } else if seen > DRAINED {
            break;
        }
    }
    if seen > MOST { Taken::TooLarge } else { Taken::Whole(kept) }
}

fn is_form(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
