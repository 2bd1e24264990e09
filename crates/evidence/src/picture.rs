//! Viewing copies of pictures that people hand in (evidence A.2, C1): the original keeps its bytes and its hash; what is looked at is drawn
//! anew from its pixels, so that neither a comment, a place where a photograph was taken, nor anything hidden behind the pixels comes along.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder as _, ImageError, ImageFormat, ImageReader, Limits};

/// The longest side, in pixels, that is decoded: several screens side by side.
const LONGEST_SIDE: u32 = 16_384;

/// The most memory that a decoder may take, in bytes.
const MEMORY: u64 = 512 << 20;

/// The longest side of a copy, in pixels: text on a large screen is still read.
const SHOWN: u32 = 4_096;

/// A copy to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// A PNG file with pixels and nothing else.
    pub png: Vec<u8>,
    /// Its width, in pixels.
    pub width: u32,
    /// Its height, in pixels.
    pub height: u32,
    /// Whether the original is larger.
    pub smaller: bool,
}

/// What became of a file that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Copied {
    /// A copy.
    View(View),
    /// The first bytes are of no kind of picture that is known here.
    NoPicture,
    /// It begins as a picture, and cannot be drawn; why.
    Unreadable(String),
}

/// Draws the viewing copy of a file.
pub fn view(original: &[u8]) -> Copied {
    let Ok(reader) = ImageReader::new(Cursor::new(original)).with_guessed_format() else { return Copied::NoPicture };
    let Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP | ImageFormat::Gif) = reader.format() else {
        return Copied::NoPicture;
    };
    match drawn(reader) {
        Ok(view) => Copied::View(view),
        Err(error) => Copied::Unreadable(error.to_string()),
    }
}

fn drawn(mut reader: ImageReader<Cursor<&[u8]>>) -> Result<View, ImageError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    // How a telephone was held is told beside the pixels, and goes with everything else that is.
    let held = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(held);
    let smaller = picture.width().max(picture.height()) > SHOWN;
    if smaller {
        picture = picture.thumbnail(SHOWN, SHOWN);
    }
    let picture = if picture.color().has_alpha() {
        DynamicImage::from(picture.into_rgba8())
    } else {
        DynamicImage::from(picture.into_rgb8())
    };
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png)?;
    Ok(View { png: png.into_inner(), width: picture.width(), height: picture.height(), smaller })
}
