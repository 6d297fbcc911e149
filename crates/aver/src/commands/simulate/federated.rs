//! `aver simulate federated`: federated learning with attackers.

use super::page;
use crate::{
    args::{DatasetName, DefenceName, FederatedArgs, SplitName},
    exit,
    table::table,
    ui::Ui,
};
use anyhow::{Context, Result};
use averment_simulate::federated::{
    Attack, Defence, Experiment, ExperimentError, Found, Member, Method, Outcome, Pays, Scheme, Source,
    Spread, Standing, Study, usual_training,
};
use averment_trainers::{Settings, data::split::Split};
use serde_json::{Value, json};
use std::{num::NonZeroUsize, thread};

pub fn run(args: &FederatedArgs, ui: Ui) -> Result<()> {
    let study = study(args)?;
    let bar = ui.count_bar("rounds", study.rounds() as u64);
    let found = study.run(|_| bar.inc(1)).map_err(said)?;
    bar.finish_and_clear();
    if let Some(path) = &args.page {
        std::fs::write(path, page::page(args, &found))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    ui.result(&json(args, &found), words(args, &found))
}

fn study(args: &FederatedArgs) -> Result<Study> {
    let (attacks, schemes) = (attacks(&args.attack)?, schemes(args)?);
    let source = match (args.dataset, &args.folder) {
        (DatasetName::Digits, _) => Source::Digits,
        (DatasetName::BreastCancer, _) => Source::BreastCancer,
        (DatasetName::Idx, folder) => Source::Idx(folder.clone().unwrap_or_default()),
    };
    let off = |name| !args.without.contains(&name);
    let common = Experiment {
        participants: args.participants,
        attackers: args.attackers,
        selected: args.selected.min(args.participants),
        rounds: args.rounds,
        attack: None,
        // The study's come in its place.
        scheme: schemes.first().copied().context("a rule")?,
        defence: Defence {
            decoding: off(DefenceName::Decoding),
            bound: off(DefenceName::Bound),
            history: off(DefenceName::History),
            quality: off(DefenceName::Quality),
            validators: if off(DefenceName::Validators) { Defence::ALL.validators } else { 0 },
            strikes: args.strikes,
        },
        split: match args.split {
            SplitName::Even => Split::Even,
            SplitName::Dirichlet => Split::Dirichlet(args.alpha),
        },
        training: Settings {
            rate: args.rate,
            momentum: args.momentum,
            batch: args.batch,
            epochs: args.epochs,
            ..usual_training()
        },
        seed: args.seed,
    };
    let threads = args.threads.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    Ok(Study { source, hidden: args.hidden, schemes, attacks, seeds: args.seeds, common, threads })
}

/// What was asked for wrongly is wrong usage; the rest is a failure.
fn said(error: ExperimentError) -> anyhow::Error {
    match error {
        ExperimentError::Count { .. }
        | ExperimentError::Sets { .. }
        | ExperimentError::Split(_)
        | ExperimentError::Rule(_) => exit::usage(error.to_string()).into(),
        other => other.into(),
    }
}

/// Those named, each once, in the order in which they are named.
fn attacks(names: &str) -> Result<Vec<Option<Attack>>> {
    let mut attacks = Vec::new();
    for name in names.split(',') {
        let named: Vec<Option<Attack>> = match name {
            "all" => [None].into_iter().chain(Attack::ALL.map(Some)).collect(),
            "model" => {
                let after = Attack::ALL.into_iter().filter(|attack| attack.harms());
                [None].into_iter().chain(after.map(Some)).collect()
            }
            "none" => vec![None],
            name => {
                let found = Attack::ALL.into_iter().find(|attack| attack.name() == name);
                let known = Attack::ALL.map(Attack::name).join(", ");
                vec![Some(found.ok_or_else(|| {
                    exit::usage(format!("--attack: expected none, all, model, or of {known}; got {name:?}"))
                })?)]
            }
        };
        attacks.extend(named);
    }
    Ok(once(attacks))
}

fn schemes(args: &FederatedArgs) -> Result<Vec<Scheme>> {
    let mut methods = Vec::new();
    for name in args.rule.split(',') {
        let named = |method: &Method| match name {
            "all" => true,
            "verified" => method.standing() == Standing::Verified,
            name => method.name() == name,
        };
        let found: Vec<Method> = Method::all().filter(named).collect();
        if found.is_empty() {
            let known = Method::all().map(Method::name).collect::<Vec<_>>().join(", ");
            let error = format!("--rule: expected all, verified, or of {known}; got {name:?}");
            return Err(exit::usage(error).into());
        }
        methods.extend(found);
    }
    let methods = once(methods);
    let both = |asked: bool| match (asked, methods.len()) {
        (false, _) => vec![false],
        (true, 1) => vec![true],
        (true, _) => vec![false, true],
    };
    let steps =
        both(args.clip).into_iter().flat_map(|clip| both(args.mix).into_iter().map(move |mix| (clip, mix)));
    let steps: Vec<(bool, bool)> = steps.collect();
    let with = |method| steps.iter().map(move |&(clip, mix)| Scheme { method, clip, mix });
    Ok(methods.iter().copied().flat_map(with).collect())
}

fn once<T: PartialEq>(all: Vec<T>) -> Vec<T> {
    let mut once = Vec::new();
    for one in all {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    once
}

/// The worst of what was found, by its mean, if there is one.
fn worst<'a>(found: impl IntoIterator<Item = &'a Found>) -> Option<&'a Found> {
    found.into_iter().min_by(|a, b| a.final_accuracy().mean.total_cmp(&b.final_accuracy().mean))
}

