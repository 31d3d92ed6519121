//! Cards of shared links, drawn before anybody asks: one thread of lowest priority, behind the readers' backs.
//!
//! Invariant: the site listens before a single card is drawn.
//!
//! Never: what is on a card (`pages`), or where it is kept (`catalog`).

use crate::{
    catalog::{Pictures, step_back},
    pages::Edition,
};
use arc_swap::ArcSwap;
use std::{io, sync::Arc, thread, time::Instant};
use tokio::{runtime::Handle, sync::watch};

/// Starts drawing what is not kept yet, now and after every renewal; ends with the last sender of `renewals`.
///
/// # Errors
/// The system gives no thread. Cards are drawn when asked for then.
pub(super) fn draw_ahead(
    edition: Arc<ArcSwap<Edition>>,
    pictures: Arc<Pictures>,
    mut renewals: watch::Receiver<u64>,
) -> io::Result<()> {
    let runtime = Handle::current();
    let work = move || {
        step_back();
        loop {
            renewals.mark_unchanged();
            draw_all(&edition.load_full(), &pictures, &renewals);
            if runtime.block_on(renewals.changed()).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("cards".into()).spawn(work).map(|_| ())
}

/// Draws every card once; leaves early if the words have changed.
fn draw_all(edition: &Edition, pictures: &Pictures, renewals: &watch::Receiver<u64>) {
    let (begun, mut count) = (Instant::now(), 0_usize);
    let cards = edition.cards();
    for card in &cards {
        if renewals.has_changed().unwrap_or(true) {
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
