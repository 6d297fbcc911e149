//! Inputs of a plan from files of samples.

use crate::{args::proofs::InputArgs, commands::Context, exit};
use anyhow::{Context as _, Result};
use averment_compiler::samples::{self, Columns, FILE_BYTES, Format, Named, Samples};
use averment_plan::Plan;
use averment_primitives::B256;
use averment_storage::atomic;
use sha2::{Digest, Sha256};
use std::path::Path;

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
        args: &InputArgs,
        plan: &Plan,
        known: &[String],
        context: &Context,
    ) -> Result<Self> {
        let wrong = |why: String| exit::usage(format!("{}: {why}", path.display()));
        let (arrays, _) = read(path, &args.columns.or(known))?;
        let samples = Samples::for_plan(plan, arrays).map_err(|error| wrong(error.to_string()))?;
        let count = samples.len();
        let chosen = match (args.row, args.batch) {
            (Some(row), _) if row.get() <= count => row.get() - 1..row.get(),
            (Some(row), _) => return Err(wrong(format!("there is no input {row}, it holds {count}")).into()),
            (None, _) if count == 0 => return Err(wrong("it holds no input".to_owned()).into()),
            (None, true) => 0..count,
            (None, false) if count == 1 => 0..1,
            (None, false) => {
                return Err(wrong(format!(
                    "it holds {count} inputs: choose one with --row N, or take them all with --batch"
                ))
                .into());
            }
        };
        let items = u32::try_from(chosen.len()).map_err(|_| wrong(format!("{count} inputs are too many")))?;
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
