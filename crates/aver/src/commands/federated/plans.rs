//! The plan that a task starts from, and that of its trained model.

use crate::{
    args::federated::{FinishArgs, SampleArgs, StartArgs},
    commands::{
        Context, commit,
        compile::{self, Source},
    },
    exit,
    plans::PlanFolder,
    setups,
};
use anyhow::{Context as _, Result};
use averment_compiler::{
    self as compiler, ExportError, Options,
    task::{self, Template, Widths},
};
use averment_plan::vector::{Package, VectorKind, VectorLayout};
use averment_primitives::keccak256;
use averment_prover::setup::DEVELOPMENT;
use averment_storage::atomic;
use averment_verifier::point;
use serde_json::json;
use std::path::Path;
use zeroize::Zeroizing;

fn read(model: &Path, args: &SampleArgs) -> Result<Source> {
    compile::read(model, &args.calibrate, &args.columns, &args.labels)
}

pub fn start(args: &StartArgs, context: &Context) -> Result<()> {
    PlanFolder::vacant(&args.output)?;
    let source = read(&args.model, &args.samples)?;
    let (shown, output) = (args.model.display(), args.output.display());
    let options = Options { reveal: args.samples.reveal, ..Options::default() };
    let widths = Widths {
        bits: args.bits,
        fraction: args.fraction,
        update_bits: args.update_bits,
        headroom: args.headroom,
    };
    let wrong = |error: task::TaskError| exit::usage(format!("{shown}: {error}"));
    let made = context.ui.waiting(&format!("compiling {shown}"), || {
        task::start(&source.network, &source.samples, &options, widths).map_err(wrong)
    })?;
    let plan = made.compiled.model.plan();
    // Participants will need the way between parameters and cells: better to hear now that there is none.
    Template::new(&source.network, plan, &made.layout).map_err(wrong)?;
    let folder = source.keep(&args.output, &made.compiled.model)?;
    folder.keep_layout(&made.layout)?;
    let layout = &made.layout;
    let value = json!({
        "plan": args.output,
        "planDigest": plan.digest(),
        "layout": layout.identity(),
        "coordinates": layout.coordinates(),
        "blocks": layout.blocks().iter().zip(layout.exponents()).map(|(block, exponent)| json!({
            "name": block.name,
            "dims": block.shape.dims(),
            "scale": block.scale,
            "bits": block.bits,
            "updateBits": block.update_bits,
            "exponent": exponent,
        })).collect::<Vec<_>>(),
        "report": made.compiled.report,
    });
    let words = format!(
        "plan     {:?}\nlayout   {:?}\n{} coordinates in {} blocks, {} bits each, updates of {}\n{}{output}/public goes to the \
         participants, with {shown}\nnext: aver commit {output}, \
         aver register model.toml --plan {output}, then aver federated create VERSION --plan {output} --terms terms.toml",
        plan.digest(),
        layout.identity(),
        layout.coordinates(),
        layout.blocks().len(),
        args.bits,
        args.update_bits,
        agreeing(&made.compiled.report),
    );
    context.ui.result(&value, words)
}

pub fn finish(args: &FinishArgs, context: &Context) -> Result<()> {
    PlanFolder::vacant(&args.output)?;
    let from = PlanFolder::open(&args.plan)?;
    let (plan, layout, first) = (from.plan()?, from.layout()?, from.commitment()?);
    let package = package(&args.package, &layout)?;
    let source = read(&args.model, &args.samples)?;
    let (shown, output) = (args.model.display(), args.output.display());
    let wrong = |error: task::TaskError| exit::usage(format!("{shown}: {error}"));
    let template = Template::new(&source.network, &plan, &layout).map_err(wrong)?;
    let options = Options { reveal: args.samples.reveal, ..Options::default() };
    let compiled = context.ui.waiting("compiling the trained model", || {
        match args.rescale {
            Some(by) => {
                let widest = layout.blocks().iter().map(|block| i16::from(block.bits)).max().unwrap_or(2);
                let own = u8::try_from((widest + i16::from(by)).clamp(2, 24)).unwrap_or(2);
                let bits = args.bits.unwrap_or(own);
                task::finish_rescaled(&template, &package.vector, by, bits, &source.samples, &options)
            }
            None => task::finish(&template, &package.vector, &source.samples, &options),
        }
        .map_err(wrong)
    })?;
    if let Some(path) = &args.onnx {
        let parameters = template.parameters(&package.vector).map_err(wrong)?;
        let file = compiler::export(&source.file, &parameters).map_err(|error| match error {
            ExportError::Import(error) => exit::usage(format!("{shown}: {error}")),
            error => exit::usage(format!("--onnx: {error}")),
        })?;
        atomic::write(path, &file).with_context(|| format!("writing {}", path.display()))?;
    }
    let folder = source.keep(&args.output, &compiled.model)?;
    // The same chunks, the same setup and the package's salt: the points are the task's. Other weights are hidden by another salt.
    let chunked = first.chunked();
    let bits = chunked.blocks().chunk_bits();
    let setup = context.setup(chunked.setup(), bits)?;
    let fresh = args.rescale.map(|_| commit::fresh_salt()).transpose()?;
    let salt = fresh.as_ref().unwrap_or(&package.salt);
    let (commitment, schema) = commit::with_salt(&folder, salt, &setup, bits, context)?;
    let points = point::to_bytes(commitment.chunked().points());
    let development = chunked.setup() == DEVELOPMENT;
    let value = json!({
        "plan": args.output,
        "planDigest": compiled.model.plan().digest(),
        "weightsCommitment": commitment.identity(),
        "schemaDigest": schema.digest(),
        "points": keccak256(&points),
        "rescaled": args.rescale,
        "setup": chunked.setup(),
        "development": development,
        "onnx": args.onnx,
        "report": compiled.report,
    });
    let (from, package) = (args.plan.display(), args.package.display());
    let (whose, more) = match args.rescale {
        Some(_) => (
            "which are not the task's: registering proves that the weights are",
            format!(" --package {package}"),
        ),
        None => ("which the task's contract has as its model", String::new()),
    };
    let mut words = format!(
        "plan     {:?}\nweights  {:?}\npoints   {:?}, {whose}\n{}next: aver register model.toml --plan {output} --task TASK \
         --task-plan {from}{more}, then aver federated conclude TASK VERSION --plan {output}",
        compiled.model.plan().digest(),
        commitment.identity(),
        keccak256(&points),
        agreeing(&compiled.report),
    );
    if development {
        words = format!("{words}\n{}", setups::PROVES_NOTHING);
    }
    context.ui.result(&value, words)
}

/// A model of the task, which is a secret of its members.
pub fn package(path: &Path, layout: &VectorLayout) -> Result<Package> {
    let limit = Package::length(layout, VectorKind::Model) as u64;
    let bytes = atomic::read(path, limit).with_context(|| format!("reading {}", path.display()))?;
    let bytes = Zeroizing::new(bytes);
    Package::decode_as(layout, VectorKind::Model, &bytes)
        .map_err(|error| exit::usage(format!("{}: {error}", path.display())).into())
}

fn agreeing(report: &compiler::Report) -> String {
    let of = |agreeing| format!("{agreeing} of {} samples are decided as in the float run\n", report.samples);
    report.agreeing.map(of).unwrap_or_default()
}
