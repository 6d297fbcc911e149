//! `aver prove`: what a committed plan says about an input, as a proof in a file.

use super::{
    Context,
    commit::{fresh_salt, opening_path},
};
use crate::{
    args::proofs::{InputsArgs, ProveArgs},
    exit,
    inputs::Inputs,
    outputs,
    plans::PlanFolder,
    proofs, setups,
};
use anyhow::{Context as _, Result};
use averment_primitives::B256;
use averment_prover::{
    Engine, Progress, Setup,
    model::Committed,
    random,
    registered::{InputOpening, OpenedInputs},
    setup::{DEVELOPMENT, Origin},
};
use averment_storage::atomic;
use averment_verifier::{
    commitment::InputCommitment,
    descriptor::{Commitments, Options},
    file::{FILE_BYTES, ProofFile},
    statement::{Mode, Statement},
};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Parts of the progress that is shown.
const STEPS: u64 = 1000;

pub fn run(args: &ProveArgs, context: &Context) -> Result<()> {
    if args.output.exists() {
        let shown = args.output.display();
        return Err(
            exit::usage(format!("{shown} is there already: remove it, or choose another with -o")).into()
        );
    }
    let folder = PlanFolder::open(&args.plan)?;
    let version = match &args.about {
        None => B256::ZERO,
        Some(version) => context.block_on(proofs::registered(version, &folder, context))?.0.into(),
    };
    let statement = Statement {
        chain_id: context.config.statement_chain(),
        contract: args.contract.unwrap_or_default(),
        request: args.request.unwrap_or_default(),
        beneficiary: args.beneficiary.unwrap_or_default(),
        version,
        mode: if args.transparent { Mode::Transparent } else { Mode::ZeroKnowledge },
        ..Statement::default()
    };
    let source = match (args.committed.as_slice(), &args.input.one.input) {
        ([], Some(file)) => Source::File(file, &args.input, args.commitments.into()),
        ([], None) => return Err(exit::usage("which input? Pass --input FILE or --committed FILE").into()),
        (committed, _) => Source::Committed(committed),
    };
    let file = prove(&folder, &source, args.public_inputs, statement, context)?;
    let bytes = file.encode();
    atomic::write(&args.output, &bytes)?;

    let plan = folder.plan()?;
    let items = file.input.items() as usize;
    let answers = outputs::answers(&plan, file.stated(&plan).1, items).context("the output has its cells")?;
    let development = file.statement.setup == DEVELOPMENT;
    let value = json!({
        "proof": args.output,
        "bytes": bytes.len(),
        "statement": proofs::json(&file.statement),
        "inputCommitment": file.input.identity(),
        "answers": answers.iter().map(outputs::Answer::json).collect::<Vec<_>>(),
        "development": development,
    });
    let mut words = proofs::answers_in_words(&answers);
    words += &format!(
        "{}: {} bytes, {}\nnext: aver verify {} {}{}",
        args.output.display(),
        bytes.len(),
        proofs::mode(file.statement.mode),
        folder.path().display(),
        args.output.display(),
        // Whoever verifies has to name this setup, here or in the configuration.
        if development && context.config.setup != Some(Origin::Development) {
            " --setup development"
        } else {
            ""
        },
    );
    if development {
        words = format!("{words}\n{}", setups::PROVES_NOTHING);
    }
    context.ui.result(&value, words)
}

/// Where an input comes from.
pub enum Source<'a> {
    /// A file of samples, and what is taken of it.
    File(&'a Path, &'a InputsArgs, Commitments),
    /// Commitments, each with its opening beside it.
    Committed(&'a [PathBuf]),
}

/// Proves what a committed plan says about an input, which is stated or stays private. Of `statement` the mode is taken, and
/// what the proof is for; the rest follows. The proof is verified before it is returned.
pub fn prove(
    folder: &PlanFolder,
    source: &Source<'_>,
    public_inputs: bool,
    statement: Statement,
    context: &Context,
) -> Result<ProofFile> {
    under_a_bar(context, |watch| prove_watched(folder, source, public_inputs, statement, watch, context))
}

/// Proves under a bar that shows how far it is.
pub fn under_a_bar<T>(context: &Context, prove: impl FnOnce(Watch) -> T) -> T {
    let bar = context.ui.percent_bar("proving", STEPS);
    let shown = bar.clone();
    let watch = move |stage: Stage| {
        if let Stage::Proving(progress) = stage {
            shown.set_position((progress.fraction * STEPS as f64) as u64);
        }
    };
    let proof = prove(Arc::new(watch));
    bar.finish_and_clear();
    proof
}

