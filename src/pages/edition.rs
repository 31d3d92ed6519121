//! An edition: one checked set of words and assets, and the catalog that is made from it.
//!
//! Invariant: an edition never changes; when the words change, a new one takes its place whole.

use super::{DeploymentFacts, Failure, PageContext, RenderedPage, feed, site_pages, xml};
use crate::{
    assets::{Assets, STYLESHEET},
    catalog::{Builder, Caching, Catalog, Counters, Media, Resource},
    content::{Prose, Site},
    enquiry::signals::Signals,
    search::Index,
};
use http::{HeaderName, HeaderValue, StatusCode, header::LINK};
use jiff::civil::Date;
use std::{collections::HashMap, sync::OnceLock};

/// Keeps a document out of search engines.
const NOINDEX: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));

/// Below this stand the articles, each by its slug.
const ARTICLES: &str = "/articles/";
/// Addresses that are answered per request; slips of the finger are led there too.
const ROUTED: [&str; 2] = ["/contact", "/search"];
/// Where other systems kept articles; the slugs were kept.
const OLD_FOLDERS: [&str; 3] = ["/post", "/blog", "/blog-posts"];
/// Names the file that says what a browser may fetch when somebody is about to follow a link: articles of this site, never
/// the form, the exit or anything elsewhere. By header, because the policy allows no script of a page's own. A fetched
/// article is in no history, and nobody but this site hears of it.
const SPECULATION: HeaderName = HeaderName::from_static("speculation-rules");

/// For whom the site is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Readers.
    Public,
    /// Nobody yet: a rehearsal.
    Staging,
    /// A developer, on their own machine.
    Development,
}

/// Words and assets of one moment.
#[derive(Debug)]
pub struct Edition {
    /// The words.
    pub site: Site,
    assets: Assets,
    /// Where each article stands in [`Site::articles`], by slug.
    article_index: HashMap<String, usize>,
    /// The spam rules.
    pub signals: Signals,
    /// RenderedPage when it is first needed, so that articles are served before they can be searched for.
    index: OnceLock<Index>,
    origin: String,
    today: Date,
    mode: Mode,
    deployment: DeploymentFacts,
}

impl Edition {
    /// Joins words and assets; `origin` is the public origin without a trailing slash, `today` the clinic's date,
    /// `deployment` the settings that the privacy page shows.
    pub fn new(site: Site, assets: Assets, origin: &str, today: Date, mode: Mode, deployment: DeploymentFacts) -> Self {
        let signals = Signals::new(&site.signals);
        let article_index =
            site.articles.iter().enumerate().map(|(place, article)| (article.slug.clone(), place)).collect();
        Self {
            site,
            assets,
            article_index,
            signals,
            index: OnceLock::new(),
            origin: origin.to_owned(),
            today,
            mode,
            deployment,
        }
    }

    /// What pages are made from.
    pub fn context(&self) -> PageContext<'_> {
        PageContext {
            site: &self.site,
            assets: &self.assets,
            article_index: &self.article_index,
            origin: &self.origin,
            today: self.today,
            deployment: &self.deployment,
            staging: self.mode == Mode::Staging,
            development: self.mode == Mode::Development,
        }
    }

    /// Whether a photograph still has a placeholder, so that another build is due.
    pub fn has_placeholders(&self) -> bool {
        self.assets.has_placeholders()
    }

    /// The index of all words, made now if it is not there: a tenth of a second for a thousand articles.
    pub fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::new(&self.site))
    }

    /// Title of a public article, if `slug` is one.
    pub fn article_title(&self, slug: &str) -> Option<String> {
        self.context().article(slug).map(|article| article.title.clone())
    }

    /// Makes every page and puts it into a catalog, with the assets, the redirects and the failures. `views` counts how
    /// often each article is opened, by slug.
    pub fn catalog(&self, builder: Builder, views: &Counters) -> Catalog {
        let context = self.context();
        let mut builder = self.assets.add_to(builder);
        for made in site_pages::pages(&context).chain(feed::feeds(context)).chain(xml::documents(context)) {
            builder = builder.page(made.path.clone(), self.resource(made, views));
        }
        failures(&context, self.redirects(builder)).build()
    }

    /// Gives back the memory of the articles' HTML; afterwards their pages are in the catalog only.
    pub fn drop_article_html(&mut self) {
        for article in &mut self.site.articles {
            article.body = Prose::default();
            article.sources = Vec::new();
            article.lead = None;
        }
    }

    fn redirects(&self, mut builder: Builder) -> Builder {
        for first in self.first_pages() {
            builder = builder.redirect(format!("{first}/page/1"), first);
        }
        for (from, to) in &self.site.redirects {
            builder = builder.redirect(from.as_str(), to.as_str());
            // Whoever reads a topic by its feed follows it, too.
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

    /// Lists that go on over several pages may do so from a first page that has no number.
    fn first_pages(&self) -> impl Iterator<Item = String> {
        let topics = self.site.topics.iter().map(|topic| format!("/topics/{}", topic.slug));
        topics.chain(["/articles".to_owned()])
    }

    fn resource(&self, made: RenderedPage, views: &Counters) -> Resource {
        let mut resource = Resource::new(made.media, made.body.into_bytes().into_boxed_slice());
        if let Some(slug) = made.path.strip_prefix(ARTICLES) {
            resource = resource.counted(views.counter(slug));
        }
        if made.media == Media::Html {
            resource = resource.header(LINK, self.preload());
        }
        // The rules are one more request. From an article few go on to another at once.
        if made.media == Media::Html && !made.path.starts_with(ARTICLES) {
            let rules = format!("\"{}\"", self.context().asset("articles.speculationrules"));
            let rules = HeaderValue::from_str(&rules).expect("an asset's address is plain ASCII");
            resource = resource.header(SPECULATION, rules);
        }
        let hidden = (self.mode == Mode::Staging) || (made.media == Media::Html && !made.index);
        if hidden { resource.header(NOINDEX.0, NOINDEX.1) } else { resource }
    }

    /// `Link` to the stylesheet (RFC 8288): a CDN that knows it sends it ahead of the page as 103 Early Hints.
    pub fn preload(&self) -> HeaderValue {
        let sheet = self.context().asset(STYLESHEET);
        HeaderValue::try_from(format!("<{sheet}>; rel=preload; as=style")).expect("asset addresses are ASCII")
    }
}

/// The pages of failures that are the same for everybody.
fn failures(context: &PageContext<'_>, builder: Builder) -> Builder {
    let mut builder = builder;
    for failure in [Failure::NotFound, Failure::Gone, Failure::MethodNotAllowed] {
        let status = StatusCode::from_u16(failure.status()).expect("every failure has a status of RFC 9110");
        let html = super::failure(*context, failure);
        let resource = Resource::new(Media::Html, html).caching(Caching::Brief).header(NOINDEX.0, NOINDEX.1);
        builder = builder.failure(status, resource);
    }
    builder
}
