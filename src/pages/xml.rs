//! Documents for machines: sitemap, robots.txt, security.txt.

use super::{Edition, PageMeta, RenderedPage, page_meta};
use crate::catalog::Media;
use askama::Template;
use jiff::{Span, civil::Date};

/// `/sitemap.xml` (sitemaps.org 0.9): canonical addresses that answer 200, nothing else.
#[derive(Template)]
#[template(path = "xml/sitemap.xml", escape = "xml")]
struct Sitemap<'a> {
    context: &'a Edition,
    metas: Vec<PageMeta<'a>>,
}

/// `/robots.txt` (RFC 9309).
#[derive(Template)]
#[template(path = "xml/robots.txt", escape = "none")]
struct Robots<'a> {
    context: &'a Edition,
}

/// `/.well-known/security.txt` (RFC 9116).
#[derive(Template)]
#[template(path = "xml/security.txt", escape = "none")]
struct Security<'a> {
    context: &'a Edition,
    expires: Date,
}

/// Every document of this module.
pub(super) fn documents(context: &Edition) -> [RenderedPage; 3] {
    let metas = page_meta::all(context).filter(|meta| meta.index).collect();
    // RFC 9116 recommends less than a year ahead; counted from the day on which the crisis lines were checked.
    let expires = context.site.crisis.last_checked.saturating_add(Span::new().months(11));
    [
        RenderedPage::new("/sitemap.xml", Media::Xml, &Sitemap { context, metas }),
        RenderedPage::new("/robots.txt", Media::Text, &Robots { context }),
        RenderedPage::new("/.well-known/security.txt", Media::Text, &Security { context, expires }),
    ]
}
