//! Photographs: a file that an editor adds becomes the widths and formats that browsers need.
//!
//! Invariant: every rendition is encoded anew from the pixels, upright and in sRGB, so none of the camera's metadata (place,
//! time, device, thumbnail) is published. The same bytes give the same renditions. No photograph is enlarged.
//!
//! Never: files or threads (see [`super::image_cache`]).

use super::{fault::AssetFault, size::Size};
use crate::catalog::Media;
use bytes::Bytes;
use image::{
    DynamicImage, ImageDecoder, ImageError, ImageReader, ImageResult, Limits, Pixel as _, RgbImage, Rgba,
    codecs::jpeg::JpegEncoder,
    imageops::{self, FilterType},
};
use moxcms::{ColorProfile, Layout, TransformOptions};
use std::{io::Cursor, path::Path};

/// Widths that the layout uses, in pixels: narrow phone, wide phone, desktop, high-density desktop.
const WIDTHS: [u32; 4] = [480, 800, 1200, 1600];
/// Width of the JPEG, for browsers without WebP and for previews of shared links.
const JPEG_WIDTH: u32 = 1200;
/// A narrower photograph looks blurred on a phone.
const MIN_WIDTH: u32 = 800;
/// Maximum size of a file.
const MAX_BYTES: u64 = 20 * 1024 * 1024;
/// Maximum number of pixels, and of bytes of memory: a small file may claim to be a huge image.
const MAX_PIXELS: u64 = 50_000_000;
const MAX_MEMORY: u64 = 512 * 1024 * 1024;
/// Qualities of 100; above them files grow without a visible difference.
const WEBP_QUALITY: f32 = 78.0;
const JPEG_QUALITY: u8 = 80;

/// A photograph in one size and format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rendition {
    pub(super) media: Media,
    pub(super) size: Size,
    pub(super) bytes: Bytes,
}

impl Rendition {
    fn new(media: Media, image: &RgbImage, bytes: Bytes) -> Self {
        Self { media, size: Size { width: image.width(), height: image.height() }, bytes }
    }
}

/// Whether a file of this type holds a photograph. Drawings are SVG.
pub(super) const fn is_photo(media: Media) -> bool {
    matches!(media, Media::Jpeg | Media::Png | Media::Webp)
}

/// Makes all renditions: WebP from the narrowest to the widest, then the JPEG.
///
/// # Errors
/// The file is too narrow, too large or no photograph.
pub(super) fn render(file: &Path, bytes: &[u8]) -> Result<Vec<Rendition>, AssetFault> {
    let (original, profile) = decode(open(file, bytes)?).map_err(|error| unreadable(file, &error))?;
    if original.width() < MIN_WIDTH {
        let problem = format!("is {} pixels across", original.width());
        return Err(AssetFault::new(file, problem, format!("use one of {MIN_WIDTH} or more; 1600 are best")));
    }
    let mut widest = reduce(&original, original.width().min(WIDTHS[WIDTHS.len() - 1]));
    drop(original);
    to_srgb(&mut widest, profile.as_deref());
    let narrower = WIDTHS.into_iter().filter(|width| *width < widest.width()).map(|width| reduce(&widest, width));
    let mut renditions: Vec<Rendition> = narrower.map(|image| webp(&image)).collect();
    renditions.push(webp(&widest));
    renditions.push(jpeg(&reduce(&widest, widest.width().min(JPEG_WIDTH))));
    Ok(renditions)
}

/// An empty drawing of the same shape, shown until the renditions are made.
///
/// # Errors
/// The file is too large or no photograph.
pub(super) fn placeholder(file: &Path, bytes: &[u8]) -> Result<Rendition, AssetFault> {
    let mut decoder = open(file, bytes)?;
    let (width, height) = decoder.dimensions();
    let orientation = decoder.orientation().map_err(|error| unreadable(file, &error))?.to_exif();
    // Orientations from 5 on swap width and height (EXIF 2.32, tag 0x0112).
    let size = if orientation < 5 { Size { width, height } } else { Size { width: height, height: width } };
    let drawing = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\"/>", size.width, size.height);
    Ok(Rendition { media: Media::Svg, size, bytes: drawing.into() })
}

