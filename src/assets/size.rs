//! Width and height of a picture, in CSS pixels.

use super::fault::AssetFault;
use crate::catalog::Media;
use std::path::Path;

/// Width and height, for the attributes of `img`, so that the layout does not shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Size {
    /// Reads the size from a picture's bytes.
    pub(super) fn of(media: Media, bytes: &[u8], file: &Path) -> Result<Self, AssetFault> {
        if media == Media::Svg {
            return drawing(bytes).map_err(|what| {
                AssetFault::new(file, what, "give its <svg> a viewBox, such as viewBox=\"0 0 84 48\"")
            });
        }
        let size = imagesize::blob_size(bytes).map_err(|error| {
            AssetFault::new(
                file,
                format!("is not a picture of its type ({error})"),
                "save it again from a picture editor",
            )
        })?;
        let edge = |pixels| u32::try_from(pixels).unwrap_or(u32::MAX);
        Ok(Self { width: edge(size.width), height: edge(size.height) })
    }
}

fn drawing(bytes: &[u8]) -> Result<Size, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
    // Drawing programs write a document type; its entities are bounded by the parser.
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(text, options).map_err(|error| error.to_string())?;
    let svg = document.root_element();
    let own = || Some((length(svg.attribute("width")?)?, length(svg.attribute("height")?)?));
    let (width, height) = own().or_else(|| view_box(svg.attribute("viewBox")?)).ok_or("has no size")?;
    Ok(Size { width: pixels(width), height: pixels(height) })
}

/// A number, maybe with `px`. Other units say nothing about pixels.
fn length(text: &str) -> Option<f64> {
    text.trim().trim_end_matches("px").parse().ok().filter(|length| *length > 0.0)
}

fn view_box(text: &str) -> Option<(f64, f64)> {
    let mut numbers = text.split([' ', ',', '\t', '\n']).filter(|part| !part.is_empty()).skip(2);
    Some((length(numbers.next()?)?, length(numbers.next()?)?))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded and clamped to the type's range")]
fn pixels(length: f64) -> u32 {
    length.round().clamp(1.0, f64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_drawing_comes_from_its_attributes_or_view_box() {
        let table = [
            ("<svg viewBox='0 0 84 48'/>", Some((84, 48))),
            ("<svg viewBox='-10,-10, 20.4,30.6'/>", Some((20, 31))),
            ("<svg width='100' height='50px' viewBox='0 0 2 1'/>", Some((100, 50))),
            ("<svg width='100%' height='100%' viewBox='0 0 2 1'/>", Some((2, 1))),
            ("<?xml version='1.0'?><!DOCTYPE svg><svg viewBox='0 0 2 1'/>", Some((2, 1))),
            ("<svg/>", None),
            ("<svg viewBox='0 0 0 0'/>", None),
            ("<svg viewBox='0 0 2'/>", None),
        ];
        for (text, expected) in table {
            let size = drawing(text.as_bytes()).ok().map(|size| (size.width, size.height));
            assert_eq!(size, expected, "{text}");
        }
    }
}
