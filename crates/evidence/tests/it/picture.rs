//! Viewing copies of pictures: the pixels, and nothing that came along with them.
#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use leaver_evidence::picture::{Copied, View, view};

const SECRET: &[u8] = b"taken at 52.5163 N 13.3777 E by jo@agency.example";

/// A picture that is blue on the left and red on the right, twice as wide as high.
fn two_halves() -> RgbImage {
    RgbImage::from_fn(32, 16, |x, _| if x < 16 { Rgb([0, 0, 200]) } else { Rgb([200, 0, 0]) })
}

fn encoded(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    two_halves().write_to(&mut bytes, format).expect("it can be written");
    bytes.into_inner()
}

/// A segment of a JPEG file behind its first two bytes (ITU T.81, B.1.1.4).
fn with_segment(jpeg: &[u8], marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).expect("a short segment").to_be_bytes();
    [&jpeg[..2], &[0xFF, marker], &length, content, &jpeg[2..]].concat()
}

fn copy(original: &[u8]) -> View {
    let copied = view(original);
    let Copied::View(view) = copied else { panic!("{copied:?}") };
    view
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn what_stands_beside_the_pixels_does_not_come_along() {
    let comment = with_segment(&encoded(ImageFormat::Jpeg), 0xFE, SECRET);
    let tail = [encoded(ImageFormat::Png), SECRET.to_vec()].concat();
    for original in [comment, tail, encoded(ImageFormat::Gif), encoded(ImageFormat::WebP)] {
        let view = copy(&original);
        assert!(!holds(&view.png, SECRET));
        assert_eq!((view.width, view.height, view.smaller), (32, 16, false));
        let drawn = image::load_from_memory_with_format(&view.png, ImageFormat::Png).expect("a PNG").into_rgb8();
        let (left, right) = (drawn.get_pixel(2, 8).0, drawn.get_pixel(29, 8).0);
        assert!(left[2] > 150 && left[0] < 50 && right[0] > 150 && right[2] < 50, "{left:?} {right:?}");
        assert_eq!(copy(&view.png).png, view.png, "a copy is its own copy");
    }
}

/// Exif 2.32, 4.6.4: orientation 6 is a picture that was taken with the telephone on its side.
#[test]
fn a_telephone_on_its_side_is_turned_before_that_is_forgotten() {
    let exif = [
        &b"Exif\0\0MM\0\x2A\0\0\0\x08\0\x01"[..], // big-endian TIFF, one entry
        b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0",    // Orientation, SHORT, one, 6
        b"\0\0\0\0",
    ]
    .concat();
    let view = copy(&with_segment(&encoded(ImageFormat::Jpeg), 0xE1, &exif));
    assert_eq!((view.width, view.height), (16, 32));
    assert!(!holds(&view.png, b"Exif") && !holds(&view.png, b"eXIf"));
}

#[test]
fn transparency_stays() {
    let mut bytes = Cursor::new(Vec::new());
    RgbaImage::from_pixel(3, 3, Rgba([9, 9, 9, 0])).write_to(&mut bytes, ImageFormat::Png).expect("it can be written");
    let view = copy(&bytes.into_inner());
    let drawn = image::load_from_memory(&view.png).expect("a PNG");
    assert!(drawn.color().has_alpha());
}

#[test]
fn a_very_wide_picture_is_shown_smaller_and_one_beyond_the_limit_is_not_drawn() {
    let wide = |width: u32| {
        let mut bytes = Cursor::new(Vec::new());
        RgbImage::from_pixel(width, 2, Rgb([1, 2, 3]))
            .write_to(&mut bytes, ImageFormat::Png)
            .expect("it can be written");
        bytes.into_inner()
    };
    let shown = copy(&wide(8_000));
    assert_eq!((shown.width, shown.smaller), (4_096, true));
    assert!(matches!(view(&wide(20_000)), Copied::Unreadable(_)));
}

#[test]
fn other_files_are_no_pictures_and_a_cut_picture_says_why() {
    for other in [&b""[..], b"a file", b"%PDF-1.7 ...", b"MZ\x90\0", b"BM0000000000000000000000"] {
        assert_eq!(view(other), Copied::NoPicture, "{other:?}");
    }
    let png = encoded(ImageFormat::Png);
    let Copied::Unreadable(why) = view(&png[..png.len() / 2]) else { panic!("half of it was shown") };
    assert!(!why.is_empty());
}
