//! Colours that people with any kind of colour vision tell apart.

/// A colour: red, green, blue.
pub type Color = [u8; 3];

/// The palette of Okabe and Ito 2008, "Color Universal Design", without the yellow that does not show on white, and in an
/// order in which neighbours differ in lightness too. Behind the last, curves are dashed.
pub const PALETTE: [Color; 7] = [
    [0x00, 0x72, 0xb2], // blue
    [0xd5, 0x5e, 0x00], // vermilion
    [0x00, 0x9e, 0x73], // bluish green
    [0xcc, 0x79, 0xa7], // reddish purple
    [0xe6, 0x9f, 0x00], // orange
    [0x56, 0xb4, 0xe9], // sky blue
    [0x40, 0x40, 0x40], // dark grey
];

/// The colour of a number, and whether its curve is dashed.
pub(super) fn style(number: usize) -> (Color, bool) {
    (PALETTE[number % PALETTE.len()], (number / PALETTE.len()) % 2 == 1)
}
