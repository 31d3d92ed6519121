//! Cards of shared links, drawn before anybody asks: one thread of lowest priority, behind the readers' backs.
//!
//! Invariant: the site listens before a single card is drawn.
//!
//! Never: what is on a card (`pages`), or where it is kept (`catalog`).

use crate::{catalog::Pictures, pages::Edition};
use arc_swap::ArcSwap;
use std::time::Instant;
use tokio::{runtime::Handle, sync::watch};
use tokio_util::sync::CancellationToken;

/// Draws what is not kept yet, now and after every renewal, until the stop.
pub(super) fn draw_ahead(
    edition: &ArcSwap<Edition>,
    pictures: &Pictures,
    mut renewals: watch::Receiver<u64>,
    runtime: &Handle,
    stop: &CancellationToken,
) {
    while !stop.is_cancelled() {
        renewals.mark_unchanged();
        draw_all(&edition.load_full(), pictures, &|| stop.is_cancelled() || renewals.has_changed().unwrap_or(true));
        runtime.block_on(stop.run_until_cancelled(renewals.changed()));
    }
}

/// Draws every card once; leaves early if `is_outdated`.
fn draw_all(edition: &Edition, pictures: &Pictures, is_outdated: &dyn Fn() -> bool) {
    let (begun, mut count) = (Instant::now(), 0_usize);
    let cards = edition.cards();
    for card in &cards {
        if is_outdated() {
            return;
        }
        pictures.get(&card.address, || {
            count += 1;
            card.draw()
        });
    }
    pictures.trim(cards.iter().map(|card| card.address.as_str()));
    if count > 0 {
        tracing::info!(count, seconds = begun.elapsed().as_secs_f32(), "cards of shared links are drawn");
    }
}
