//! Photographs: what an editor drops beside the words becomes what browsers need.
//!
//! Invariant: every print is drawn anew from the pixels, upright and in sRGB, so nothing that a camera wrote (place, time,
//! device, a thumbnail of what was cut away) leaves the house. The same bytes give the same prints.
//!
//! Never: a file or a thread (see [`darkroom`]); a photograph enlarged.

pub(super) mod darkroom;

use super::{fault::AssetFault, size::Size};
use crate::catalog::Media;
use bytes::Bytes;
use fast_image_resize::{PixelType, Resizer, images};
use image::{
    DynamicImage, ImageDecoder, ImageError, ImageReader, ImageResult, Limits, RgbImage, Rgba, RgbaImage,
    codecs::jpeg::JpegEncoder, imageops,
};
use moxcms::{ColorProfile, Layout, TransformOptions};
use std::{io::Cursor, path::Path};

/// Widths that the layout asks for, in pixels: a narrow and a wide phone, a desk, a sharp desk.
const WIDTHS: [u32; 4] = [480, 800, 1200, 1600];
/// Width of the JPEG for browsers without WebP, and for whoever shows a picture of this site elsewhere.
const FALLBACK: u32 = 1200;
/// Narrower ones look soft on every telephone.
const NARROWEST: u32 = 800;
/// Most bytes of a file: more than any telephone writes.
const HEAVIEST: u64 = 20 * 1024 * 1024;
/// Most pixels along an edge, and most bytes of memory: a small file may claim to be a huge picture.
const LONGEST: u32 = 16_000;
const MEMORY: u64 = 512 * 1024 * 1024;
/// Of 100; beyond it files grow and nobody sees why.
const WEBP: f32 = 78.0;
const JPEG: u8 = 80;

/// A photograph in one size and format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Print {
    pub(super) media: Media,
    pub(super) size: Size,
    pub(super) bytes: Bytes,
}

/// Whether a file of this kind holds a photograph. Drawings are SVG.
pub(super) const fn is_photo(media: Media) -> bool {
    matches!(media, Media::Jpeg | Media::Png | Media::Webp)
}

/// Makes all prints: WebP from the narrowest to the widest, then the JPEG.
///
/// # Errors
/// The file is too heavy, too narrow, or no photograph.
fn develop(file: &Path, bytes: &[u8]) -> Result<Vec<Print>, AssetFault> {
    let (whole, profile) = upright(bytes).map_err(|error| broken(file, &error))?;
    if whole.width() < NARROWEST {
        let what = format!("is {} pixels across", whole.width());
        return Err(AssetFault::new(file, what, format!("use one of {NARROWEST} or more; 1600 are best")));
    }
    let mut widest = reduced(&whole, whole.width().min(WIDTHS[WIDTHS.len() - 1]));
    drop(whole);
    to_srgb(&mut widest, profile.as_deref());
    let narrower = WIDTHS.into_iter().filter(|width| *width < widest.width()).map(|width| reduced(&widest, width));
    let mut prints: Vec<Print> = narrower.map(|image| webp(&image)).collect();
    prints.push(webp(&widest));
    prints.push(jpeg(&reduced(&widest, widest.width().min(FALLBACK))));
    Ok(prints)
}

/// A blank of the same shape: it keeps the place for as long as the prints are not made.
///
/// # Errors
/// The file is no photograph.
fn blank(file: &Path, bytes: &[u8]) -> Result<Print, AssetFault> {
    let shape = |bytes| {
        let mut decoder = open(bytes)?;
        let ((width, height), held) = (decoder.dimensions(), decoder.orientation()?.to_exif());
        // From 5 on the camera lay on its side (EXIF 2.32, orientation).
        Ok(if held < 5 { Size { width, height } } else { Size { width: height, height: width } })
    };
    let size: Size = shape(bytes).map_err(|error| broken(file, &error))?;
    let drawing = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\"/>", size.width, size.height);
    Ok(Print { media: Media::Svg, size, bytes: drawing.into() })
}

fn broken(file: &Path, error: &ImageError) -> AssetFault {
    let what = format!("cannot be read as a photograph ({error})");
    AssetFault::new(file, what, "export it again as JPEG, PNG or WebP from a picture editor")
}

fn check_weight(file: &Path, length: u64) -> Result<(), AssetFault> {
    let megabytes = length.div_ceil(1024 * 1024);
    let remedy = "save it smaller: 20 MB are the most, and 1600 pixels across are enough";
    if length > HEAVIEST { Err(AssetFault::new(file, format!("weighs {megabytes} MB"), remedy)) } else { Ok(()) }
}

