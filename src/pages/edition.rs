//! An edition: one immutable build of the site: content, assets and the pages made from them.
//!
//! Invariant: a change of the content makes a new edition; an edition that is served never changes.

use super::{DeploymentFacts, Failure, RenderedPage, feed, site_pages, xml};
use crate::{
    assets::{Assets, STYLESHEET},
    catalog::{Builder, Caching, Catalog, Counters, Media, Resource},
    content::{Prose, Site},
    enquiry::signals::Signals,
    search::Index,
};
use http::{HeaderName, HeaderValue, header::LINK};
use jiff::civil::Date;
use std::{collections::HashMap, sync::OnceLock};

/// Keeps a document out of search engines.
const NOINDEX: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));

/// The path of an article is this and its slug.
const ARTICLES: &str = "/articles/";
/// Paths that the router answers; near misses are redirected to them.
const ROUTED: [&str; 2] = ["/contact", "/search"];
/// Folders of articles in earlier systems, with the same slugs.
const OLD_FOLDERS: [&str; 3] = ["/post", "/blog", "/blog-posts"];
/// Names the file of speculation rules: which links a browser may fetch before a visitor follows them. These are
/// articles of this site, never the form, the exit or another site. It is a header because the policy allows no inline
/// script. A fetched article is not in the browser's history, and only this site receives the request.
const SPECULATION: HeaderName = HeaderName::from_static("speculation-rules");

/// Who the site is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Visitors.
    Public,
    /// Staff who test it; not indexed, no email.
    Staging,
    /// A developer, on their own machine.
    Development,
}

/// Content and assets of one build.
#[derive(Debug)]
pub struct Edition {
    /// The content.
    pub site: Site,
    /// The static files and pictures.
    pub assets: Assets,
    /// Index of each article in [`Site::articles`], by slug.
    pub(super) article_index: HashMap<String, usize>,
    /// The spam rules.
    pub signals: Signals,
    /// `Link` to the stylesheet (RFC 8288): some CDNs send it ahead of the page as 103 Early Hints.
    pub preload: HeaderValue,
    /// The value of [`SPECULATION`].
    speculation: HeaderValue,
    /// Built when first needed, so that pages are served before they can be searched.
    index: OnceLock<Index>,
    /// Public origin without a trailing slash.
    pub origin: String,
    /// Date in the clinic's time zone.
    pub(super) today: Date,
    pub(super) mode: Mode,
    /// The settings that the privacy page shows.
    pub(super) deployment: DeploymentFacts,
}

impl Edition {
    /// Joins content and assets; `origin` is the public origin without a trailing slash, `today` the clinic's date,
    /// `deployment` the settings that the privacy page shows.
    pub fn new(site: Site, assets: Assets, origin: &str, today: Date, mode: Mode, deployment: DeploymentFacts) -> Self {
        let asset = |key| assets.url(key).unwrap_or_default();
        let header = |value: String| HeaderValue::try_from(value).expect("asset addresses are ASCII");
        let preload = header(format!("<{}>; rel=preload; as=style", asset(STYLESHEET)));
        let speculation = header(format!("\"{}\"", asset("articles.speculationrules")));
        let signals = Signals::new(&site.signals);
        let article_index =
            site.articles.iter().enumerate().map(|(place, article)| (article.slug.clone(), place)).collect();
        Self {
            site,
            assets,
            article_index,
            signals,
            preload,
            speculation,
            index: OnceLock::new(),
            origin: origin.to_owned(),
            today,
            mode,
            deployment,
        }
    }

    /// The search index; building it the first time takes a tenth of a second for a thousand articles.
    pub fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::new(&self.site))
    }

    /// Title of a public article, if `slug` is one.
    pub fn article_title(&self, slug: &str) -> Option<String> {
        self.article_index.get(slug).map(|index| self.site.articles[*index].title.clone())
    }

    /// Renders every page into a catalog, with the assets, the redirects and the failure pages. `views` counts the
    /// views of each article, by slug.
    pub fn catalog(&self, builder: Builder, views: &Counters) -> Catalog {
        let mut builder = self.assets.add_to(builder);
        for made in site_pages::pages(self).chain(feed::feeds(self)).chain(xml::documents(self)) {
            builder = builder.resource(made.path.clone(), self.resource(made, views));
        }
        self.failures(self.redirects(builder)).build()
    }

    /// Frees the articles' HTML, once their pages are in the catalog.
    pub fn drop_article_html(&mut self) {
        for article in &mut self.site.articles {
            article.body = Prose::default();
            article.sources = Vec::new();
            article.lead = None;
        }
    }

    fn redirects(&self, mut builder: Builder) -> Builder {
        // A list's first page has no number.
        let topics = self.site.topics.iter().map(|topic| format!("/topics/{}", topic.slug));
        for first in topics.chain(["/articles".to_owned()]) {
            builder = builder.redirect(format!("{first}/page/1"), first);
        }
        for (from, to) in &self.site.redirects {
            builder = builder.redirect(from.as_str(), to.as_str());
            // A topic's feed moves with it.
            if to.starts_with("/topics/") {
                builder = builder.redirect(format!("{from}/feed.xml"), format!("{to}/feed.xml"));
            }
        }
        for path in &self.site.gone {
            builder = builder.gone(path.as_str());
        }
        builder = ROUTED.into_iter().fold(builder, Builder::routed);
        OLD_FOLDERS.into_iter().fold(builder, |builder, old| builder.moved_folder(old, "/articles"))
    }

    fn resource(&self, made: RenderedPage, views: &Counters) -> Resource {
        let mut resource = Resource::new(made.media, made.body.into_bytes().into_boxed_slice());
        if let Some(slug) = made.path.strip_prefix(ARTICLES) {
            resource = resource.counted(views.counter(slug));
        }
        if made.media == Media::Html {
            resource = resource.header(LINK, self.preload.clone());
        }
        // The rules cost a request, and few visitors go from one article straight to another.
        if made.media == Media::Html && !made.path.starts_with(ARTICLES) {
            resource = resource.header(SPECULATION, self.speculation.clone());
        }
        let hidden = (self.mode == Mode::Staging) || (made.media == Media::Html && !made.index);
        if hidden { resource.header(NOINDEX.0, NOINDEX.1) } else { resource }
    }

    /// The failure pages that are the same for every visitor.
    fn failures(&self, builder: Builder) -> Builder {
        [Failure::NotFound, Failure::Gone, Failure::MethodNotAllowed].into_iter().fold(builder, |builder, failure| {
            let html = super::failure(self, failure);
            let resource = Resource::new(Media::Html, html).caching(Caching::Brief).header(NOINDEX.0, NOINDEX.1);
            builder.failure(failure.status(), resource)
        })
    }
}
