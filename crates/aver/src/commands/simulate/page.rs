//! What a simulation of federated learning found, as a page without scripts: maps of rules and attacks, and for each attack a plot
//! of accuracy per round.

use super::federated::{legend, marked, worst_of_each};
use crate::args::{DatasetName, FederatedArgs, SplitName};
use averment_simulate::federated::{Found, Scheme};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// A plot's size, and the space around its axes: left, right, above, below.
const SIZE: (f64, f64) = (300.0, 190.0);
const MARGIN: (f64, f64, f64, f64) = (30.0, 8.0, 8.0, 20.0);
/// Schemes of which a plot also shows the least and the largest of the seeds.
const BANDS: usize = 3;

/// Colours that stay apart for those who see fewer of them (after Okabe and Ito, and Tol).
const COLOURS: [&str; 11] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#332288", "#882255", "#999933",
    "#661100", "#444444",
];
/// What is done before a rule is told by dashes: nothing, mixing, clipping, both.
const DASHES: [&str; 4] = ["none", "6 3", "2 2", "6 3 2 3"];

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1a1a1a;--soft:#666;--line:#ddd;--paper:#fff}\
@media(prefers-color-scheme:dark){:root{--ink:#eee;--soft:#aaa;--line:#444;--paper:#16181c}}\
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:82rem;padding:0 1rem;color:var(--ink);background:var(--paper)}\
h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.1rem;margin-top:2.2rem}p{max-width:60rem}.soft{color:var(--soft)}\
code{font-size:13px;overflow-wrap:anywhere}\
.best{font-size:1.05rem;border-left:4px solid #0072b2;padding:.3rem .8rem;margin:1.2rem 0}\
.map{overflow-x:auto}table{border-collapse:separate;border-spacing:2px;font-size:13px;font-variant-numeric:tabular-nums}\
td,th{padding:.28rem .45rem;text-align:right;white-space:nowrap;font-weight:400}td{border-radius:3px;color:#111}\
th:first-child{text-align:left;position:sticky;left:0;background:var(--paper)}\
thead th{vertical-align:bottom;height:6.2rem;padding:0 0 .2rem;text-align:center}thead th span{writing-mode:vertical-rl;transform:rotate(180deg)}\
thead th:first-child{height:auto}td.worst{font-weight:700}\
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(280px,1fr));gap:.8rem}figure{margin:0}\
figcaption{font-size:13px;padding-left:30px}svg{width:100%;height:auto;display:block}svg text{fill:var(--soft);font-size:10px}\
.grid{stroke:var(--line)}.key{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;font-size:13px;margin:.6rem 0}\
.key svg{width:26px;height:10px;display:inline-block;margin-right:.35rem}";

/// The page.
pub fn page(args: &FederatedArgs, found: &[Found]) -> String {
    let schemes = schemes(found);
    let worst = worst_of_each(found);
    let best = worst.iter().max_by(|a, b| a.final_accuracy().mean.total_cmp(&b.final_accuracy().mean));
    let backdoored = found.iter().any(|found| found.attack_name() == "backdoor");
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
                p class="soft" { (settings(args)) }
                @if let Some(best) = best {
                    p class="best" {
                        @if worst.len() > 1 { "Best at its worst: " } @else { "At its worst: " }
                        b { (best.scheme.name()) } " keeps "
                        b { (format!("{:.1} %", 100.0 * best.final_accuracy().mean)) }
                        @if best.attack.is_some() { " under " b { (best.attack_name()) } } @else { ", nobody attacking" }
                        "."
                    }
                }
                h2 { "Accuracy of the last model" }
                p class="soft" {
                    "Darker blue is better; bold is where a rule does worst."
                    @if args.seeds > 1 { " Point at a cell to see the least and the largest of the seeds." }
                    @for mark in legend(found) { " " (mark) "." }
                }
                (map(found, &schemes, &|found| {
                    let accuracy = found.final_accuracy();
                    (accuracy.mean, accuracy.mean.powi(2), format!("{:.3} to {:.3}", accuracy.least, accuracy.most))
                }, true))
                h2 { "Accuracy, round by round" }
                (key(&schemes))
                div class="plots" {
                    @for attack in attacks(found) { (plot(found, &schemes, attack)) }
                }
                h2 { "What all attackers together earn, in pay of one honest participant" }
                p class="soft" {
                    (args.attackers) " attackers; an equal split would give them " (args.attackers) "."
                }
                (map(found, &schemes, &|found| {
                    let gain = found.spread(|outcome| outcome.pays.attackers());
                    let good = 1.0 - (gain.mean / args.attackers.max(1) as f64).min(1.0);
                    (gain.mean, good, format!("{:.2} to {:.2}", gain.least, gain.most))
                }, false))
                @if backdoored {
                    h2 { "Backdoor: painted images taken for the wrong class" }
                    (map(found, &schemes, &|found| {
                        let opened = found.spread(|outcome| outcome.backdoor);
                        (opened.mean, 1.0 - opened.mean, format!("{:.3} to {:.3}", opened.least, opened.most))
                    }, false))
                }
                h2 { "Again" }
                p { code { (command(args)) } }
            }
        }
    };
    page.into_string()
}