/// What is under way on the way to a proof.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stage {
    /// Plan, weights and commitments are read.
    Reading,
    /// The setup is read, or checked.
    Setup,
    /// The input is read and committed to.
    Input,
    /// The plan is run.
    Running,
    /// The chunks that are proved about are laid out.
    Preparing,
    /// The engine is at work.
    Proving(Progress),
    /// The proof is verified.
    Verifying,
    /// Nothing is left to do.
    Done,
}

/// Who is told when a stage begins.
pub type Watch = Arc<dyn Fn(Stage) + Send + Sync>;

/// [`prove`], telling what is under way.
pub fn prove_watched(
    folder: &PlanFolder,
    source: &Source<'_>,
    public_inputs: bool,
    statement: Statement,
    watch: Watch,
    context: &Context,
) -> Result<ProofFile> {
    watch(Stage::Reading);
    let (plan, weights, schema) = (folder.plan()?, folder.commitment()?, folder.schema()?);
    let chunk_bits = weights.chunked().blocks().chunk_bits();
    watch(Stage::Setup);
    let setup = context.setup(weights.chunked().setup(), chunk_bits)?;
    watch(Stage::Input);
    let opened = match source {
        Source::Committed(paths) => {
            paths.iter().map(|path| committed_input(path, &schema)).collect::<Result<Vec<_>>>()?
        }
        Source::File(path, args, commitments) => {
            let known = folder.columns()?;
            let inputs = Inputs::read(path, args, &plan, &known, context)?;
            let parts = match commitments {
                Commitments::Joint => vec![inputs],
                Commitments::Each => inputs.each(),
            };
            let commit = |own: Inputs| -> Result<_> {
                let salt = if statement.mode.masked() { Some(fresh_salt()?) } else { None };
                Ok(InputOpening::commit(&setup, &schema, own.items, own.tensors, salt)?)
            };
            parts.into_iter().map(commit).collect::<Result<Vec<_>>>()?
        }
    };
    let opened = OpenedInputs::new(opened).map_err(|error| exit::usage(error.to_string()))?;
    prove_opened(folder, &opened, &setup, public_inputs, statement, watch)
}

/// The same about inputs that are opened already, with their setup.
pub fn prove_opened(
    folder: &PlanFolder,
    opened: &OpenedInputs,
    setup: &Setup,
    public_inputs: bool,
    statement: Statement,
    watch: Watch,
) -> Result<ProofFile> {
    let (model, weights, schema) = (folder.model()?, folder.commitment()?, folder.schema()?);
    let (plan, secret) = (model.plan(), folder.secret(&weights)?);
    let chunk_bits = weights.chunked().blocks().chunk_bits();
    let input = opened.named().clone();
    let statement = Statement {
        setup: setup.digest(),
        weights: weights.identity(),
        plan: plan.digest(),
        schema: schema.digest(),
        inputs: input.identity(),
        items: input.items(),
        ..statement
    };
    let mut file = ProofFile { statement, input, proof: Vec::new() };
    let options = Options { public_inputs, ..file.options(plan, chunk_bits) };
    watch(Stage::Running);
    let trace = opened.run(&model, &options)?;
    watch(Stage::Preparing);
    let proving = watch.clone();
    let observer = move |progress| proving(Stage::Proving(progress));
    let engine = Engine::new(setup, chunk_bits)?.observed(Arc::new(observer));
    let committed = Committed::open(setup, &model, options, &weights, Some(secret.salt()))?;
    let inputs = committed.open_inputs(plan, &schema, opened)?;
    let registered = committed.registered(&inputs)?;
    file.statement.public = committed.public_values(plan, &trace);
    let mut random = random::secret()?;
    let proof = committed.prove(&engine, &trace, &inputs, &registered, &file.statement, &mut random)?;
    watch(Stage::Verifying);
    file.proof = proof.encode();
    proofs::check(&file, folder, setup).context(
        "the proof that was made does not verify: are the weights or the salt others than those that were committed to?",
    )?;
    watch(Stage::Done);
    Ok(file)
}

/// The commitment in a file, and what opens it beside it.
pub fn committed_input(
    path: &Path,
    schema: &averment_plan::Schema,
) -> Result<(InputCommitment, InputOpening)> {
    let bytes = atomic::read(path, FILE_BYTES).with_context(|| format!("reading {}", path.display()))?;
    let wrong =
        |path: &Path, why: &dyn std::fmt::Display| exit::refused(format!("{}: {why}", path.display()));
    let commitment = InputCommitment::decode(&bytes).map_err(|error| wrong(path, &error))?;
    let opening_path = opening_path(path);
    let opening = InputOpening::read(&opening_path, &commitment, schema)
        .map_err(|error| wrong(&opening_path, &error))?;
    Ok((commitment, opening))
}
