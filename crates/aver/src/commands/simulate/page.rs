//! What a simulation of federated learning found, as a page without scripts: a plot of accuracy per round, a map of rules and
//! attacks.

use super::federated::Found;
use crate::args::FederatedArgs;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 320.0;
const MARGIN: f64 = 40.0;
/// Lines of one plot; more are only in the map.
const LINES: usize = 20;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem;color:#1a1a1a}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;font-size:12px}\
td,th{padding:.3rem .45rem;text-align:right;white-space:nowrap}th:first-child{text-align:left}thead th{vertical-align:bottom}\
.map{overflow-x:auto}svg{max-width:100%;height:auto}";

/// The page.
pub fn page(args: &FederatedArgs, found: &[Found]) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Federated learning under attack" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "Federated learning under attack" }
                p {
                    (args.participants) " participants, " (args.attackers) " of them attackers, " (args.rounds)
                    " rounds, seed " (args.seed) "."
                }
                h2 { "Accuracy per round" }
                (plot(found))
                h2 { "Accuracy of the last model" }
                div class="map" { (map(found, |found| found.outcome.final_accuracy(), |value| value)) }
                h2 { "What all attackers together earn, over one honest participant" }
                div class="map" {
                    (map(found, |found| found.outcome.attackers_gain, |value| 1.0 - (value / 4.0).min(1.0)))
                }
            }
        }
    };
    page.into_string()
}

/// A colour for each line, as far apart as colours go.
fn colour(line: usize, of: usize) -> String {
    format!("hsl({} 65% {}%)", line * 360 / of.max(1), if line.is_multiple_of(2) { 40 } else { 52 })
}

fn plot(found: &[Found]) -> Markup {
    let lines = &found[..found.len().min(LINES)];
    let rounds = lines.iter().map(|found| found.outcome.rounds.len()).max().unwrap_or(1);
    let x = |round: usize| MARGIN + (WIDTH - 2.0 * MARGIN) * round as f64 / (rounds.max(2) - 1) as f64;
    let y = |accuracy: f64| HEIGHT - MARGIN - (HEIGHT - 2.0 * MARGIN) * accuracy;
    let height = HEIGHT + 16.0 * lines.len() as f64 + 8.0;
    html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {WIDTH} {height}")) width=(WIDTH) role="img"
            aria-label="accuracy per round" font-size="11" font-family="system-ui,sans-serif" {
            @for tenth in [0, 2, 4, 6, 8, 10] {
                @let at = y(f64::from(tenth) / 10.0);
                line x1=(MARGIN) x2=(WIDTH - MARGIN) y1=(at) y2=(at) stroke="#ddd" {}
                text x=(MARGIN - 6.0) y=(at + 4.0) text-anchor="end" { (format!("{:.1}", f64::from(tenth) / 10.0)) }
            }
            text x=(MARGIN) y=(HEIGHT - MARGIN + 18.0) { "round 1" }
            text x=(WIDTH - MARGIN) y=(HEIGHT - MARGIN + 18.0) text-anchor="end" { "round " (rounds) }
            @for (number, line) in lines.iter().enumerate() {
                @let points: Vec<String> = line
                    .outcome
                    .rounds
                    .iter()
                    .enumerate()
                    .map(|(round, done)| format!("{:.1},{:.1}", x(round), y(done.accuracy)))
                    .collect();
                polyline points=(points.join(" ")) fill="none" stroke=(colour(number, lines.len())) stroke-width="1.6" {}
                @let at = HEIGHT + 16.0 * number as f64;
                line x1=(MARGIN) x2=(MARGIN + 18.0) y1=(at - 4.0) y2=(at - 4.0) stroke=(colour(number, lines.len()))
                    stroke-width="3" {}
                text x=(MARGIN + 24.0) y=(at) {
                    (line.scheme.name()) ", " (line.attack_name()) ": " (format!("{:.3}", line.outcome.final_accuracy()))
                }
            }
        }
        @if found.len() > LINES { p { "The first " (LINES) " of " (found.len()) " runs; all of them are below." } }
    }
}

/// Rules by attacks. `good` makes of a value how good it is, from 0 to 1.
fn map(found: &[Found], value: impl Fn(&Found) -> f64, good: impl Fn(f64) -> f64) -> Markup {
    let mut rules: Vec<String> = found.iter().map(|found| found.scheme.name()).collect();
    rules.dedup();
    let mut attacks: Vec<&str> = Vec::new();
    for found in found {
        if !attacks.contains(&found.attack_name()) {
            attacks.push(found.attack_name());
        }
    }
    let at = |rule: &str, attack: &str| {
        found.iter().find(|found| found.scheme.name() == rule && found.attack_name() == attack).map(&value)
    };
    html! {
        table {
            thead { tr { th { "rule" } @for attack in &attacks { th { (attack) } } } }
            tbody {
                @for rule in &rules {
                    tr {
                        th { (rule) }
                        @for attack in &attacks {
                            @if let Some(value) = at(rule, attack) {
                                td style=(format!("background:hsl({:.0} 60% 82%)", 120.0 * good(value).clamp(0.0, 1.0))) {
                                    (format!("{value:.2}"))
                                }
                            } @else {
                                td {}
                            }
                        }
                    }
                }
            }
        }
    }
}