/// Of each scheme, in order, what it does worst at.
pub fn worst_of_each(found: &[Found]) -> Vec<&Found> {
    found.chunk_by(|a, b| a.scheme == b.scheme).filter_map(worst).collect()
}

fn spread(spread: Spread) -> Value {
    json!({ "mean": spread.mean, "min": spread.least, "max": spread.most, "deviation": spread.deviation })
}

/// What one simulation's members earned.
fn pays(pays: &Pays) -> Value {
    let member = |member: &Member| {
        json!({
            "participant": member.participant,
            "attacker": member.attacker,
            "pay": member.pay,
            "attacking": member.attacking,
        })
    };
    json!({
        "attackers": pays.attackers(),
        "attacking": pays.attacking(),
        "honest_share": pays.honest_share,
        "members": pays.members.iter().map(member).collect::<Vec<_>>(),
    })
}

/// What the seeds say of it.
fn pay(found: &Found, of: &dyn Fn(&Outcome) -> &Pays) -> Value {
    let between = |attackers: bool| {
        let least = found.spread(|outcome| of(outcome).between(attackers).0).mean;
        json!({ "least": least, "most": found.spread(|outcome| of(outcome).between(attackers).1).mean })
    };
    json!({
        "attackers": spread(found.spread(|outcome| of(outcome).attackers())),
        "attacking": spread(found.spread(|outcome| of(outcome).attacking())),
        "honest_share": spread(found.spread(|outcome| of(outcome).honest_share)),
        "one_attacker": between(true),
        "one_honest": between(false),
    })
}

