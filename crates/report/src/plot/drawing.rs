//! Draws a chart with `plotters`, for any format: title, legend, axes, bands, curves, caption, from top to bottom.

use std::sync::OnceLock;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{
    Cartesian2d, ChartBuilder, ChartContext, Circle, Color as _, DashedLineSeries, DrawingArea, DrawingBackend,
    IntoDrawingArea as _, IntoFont as _, LineSeries, PathElement, Polygon, RGBColor, SVGBackend, ShapeStyle, Text,
    TextStyle, WHITE,
};
use plotters::style::{FontStyle, register_font};

use super::chart::{Chart, Curve, Kind};
use super::error::PlotError;
use super::number::short;
use super::palette;

/// What is drawn in so many units is shown as one point: backends place everything on whole units.
pub(super) const SCALE: u32 = 4;

const WIDTH: u32 = 800 * SCALE;
const PLOT_HEIGHT: u32 = 380 * SCALE;
/// Between the plot and its caption.
const SPACE: u32 = 10 * SCALE;
const MARGIN: u32 = 14 * SCALE;
const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
const SOFT_INK: RGBColor = RGBColor(0x55, 0x55, 0x55);
const GRID: RGBColor = RGBColor(0xe4, 0xe4, 0xe4);

const TITLE: u32 = 20;
const LABEL: u32 = 15;
const SMALL: u32 = 13;
/// From one line of text to the next, in units of its size.
const LEADING: f64 = 1.4;
/// How long the line is that stands for a curve in the legend.
const SAMPLE: i32 = 28 * SCALE as i32;
const GAP: i32 = 10 * SCALE as i32;

/// The name under which drawings ask for the font: viewers of an SVG take one of their own.
const FONT: &str = "sans-serif";

/// How a line through many points is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lines {
    /// As one.
    Polyline,
    /// Piece by piece with round joints: plotters' own pixels make spikes of the sharp corners of a whole one.
    Segments,
}

type Area<'a, DB> = DrawingArea<DB, Shift>;
type Axes<'a, DB> = ChartContext<'a, DB, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Brings the font in, so that texts have the same size on every machine, and show where there are no fonts.
fn provide_font() -> Result<(), PlotError> {
    static PROVIDED: OnceLock<bool> = OnceLock::new();
    let font = include_bytes!("../../fonts/Roboto-Regular.ttf");
    let provided = *PROVIDED.get_or_init(|| register_font(FONT, FontStyle::Normal, font).is_ok());
    if provided { Ok(()) } else { Err(PlotError::Drawing("the font cannot be read".to_owned())) }
}

fn text(size: u32, color: RGBColor) -> TextStyle<'static> {
    (FONT, f64::from(size * SCALE)).into_font().color(&color)
}

fn line_height(size: u32) -> u32 {
    (f64::from(size * SCALE) * LEADING) as u32
}

/// The size of a chart's drawing, in units.
pub(super) fn size(chart: &Chart) -> Result<(u32, u32), PlotError> {
    provide_font()?;
    let mut nothing = String::new();
    let area = SVGBackend::with_string(&mut nothing, (WIDTH, 1)).into_drawing_area();
    let layout = Layout::new(&area, chart)?;
    Ok((WIDTH, layout.header + PLOT_HEIGHT + SPACE + layout.footer))
}

/// Where things stand that depend on their texts' lengths.
struct Layout {
    /// The left end and the row of each curve's entry in the legend.
    entries: Vec<(i32, u32)>,
    /// The legend's upper end.
    legend: u32,
    caption: Vec<String>,
    header: u32,
    footer: u32,
}

