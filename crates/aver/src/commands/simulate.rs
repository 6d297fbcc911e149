//! `aver simulate`: agents against the contracts that settle; attackers of federated learning.

mod federated;
mod page;

use crate::{
    args::{OracleArgs, SimulateCommand},
    exit,
    table::table,
    ui::Ui,
    workplace::block_on,
};
use anyhow::Result;
use averment_simulate::{Economy, Report, Row, SimulationError, simulate};
use serde_json::{Value, json};

pub fn run(command: &SimulateCommand, ui: Ui) -> Result<()> {
    match command {
        SimulateCommand::Oracle(args) => oracle(args, ui),
        SimulateCommand::Federated(args) => federated::run(args, ui),
    }
}

fn oracle(args: &OracleArgs, ui: Ui) -> Result<()> {
    let report = block_on(async {
        let said = |row: &Row| ui.remark(format!("{}, {}", row.case.strategy, on(row)));
        match simulate(args.seed, Economy::default(), args.requests, said).await {
            Err(error @ SimulationError::Requests { .. }) => Err(exit::usage(error.to_string()).into()),
            other => Ok(other?),
        }
    })?;
    if !report.is_sound() {
        // Before the result, which is the one object that a machine reads.
        let odd: Vec<&str> =
            report.rows.iter().filter(|row| !row.is_expected()).map(|row| row.case.strategy).collect();
        ui.say(words(&report));
        return Err(exit::refused(format!("not as it should be: {}", odd.join("; "))).into());
    }
    ui.result(&json(&report), words(&report))
}

fn on(row: &Row) -> &'static str {
    if row.case.defended { "defended" } else { "control" }
}

fn json(report: &Report) -> Value {
    let rows: Vec<Value> = report
        .rows
        .iter()
        .map(|row| {
            json!({
                "strategy": row.case.strategy,
                "mode": row.case.mode,
                "defence": row.case.defence,
                "defended": row.case.defended,
                "requests": row.requests,
                "cost": row.cost().to_string(),
                "gain": row.outcome.gained.to_string(),
                "gas": row.outcome.gas,
                "profit": row.outcome.profit.to_string(),
                "honestProfit": row.outcome.honest.to_string(),
                "wrongAnswers": row.outcome.wrong,
                "pays": row.pays(),
            })
        })
        .collect();
    let economy = report.economy;
    json!({
        "seed": report.seed,
        "economy": {
            "fee": economy.fee.to_string(),
            "compute": economy.compute.to_string(),
            "proof": economy.proof.to_string(),
            "atRisk": economy.at_risk.to_string(),
            "millionGas": economy.gas.to_string(),
            "seatBond": economy.seat_bond.to_string(),
        },
        "rows": rows,
        "sound": report.is_sound(),
    })
}

fn words(report: &Report) -> String {
    let rows: Vec<[String; 11]> = report
        .rows
        .iter()
        .map(|row| {
            [
                row.case.strategy.to_owned(),
                row.case.mode.to_owned(),
                row.case.defence.to_owned(),
                if row.case.defended { "on" } else { "OFF" }.to_owned(),
                row.requests.to_string(),
                row.cost().to_string(),
                row.outcome.gained.to_string(),
                (row.outcome.gas / u64::from(row.requests)).to_string(),
                row.outcome.profit.to_string(),
                row.outcome.honest.to_string(),
                if row.pays() { "PAYS" } else { "no" }.to_owned(),
            ]
        })
        .collect();
    let head = [
        "STRATEGY",
        "MODE",
        "DEFENCE",
        "IS",
        "REQUESTS",
        "COST",
        "GAIN",
        "GAS",
        "PROFIT",
        "HONEST WORK'S",
        "PAYS?",
    ];
    let economy = report.economy;
    format!(
        "{}\n\nfee {}, running the model {}, proving {}, at risk {}, a seat's bond {}, a million gas {}; GAS is its own a \
         request. A griefer's gain is its victims' loss. Seed {}.{}",
        table(head, &rows),
        economy.fee,
        economy.compute,
        economy.proof,
        economy.at_risk,
        economy.seat_bond,
        economy.gas,
        report.seed,
        if report.is_sound() {
            "\nEvery attack is worth less than honest work where the defence against it is on, and more where it is off."
        } else {
            ""
        },
    )
}
