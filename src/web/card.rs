//! Cards of shared links: from the disk cache, or drawn on request.
//!
//! Invariant: every address of a card that a page has, or had with an earlier title, is answered. One card is drawn at
//! a time, so that many crawlers take no more than one processor.
//!
//! Never: text that a visitor chose; only titles of pages are drawn.

use super::{App, not_found};
use crate::catalog::{Caching, Media, Resource, respond_with};
use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use std::sync::Arc;

/// `GET /assets/cards/…`.
pub(super) async fn show(State(app): State<Arc<App>>, request: Request) -> Response {
    let edition = app.parts.edition.load_full();
    let Some(card) = edition.card(request.uri().path()) else { return not_found(&edition) };
    // An earlier title's address shows the current card, which must be revalidated.
    let caching = if card.address == request.uri().path() { Caching::Immutable } else { Caching::Revalidate };
    let cards = Arc::clone(&app.parts.cards);
    let png = app.drawing.run(move || cards.get(&card.address, || card.draw())).await;
    respond_with(Resource::new(Media::Png, png).caching(caching), &request).map(Body::from)
}