fn open(bytes: &[u8]) -> ImageResult<impl ImageDecoder> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(LONGEST), Some(LONGEST));
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    reader.into_decoder()
}

/// The pixels as somebody held the camera, and the colours that they are measured in.
fn upright(bytes: &[u8]) -> ImageResult<(RgbImage, Option<Vec<u8>>)> {
    let mut decoder = open(bytes)?;
    let (orientation, profile) = (decoder.orientation()?, decoder.icc_profile()?);
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok((opaque(image), profile))
}

/// What can be seen through shows white paper: JPEG knows nothing else.
fn opaque(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let mut paper = RgbaImage::from_pixel(image.width(), image.height(), Rgba([u8::MAX; 4]));
    imageops::overlay(&mut paper, &image.into_rgba8(), 0, 0);
    DynamicImage::ImageRgba8(paper).into_rgb8()
}

/// Telephones measure in wider colours than browsers assume of a file that says nothing. A profile that is of no use
/// (grey, damaged) is left out.
fn to_srgb(image: &mut RgbImage, profile: Option<&[u8]>) {
    let transform = profile.and_then(|profile| {
        let own = ColorProfile::new_from_slice(profile).ok()?;
        let srgb = ColorProfile::new_srgb();
        own.create_transform_8bit(Layout::Rgb, &srgb, Layout::Rgb, TransformOptions::default()).ok()
    });
    let mut converted = vec![0; image.len()];
    if let Some(transform) = transform
        && transform.transform(image, &mut converted).is_ok()
    {
        image.copy_from_slice(&converted);
    }
}

/// The same picture at most as wide as it is.
fn reduced(image: &RgbImage, width: u32) -> RgbImage {
    let height = (f64::from(image.height()) * f64::from(width) / f64::from(image.width())).round().max(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no higher than the picture was")]
    let height = height as u32;
    let source = images::ImageRef::new(image.width(), image.height(), image, PixelType::U8x3);
    let mut target = images::Image::new(width, height, PixelType::U8x3);
    let source = source.expect("the buffer holds three bytes a pixel");
    Resizer::new().resize(&source, &mut target, None).expect("both are of one kind");
    RgbImage::from_raw(width, height, target.into_vec()).expect("the buffer holds three bytes a pixel")
}

fn webp(image: &RgbImage) -> Print {
    let encoder = webp::Encoder::from_rgb(image, image.width(), image.height());
    print(Media::Webp, image, Bytes::copy_from_slice(&encoder.encode(WEBP)))
}

fn jpeg(image: &RgbImage) -> Print {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, JPEG).encode_image(image).expect("memory takes every byte");
    print(Media::Jpeg, image, bytes.into())
}

