//! Documents for machines: sitemap, robots.txt, security.txt.

use super::{House, Made};
use crate::content::Article;
use askama::Template;
use jiff::civil::Date;

/// An address of the sitemap.
struct Place {
    path: String,
    /// The true day of the last change, if it is known (C-15).
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

fn changed(article: &Article) -> Date {
    article.updated.unwrap_or(article.published)
}

pub(super) fn sitemap(house: &House<'_>) -> Result<Made, askama::Error> {
    let site = house.site;
    let newest = site.articles.iter().map(changed).max();
    let fixed = [("/", newest), ("/articles", newest), ("/contact", None)];
    let mut places: Vec<Place> =
        fixed.into_iter().map(|(path, changed)| Place { path: path.to_owned(), changed }).collect();
    places.extend(
        site.articles.iter().map(|a| Place { path: format!("/articles/{}", a.slug), changed: Some(changed(a)) }),
    );
    places.extend(site.topics.iter().map(|topic| Place {
        path: format!("/topics/{}", topic.slug),
        changed: site.articles.iter().filter(|a| a.topics.contains(&topic.slug)).map(changed).max(),
    }));
    places.extend(site.people.iter().map(|p| Place { path: format!("/people/{}", p.slug), changed: None }));
    places.extend(
        site.pages.iter().filter(|p| !p.noindex).map(|p| Place { path: format!("/{}", p.slug), changed: p.updated }),
    );
    let body = Sitemap { origin: house.origin, places }.render()?;
    Ok(text("/sitemap.xml", "application/xml; charset=utf-8", body))
}

pub(super) fn robots(house: &House<'_>) -> Result<Made, askama::Error> {
    let body = Robots { origin: house.origin, staging: house.staging }.render()?;
    Ok(text("/robots.txt", "text/plain; charset=utf-8", body))
}

pub(super) fn security(house: &House<'_>) -> Result<Made, askama::Error> {
    // RFC 9116 recommends less than a year ahead; the newest check of the facts is what the promise rests on.
    let expires = jiff::civil::date(2027, 1, 1);
    let body = Security { origin: house.origin, email: &house.clinic().email, expires }.render()?;
    Ok(text("/.well-known/security.txt", "text/plain; charset=utf-8", body))
}

fn text(path: &str, content_type: &'static str, body: String) -> Made {
    Made { path: path.to_owned(), content_type, body, index: false }
}
