//! What is put into the catalog: bytes, their kind and how long they may be kept.

use super::{counters::Counter, media::Media};
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use std::sync::Arc;

/// How long a copy may be kept (RFC 9111).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Caching {
    /// Pages and feeds: a browser revalidates each time, a CDN may keep them for a minute.
    Page,
    /// Named by its content: a year.
    Immutable,
    /// Own name, seldom changed, such as `favicon.ico`: an hour.
    Short,
    /// Kept, but revalidated each time, by every cache.
    Revalidate,
    /// Responses that are wrong soon, such as 404: a CDN may keep them for seconds, browsers do not.
    Brief,
    /// Personal or signed: never kept.
    Never,
}

impl Caching {
    /// The value of `Cache-Control`.
    pub const fn value(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Page => "public, max-age=0, s-maxage=60, must-revalidate",
            Self::Immutable => "public, max-age=31536000, immutable",
            Self::Short => "public, max-age=3600",
            Self::Revalidate => "no-cache",
            Self::Brief => "public, max-age=0, s-maxage=5, must-revalidate",
            Self::Never => "no-store",
        })
    }
}

/// A resource before it is prepared for serving. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Resource {
    pub(super) media: Media,
    pub(super) bytes: Bytes,
    pub(super) caching: Caching,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) views: Option<Arc<Counter>>,
}

impl Resource {
    /// Bytes of a kind, cached as a [`Caching::Page`].
    pub fn new(media: Media, bytes: impl Into<Bytes>) -> Self {
        Self { media, bytes: bytes.into(), caching: Caching::Page, headers: Vec::new(), views: None }
    }

    /// With another caching policy.
    #[must_use]
    pub fn caching(mut self, caching: Caching) -> Self {
        self.caching = caching;
        self
    }

    /// With one more header, such as `Link` or `X-Robots-Tag`; the same name again adds a line.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// With a counter of its views; see [`super::Counters`] for what a view is.
    #[must_use]
    pub fn counted(mut self, views: Arc<Counter>) -> Self {
        self.views = Some(views);
        self
    }
}
