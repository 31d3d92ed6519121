//! Documents for machines: sitemap, robots.txt, security.txt.

use super::{Head, House, Made, page_meta};
use crate::catalog::Media;
use askama::Template;
use jiff::{Span, civil::Date};

/// `/sitemap.xml` (sitemaps.org 0.9): canonical addresses that answer 200, nothing else.
#[derive(Template)]
#[template(path = "xml/sitemap.xml", escape = "xml")]
struct Sitemap<'a> {
    house: House<'a>,
    heads: Vec<Head<'a>>,
}

/// `/robots.txt` (RFC 9309).
#[derive(Template)]
#[template(path = "xml/robots.txt", escape = "none")]
struct Robots<'a> {
    house: House<'a>,
}

/// `/.well-known/security.txt` (RFC 9116).
#[derive(Template)]
#[template(path = "xml/security.txt", escape = "none")]
struct Security<'a> {
    house: House<'a>,
    expires: Date,
}

/// Every document of this file.
pub(super) fn documents(house: House<'_>) -> [Made; 3] {
    let heads = page_meta::all(&house).filter(|head| head.index).collect();
    // RFC 9116 recommends less than a year ahead; the newest check of the facts is what the promise rests on.
    let expires = house.crisis().last_checked.saturating_add(Span::new().months(11));
    [
        Made::new("/sitemap.xml", Media::Xml, &Sitemap { house, heads }),
        Made::new("/robots.txt", Media::Text, &Robots { house }),
        Made::new("/.well-known/security.txt", Media::Text, &Security { house, expires }),
    ]
}