fn json(args: &FederatedArgs, found: &[Found]) -> Value {
    let runs: Vec<Value> = found
        .iter()
        .map(|found| {
            let seeds: Vec<Value> = (args.seed..)
                .zip(&found.outcomes)
                .map(|(seed, outcome)| {
                    let rounds = &outcome.rounds;
                    json!({
                        "seed": seed,
                        "final_accuracy": outcome.final_accuracy(),
                        "accuracy": rounds.iter().map(|round| round.accuracy).collect::<Vec<_>>(),
                        "attackers_weight": rounds.iter().map(|round| round.attackers_weight).collect::<Vec<_>>(),
                        "refused": rounds.iter().map(|round| round.refused).sum::<usize>(),
                        "backdoor": outcome.backdoor,
                        "pay": pays(&outcome.pays),
                        "pay_by_matrix": pays(&outcome.by_matrix),
                        "out": { "attackers": outcome.out.0, "honest": outcome.out.1 },
                    })
                })
                .collect();
            let accuracy = found.final_accuracy();
            json!({
                "rule": found.scheme.name(),
                "standing": found.scheme.method.standing().name(),
                "attack": found.attack_name(),
                "final_accuracy": accuracy.mean,
                "final_accuracy_min": accuracy.least,
                "final_accuracy_max": accuracy.most,
                "final_accuracy_deviation": accuracy.deviation,
                "accuracy": found.accuracy().iter().map(|round| round.mean).collect::<Vec<_>>(),
                "backdoor": spread(found.spread(|outcome| outcome.backdoor)),
                "pay": pay(found, &|outcome| &outcome.pays),
                "pay_by_matrix": pay(found, &|outcome| &outcome.by_matrix),
                "out": {
                    "attackers": spread(found.spread(|outcome| outcome.out.0 as f64)),
                    "honest": spread(found.spread(|outcome| outcome.out.1 as f64)),
                },
                "seeds": seeds,
            })
        })
        .collect();
    let rules: Vec<Value> = worst_of_each(found)
        .iter()
        .map(|worst| {
            json!({
                "rule": worst.scheme.name(),
                "standing": worst.scheme.method.standing().name(),
                "worst_attack": worst.attack_name(),
                "worst_accuracy": worst.final_accuracy().mean,
            })
        })
        .collect();
    json!({
        "seed": args.seed,
        "seeds": args.seeds,
        "participants": args.participants,
        "attackers": args.attackers,
        "rounds": args.rounds,
        // Of several runs the worst.
        "final_accuracy": worst(found).map(|found| found.final_accuracy().mean),
        "rules": rules,
        "runs": runs,
    })
}

/// A rule's name, marked if the chain cannot hold an aggregator to it.
pub fn marked(scheme: &Scheme) -> String {
    match scheme.method.standing() {
        Standing::Verified => scheme.name(),
        Standing::Comparison => format!("{} ~", scheme.name()),
        Standing::Unverifiable => format!("{} !", scheme.name()),
    }
}

/// What the marks mean, of those that are there.
pub fn legend(found: &[Found]) -> Vec<&'static str> {
    let has = |standing| found.iter().any(|found| found.scheme.method.standing() == standing);
    let marks = [
        (Standing::Comparison, "~ for comparison: no contract computes it"),
        (Standing::Unverifiable, "! not verifiable: a matrix of inner products does not decide it"),
    ];
    marks.into_iter().filter(|(standing, _)| has(*standing)).map(|(_, words)| words).collect()
}

/// What each attack earns, in one honest member's mean pay: with validators' scores, and by the matrix alone.
fn pay_table(found: &[Found]) -> String {
    let half = |found: &Found, of: &dyn Fn(&Outcome) -> &Pays| {
        let mean = |what: &dyn Fn(&Pays) -> f64| found.spread(|outcome| what(of(outcome))).mean;
        let honest = [mean(&|pays| pays.between(false).0), mean(&|pays| pays.between(false).1)];
        [
            format!("{:.2}", mean(&Pays::attackers)),
            format!("{:.2}-{:.2}", mean(&|pays| pays.between(true).0), mean(&|pays| pays.between(true).1)),
            format!("{:.2}", mean(&Pays::attacking)),
            format!("{:.2}-{:.2}", honest[0], honest[1]),
            format!("{:.2}", mean(&|pays| pays.honest_share)),
        ]
    };
    let rows: Vec<[String; 12]> = found
        .iter()
        .map(|found| {
            let [a, b, c, d, e] = half(found, &|outcome| &outcome.pays);
            let [f, g, h, i, j] = half(found, &|outcome| &outcome.by_matrix);
            [marked(&found.scheme), found.attack_name().to_owned(), a, b, c, d, e, f, g, h, i, j]
        })
        .collect();
    let head = [
        "RULE",
        "ATTACK",
        "THEIR PAY",
        "EACH",
        "ATTACKING",
        "HONEST EACH",
        "PAID",
        "BY MATRIX",
        "EACH",
        "ATTACKING",
        "HONEST EACH",
        "PAID",
    ];
    let said = "In pay of one honest member in the mean, for each round it was selected in. THEIR PAY: all attackers' together. EACH: \
                the least and the largest. ATTACKING: of one attacker, in rounds in which it attacks, over what an honest one earned in \
                the same. PAID: the honest members' part of all shares. BY MATRIX: the same had no validator spoken.";
    format!("{}\n\n{said}", table(head, &rows))
}

