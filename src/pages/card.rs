//! Cards: the pictures (1200 × 630) that other sites show beside a shared link, with the title of the page.
//!
//! Invariant: a card's address has a hash of everything that is drawn on it; no title is cut off or runs over an edge,
//! however long it or a word of it is.
//!
//! Never: files; the cache is `catalog/card_cache.rs`.

mod layout;

use super::{Edition, PageKind, PageMeta, page_meta, rendered};
use crate::catalog::{hashed_path, unhashed_name};
use askama::Template;
use layout::{Line, lay_out};
use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{Options, Tree, fontdb},
};
use std::sync::{Arc, LazyLock};

/// Width and height in pixels: 1.91 to 1, which sites do not crop.
pub const SIZE: (u32, u32) = (1200, 630);
/// Raised whenever the same text is drawn differently, so that cards get new addresses.
const VERSION: u8 = 1;
/// Space of the title: width and height in pixels.
const TITLE_SPACE: (f32, f32) = (724.0, 376.0);
/// Upper edge of that space in pixels.
const TITLE_TOP: f32 = 118.0;

/// A card that can be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Absolute path.
    pub address: String,
    title: String,
    clinic: String,
    /// Name and title of the licensee, if known.
    licensee: Option<String>,
}

/// The drawing of a card.
#[derive(Template)]
#[template(path = "xml/card.svg", escape = "xml")]
struct Drawing<'a> {
    lines: &'a [Line],
    size: f32,
    clinic: &'a str,
    licensee: Option<&'a str>,
}

/// A text alone, to be measured.
#[derive(Template)]
#[template(path = "xml/text.svg", escape = "xml")]
struct Text<'a> {
    text: &'a str,
}

/// Libertinus Serif, roman and italic: the first and third font of the package. System fonts are not used, so that
/// every machine draws the same.
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    for font in typst_assets::fonts().take(3).step_by(2) {
        fonts.load_font_source(fontdb::Source::Binary(Arc::new(font)));
    }
    fonts.set_serif_family("Libertinus Serif");
    Arc::new(fonts)
});

impl Edition {
    /// The card of a page.
    pub(super) fn card_of(&self, meta: &PageMeta<'_>) -> Card {
        let title = if let PageKind::Home(home) = meta.kind { &home.heading } else { &*meta.title };
        let licensee = self.site.clinic.licensee.as_ref().map(|licensee| match &licensee.title {
            Some(title) => format!("{} {title}", licensee.name),
            None => licensee.name.clone(),
        });
        Card::new(&meta.path, title, &self.site.clinic.name, licensee.as_deref())
    }

    /// The card of every indexed page.
    pub fn cards(&self) -> Vec<Card> {
        page_meta::all(self).filter(|meta| meta.index).map(|meta| self.card_of(&meta)).collect()
    }

    /// The current card of the page that has or had a card at this address.
    pub fn card(&self, address: &str) -> Option<Card> {
        let name = unhashed_name(address)?;
        let meta = page_meta::all(self).find(|meta| meta.index && self::name(&meta.path) == name)?;
        Some(self.card_of(&meta))
    }
}

impl Card {
    fn new(path: &str, title: &str, clinic: &str, licensee: Option<&str>) -> Self {
        let (title, clinic) = (printable(title), printable(clinic));
        let licensee = licensee.map(printable);
        let all = format!("{VERSION}\n{title}\n{clinic}\n{}", licensee.as_deref().unwrap_or_default());
        Self { address: hashed_path(&name(path), all.as_bytes()), title, clinic, licensee }
    }

    /// Draws it as PNG, in tens of milliseconds.
    pub fn draw(&self) -> Vec<u8> {
        let mut pixels = Pixmap::new(SIZE.0, SIZE.1).expect("a card has an area");
        resvg::render(&self.svg(), Transform::identity(), &mut pixels.as_mut());
        pixels.encode_png().expect("pixels in memory can be written to memory")
    }

    fn svg(&self) -> Tree {
        let title = lay_out(&self.title, TITLE_SPACE, width);
        let (lines, size) = (&title.lines, title.size);
        parse(&rendered(&Drawing { lines, size, clinic: &self.clinic, licensee: self.licensee.as_deref() }))
    }
}