impl Layout {
    fn new<DB: DrawingBackend>(area: &Area<'_, DB>, chart: &Chart) -> Result<Self, PlotError> {
        let width = |text: &str, style: &TextStyle<'_>| -> Result<i32, PlotError> {
            Ok(area.estimate_text_size(text, style).map_err(failed)?.0 as i32)
        };
        let (left, right) = (MARGIN as i32, (WIDTH - MARGIN) as i32);
        let (mut entries, mut x, mut row) = (Vec::new(), left, 0);
        for curve in &chart.curves {
            // A viewer's font may be a little wider than ours.
            let entry = SAMPLE + GAP + width(&curve.label, &text(LABEL, INK))? * 11 / 10 + 2 * GAP;
            if x > left && x + entry > right {
                (x, row) = (left, row + 1);
            }
            entries.push((x, row));
            x += entry;
        }
        let mut caption: Vec<String> = Vec::new();
        for sentence in &chart.caption {
            let mut line = String::new();
            for word in sentence.split(' ') {
                let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
                if !line.is_empty() && width(&longer, &text(SMALL, SOFT_INK))? * 11 / 10 > right - left {
                    caption.push(std::mem::replace(&mut line, word.to_owned()));
                } else {
                    line = longer;
                }
            }
            caption.push(line);
        }
        let legend = MARGIN + if chart.title.is_empty() { 0 } else { line_height(TITLE) };
        let header = legend + (row + 1) * line_height(LABEL);
        let footer = caption.len() as u32 * line_height(SMALL) + MARGIN;
        Ok(Self { entries, legend, caption, header, footer })
    }
}

/// Draws a chart on the whole of an area of its [`size`].
pub(super) fn draw<DB: DrawingBackend>(area: &Area<'_, DB>, chart: &Chart, lines: Lines) -> Result<(), PlotError> {
    provide_font()?;
    let layout = Layout::new(area, chart)?;
    area.fill(&WHITE).map_err(failed)?;
    let left = MARGIN as i32;
    area.draw(&Text::new(chart.title.clone(), (left, left), text(TITLE, INK))).map_err(failed)?;
    for (curve, &(x, row)) in chart.curves.iter().zip(&layout.entries) {
        let y = (layout.legend + row * line_height(LABEL)) as i32;
        let middle = y + (LABEL * SCALE) as i32 * 2 / 5;
        let sample = [(x, middle), (x + SAMPLE, middle)];
        let Look { line, color, dashed } = Look::of(curve);
        if dashed {
            let (dash, half) = (SAMPLE / 3, SAMPLE / 2 + SAMPLE / 6);
            for from in [x, x + half] {
                area.draw(&PathElement::new([(from, middle), (from + dash, middle)], line)).map_err(failed)?;
            }
        } else {
            area.draw(&PathElement::new(sample, line)).map_err(failed)?;
        }
        if curve.kind == Kind::Points {
            area.draw(&Circle::new((x + SAMPLE / 2, middle), POINT, color.filled())).map_err(failed)?;
        }
        area.draw(&Text::new(curve.label.clone(), (x + SAMPLE + GAP, y), text(LABEL, INK))).map_err(failed)?;
    }
    let (_, below) = area.split_vertically(layout.header);
    let (plot, footer) = below.split_vertically(PLOT_HEIGHT);
    let (_, footer) = footer.split_vertically(SPACE);
    draw_curves(&plot, chart, lines)?;
    for (row, line) in layout.caption.iter().enumerate() {
        let y = row as i32 * line_height(SMALL) as i32;
        footer.draw(&Text::new(line.clone(), (left, y), text(SMALL, SOFT_INK))).map_err(failed)?;
    }
    area.present().map_err(failed)
}

/// The radius of a point.
const POINT: u32 = 3 * SCALE;

/// How a curve looks.
struct Look {
    color: RGBColor,
    line: ShapeStyle,
    dashed: bool,
}

impl Look {
    fn of(curve: &Curve) -> Self {
        let ([red, green, blue], dashed) = palette::style(curve.color);
        let color = RGBColor(red, green, blue);
        Self { color, line: color.stroke_width(2 * SCALE), dashed }
    }
}

