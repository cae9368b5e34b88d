//! The curves: as data for the page's script, and as pictures where scripts do not run.

use deepq_runs::history::{Group, RETURNS};
use maud::{Markup, PreEscaped, html};

use crate::plot::{self, Chart, PlotError, PlotRequest};

/// Returns first, then every column of the tables that some run has figures in.
pub(super) fn all(groups: &[Group]) -> Result<Vec<Chart>, PlotError> {
    let alone = groups.len() == 1;
    let mut requests = vec![(None, "Returns".to_owned())];
    for tag in groups.iter().flat_map(|group| &group.runs).flat_map(|run| run.metrics.names()) {
        let title = match tag {
            RETURNS if alone => continue,
            RETURNS => "Returns of training".to_owned(),
            tag => plot::figure(tag),
        };
        if !requests.iter().any(|(known, _)| known.as_deref() == Some(tag)) {
            requests.push((Some(tag.to_owned()), title));
        }
    }
    let mut charts = Vec::new();
    for (tag, title) in requests {
        let request = PlotRequest { tag, title: Some(plot::capitalised(&title)), ..PlotRequest::default() };
        match plot::learning_curves(groups, &request) {
            Err(PlotError::Nothing { .. }) => {}
            chart => charts.push(chart?),
        }
    }
    Ok(charts)
}

/// The first one, as wide as the page.
pub(super) fn main(charts: &[Chart]) -> Result<Markup, PlotError> {
    match charts.first() {
        Some(chart) => Ok(html! { section.returns { (figure(0, chart)?) } }),
        None => Ok(html! { section { p { "No episode has ended yet, and no evaluation was made." } } }),
    }
}

/// The others.
pub(super) fn others(charts: &[Chart]) -> Result<Markup, PlotError> {
    // What holds for all of them is said once.
    let [_, others @ ..] = charts else { return Ok(html! {}) };
    let everywhere = |line: &&String| others.iter().all(|chart| chart.caption.contains(*line));
    let common: Vec<String> = match others {
        [first, _, ..] => first.caption.iter().filter(everywhere).cloned().collect(),
        _ => Vec::new(),
    };
    let figures = others.iter().enumerate().map(|(number, chart)| {
        let caption = chart.caption.iter().filter(|line| !common.contains(line)).cloned().collect();
        figure(number + 1, &Chart { caption, ..chart.clone() })
    });
    let figures = figures.collect::<Result<Vec<_>, _>>()?;
    Ok(html! {
        @if !figures.is_empty() {
            section {
                h2 { "How it learned" }
                @for line in &common { p.note { (line) } }
                div.figures { @for figure in &figures { (figure) } }
            }
        }
    })
}

fn figure(number: usize, chart: &Chart) -> Result<Markup, PlotError> {
    // Title and caption are the page's.
    let picture = plot::svg(&Chart { title: String::new(), caption: Vec::new(), ..chart.clone() })?;
    Ok(html! {
        figure.chart data-chart=(number) {
            h3 { (chart.title) }
            noscript { (PreEscaped(picture)) }
            figcaption { @for line in &chart.caption { (line) " " } }
        }
    })
}

/// The data, as JSON that cannot end its own element.
pub(super) fn data(charts: &[Chart]) -> Markup {
    let json = serde_json::to_string(charts).unwrap_or_default().replace('<', "\\u003c");
    html! { script #curves type="application/json" { (PreEscaped(json)) } }
}
