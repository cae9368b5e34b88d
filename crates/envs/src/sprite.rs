//! Pixel art, drawn after the sprites of Gymnasium's toy-text environments (MIT, Farama Foundation).

use image::{Rgb, RgbImage};

/// Side of a sprite's pixel in a cell of [`CELL`].
const PIXEL: u32 = 4;
/// The cell that the sprites are made for.
const CELL: u32 = 64;

/// Rows of pixels, each a letter of the palette; a blank is transparent.
pub(crate) struct Sprite<const ROWS: usize>(pub(crate) [&'static str; ROWS]);

fn palette(letter: u8) -> Option<Rgb<u8>> {
    Some(Rgb(match letter {
        b'#' => [56, 58, 70],
        b'o' => [208, 210, 216],
        b'r' => [202, 102, 92],
        b'w' => [198, 156, 110],
        b'd' => [126, 90, 58],
        b'e' => [168, 124, 82],
        b's' => [74, 70, 78],
        b'g' => [172, 194, 130],
        b'-' => [196, 216, 158],
        b'_' => [174, 205, 230],
        b'.' => [198, 224, 242],
        b'D' => [70, 112, 164],
        b'b' => [92, 138, 190],
        b'l' => [130, 170, 214],
        b'/' => [184, 212, 236],
        _ => return None,
    }))
}

impl<const ROWS: usize> Sprite<ROWS> {
    /// Width and height in pixels of a picture whose cells have this side, keeping the proportions.
    pub(crate) fn size(&self, cell: u32) -> (u32, u32) {
        let scaled = |pixels: usize| (pixels as u32 * PIXEL * cell + CELL / 2) / CELL;
        (scaled(self.0[0].len()).max(1), scaled(ROWS).max(1))
    }

    /// Draws the sprite with its upper left corner at `(left, top)`, stretched to `(width, height)`.
    pub(crate) fn draw(&self, picture: &mut RgbImage, (left, top): (u32, u32), (width, height): (u32, u32)) {
        for y in 0..height {
            let row = self.0[(y as usize * ROWS) / height as usize].as_bytes();
            for x in 0..width {
                let letter = row[(x as usize * row.len()) / width as usize];
                let pixel = picture.get_pixel_mut_checked(left + x, top + y);
                if let (Some(pixel), Some(color)) = (pixel, palette(letter)) {
                    *pixel = color;
                }
            }
        }
    }
}

/// The player.
pub(crate) const AGENT: Sprite<9> = Sprite([
    "   ####   ",
    "  #oooo#  ",
    "  ##oo##  ",
    "  #oooo#  ",
    "  #oooo#  ",
    "   ####   ",
    "   #  #   ",
    "   #  #   ",
    "  ##  ##  ",
]);

/// The goal's flag.
pub(crate) const FLAG: Sprite<8> =
    Sprite(["#rrrr ", "#rrrrr", "#rrrr ", "#     ", "#     ", "#     ", "#     ", "#     "]);

/// The letter of the start.
pub(crate) const LETTER_S: Sprite<5> = Sprite(["###", "#  ", "###", "  #", "###"]);

/// The letter of the goal.
pub(crate) const LETTER_G: Sprite<5> = Sprite(["###", "#  ", "# #", "# #", "###"]);