fn settings(args: &FederatedArgs) -> String {
    let data = match args.dataset {
        DatasetName::Digits => "digits",
        DatasetName::BreastCancer => "breast cancer",
        DatasetName::Idx => "images of IDX files",
    };
    let split = match args.split {
        SplitName::Even => "spread evenly".to_owned(),
        SplitName::Dirichlet => format!("spread by Dirichlet alpha {}", args.alpha),
    };
    let seeds = match args.seeds {
        1 => format!("seed {}", args.seed),
        seeds => format!("means of {seeds} seeds from {} on", args.seed),
    };
    format!(
        "{data}, {split}; {} participants, {} of them attackers, {} rounds; {seeds}",
        args.participants, args.attackers, args.rounds
    )
}

/// What makes the same page again.
fn command(args: &FederatedArgs) -> String {
    use clap::ValueEnum;
    let mut words = vec!["aver simulate federated".to_owned()];
    let mut say = |flag: &str, value: String| words.push(format!("--{flag} {value}"));
    let name = |value: Option<clap::builder::PossibleValue>| {
        value.map_or(String::new(), |value| value.get_name().to_owned())
    };
    say("dataset", name(args.dataset.to_possible_value()));
    if let Some(folder) = &args.folder {
        say("folder", folder.display().to_string());
    }
    say("participants", args.participants.to_string());
    say("attackers", args.attackers.to_string());
    say("selected", args.selected.to_string());
    say("rounds", args.rounds.to_string());
    say("attack", args.attack.clone());
    say("rule", args.rule.clone());
    say("split", name(args.split.to_possible_value()));
    say("alpha", args.alpha.to_string());
    say("hidden", args.hidden.to_string());
    say("rate", args.rate.to_string());
    say("momentum", args.momentum.to_string());
    say("batch", args.batch.to_string());
    say("epochs", args.epochs.to_string());
    say("seed", args.seed.to_string());
    say("seeds", args.seeds.to_string());
    say("strikes", args.strikes.to_string());
    for without in &args.without {
        say("without", name(without.to_possible_value()));
    }
    for (flag, given) in [("--mix", args.mix), ("--clip", args.clip)] {
        words.extend(given.then(|| flag.to_owned()));
    }
    words.join(" ")
}

fn schemes(found: &[Found]) -> Vec<Scheme> {
    found
        .chunk_by(|a, b| a.scheme == b.scheme)
        .filter_map(|run| run.first())
        .map(|found| found.scheme)
        .collect()
}

fn attacks(found: &[Found]) -> Vec<&'static str> {
    let mut attacks = Vec::new();
    for found in found {
        if !attacks.contains(&found.attack_name()) {
            attacks.push(found.attack_name());
        }
    }
    attacks
}

/// Colour and dashes of a scheme's lines: a colour for each rule, dashes for what is done before.
fn stroke(schemes: &[Scheme], scheme: &Scheme) -> (&'static str, &'static str) {
    let mut methods = Vec::new();
    for scheme in schemes {
        if !methods.contains(&scheme.method) {
            methods.push(scheme.method);
        }
    }
    let place = methods.iter().position(|method| *method == scheme.method).unwrap_or(0);
    (COLOURS[place % COLOURS.len()], DASHES[usize::from(scheme.mix) + 2 * usize::from(scheme.clip)])
}

fn key(schemes: &[Scheme]) -> Markup {
    html! {
        div class="key" {
            @for scheme in schemes {
                @let (colour, dashes) = stroke(schemes, scheme);
                span {
                    svg viewBox="0 0 26 10" aria-hidden="true" {
                        line x1="0" x2="26" y1="5" y2="5" stroke=(colour) stroke-width="2.5" stroke-dasharray=(dashes) {}
                    }
                    (marked(scheme))
                }
            }
        }
    }
}

