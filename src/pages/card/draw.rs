//! SVG to pixels, and words to widths: resvg, with one font that travels with the program.
//!
//! Never: the fonts of the system; every machine draws the same.

use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{Options, Tree, fontdb},
};
use std::sync::{Arc, LazyLock};

/// Size at which widths are measured, in pixels: large, so that rounding does not show.
const MEASURE: u16 = 1000;

/// Libertinus Serif, roman and italic: the first and third font of the package.
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    for font in typst_assets::fonts().take(3).step_by(2) {
        fonts.load_font_source(fontdb::Source::Binary(Arc::new(font)));
    }
    fonts.set_serif_family("Libertinus Serif");
    Arc::new(fonts)
});

/// The drawing as PNG.
pub(super) fn png(svg: &str) -> Vec<u8> {
    let tree = tree(svg);
    let size = tree.size().to_int_size();
    let mut pixels = Pixmap::new(size.width(), size.height()).expect("a card has an area");
    resvg::render(&tree, Transform::identity(), &mut pixels.as_mut());
    pixels.encode_png().expect("pixels in memory can be written to memory")
}

/// Width of each of these texts at a size of one pixel.
pub(super) fn widths(texts: &[&str]) -> Vec<f32> {
    texts.iter().map(|text| width(text)).collect()
}

fn width(text: &str) -> f32 {
    let text = askama::filters::escape(text, askama::filters::Html).expect("text can be escaped").to_string();
    let tree = tree(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"><text xml:space=\"preserve\" \
         font-family=\"serif\" font-size=\"{MEASURE}\">{text}</text></svg>"
    ));
    tree.root().children().first().map_or(0.0, |node| node.bounding_box().width() / f32::from(MEASURE))
}

/// The parsed drawing, its text set.
pub(super) fn tree(svg: &str) -> Tree {
    let options = Options { fontdb: Arc::clone(&FONTS), font_family: "serif".into(), ..Options::default() };
    Tree::from_str(svg, &options).expect("the templates are sound SVG and texts are escaped")
}
