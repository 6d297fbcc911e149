//! What a version says of the inputs that a request names, computed here: on a plan that is the version's, from inputs that
//! are checked against their commitments.

use crate::{
    args::ComputeArgs,
    commands::{Context, prove::committed_input},
    exit,
    outputs::{self, Answer},
    plans::PlanFolder,
    setups,
};
use anyhow::{Context as _, Result};
use averment_ledger::settlement::Found;
use averment_node::{inputs::InputFolder, secrets};
use averment_primitives::B256;
use averment_prover::{Setup, model, registered::OpenedInputs};
use averment_verifier::{
    commitment::Inputs,
    descriptor::{Commitments, Descriptor, Options, ValidDescriptor},
    point::G1Affine,
};
use std::path::{Path, PathBuf};

/// A request's answer as the plan computes it, and what it was computed from.
pub struct Computed {
    /// The plan's folder.
    pub folder: PlanFolder,
    /// The inputs.
    pub opened: OpenedInputs,
    /// The outputs, as the router takes them.
    pub outputs: Vec<i64>,
}

impl Computed {
    /// Computes the answer to a request.
    pub fn of(found: &Found, args: &ComputeArgs, context: &Context) -> Result<Self> {
        let path = args.plan.as_deref();
        let path = path
            .ok_or_else(|| exit::usage("which plan? Pass --plan PLAN, the folder of the version's plan"))?;
        let folder = plan_of(found, path)?;
        let (model, schema, weights) = (folder.model()?, folder.schema()?, folder.commitment()?);
        let setup = context.setup(weights.chunked().setup(), schema.chunk_bits())?;
        let opened = match (&args.inbox, args.inputs.as_slice()) {
            (Some(inbox), _) => {
                let key = secrets::member_key(&context.account()?)?;
                let folder = InputFolder::new(inbox, key);
                let got = folder.get(&found.asked.inputs, found.asked.items, &setup, &schema);
                got.map_err(|error| exit::refused(format!("{}: {error}", inbox.display())))?
            }
            (None, []) => {
                let message = "which inputs? Pass --inputs FILE (a commitment with its opening beside it), or --inbox FOLDER";
                return Err(exit::usage(message).into());
            }
            (None, files) => open(files, &folder, &setup)?,
        };
        check_inputs(found, opened.named())?;
        let public_inputs = !found.asked.publicInputs.is_empty();
        let options = options(opened.named(), public_inputs, schema.chunk_bits());
        let trace = opened.run(&model, &options)?;
        let derived = Descriptor::derive(model.plan(), options)?;
        let public = derived.public_values(model.plan(), &trace);
        let stated = &found.asked.publicInputs;
        let outputs = public.strip_prefix(stated.as_slice()).ok_or_else(|| {
            exit::refused("the inputs that the request states in public are not those that were committed to")
        })?;
        Ok(Self { outputs: outputs.to_vec(), folder, opened })
    }

    /// What the outputs say, in the plan's words.
    pub fn answers(&self) -> Result<Vec<Answer>> {
        let items = self.opened.named().items() as usize;
        outputs::answers(&self.folder.plan()?, &self.outputs, items).context("the output has its cells")
    }
}

/// The folder of a plan, which has to be the version's.
pub fn plan_of(found: &Found, path: &Path) -> Result<PlanFolder> {
    let folder = PlanFolder::open(path)?;
    check_plan(found, &folder)?;
    Ok(folder)
}

/// Refuses a plan, or weights, that the request is not about.
pub fn check_plan(found: &Found, folder: &PlanFolder) -> Result<()> {
    let got = (folder.plan()?.digest(), folder.commitment()?.identity());
    let expected = (found.offer.plan, found.offer.weights);
    if got != expected {
        return Err(exit::refused(format!(
            "the request is about plan {:?} with weights {:?}; {} is plan {:?} with weights {:?}",
            expected.0,
            expected.1,
            folder.path().display(),
            got.0,
            got.1
        ))
        .into());
    }
    Ok(())
}

/// Refuses inputs that the request does not name.
pub fn check_inputs(found: &Found, inputs: &Inputs) -> Result<()> {
    let (expected, got) = (found.asked.inputs, inputs.identity());
    if expected != got {
        return Err(
            exit::refused(format!("the request is about the inputs {expected}, these are {got}")).into()
        );
    }
    if inputs.items() != found.asked.items {
        return Err(exit::refused(format!(
            "the request says that these are {} inputs, the commitment is to {}",
            found.asked.items,
            inputs.items()
        ))
        .into());
    }
    Ok(())
}

/// What a proof about inputs is made with, which are stated in public or not, for chunks of `2^chunk_bits` cells.
pub fn options(inputs: &Inputs, public_inputs: bool, chunk_bits: u8) -> Options {
    // Nobody has committed to more than 2^16.
    let batch_bits = inputs.items().next_power_of_two().trailing_zeros() as u8;
    Options {
        chunk_bits: Some(chunk_bits),
        batch_bits,
        commitments: if inputs.separate() { Commitments::Each } else { Commitments::Joint },
        public_inputs,
        ..Options::default()
    }
}

/// What proofs of a plan with these options are verified with: its descriptor, the points of its function tables, and the
/// digest that names both.
pub fn descriptor(
    folder: &PlanFolder,
    setup: &Setup,
    options: Options,
) -> Result<(ValidDescriptor, Vec<G1Affine>, B256)> {
    let derived = Descriptor::derive(&folder.plan()?, options)?;
    let tables: Vec<_> = model::tables(setup, &derived).iter().map(|own| own.point).collect();
    let digest = derived.descriptor.digest(&tables);
    Ok((derived.descriptor, tables, digest))
}

/// Commitments with what opens them, each checked.
pub fn open(files: &[PathBuf], folder: &PlanFolder, setup: &Setup) -> Result<OpenedInputs> {
    let schema = folder.schema()?;
    let one = |path: &PathBuf| -> Result<_> {
        let (commitment, opening) = committed_input(path, &schema)?;
        if commitment.chunked().setup() != setup.digest() {
            let got = setups::words(commitment.chunked().setup());
            return Err(exit::refused(format!("{}: it was made with setup {got}", path.display())).into());
        }
        if !opening.opens(&commitment, setup, &schema)? {
            let message =
                format!("{}: the values beside it are not those that were committed to", path.display());
            return Err(exit::refused(message).into());
        }
        Ok((commitment, opening))
    };
    let opened = files.iter().map(one).collect::<Result<Vec<_>>>()?;
    Ok(OpenedInputs::new(opened).map_err(|error| exit::usage(error.to_string()))?)
}