/// Accuracy per round under one attack, a line for each scheme.
fn plot(found: &[Found], schemes: &[Scheme], attack: &str) -> Markup {
    let lines: Vec<&Found> = found.iter().filter(|found| found.attack_name() == attack).collect();
    let rounds = lines.iter().map(|found| found.accuracy().len()).max().unwrap_or(1);
    let (width, height) = SIZE;
    let (left, right, above, below) = MARGIN;
    let x = |round: usize| left + (width - left - right) * round as f64 / (rounds.max(2) - 1) as f64;
    let y = |accuracy: f64| height - below - (height - above - below) * accuracy;
    let path = |points: &mut dyn Iterator<Item = (usize, f64)>| {
        let points: Vec<String> =
            points.map(|(round, value)| format!("{:.1},{:.1}", x(round), y(value))).collect();
        points.join(" ")
    };
    html! {
        figure {
            figcaption { (if attack == "none" { "no attack" } else { attack }) }
            svg viewBox=(format!("0 0 {width} {height}")) role="img" aria-label=(format!("accuracy per round, {attack}")) {
                @for fifth in 0..=5 {
                    @let value = f64::from(fifth) / 5.0;
                    line class="grid" x1=(left) x2=(width - right) y1=(y(value)) y2=(y(value)) {}
                    text x=(left - 5.0) y=(y(value) + 3.5) text-anchor="end" { (format!("{value:.1}")) }
                }
                text x=(left) y=(height - 6.0) { "round 1" }
                text x=(width - right) y=(height - 6.0) text-anchor="end" { (rounds) }
                @for line in lines {
                    @let (colour, dashes) = stroke(schemes, &line.scheme);
                    @let accuracy = line.accuracy();
                    @if schemes.len() <= BANDS && line.outcomes.len() > 1 {
                        @let upper = accuracy.iter().map(|round| round.most).enumerate();
                        @let lower = accuracy.iter().map(|round| round.least).enumerate().rev();
                        polygon points=(path(&mut upper.chain(lower))) fill=(colour) fill-opacity="0.15" {}
                    }
                    polyline points=(path(&mut accuracy.iter().map(|round| round.mean).enumerate())) fill="none"
                        stroke=(colour) stroke-width="1.6" stroke-dasharray=(dashes) stroke-linejoin="round" {
                        title { (line.scheme.name()) ", " (format!("{:.3}", line.final_accuracy().mean)) }
                    }
                }
            }
        }
    }
}

/// Rules by attacks. `of` gives a cell's value, how good that is, from 0 to 1, and what the seeds say. With `least`, each rule's
/// least value is set off and stands at the end once more.
fn map(
    found: &[Found],
    schemes: &[Scheme],
    of: &dyn Fn(&Found) -> (f64, f64, String),
    least: bool,
) -> Markup {
    let attacks = attacks(found);
    let worst = |scheme: &Scheme| {
        let own = found.iter().filter(|found| found.scheme == *scheme);
        own.map(|found| of(found).0).fold(f64::INFINITY, f64::min)
    };
    let least = least && attacks.len() > 1;
    html! {
        div class="map" {
            table {
                thead {
                    tr {
                        th { "rule" }
                        @for attack in &attacks { th { span { (attack) } } }
                        @if least { th { span { b { "worst" } } } }
                    }
                }
                tbody {
                    @for scheme in schemes {
                        tr {
                            th { (marked(scheme)) }
                            @for attack in &attacks {
                                @if let Some(found) = found.iter().find(|found| found.scheme == *scheme && found.attack_name() == *attack) {
                                    @let (value, good, seeds) = of(found);
                                    @let bold = if least && value == worst(scheme) { "worst" } else { "" };
                                    td style=(shade(good)) class=(bold) title=(format!("{}, {attack}: {seeds}", scheme.name())) {
                                        (format!("{value:.2}"))
                                    }
                                }
                            }
                            @if least {
                                @let value = worst(scheme);
                                td style=(shade(value.powi(2))) class="worst" { (format!("{value:.3}")) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// From orange, which is bad, over white to blue.
fn shade(good: f64) -> String {
    let good = good.clamp(0.0, 1.0);
    let (from, to, part) = match good < 0.5 {
        true => ([235.0, 131.0, 49.0], [247.0, 247.0, 247.0], 2.0 * good),
        false => ([247.0, 247.0, 247.0], [108.0, 174.0, 220.0], 2.0 * good - 1.0),
    };
    let [r, g, b] = [0, 1, 2].map(|place| from[place] + (to[place] - from[place]) * part);
    format!("background:rgb({r:.0} {g:.0} {b:.0})")
}
