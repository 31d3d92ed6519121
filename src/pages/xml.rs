//! Documents for machines: sitemap, robots.txt, security.txt.

use super::{House, Made, heads, rendered};
use crate::catalog::Media;
use askama::Template;
use jiff::{Span, civil::Date};

/// An address of the sitemap.
struct Place {
    path: String,
    /// The true day of the last change, if it is known.
    changed: Option<Date>,
}

/// `/sitemap.xml` (sitemaps.org 0.9): canonical addresses that answer 200, nothing else.
#[derive(Template)]
#[template(path = "xml/sitemap.xml", escape = "xml")]
struct Sitemap<'a> {
    origin: &'a str,
    places: Vec<Place>,
}

/// `/robots.txt` (RFC 9309).
#[derive(Template)]
#[template(path = "xml/robots.txt", escape = "none")]
struct Robots<'a> {
    origin: &'a str,
    staging: bool,
}

/// `/.well-known/security.txt` (RFC 9116).
#[derive(Template)]
#[template(path = "xml/security.txt", escape = "none")]
struct Security<'a> {
    origin: &'a str,
    email: &'a str,
    expires: Date,
}

/// Every document of this file.
pub(super) fn documents(house: &House<'_>) -> [Made; 3] {
    [sitemap(house), robots(house), security(house)]
}

fn sitemap(house: &House<'_>) -> Made {
    let found = heads::all(house).into_iter().filter(|head| head.index);
    let places = found.map(|head| Place { changed: head.changed(house), path: head.path }).collect();
    let body = rendered(&Sitemap { origin: house.origin, places });
    text("/sitemap.xml", Media::Xml, body)
}

fn robots(house: &House<'_>) -> Made {
    let body = rendered(&Robots { origin: house.origin, staging: house.staging });
    text("/robots.txt", Media::Text, body)
}

fn security(house: &House<'_>) -> Made {
    // RFC 9116 recommends less than a year ahead; the newest check of the facts is what the promise rests on.
    let expires = house.crisis().last_checked.saturating_add(Span::new().months(11));
    let body = rendered(&Security { origin: house.origin, email: &house.clinic().email, expires });
    text("/.well-known/security.txt", Media::Text, body)
}

fn text(path: &str, media: Media, body: String) -> Made {
    Made { path: path.to_owned(), media, body, index: false }
}
