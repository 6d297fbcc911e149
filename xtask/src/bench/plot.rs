//! Plots with logarithmic axes, as plain SVG.

use std::fmt::Write;

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 46.0;

/// A line of a plot.
pub struct Series {
    pub name: &'static str,
    pub colour: &'static str,
    /// From left to right.
    pub points: Vec<(f64, f64)>,
}

/// One plot.
pub struct Plot {
    pub title: &'static str,
    pub x: &'static str,
    pub series: Vec<Series>,
}

/// Plots side by side, two a row; the names of the series stand below.
pub fn svg(plots: &[Plot]) -> String {
    let rows = plots.len().div_ceil(2) as f64;
    let (width, height) = (2.0 * WIDTH, rows * HEIGHT + 30.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
    );
    for (place, plot) in plots.iter().enumerate() {
        let (x, y) = ((place % 2) as f64 * WIDTH, (place / 2) as f64 * HEIGHT);
        let _ = writeln!(svg, "<g transform=\"translate({x} {y})\">{}</g>", panel(plot));
    }
    let mut names: Vec<(&str, &str)> = Vec::new();
    for series in plots.iter().flat_map(|plot| &plot.series) {
        if !names.contains(&(series.name, series.colour)) {
            names.push((series.name, series.colour));
        }
    }
    let mut x = LEFT;
    for (name, colour) in names {
        let y = rows * HEIGHT + 12.0;
        let _ = writeln!(
            svg,
            "<circle cx=\"{x}\" cy=\"{}\" r=\"4\" fill=\"{colour}\"/><text x=\"{}\" y=\"{y}\">{name}</text>",
            y - 4.0,
            x + 9.0
        );
        x += 30.0 + 6.6 * name.chars().count() as f64;
    }
    svg + "</svg>\n"
}

fn panel(plot: &Plot) -> String {
    let all = || plot.series.iter().flat_map(|series| &series.points);
    let (left, right) = decades(all().map(|point| point.0));
    let (low, high) = decades(all().map(|point| point.1));
    let across = |x: f64| LEFT + (x.log10() - left) / (right - left) * (WIDTH - LEFT - RIGHT);
    let up = |y: f64| HEIGHT - BOTTOM - (y.log10() - low) / (high - low) * (HEIGHT - TOP - BOTTOM);
    let mut svg = format!("<text x=\"{LEFT}\" y=\"20\" font-weight=\"bold\">{}</text>", plot.title);
    for decade in left as i32..=right as i32 {
        let x = across(10_f64.powi(decade));
        let _ = write!(
            svg,
            "<path d=\"M{x:.1} {TOP}V{:.1}\" stroke=\"#ddd\"/><text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">\
             10<tspan dy=\"-5\" font-size=\"9\">{decade}</tspan></text>",
            HEIGHT - BOTTOM,
            HEIGHT - BOTTOM + 17.0
        );
    }
    for decade in low as i32..=high as i32 {
        let value = 10_f64.powi(decade);
        let y = up(value);
        let _ = write!(
            svg,
            "<path d=\"M{LEFT} {y:.1}H{:.1}\" stroke=\"#ddd\"/><text x=\"{:.1}\" y=\"{:.1}\" \
             text-anchor=\"end\">{value}</text>",
            WIDTH - RIGHT,
            LEFT - 6.0,
            y + 4.0
        );
    }
    let middle = (LEFT + WIDTH - RIGHT) / 2.0;
    let _ =
        write!(svg, "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>", HEIGHT - 10.0, plot.x);
    for Series { colour, points, .. } in &plot.series {
        let places: Vec<(f64, f64)> = points.iter().map(|&(x, y)| (across(x), up(y))).collect();
        let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        let _ = write!(
            svg,
            "<path d=\"M{}\" stroke=\"{colour}\" fill=\"none\" stroke-width=\"1.5\"/>",
            path.join("L")
        );
        for (x, y) in places {
            let _ = write!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>");
        }
    }
    svg
}

/// The decades that the values lie between.
fn decades(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.filter(|value| *value > 0.0) {
        low = low.min(value.log10().floor());
        high = high.max(value.log10().ceil());
    }
    if high > low { (low, high) } else { (low, low + 1.0) }
}
