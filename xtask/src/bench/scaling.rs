//! How proving grows: generated models from 10^3 to 10^7 multiplications and lookups, as a table and as plots.

use super::{
    plot::{Plot, Series, svg},
    proof::{asked, number},
};
use anyhow::{Context, Result};
use std::{fmt::Write, path::Path};

const PICTURE: &str = "docs/scaling.svg";
/// Proofs that take longer are measured once.
const QUICK: f64 = 2.0;

/// Models that differ in size only.
struct Family {
    name: &'static str,
    colour: &'static str,
    members: &'static [&'static str],
}

const FAMILIES: [Family; 3] = [
    Family {
        name: "dense N-N-N-10",
        colour: "#0072b2",
        members: &[
            "dense:16",
            "dense:32",
            "dense:64",
            "dense:128",
            "dense:256",
            "dense:512",
            "dense:1024",
            "dense:2048",
        ],
    },
    Family {
        name: "two convolutions 3×3",
        colour: "#d55e00",
        members: &["conv:2:4", "conv:4:8", "conv:8:8", "conv:8:16", "conv:16:16", "conv:16:32", "conv:16:64"],
    },
    Family {
        name: "ReLU of N cells",
        colour: "#009e73",
        members: &[
            "pointwise:256",
            "pointwise:1024",
            "pointwise:4096",
            "pointwise:16384",
            "pointwise:65536",
            "pointwise:262144",
            "pointwise:1048576",
            "pointwise:4194304",
        ],
    },
];

/// One model, measured.
struct Point {
    multiplications: f64,
    lookups: f64,
    cpu: f64,
    megabytes: f64,
}

/// The section "Scaling"; draws the plots.
pub fn section() -> Result<String> {
    let mut page = String::from(
        "## Scaling\n\n![Prover time and memory against the size of the model](scaling.svg)\n\nGenerated models with random \
         weights and 12-bit tables, zero-knowledge. Lookups are those of results, of the bits that a rescale drops, \
         and of inputs.\n\n\
         | model | multiplications | lookups | prove, CPU s | memory, MB | proof, KB |\n|---|---|---|---|---|---|\n",
    );
    let mut measured = Vec::new();
    for family in &FAMILIES {
        let mut points = Vec::new();
        for member in family.members {
            let (point, bytes) = measure(member)?;
            writeln!(
                page,
                "| {} | {} | {} | {:.2} | {:.0} | {:.1} |",
                member.replace(':', " "),
                point.multiplications,
                point.lookups,
                point.cpu,
                point.megabytes,
                bytes / 1e3
            )?;
            points.push(point);
        }
        measured.push(points);
    }
    let plot = |title, x, size: fn(&Point) -> f64, value: fn(&Point) -> f64, families: &[usize]| Plot {
        title,
        x,
        series: families
            .iter()
            .map(|&family| Series {
                name: FAMILIES[family].name,
                colour: FAMILIES[family].colour,
                points: measured[family].iter().map(|point| (size(point), value(point))).collect(),
            })
            .collect(),
    };
    let plots = [
        plot("Proving, CPU seconds", "multiplications", |p| p.multiplications, |p| p.cpu, &[0, 1]),
        plot("Proving, CPU seconds", "lookups", |p| p.lookups, |p| p.cpu, &[1, 2]),
        plot("Memory, MB", "multiplications", |p| p.multiplications, |p| p.megabytes, &[0, 1]),
        plot("Memory, MB", "lookups", |p| p.lookups, |p| p.megabytes, &[1, 2]),
    ];
    std::fs::write(PICTURE, svg(&plots)).with_context(|| format!("writing {PICTURE}"))?;
    Ok(page)
}

fn measure(member: &str) -> Result<(Point, f64)> {
    let folder = Path::new("target/bench/proof/generated");
    let folder = folder.to_str().context("a path")?;
    let (_, ready) = asked(1, &["prepare", folder, member, "-", "-"])?;
    let (mut cost, said) = asked(1, &["prove", folder])?;
    if cost.cpu < QUICK {
        cost = asked(5, &["prove", folder])?.0;
    }
    let point = Point {
        multiplications: number(&ready, "multiplications")?,
        lookups: number(&ready, "lookups")?,
        cpu: cost.cpu,
        megabytes: cost.peak_mib * 1.048_576,
    };
    Ok((point, number(&said, "bytes")?))
}
