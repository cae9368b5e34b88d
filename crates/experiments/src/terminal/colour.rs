//! Colours of terminals.

/// A colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// What the terminal writes in.
    Own,
    /// Any: red, green, blue.
    True([u8; 3]),
    /// One of the 256 of xterm's palette.
    Palette(u8),
}

/// Which colours a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColourDepth {
    /// All.
    True,
    /// 256 of them.
    Palette,
}

/// The six steps of red, green and blue in xterm's palette, from colour 16 on.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];
/// The first of the 24 greys behind them: 8, 18, ... 238.
const FIRST_GREY: u8 = 232;
const GREYS: u8 = 24;

impl ColourDepth {
    /// What a terminal says of itself in the environment variable `COLORTERM`.
    pub fn of_colorterm(value: Option<&str>) -> Self {
        match value {
            Some("truecolor" | "24bit") => Self::True,
            _ => Self::Palette,
        }
    }

    /// The nearest colour that there is.
    pub fn nearest(self, rgb: [u8; 3]) -> Colour {
        match self {
            Self::True => Colour::True(rgb),
            Self::Palette => Colour::Palette(in_palette(rgb)),
        }
    }
}

fn in_palette(rgb: [u8; 3]) -> u8 {
    let steps = rgb.map(|value| {
        let distance = |step: &usize| value.abs_diff(CUBE[*step]);
        (0..CUBE.len()).min_by_key(distance).unwrap_or_default()
    });
    let mean = rgb.map(u16::from).iter().sum::<u16>() / 3;
    let grey = (mean.saturating_sub(3) / 10).min(u16::from(GREYS) - 1) as u8;
    let of_cube = distance(rgb, steps.map(|step| CUBE[step]));
    if distance(rgb, [8 + 10 * grey; 3]) < of_cube {
        return FIRST_GREY + grey;
    }
    let [red, green, blue] = steps.map(|step| step as u8);
    16 + 36 * red + 6 * green + blue
}

/// The square of the distance between two colours.
fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    a.iter().zip(b).map(|(&a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_says_what_it_can_show() {
        assert_eq!(ColourDepth::of_colorterm(Some("truecolor")), ColourDepth::True);
        assert_eq!(ColourDepth::of_colorterm(Some("24bit")), ColourDepth::True);
        assert_eq!(ColourDepth::of_colorterm(Some("")), ColourDepth::Palette);
        assert_eq!(ColourDepth::of_colorterm(None), ColourDepth::Palette);
    }

    /// By xterm's table of its 256 colours.
    #[test]
    fn the_palette_is_xterms() {
        for (rgb, expected) in [
            ([0, 0, 0], 16),
            ([255, 255, 255], 231),
            ([255, 0, 0], 196),
            ([95, 135, 175], 67),
            ([8, 8, 8], 232),
            ([238, 238, 238], 255),
            ([127, 128, 129], 244),
        ] {
            assert_eq!(ColourDepth::Palette.nearest(rgb), Colour::Palette(expected), "{rgb:?}");
        }
    }

    #[test]
    fn no_other_colour_is_nearer() {
        let cube = |i: u8| [i / 36, i / 6 % 6, i % 6].map(|step| CUBE[usize::from(step)]);
        let of = |i: u8| if i < FIRST_GREY { cube(i - 16) } else { [8 + 10 * (i - FIRST_GREY); 3] };
        for rgb in (0..=255u8).step_by(15).flat_map(|r| (0..=255u8).step_by(51).map(move |g| [r, g, r.abs_diff(g)])) {
            let best = (16..=255).map(|i| distance(rgb, of(i))).min();
            assert_eq!(Some(distance(rgb, of(in_palette(rgb)))), best, "{rgb:?}");
        }
    }
}