fn draw_curves<DB: DrawingBackend>(area: &Area<'_, DB>, chart: &Chart, lines: Lines) -> Result<(), PlotError> {
    let [[_, right], [low, high]] = chart.extent();
    // What differs by rounding alone is one value.
    let flat = high - low <= 1e-9 * low.abs().max(high.abs());
    let room = if flat { 0.5 * low.abs().max(1.0) } else { 0.05 * (high - low) };
    let mut axes = ChartBuilder::on(area)
        .margin_left(MARGIN / 2)
        .margin_right(2 * MARGIN)
        .margin_top(MARGIN / 2)
        .x_label_area_size(42 * SCALE)
        .y_label_area_size(62 * SCALE)
        .build_cartesian_2d(0.0..right.max(1.0), low - room..high + room)
        .map_err(failed)?;
    axes.configure_mesh()
        .x_labels(8)
        .y_labels(7)
        .x_max_light_lines(0)
        .y_max_light_lines(0)
        .set_all_tick_mark_size(5 * SCALE)
        .bold_line_style(GRID.stroke_width(SCALE))
        .axis_style(SOFT_INK.stroke_width(SCALE))
        .label_style(text(SMALL, INK))
        .axis_desc_style(text(LABEL, INK))
        .x_label_formatter(&|x| short(*x))
        .y_label_formatter(&|y| short(*y))
        .x_desc(chart.x.as_str())
        .y_desc(chart.y.as_str())
        .draw()
        .map_err(failed)?;
    for curve in &chart.curves {
        draw_band(&mut axes, curve)?;
    }
    chart.curves.iter().try_for_each(|curve| draw_curve(&mut axes, curve, lines))
}

fn draw_band<DB: DrawingBackend>(axes: &mut Axes<'_, DB>, curve: &Curve) -> Result<(), PlotError> {
    let ends = || curve.points.iter().zip(&curve.band);
    let there = ends().map(|(&[x, _], &[low, _])| (x, low));
    let back = ends().rev().map(|(&[x, _], &[_, high])| (x, high));
    let outline: Vec<(f64, f64)> = there.chain(back).collect();
    if curve.band.len() > 1 {
        axes.draw_series([Polygon::new(outline, Look::of(curve).color.mix(0.18))]).map_err(failed)?;
    } else if let [(x, low), (_, high)] = outline[..] {
        let line = Look::of(curve).color.mix(0.5).stroke_width(2 * SCALE);
        axes.draw_series([PathElement::new([(x, low), (x, high)], line)]).map_err(failed)?;
    }
    Ok(())
}

fn draw_curve<DB: DrawingBackend>(axes: &mut Axes<'_, DB>, curve: &Curve, lines: Lines) -> Result<(), PlotError> {
    let Look { line, color, dashed } = Look::of(curve);
    let thin = color.stroke_width(SCALE);
    let points: Vec<(f64, f64)> = curve.points.iter().map(|&[x, y]| (x, y)).collect();
    let (of_all, of_some) = (&points[..curve.of_all_runs], &points[curve.of_all_runs.saturating_sub(1)..]);
    for (points, style) in [(of_all, line), (of_some, thin)] {
        if points.len() < 2 {
            continue;
        }
        let whole = points.iter().copied();
        if dashed {
            let (dash, space) = (8 * SCALE, 5 * SCALE);
            axes.draw_series(DashedLineSeries::new(whole, dash, space, style)).map_err(failed)?;
        } else if lines == Lines::Polyline {
            axes.draw_series(LineSeries::new(whole, style)).map_err(failed)?;
        } else {
            let pieces = points.windows(2).map(|ends| PathElement::new(ends.to_vec(), style));
            axes.draw_series(pieces).map_err(failed)?;
            let joint = |point| Circle::new(point, style.stroke_width / 2, color.filled());
            axes.draw_series(whole.map(joint)).map_err(failed)?;
        }
    }
    // Also where a line would show nothing.
    if curve.kind == Kind::Points || points.len() == 1 {
        let size = |i: usize| if i < curve.of_all_runs { POINT } else { POINT / 2 };
        let circles = points.iter().enumerate().map(|(i, &point)| Circle::new(point, size(i), color.filled()));
        axes.draw_series(circles).map_err(failed)?;
    }
    Ok(())
}

fn failed(error: impl std::error::Error) -> PlotError {
    PlotError::Drawing(error.to_string())
}
