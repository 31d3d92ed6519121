//! What is put into the catalog: bytes, their kind and one caching intention.

use super::{media::Media, tally::Counter};
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a copy may be kept (RFC 9111); one intention for each resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caching {
    /// Pages and feeds: a browser asks each time (a 304 costs it one round trip), a CDN may keep them for a minute.
    Page,
    /// Named by content: for ever.
    Forever,
    /// Own name, seldom changed, such as `favicon.ico`: an hour.
    Short,
    /// Kept, but asked about each time, by everybody.
    Ask,
    /// Answers that are wrong soon, such as 404: a CDN may take the brunt of a broken link, nobody keeps it.
    Brief,
    /// Personal or signed: nobody keeps it.
    Never,
}

impl Caching {
    /// The value of `Cache-Control`.
    pub const fn value(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Page => "public, max-age=0, s-maxage=60, must-revalidate",
            Self::Forever => "public, max-age=31536000, immutable",
            Self::Short => "public, max-age=3600",
            Self::Ask => "no-cache",
            Self::Brief => "public, max-age=0, s-maxage=5, must-revalidate",
            Self::Never => "no-store",
        })
    }
}

/// A resource before it is encoded. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Resource {
    pub(super) media: Media,
    pub(super) bytes: Bytes,
    pub(super) caching: Caching,
    pub(super) modified: Option<SystemTime>,
    pub(super) extra: Vec<(HeaderName, HeaderValue)>,
    pub(super) views: Option<Counter>,
}

impl Resource {
    /// Bytes of a kind, cached as a [`Caching::Page`].
    pub fn new(media: Media, bytes: impl Into<Bytes>) -> Self {
        Self { media, bytes: bytes.into(), caching: Caching::Page, modified: None, extra: Vec::new(), views: None }
    }

    /// With another caching intention.
    #[must_use]
    pub fn caching(mut self, caching: Caching) -> Self {
        self.caching = caching;
        self
    }

    /// With a date for `Last-Modified`, in whole seconds as HTTP knows them. Dates before 1970 are left out.
    #[must_use]
    pub fn modified(mut self, at: SystemTime) -> Self {
        self.modified =
            at.duration_since(UNIX_EPOCH).ok().map(|since| UNIX_EPOCH + Duration::from_secs(since.as_secs()));
        self
    }

    /// With one more header, such as `Link` or `X-Robots-Tag`; the same name again adds a line.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.extra.push((name, value));
        self
    }

    /// With a counter of its views; see [`super::Tally`] for what a view is.
    #[must_use]
    pub fn counted(mut self, views: Counter) -> Self {
        self.views = Some(views);
        self
    }
}
