//! Inputs of a plan from files of samples.

use crate::{
    args::proofs::{InputArgs, InputsArgs},
    commands::Context,
    exit,
};
use anyhow::{Context as _, Result};
use averment_compiler::samples::{self, Columns, FILE_BYTES, Format, Named, Samples};
use averment_plan::Plan;
use averment_primitives::B256;
use averment_storage::atomic;
use sha2::{Digest, Sha256};
use std::{ops::Range, path::Path};

/// Values of inputs, as integers of a plan.
#[derive(Debug)]
pub struct Inputs {
    /// How many.
    pub items: u32,
    /// The plan's inputs in order: real cells row-major, one item after the other.
    pub tensors: Vec<Vec<i32>>,
}

/// The arrays of a file and the SHA-256 of its bytes.
pub fn read(path: &Path, columns: &Columns) -> Result<(Vec<Named>, B256)> {
    let wrong = |error: &dyn std::error::Error| exit::usage(format!("{}: {error}", path.display()));
    let format = Format::of(&path.to_string_lossy()).map_err(|error| wrong(&error))?;
    let bytes =
        atomic::read(path, FILE_BYTES as u64).with_context(|| format!("reading {}", path.display()))?;
    let arrays = samples::read(format, &bytes, columns).map_err(|error| {
        let hint = match &error {
            samples::ReadError::Cell { .. } => " (--columns or --except say which columns are inputs)",
            _ => "",
        };
        exit::usage(format!("{}: {error}{hint}", path.display()))
    })?;
    Ok((arrays, B256::from(<[u8; 32]>::from(Sha256::digest(&bytes)))))
}

impl Inputs {
    /// Each input by itself.
    pub fn each(&self) -> Vec<Self> {
        let count = self.items as usize;
        let part = |item: usize| {
            let of = |cells: &Vec<i32>| {
                let each = cells.len() / count;
                cells[item * each..][..each].to_vec()
            };
            Self { items: 1, tensors: self.tensors.iter().map(of).collect() }
        };
        (0..count).map(part).collect()
    }

    /// The inputs that were chosen of a file; `known` are the columns that the plan was calibrated with.
    pub fn read(
        path: &Path,
        args: &InputsArgs,
        plan: &Plan,
        known: &[String],
        context: &Context,
    ) -> Result<Self> {
        let samples = samples(path, &args.one, plan, known)?;
        let chosen = match args.batch {
            true if !samples.is_empty() => 0..samples.len(),
            _ => one(path, &args.one, samples.len(), ", or take them all with --batch")?,
        };
        Self::quantised(path, &args.one, plan, &samples, chosen, context)
    }

    /// The same of one input.
    pub fn read_one(
        path: &Path,
        args: &InputArgs,
        plan: &Plan,
        known: &[String],
        context: &Context,
    ) -> Result<Self> {
        let samples = samples(path, args, plan, known)?;
        let chosen = one(path, args, samples.len(), "")?;
        Self::quantised(path, args, plan, &samples, chosen, context)
    }

    fn quantised(
        path: &Path,
        args: &InputArgs,
        plan: &Plan,
        samples: &Samples,
        chosen: Range<usize>,
        context: &Context,
    ) -> Result<Self> {
        let wrong = |why: String| wrong(path, &why);
        let items = u32::try_from(chosen.len())
            .map_err(|_| wrong(format!("{} inputs are too many", chosen.len())))?;
        let mut tensors = vec![Vec::new(); plan.inputs().len()];
        let mut outside = 0;
        for item in samples.items().skip(chosen.start).take(chosen.len()) {
            for ((tensor, input), cells) in tensors.iter_mut().zip(plan.inputs()).zip(item) {
                let (integers, clamped) = input.quantise(cells);
                outside += clamped;
                tensor.extend(integers);
            }
        }
        if outside > 0 && !args.clamp {
            return Err(wrong(format!(
                "{outside} values lie outside the range that the plan was calibrated for: pass --clamp to take the nearest \
                 inside, or compile with samples that span them"
            ))
            .into());
        }
        if outside > 0 {
            context
                .ui
                .remark(format!("{outside} values were taken as the nearest inside the declared range"));
        }
        Ok(Self { items, tensors })
    }
}

fn wrong(path: &Path, why: &str) -> exit::Failure {
    exit::usage(format!("{}: {why}", path.display()))
}

/// All inputs of a file.
fn samples(path: &Path, args: &InputArgs, plan: &Plan, known: &[String]) -> Result<Samples> {
    let (arrays, _) = read(path, &args.columns.or(known))?;
    Ok(Samples::for_plan(plan, arrays).map_err(|error| wrong(path, &error.to_string()))?)
}

/// The place of the one input that was chosen of `count`; `others` is what else there is to do.
fn one(path: &Path, args: &InputArgs, count: usize, others: &str) -> Result<Range<usize>> {
    let why = match args.row {
        Some(row) if row.get() <= count => return Ok(row.get() - 1..row.get()),
        None if count == 1 => return Ok(0..1),
        Some(row) => format!("there is no input {row}, it holds {count}"),
        None if count == 0 => "it holds no input".to_owned(),
        None => format!("it holds {count} inputs: choose one with --row N{others}"),
    };
    Err(wrong(path, &why).into())
}
