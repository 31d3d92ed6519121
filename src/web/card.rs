//! Cards of shared links: from disk, or drawn for the first who asks.
//!
//! Invariant: whoever asks for a card that a page names, or ever named, gets one, from the first second on. One is drawn
//! at a time, so that a crowd of crawlers takes no more than one processor.
//!
//! Never: a drawing of what a visitor chose; only titles of the words are drawn.

use super::{App, not_found};
use crate::catalog::{Caching, Media, Resource, answer_apart};
use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use std::sync::Arc;

/// `GET /assets/cards/…`.
pub(super) async fn show(State(app): State<Arc<App>>, request: Request) -> Response {
    let edition = app.edition();
    let Some(card) = edition.card(request.uri().path()) else { return not_found(&edition) };
    // A card of yesterday's title leads to today's, which is asked about again.
    let caching = if card.address == request.uri().path() { Caching::Forever } else { Caching::Ask };
    let pictures = Arc::clone(&app.parts.pictures);
    let png = app.drawing.run(move || pictures.get(&card.address, || card.draw())).await;
    answer_apart(Resource::new(Media::Png, png).caching(caching), &request).map(Body::from)
}