/// # Errors
/// The file is larger than [`MAX_BYTES`].
pub(super) fn check_length(file: &Path, length: u64) -> Result<(), AssetFault> {
    if length <= MAX_BYTES {
        return Ok(());
    }
    let problem = format!("has {} MB", length.div_ceil(1024 * 1024));
    Err(AssetFault::new(file, problem, "save it smaller: at most 20 MB; 1600 pixels across are enough"))
}

fn unreadable(file: &Path, error: &ImageError) -> AssetFault {
    let problem = format!("cannot be read as a photograph ({error})");
    AssetFault::new(file, problem, "export it again as JPEG, PNG or WebP from a picture editor")
}

fn open<'b>(file: &Path, bytes: &'b [u8]) -> Result<impl ImageDecoder + 'b, AssetFault> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().expect("memory can be read");
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| unreadable(file, &error))?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels > MAX_PIXELS {
        let problem = format!("has {} megapixels", pixels.div_ceil(1_000_000));
        return Err(AssetFault::new(file, problem, "save it smaller: at most 50; 1600 pixels across are enough"));
    }
    Ok(decoder)
}

/// The pixels, turned upright, and the color profile that they are measured in.
fn decode(mut decoder: impl ImageDecoder) -> ImageResult<(RgbImage, Option<Vec<u8>>)> {
    let (orientation, profile) = (decoder.orientation()?, decoder.icc_profile()?);
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok((on_white(image), profile))
}

/// Transparent parts become white, since JPEG has no transparency.
fn on_white(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    // In place, since a second image of this size would double the memory.
    let mut image = image.into_rgba8();
    for pixel in image.pixels_mut() {
        let mut white = Rgba([u8::MAX; 4]);
        white.blend(pixel);
        *pixel = white;
    }
    DynamicImage::ImageRgba8(image).into_rgb8()
}

/// Converts to sRGB, which browsers assume of a file without a profile. A profile that cannot be used (grayscale, damaged)
/// is ignored.
fn to_srgb(image: &mut RgbImage, profile: Option<&[u8]>) {
    let transform = profile.and_then(|profile| {
        let source = ColorProfile::new_from_slice(profile).ok()?;
        let srgb = ColorProfile::new_srgb();
        source.create_transform_8bit(Layout::Rgb, &srgb, Layout::Rgb, TransformOptions::default()).ok()
    });
    let mut converted = vec![0; image.len()];
    if let Some(transform) = transform
        && transform.transform(image, &mut converted).is_ok()
    {
        image.copy_from_slice(&converted);
    }
}

/// The image at a width that is at most its own.
fn reduce(image: &RgbImage, width: u32) -> RgbImage {
    if width == image.width() {
        return image.clone();
    }
    let [width_then, height, width_now] = [image.width(), image.height(), width].map(u64::from);
    let height = (height * width_now + width_then / 2) / width_then;
    let height = u32::try_from(height).unwrap_or(image.height()).max(1);
    imageops::resize(image, width, height, FilterType::CatmullRom)
}

fn webp(image: &RgbImage) -> Rendition {
    let encoder = webp::Encoder::from_rgb(image, image.width(), image.height());
    Rendition::new(Media::Webp, image, Bytes::copy_from_slice(&encoder.encode(WEBP_QUALITY)))
}