/// Width of a text at a type size of one pixel; measured at a thousand pixels, so that rounding does not show.
fn width(text: &str) -> f32 {
    let tree = parse(&rendered(&Text { text }));
    tree.root().children().first().map_or(0.0, |node| node.bounding_box().width() / 1000.0)
}

/// The drawing with its text as outlines.
fn parse(svg: &str) -> Tree {
    let options = Options { fontdb: Arc::clone(&FONTS), font_family: "serif".into(), ..Options::default() };
    Tree::from_str(svg, &options).expect("the templates are valid SVG and escape every text")
}

/// File name of a page's card without its hash; no slug has an underscore.
fn name(path: &str) -> String {
    let page = if path == "/" { "/_home" } else { path };
    format!("cards{page}.png")
}

/// Without characters that XML or a line of type cannot hold.
fn printable(text: &str) -> String {
    let kept = text.chars().filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}'));
    kept.map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use resvg::usvg::{Group, Node};

    fn card(title: &str) -> Card {
        Card::new("/x", title, "The Relationship Clinic", Some("Ethel Mosena MA LMFT"))
    }

    /// Left, top, right and bottom of every text, and of the ink of its letters.
    fn boxes(group: &Group, found: &mut Vec<[f32; 4]>) {
        for node in group.children() {
            match node {
                Node::Group(group) => boxes(group, found),
                Node::Text(text) => {
                    let ink = text.flattened().abs_bounding_box();
                    found.push([ink.left(), ink.top(), ink.right(), ink.bottom()]);
                }
                _ => {}
            }
        }
    }

    fn faults(title: &str) -> Vec<String> {
        let tree = card(title).svg();
        let mut found = Vec::new();
        boxes(tree.root(), &mut found);
        let outside = |b: &[f32; 4]| b[0] < 380.0 || b[2] > 1130.0 || b[1] < 84.0 || b[3] > 590.0;
        let titles = &found[..found.len().saturating_sub(2)];
        let on_the_foot = |b: &&[f32; 4]| b[3] > 522.0;
        let mut faults: Vec<String> =
            found.iter().filter(|b| outside(b)).map(|b| format!("{title:.40}: {b:?}")).collect();
        faults.extend(titles.iter().filter(on_the_foot).map(|b| format!("{title:.40}: over the foot {b:?}")));
        if titles.is_empty() {
            faults.push(format!("{title:.40}: no title"));
        }
        faults
    }

    #[test]
    fn no_title_runs_over_an_edge() {
        let titles = [
            "Contact".to_owned(),
            "Attachment repair therapy: how old wounds can change".to_owned(),
            "W".repeat(300),
            "Donaudampfschifffahrtsgesellschaftskapitän und Rindfleischetikettierungsüberwachungsaufgabe".to_owned(),
            "MWMW ".repeat(80),
            "i l ".repeat(100),
            "Ann & Bob's \"</text><script>\" \u{7} question".to_owned(),
            "Æsop’s ÁÉÍ ÿ—fjgpqy Å".to_owned(),
            "Ελληνικά και кириллица".to_owned(),
        ];
        let faults: Vec<String> = titles.iter().flat_map(|title| faults(title)).collect();
        assert!(faults.is_empty(), "{faults:#?}");
    }

    #[test]
    fn a_card_is_a_png_of_its_size_and_light_enough() {
        for title in ["Trust", "A title of a usual length, such as most articles have"] {
            let png = card(title).draw();
            let size = imagesize::blob_size(&png).unwrap();
            assert_eq!((size.width, size.height), (1200, 630));
            assert!(png.len() < 300_000, "{} bytes", png.len());
        }
    }

    #[test]
    fn other_words_have_another_address_and_the_same_words_the_same() {
        assert_eq!(card("a").address, card("a").address);
        assert_ne!(card("a").address, card("b").address);
        assert_eq!(unhashed_name(&card("a").address).as_deref(), Some("cards/x.png"));
    }
}
