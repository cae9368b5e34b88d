//! Charts as files: SVG and PNG.

use std::path::Path;

use plotters::prelude::{BitMapBackend, IntoDrawingArea as _, SVGBackend};

use super::chart::Chart;
use super::drawing::{self, Lines, SCALE};
use super::error::PlotError;

/// A format of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Scalable, 800 wide.
    Svg,
    /// Pixels, 1,600 of them wide.
    Png,
}

/// A PNG is drawn in so many times its pixels each way, and then made smaller: that makes its lines smooth.
const SUPERSAMPLING: u32 = 2;

impl Format {
    /// The format of a file, by its name.
    ///
    /// # Errors
    ///
    /// [`PlotError::Format`].
    pub fn of(path: &Path) -> Result<Self, PlotError> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("svg") => Ok(Self::Svg),
            Some("png") => Ok(Self::Png),
            _ => Err(PlotError::Format { path: path.to_owned() }),
        }
    }

    /// The file's contents.
    pub(super) fn draw(self, chart: &Chart) -> Result<Vec<u8>, PlotError> {
        match self {
            Self::Svg => svg(chart).map(String::into_bytes),
            Self::Png => png(chart),
        }
    }
}

/// A chart as SVG.
///
/// # Errors
///
/// [`PlotError::Drawing`].
pub fn svg(chart: &Chart) -> Result<String, PlotError> {
    let (width, height) = drawing::size(chart)?;
    let mut svg = String::new();
    drawing::draw(&SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area(), chart, Lines::Polyline)?;
    // Drawn large, for what is placed in it lies on whole numbers; shown small.
    let (large, small) = (
        format!("width=\"{width}\" height=\"{height}\""),
        format!("width=\"{}\" height=\"{}\" role=\"img\"", width / SCALE, height / SCALE),
    );
    Ok(svg.replacen(&large, &small, 1))
}

fn png(chart: &Chart) -> Result<Vec<u8>, PlotError> {
    let (width, height) = drawing::size(chart)?;
    let mut large = vec![0; (width * height * 3) as usize];
    drawing::draw(
        &BitMapBackend::with_buffer(&mut large, (width, height)).into_drawing_area(),
        chart,
        Lines::Segments,
    )?;
    let (columns, rows) = (width / SUPERSAMPLING, height / SUPERSAMPLING);
    let mut small = Vec::with_capacity((columns * rows * 3) as usize);
    for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
        for channel in 0..3 {
            let mut sum = 0;
            for (y, x) in (0..SUPERSAMPLING).flat_map(|y| (0..SUPERSAMPLING).map(move |x| (y, x))) {
                let pixel = (row * SUPERSAMPLING + y) * width + column * SUPERSAMPLING + x;
                sum += u32::from(large[(pixel * 3 + channel) as usize]);
            }
            small.push((sum / (SUPERSAMPLING * SUPERSAMPLING)) as u8);
        }
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, columns, rows);
    encoder.set_color(png::ColorType::Rgb);
    let wrong = |error: png::EncodingError| PlotError::Drawing(error.to_string());
    let mut writer = encoder.write_header().map_err(wrong)?;
    writer.write_image_data(&small).and_then(|()| writer.finish()).map_err(wrong)?;
    Ok(file)
}