fn print(media: Media, image: &RgbImage, bytes: Bytes) -> Print {
    Print { media, size: Size { width: image.width(), height: image.height() }, bytes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, Rgb};

    /// Red to the left, blue to the right, darker towards the foot.
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

    /// The data of a camera: an orientation (EXIF 2.32, tag 0x0112) and a place, as a description (0x010e).
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

    fn prints(bytes: &[u8]) -> Vec<Print> {
        develop(Path::new("room.jpg"), bytes).unwrap()
    }

    fn fault(bytes: &[u8]) -> String {
        develop(Path::new("room.jpg"), bytes).unwrap_err().to_string()
    }

    /// The colour at so many tenths of the width and the height.
    fn at(print: &Print, x: u32, y: u32) -> [u8; 3] {
        let image = image::load_from_memory(&print.bytes).unwrap().into_rgb8();
        image.get_pixel(image.width() * x / 10, image.height() * y / 10).0
    }

    #[test]
    fn a_photograph_comes_in_the_widths_of_the_layout_and_as_one_jpeg() {
        let sizes = |width| -> Vec<_> {
            prints(&file(&scene(width, width / 2), ImageFormat::Jpeg))
                .iter()
                .map(|print| (print.media, print.size.width, print.size.height))
                .collect()
        };
        let (webp, jpeg) = (Media::Webp, Media::Jpeg);
        let all = [(webp, 480, 240), (webp, 800, 400), (webp, 1200, 600), (webp, 1600, 800), (jpeg, 1200, 600)];
        assert_eq!(sizes(2000), all);
        assert_eq!(
            sizes(1000),
            [(webp, 480, 240), (webp, 800, 400), (webp, 1000, 500), (jpeg, 1000, 500)],
            "none grows"
        );
        assert_eq!(sizes(800), [(webp, 480, 240), (webp, 800, 400), (jpeg, 800, 400)]);
    }

    #[test]
    fn it_is_turned_as_the_camera_was_held_and_says_nothing_of_the_place() {
        // Held a quarter turn to the left (orientation 6): what is left in the file belongs at the top.
        for print in prints(&from_camera(&scene(1000, 900), 6)) {
            assert!(print.size.width < print.size.height, "{:?}", print.size);
            let (top, foot) = (at(&print, 5, 1), at(&print, 5, 9));
            assert!(top[0] > 2 * top[2] && foot[2] > 2 * foot[0], "{top:?} {foot:?}");
            for sign in [&b"37.4419"[..], b"Exif", b"EXIF"] {
                assert!(!print.bytes.windows(sign.len()).any(|part| part == sign), "{:?}", print.media);
            }
        }
        assert!(from_camera(&scene(1000, 900), 6).windows(7).any(|part| part == b"37.4419"), "it was there");
    }

    #[test]
    fn a_blank_has_the_shape_that_the_prints_will_have() {
        for orientation in [1, 4, 5, 6] {
            let bytes = from_camera(&scene(1000, 900), orientation);
            let blank = blank(Path::new("room.jpg"), &bytes).unwrap().size;
            let print = prints(&bytes).pop().unwrap().size;
            assert_eq!(blank, print, "{orientation}");
        }
        assert!(blank(Path::new("room.jpg"), b"text").is_err());
    }

    #[test]
    fn png_and_webp_are_taken_too_and_what_can_be_seen_through_is_white() {
        for format in [ImageFormat::Png, ImageFormat::WebP] {
            assert_eq!(prints(&file(&scene(900, 600), format)).len(), 4, "{format:?}");
        }
        let mut clear = RgbaImage::from_pixel(900, 600, Rgba([200, 0, 0, 255]));
        imageops::overlay(&mut clear, &RgbaImage::new(1, 1), 0, 0);
        clear.enumerate_pixels_mut().for_each(|(x, _, pixel)| pixel.0[3] = if x < 450 { 0 } else { 255 });
        let mut bytes = Cursor::new(Vec::new());
        clear.write_to(&mut bytes, ImageFormat::Png).unwrap();
        let print = prints(bytes.get_ref()).pop().unwrap();
        assert!(at(&print, 2, 5).iter().all(|part| *part > 245), "{:?}", at(&print, 2, 5));
        assert!(at(&print, 8, 5)[1] < 40, "{:?}", at(&print, 8, 5));
    }

    #[test]
    fn wider_colours_become_those_that_browsers_assume() {
        // Full red of Display P3 lies outside sRGB; half red does not, and needs a stronger number there.
        let mut image = RgbImage::from_pixel(2, 2, Rgb([128, 64, 64]));
        to_srgb(&mut image, Some(&ColorProfile::new_display_p3().encode().unwrap()));
        let [red, green, _] = image.get_pixel(0, 0).0;
        assert!(red > 130 && green < 64, "{red} {green}");
        to_srgb(&mut image, Some(b"no profile"));
        assert_eq!(image.get_pixel(0, 0).0[0], red, "a damaged profile changes nothing");
    }

    #[test]
    fn an_editors_mistake_is_told_with_file_and_remedy() {
        let narrow = fault(&file(&scene(300, 900), ImageFormat::Jpeg));
        assert!(narrow.contains("room.jpg: is 300 pixels across; use one of 800 or more"), "{narrow}");
        // Held upright, so that its height in the file is its width for everybody.
        assert!(fault(&from_camera(&scene(1000, 300), 6)).contains("is 300 pixels across"));
        let mut torn = file(&scene(900, 900), ImageFormat::Png);
        torn.truncate(torn.len() / 2);
        for broken in [torn.as_slice(), b"", b"<svg/>", b"\xff\xd8\xff\xe0 not a picture"] {
            let told = fault(broken);
            assert!(told.contains("room.jpg: cannot be read as a photograph") && told.contains("export it"), "{told}");
        }
        let heavy = check_weight(Path::new("room.jpg"), HEAVIEST + 1).unwrap_err().to_string();
        assert!(heavy.contains("room.jpg: weighs 21 MB; save it smaller"), "{heavy}");
    }

    #[test]
    fn a_small_file_that_claims_to_be_huge_is_refused() {
        let mut huge = file(&scene(900, 900), ImageFormat::Png);
        huge[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
        assert!(fault(&huge).contains("cannot be read as a photograph"));
    }
}
