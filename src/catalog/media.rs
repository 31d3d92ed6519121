//! Media types that this site serves.
//!
//! Invariant: every text type names its charset. Never: guessing from content.

/// A media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Media {
    /// A page.
    Html,
    /// A stylesheet.
    Css,
    /// A script.
    Script,
    /// An Atom feed (RFC 4287).
    Atom,
    /// Other XML, such as a sitemap.
    Xml,
    /// Plain text.
    Text,
    /// JSON.
    Json,
    /// A web app manifest.
    Manifest,
    /// What a browser may fetch before it is asked for (HTML, speculation rules).
    SpeculationRules,
    /// A vector drawing; the only picture that gzip and Brotli shrink.
    Svg,
    /// A lossless picture.
    Png,
    /// A photograph.
    Jpeg,
    /// A smaller photograph.
    Webp,
    /// A picture in an old format.
    Gif,
    /// An icon for old browsers.
    Ico,
    /// A font, compressed already.
    Woff2,
    /// A document to download.
    Pdf,
}

/// Type, file extension, `Content-Type`.
const TABLE: [(Media, &str, &str); 18] = [
    (Media::Html, "html", "text/html; charset=utf-8"),
    (Media::Css, "css", "text/css; charset=utf-8"),
    (Media::Script, "js", "text/javascript; charset=utf-8"),
    (Media::Atom, "atom", "application/atom+xml; charset=utf-8"),
    (Media::Xml, "xml", "application/xml; charset=utf-8"),
    (Media::Text, "txt", "text/plain; charset=utf-8"),
    (Media::Json, "json", "application/json"),
    (Media::Manifest, "webmanifest", "application/manifest+json"),
    (Media::SpeculationRules, "speculationrules", "application/speculationrules+json"),
    (Media::Svg, "svg", "image/svg+xml; charset=utf-8"),
    (Media::Png, "png", "image/png"),
    (Media::Jpeg, "jpg", "image/jpeg"),
    (Media::Jpeg, "jpeg", "image/jpeg"),
    (Media::Webp, "webp", "image/webp"),
    (Media::Gif, "gif", "image/gif"),
    (Media::Ico, "ico", "image/x-icon"),
    (Media::Woff2, "woff2", "font/woff2"),
    (Media::Pdf, "pdf", "application/pdf"),
];

impl Media {
    /// The type by a file's extension, in any case; `None` for what this site does not serve.
    pub fn of(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        let row = TABLE.iter().find(|(_, known, _)| extension.eq_ignore_ascii_case(known))?;
        Some(row.0)
    }

    /// The value of `Content-Type`.
    pub fn content_type(self) -> &'static str {
        let row = TABLE.iter().find(|(media, _, _)| *media == self);
        row.map_or("application/octet-stream", |(_, _, content_type)| content_type)
    }

    /// Gzip and Brotli gain something. Other pictures, fonts and PDF are compressed by their own format.
    pub fn compresses(self) -> bool {
        let uncompressible = matches!(self, Self::Woff2 | Self::Pdf) || self.is_picture();
        self == Self::Svg || !uncompressible
    }

    /// Other sites may load it in their pages: what a feed reader in a browser needs.
    pub fn is_cross_origin(self) -> bool {
        self.is_picture() || self == Self::Atom
    }

    /// A picture: parts of it may be asked for.
    pub const fn is_picture(self) -> bool {
        matches!(self, Self::Svg | Self::Png | Self::Jpeg | Self::Webp | Self::Gif | Self::Ico)
    }
}