fn jpeg(image: &RgbImage) -> Rendition {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY).encode_image(image).expect("a vector takes every byte");
    Rendition::new(Media::Jpeg, image, bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, Rgb, RgbaImage};

    /// Red on the left, blue on the right, darker toward the bottom.
    fn scene(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let light = u8::try_from(255 - 155 * y / height).unwrap();
            if x < width / 2 { Rgb([light, 20, 20]) } else { Rgb([20, 20, light]) }
        })
    }

    fn file(image: &RgbImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// Metadata of a camera: an orientation (EXIF 2.32, tag 0x0112) and a place, as a description (0x010e).
    fn camera(orientation: u16, place: &[u8]) -> Vec<u8> {
        let mut tiff = b"II*\0\x08\0\0\0\x02\0".to_vec();
        tiff.extend(b"\x0e\x01\x02\0");
        tiff.extend(u32::try_from(place.len()).unwrap().to_le_bytes());
        tiff.extend(38_u32.to_le_bytes());
        tiff.extend(b"\x12\x01\x03\0\x01\0\0\0");
        tiff.extend(orientation.to_le_bytes());
        tiff.extend([0; 6]);
        tiff.extend(place);
        let mut segment = b"\xff\xe1".to_vec();
        segment.extend(u16::try_from(tiff.len() + 8).unwrap().to_be_bytes());
        segment.extend(b"Exif\0\0");
        segment.extend(tiff);
        segment
    }

    fn from_camera(image: &RgbImage, orientation: u16) -> Vec<u8> {
        let mut bytes = file(image, ImageFormat::Jpeg);
        bytes.splice(2..2, camera(orientation, b"37.4419 N, 122.1430 W\0"));
        bytes
    }

    fn renditions(bytes: &[u8]) -> Vec<Rendition> {
        render(Path::new("room.jpg"), bytes).unwrap()
    }

    fn fault(bytes: &[u8]) -> String {
        render(Path::new("room.jpg"), bytes).unwrap_err().to_string()
    }

    /// The color at so many tenths of the width and the height.
    fn at(rendition: &Rendition, x: u32, y: u32) -> [u8; 3] {
        let image = image::load_from_memory(&rendition.bytes).unwrap().into_rgb8();
        image.get_pixel(image.width() * x / 10, image.height() * y / 10).0
    }

    #[test]
    fn a_photograph_has_the_widths_of_the_layout_and_one_jpeg() {
        let sizes = |width| -> Vec<_> {
            renditions(&file(&scene(width, width / 2), ImageFormat::Jpeg))
                .iter()
                .map(|rendition| (rendition.media, rendition.size.width, rendition.size.height))
                .collect()
        };
        let (webp, jpeg) = (Media::Webp, Media::Jpeg);
        let all = [(webp, 480, 240), (webp, 800, 400), (webp, 1200, 600), (webp, 1600, 800), (jpeg, 1200, 600)];
        assert_eq!(sizes(2000), all);
        assert_eq!(
            sizes(1000),
            [(webp, 480, 240), (webp, 800, 400), (webp, 1000, 500), (jpeg, 1000, 500)],
            "none is enlarged"
        );
        assert_eq!(sizes(800), [(webp, 480, 240), (webp, 800, 400), (jpeg, 800, 400)]);
    }

    #[test]
    fn a_rendition_is_upright_and_has_no_metadata() {
        // Orientation 6 (a quarter turn): the left side of the file belongs at the top.
        for rendition in renditions(&from_camera(&scene(1000, 900), 6)) {
            assert!(rendition.size.width < rendition.size.height, "{:?}", rendition.size);
            let (top, bottom) = (at(&rendition, 5, 1), at(&rendition, 5, 9));
            assert!(top[0] > 2 * top[2] && bottom[2] > 2 * bottom[0], "{top:?} {bottom:?}");
            for sign in [&b"37.4419"[..], b"Exif", b"EXIF"] {
                assert!(!rendition.bytes.windows(sign.len()).any(|part| part == sign), "{:?}", rendition.media);
            }
        }
        assert!(from_camera(&scene(1000, 900), 6).windows(7).any(|part| part == b"37.4419"), "it was there");
    }

    #[test]
    fn a_placeholder_has_the_shape_of_the_renditions() {
        for orientation in [1, 4, 5, 6] {
            let bytes = from_camera(&scene(1000, 900), orientation);
            let shape = placeholder(Path::new("room.jpg"), &bytes).unwrap().size;
            let rendition = renditions(&bytes).pop().unwrap().size;
            assert_eq!(shape, rendition, "{orientation}");
        }
        assert!(placeholder(Path::new("room.jpg"), b"text").is_err());
    }

    #[test]
    fn png_and_webp_are_read_and_transparent_parts_are_white() {
        for format in [ImageFormat::Png, ImageFormat::WebP] {
            assert_eq!(renditions(&file(&scene(900, 600), format)).len(), 4, "{format:?}");
        }
        let mut transparent = RgbaImage::from_pixel(900, 600, Rgba([200, 0, 0, 255]));
        imageops::overlay(&mut transparent, &RgbaImage::new(1, 1), 0, 0);
        transparent.enumerate_pixels_mut().for_each(|(x, _, pixel)| pixel.0[3] = if x < 450 { 0 } else { 255 });
        let mut bytes = Cursor::new(Vec::new());
        transparent.write_to(&mut bytes, ImageFormat::Png).unwrap();
        let rendition = renditions(bytes.get_ref()).pop().unwrap();
        assert!(at(&rendition, 2, 5).iter().all(|part| *part > 245), "{:?}", at(&rendition, 2, 5));
        assert!(at(&rendition, 8, 5)[1] < 40, "{:?}", at(&rendition, 8, 5));
    }

    #[test]
    fn a_wide_gamut_is_converted_to_srgb() {
        // Full red of Display P3 lies outside sRGB; half red does not, and needs a stronger number there.
        let mut image = RgbImage::from_pixel(2, 2, Rgb([128, 64, 64]));
        to_srgb(&mut image, Some(&ColorProfile::new_display_p3().encode().unwrap()));
        let [red, green, _] = image.get_pixel(0, 0).0;
        assert!(red > 130 && green < 64, "{red} {green}");
        to_srgb(&mut image, Some(b"no profile"));
        assert_eq!(image.get_pixel(0, 0).0[0], red, "a damaged profile changes nothing");
    }

    #[test]
    fn a_fault_names_file_and_remedy() {
        let narrow = fault(&file(&scene(300, 900), ImageFormat::Jpeg));
        assert!(narrow.contains("room.jpg: is 300 pixels across; use one of 800 or more"), "{narrow}");
        // Turned by a quarter, so that its height in the file is its width on the page.
        assert!(fault(&from_camera(&scene(1000, 300), 6)).contains("is 300 pixels across"));
        let mut torn = file(&scene(900, 900), ImageFormat::Png);
        torn.truncate(torn.len() / 2);
        for broken in [torn.as_slice(), b"", b"<svg/>", b"\xff\xd8\xff\xe0 not a picture"] {
            let fault_text = fault(broken);
            assert!(
                fault_text.contains("room.jpg: cannot be read as a photograph") && fault_text.contains("export it"),
                "{fault_text}"
            );
        }
        let large = check_length(Path::new("room.jpg"), MAX_BYTES + 1).unwrap_err().to_string();
        assert!(large.contains("room.jpg: has 21 MB; save it smaller"), "{large}");
    }

    #[test]
    fn a_small_file_that_claims_to_be_huge_is_refused() {
        let mut huge = file(&scene(900, 900), ImageFormat::Png);
        huge[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
        assert!(fault(&huge).contains("cannot be read as a photograph"));
        let mut large = file(&scene(900, 900), ImageFormat::Jpeg);
        // Height and width stand behind the marker of the frame, its length and the precision (ITU-T T.81, B.2.2).
        let frame = large.windows(2).position(|marker| marker == b"\xff\xc0").unwrap();
        large[frame + 5..frame + 9].copy_from_slice(&[7000_u16.to_be_bytes(), 7200_u16.to_be_bytes()].concat());
        for text in [fault(&large), placeholder(Path::new("room.jpg"), &large).unwrap_err().to_string()] {
            assert!(text.contains("room.jpg: has 51 megapixels; save it smaller"), "{text}");
        }
    }
}
