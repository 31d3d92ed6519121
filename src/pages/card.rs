//! Cards: the picture (1200 × 630) that other sites show beside a shared link, from the page's title and the clinic's look.
//!
//! Invariant: a card's address is named by everything that is drawn on it, so the same words are drawn once; no title is
//! cut and none runs over an edge, however long it or a word of it is.
//!
//! Never: files; what was drawn is kept elsewhere.

mod draw;
mod wrap;

use super::{Edition, Head, House, Kind, heads, rendered};
use crate::catalog::{hashed, plain};
use askama::Template;
use wrap::Line;

/// Width and height in pixels: 1.91 to 1, the shape that sites do not crop.
pub const SIZE: (u32, u32) = (1200, 630);
/// Raised whenever cards look different from the same words, so that they get new addresses.
const LOOK: u8 = 1;
/// Where a title may stand: width and height in pixels.
const ROOM: (f32, f32) = (724.0, 376.0);
/// Upper edge of that room, and the base line of the last line at most.
const TOP: f32 = 118.0;

/// A card that can be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Absolute path.
    pub address: String,
    title: String,
    clinic: String,
    /// Name and title of the licensee, if known.
    who: Option<String>,
}

/// The drawing of a card.
#[derive(Template)]
#[template(path = "xml/card.svg", escape = "xml")]
struct Drawing<'a> {
    lines: &'a [Line],
    size: f32,
    clinic: &'a str,
    who: Option<&'a str>,
}

impl House<'_> {
    /// The card of a page.
    pub(super) fn card(&self, head: &Head<'_>) -> Card {
        let title = if let Kind::Home(home) = head.kind { &home.heading } else { &*head.title };
        let who = self.clinic().licensee.as_ref().map(|licensee| match &licensee.title {
            Some(title) => format!("{} {title}", licensee.name),
            None => licensee.name.clone(),
        });
        Card::new(&head.path, title, &self.clinic().name, who.as_deref())
    }
}

impl Edition {
    /// Every card that a page names.
    pub fn cards(&self) -> Vec<Card> {
        let house = self.house();
        heads::all(&house).iter().filter(|head| head.index).map(|head| house.card(head)).collect()
    }

    /// Today's card of the page whose card was ever at this address.
    pub fn card(&self, address: &str) -> Option<Card> {
        let (house, name) = (self.house(), plain(address)?);
        let head = heads::all(&house).into_iter().find(|head| head.index && self::name(&head.path) == name)?;
        Some(house.card(&head))
    }
}

impl Card {
    fn new(path: &str, title: &str, clinic: &str, who: Option<&str>) -> Self {
        let (title, clinic) = (printable(title), printable(clinic));
        let who = who.map(printable);
        let all = format!("{LOOK}\n{title}\n{clinic}\n{}", who.as_deref().unwrap_or_default());
        Self { address: hashed(&name(path), all.as_bytes()), title, clinic, who }
    }

    /// Draws it: a PNG. Tens of milliseconds.
    pub fn draw(&self) -> Vec<u8> {
        draw::png(&self.drawing())
    }

    /// As SVG.
    fn drawing(&self) -> String {
        let set = wrap::set(&self.title, ROOM, draw::widths);
        let page = Drawing { lines: &set.lines, size: set.size, clinic: &self.clinic, who: self.who.as_deref() };
        rendered(&page)
    }
}

/// Name of the file of a page's card; no slug has an underscore.
fn name(path: &str) -> String {
    let page = if path == "/" { "/_home" } else { path };
    format!("cards{page}.png")
}

/// Without signs that XML or a line of type cannot hold.
fn printable(text: &str) -> String {
    let text: String = text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect();
    text.chars().filter(|sign| !matches!(sign, '\u{fffe}' | '\u{ffff}')).collect()
}

#[cfg(test)]
mod tests;
