//! `aver simulate federated`: federated learning with attackers.

use super::page;
use crate::{
    args::{DatasetName, DefenceName, FederatedArgs, SplitName},
    exit,
    table::table,
    ui::Ui,
};
use anyhow::{Context, Result};
use averment_federated::rules::Kind;
use averment_simulate::federated::{
    Attack, Defence, Experiment, ExperimentError, Outcome, Problem, Scheme, Source, run as simulate,
    usual_training,
};
use averment_trainers::{Settings, data::split::Split};
use serde_json::{Value, json};

/// One attack under one scheme.
pub struct Found {
    pub scheme: Scheme,
    pub attack: Option<Attack>,
    pub outcome: Outcome,
}

impl Found {
    pub fn attack_name(&self) -> &'static str {
        self.attack.map_or("none", Attack::name)
    }
}

pub fn run(args: &FederatedArgs, ui: Ui) -> Result<()> {
    let attacks = attacks(&args.attack)?;
    let schemes = schemes(args)?;
    let source = match (args.dataset, &args.folder) {
        (DatasetName::Digits, _) => Source::Digits,
        (DatasetName::BreastCancer, _) => Source::BreastCancer,
        (DatasetName::Idx, folder) => Source::Idx(folder.clone().unwrap_or_default()),
    };
    let problem = Problem::read(&source, args.seed).map_err(said)?;
    let graph = problem.network(args.hidden, args.seed).map_err(said)?;
    let off = |name| !args.without.contains(&name);
    let defence = Defence {
        decoding: off(DefenceName::Decoding),
        bound: off(DefenceName::Bound),
        history: off(DefenceName::History),
        quality: off(DefenceName::Quality),
        validators: if off(DefenceName::Validators) { Defence::ALL.validators } else { 0 },
    };
    let split = match args.split {
        SplitName::Even => Split::Even,
        SplitName::Dirichlet => Split::Dirichlet(args.alpha),
    };
    let training = Settings {
        rate: args.rate,
        momentum: args.momentum,
        batch: args.batch,
        epochs: args.epochs,
        ..usual_training()
    };
    let mut found = Vec::new();
    let bar = ui.count_bar("rounds", (attacks.len() * schemes.len() * args.rounds) as u64);
    for &scheme in &schemes {
        for &attack in &attacks {
            let experiment = Experiment {
                participants: args.participants,
                attackers: args.attackers,
                selected: args.selected.min(args.participants),
                rounds: args.rounds,
                attack,
                scheme,
                defence,
                split,
                training,
                seed: args.seed,
            };
            let outcome = simulate(&problem, &graph, &experiment, |_| bar.inc(1)).map_err(said)?;
            found.push(Found { scheme, attack, outcome });
        }
    }
    bar.finish_and_clear();
    if let Some(path) = &args.page {
        std::fs::write(path, page::page(args, &found))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    ui.result(&json(args, &found), words(args, &found))
}

/// What was asked for wrongly is wrong usage; the rest is a failure.
fn said(error: ExperimentError) -> anyhow::Error {
    match error {
        ExperimentError::Count { .. } | ExperimentError::Split(_) | ExperimentError::Rule(_) => {
            exit::usage(error.to_string()).into()
        }
        other => other.into(),
    }
}

fn attacks(name: &str) -> Result<Vec<Option<Attack>>> {
    if name == "all" {
        return Ok([None].into_iter().chain(Attack::ALL.map(Some)).collect());
    }
    if name == "none" {
        return Ok(vec![None]);
    }
    let found = Attack::ALL.into_iter().find(|attack| attack.name() == name);
    let names = Attack::ALL.map(Attack::name).join(", ");
    Ok(vec![Some(found.ok_or_else(|| {
        exit::usage(format!("--attack: expected none, all, or one of {names}; got {name:?}"))
    })?)])
}

fn schemes(args: &FederatedArgs) -> Result<Vec<Scheme>> {
    let either = |asked: bool| if asked { vec![false, true] } else { vec![false] };
    if args.rule == "all" {
        let mut schemes = Vec::new();
        for kind in Kind::ALL {
            for clip in either(args.clip) {
                schemes.extend(either(args.mix).into_iter().map(|mix| Scheme { kind, clip, mix }));
            }
        }
        return Ok(schemes);
    }
    let kind = Kind::ALL.into_iter().find(|kind| Scheme::rule_name(*kind) == args.rule);
    let names = Kind::ALL.map(Scheme::rule_name).join(", ");
    let kind = kind.ok_or_else(|| {
        exit::usage(format!("--rule: expected all, or one of {names}; got {:?}", args.rule))
    })?;
    Ok(vec![Scheme { kind, clip: args.clip, mix: args.mix }])
}

/// The worst of what was found, if there is one.
fn worst(found: &[Found]) -> Option<&Found> {
    found.iter().min_by(|a, b| a.outcome.final_accuracy().total_cmp(&b.outcome.final_accuracy()))
}

fn json(args: &FederatedArgs, found: &[Found]) -> Value {
    let runs: Vec<Value> = found
        .iter()
        .map(|found| {
            let outcome = &found.outcome;
            json!({
                "rule": found.scheme.name(),
                "attack": found.attack_name(),
                "final_accuracy": outcome.final_accuracy(),
                "accuracy": outcome.rounds.iter().map(|round| round.accuracy).collect::<Vec<_>>(),
                "attackers_weight": outcome.rounds.iter().map(|round| round.attackers_weight).collect::<Vec<_>>(),
                "refused": outcome.rounds.iter().map(|round| round.refused).sum::<usize>(),
                "backdoor": outcome.backdoor,
                "attackers_gain": outcome.attackers_gain,
                "honest_share": outcome.honest_share,
            })
        })
        .collect();
    json!({
        "seed": args.seed,
        "participants": args.participants,
        "attackers": args.attackers,
        "rounds": args.rounds,
        // Of several runs the worst.
        "final_accuracy": worst(found).map(|found| found.outcome.final_accuracy()),
        "runs": runs,
    })
}

fn words(args: &FederatedArgs, found: &[Found]) -> String {
    let rows: Vec<[String; 7]> = found
        .iter()
        .map(|found| {
            let outcome = &found.outcome;
            let weight: f64 = outcome.rounds.iter().map(|round| round.attackers_weight).sum();
            [
                found.scheme.name(),
                found.attack_name().to_owned(),
                format!("{:.3}", outcome.final_accuracy()),
                format!("{:.3}", weight / outcome.rounds.len().max(1) as f64),
                format!("{:.3}", outcome.backdoor),
                format!("{:.2}", outcome.attackers_gain),
                format!("{:.2}", outcome.honest_share),
            ]
        })
        .collect();
    let head = ["RULE", "ATTACK", "ACCURACY", "THEIR WEIGHT", "BACKDOOR", "THEIR PAY", "HONEST PAY"];
    let worst = worst(found).map(|found| {
        let (rule, attack) = (found.scheme.name(), found.attack_name());
        format!("\nWorst: {:.3}, {attack} against {rule}.", found.outcome.final_accuracy())
    });
    format!(
        "{}\n\n{} participants, {} of them attackers, {} rounds, seed {}. THEIR PAY: all attackers' together, over one honest \
         participant's; HONEST PAY: the part of all shares.{}",
        table(head, &rows),
        args.participants,
        args.attackers,
        args.rounds,
        args.seed,
        if found.len() > 1 { worst.unwrap_or_default() } else { String::new() },
    )
}