/// What each member earned, where there is one simulation.
fn member_table(found: &[Found]) -> Option<String> {
    let [found] = found else { return None };
    let [outcome] = found.outcomes.as_slice() else { return None };
    let attacking = |member: &Member| match member.attacking {
        Some(pay) => format!("{pay:.2}"),
        None => "-".to_owned(),
    };
    let rows: Vec<[String; 5]> = outcome
        .pays
        .members
        .iter()
        .zip(&outcome.by_matrix.members)
        .map(|(member, by_matrix)| {
            let role = if member.attacker { "attacker" } else { "honest" };
            let pay = |member: &Member| format!("{:.2}", member.pay);
            [member.participant.to_string(), role.to_owned(), pay(member), attacking(member), pay(by_matrix)]
        })
        .collect();
    Some(table(["MEMBER", "ROLE", "PAY", "ATTACKING", "BY MATRIX"], &rows))
}

fn words(args: &FederatedArgs, found: &[Found]) -> String {
    let rows: Vec<[String; 8]> = found
        .iter()
        .map(|found| {
            let weight = found.spread(|outcome| {
                let weights: Vec<f64> =
                    outcome.rounds.iter().filter_map(|round| round.attackers_weight).collect();
                if weights.is_empty() { f64::NAN } else { weights.iter().sum::<f64>() / weights.len() as f64 }
            });
            let accuracy = found.final_accuracy();
            [
                marked(&found.scheme),
                found.attack_name().to_owned(),
                format!("{:.3}", accuracy.mean),
                if args.seeds > 1 {
                    format!("{:.3}-{:.3}", accuracy.least, accuracy.most)
                } else {
                    "-".to_owned()
                },
                if weight.mean.is_nan() { "-".to_owned() } else { format!("{:.3}", weight.mean) },
                format!("{:.3}", found.spread(|outcome| outcome.backdoor).mean),
                format!("{:.2}", found.spread(|outcome| outcome.pays.attackers()).mean),
                format!("{:.2}", found.spread(|outcome| outcome.pays.honest_share).mean),
            ]
        })
        .collect();
    let head =
        ["RULE", "ATTACK", "ACCURACY", "OF SEEDS", "THEIR WEIGHT", "BACKDOOR", "THEIR PAY", "HONEST PAY"];
    let mut parts = vec![table(head, &rows)];
    if args.pay {
        parts.push(pay_table(found));
        parts.extend(member_table(found));
    }
    let worst = worst_of_each(found);
    if worst.len() > 1 && found.len() > worst.len() {
        let rows: Vec<[String; 3]> = worst
            .iter()
            .map(|worst| {
                let accuracy = format!("{:.3}", worst.final_accuracy().mean);
                [marked(&worst.scheme), accuracy, worst.attack_name().to_owned()]
            })
            .collect();
        parts.push(table(["RULE", "AT WORST", "UNDER"], &rows));
    }
    let seeds = match args.seeds {
        1 => format!("seed {}", args.seed),
        seeds => {
            format!("means of the seeds {} to {}", args.seed, args.seed.saturating_add(seeds as u64 - 1))
        }
    };
    let mut said = format!(
        "{} participants, {} of them attackers, {} rounds, {seeds}. THEIR PAY: all attackers' together, over one honest \
         participant's; HONEST PAY: the part of all shares.",
        args.participants, args.attackers, args.rounds,
    );
    for mark in legend(found) {
        said.push_str(&format!(" {mark}."));
    }
    if found.len() > worst.len()
        && let [worst] = worst.as_slice()
    {
        let (rule, accuracy) = (worst.scheme.name(), worst.final_accuracy().mean);
        said.push_str(&format!("\nWorst: {accuracy:.3}, {} against {rule}.", worst.attack_name()));
    }
    parts.push(said);
    parts.join("\n\n")
}
