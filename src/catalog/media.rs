//! Kinds of bytes that this site serves, each with its content type.
//!
//! Invariant: every text says its charset. Never: guessing from content.

/// A kind of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
    /// A drawing; the one picture that compresses.
    Svg,
    /// A picture without loss.
    Png,
    /// A photograph.
    Jpeg,
    /// A smaller photograph.
    Webp,
    /// An old picture.
    Gif,
    /// An icon for old browsers.
    Ico,
    /// A font, compressed already.
    Woff2,
    /// A document to download.
    Pdf,
}

impl Media {
    /// The kind by a file's extension, in any case; `None` for what this site does not serve.
    pub fn of(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        Some(match extension.to_ascii_lowercase().as_str() {
            "html" => Self::Html,
            "css" => Self::Css,
            "js" => Self::Script,
            "atom" => Self::Atom,
            "xml" => Self::Xml,
            "txt" => Self::Text,
            "json" => Self::Json,
            "webmanifest" => Self::Manifest,
            "speculationrules" => Self::SpeculationRules,
            "svg" => Self::Svg,
            "png" => Self::Png,
            "jpg" | "jpeg" => Self::Jpeg,
            "webp" => Self::Webp,
            "gif" => Self::Gif,
            "ico" => Self::Ico,
            "woff2" => Self::Woff2,
            "pdf" => Self::Pdf,
            _ => return None,
        })
    }

    /// The value of `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Css => "text/css; charset=utf-8",
            Self::Script => "text/javascript; charset=utf-8",
            Self::Atom => "application/atom+xml; charset=utf-8",
            Self::Xml => "application/xml; charset=utf-8",
            Self::Text => "text/plain; charset=utf-8",
            Self::Json => "application/json",
            Self::Manifest => "application/manifest+json",
            Self::SpeculationRules => "application/speculationrules+json",
            Self::Svg => "image/svg+xml; charset=utf-8",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Ico => "image/x-icon",
            Self::Woff2 => "font/woff2",
            Self::Pdf => "application/pdf",
        }
    }

    /// Gzip and Brotli gain something. Pictures and fonts are compressed by their own format.
    pub const fn compresses(self) -> bool {
        matches!(
            self,
            Self::Html
                | Self::Css
                | Self::Script
                | Self::Atom
                | Self::Xml
                | Self::Text
                | Self::Json
                | Self::Manifest
                | Self::SpeculationRules
                | Self::Svg
        )
    }

    /// Other sites may load it in their pages: what a feed reader in a browser needs.
    pub const fn is_for_other_sites(self) -> bool {
        self.is_picture() || matches!(self, Self::Atom)
    }

    /// A picture: parts of it may be asked for.
    pub const fn is_picture(self) -> bool {
        matches!(self, Self::Svg | Self::Png | Self::Jpeg | Self::Webp | Self::Gif | Self::Ico)
    }
}
