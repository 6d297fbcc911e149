//! `aver commit`: to a plan's weights, once, or to an input before anything is asked of it.

use super::{Context, register};
use crate::{
    args::proofs::{CommitArgs, InputsArgs},
    exit,
    inputs::Inputs,
    plans::PlanFolder,
    setups,
};
use anyhow::{Context as _, Result};
use averment_plan::{Model, Schema};
use averment_primitives::{B256, Salt};
use averment_prover::{
    Engine, Setup, certify::Certifier, model::Committed, random, registered::InputOpening, setup::DEVELOPMENT,
};
use averment_registry::dsse::Envelope;
use averment_storage::atomic;
use averment_verifier::{
    certificate::{self, CertificateFile},
    commitment::{InputCommitment, WeightsCommitment},
    descriptor::{Descriptor, Options},
};
use serde_json::json;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The payload type of a signed commitment to an input: the payload is the file itself.
pub const SIGNED_INPUT: &str = "application/vnd.averment.input-commitment";

pub fn run(args: &CommitArgs, context: &Context) -> Result<()> {
    let folder = PlanFolder::open(&args.plan)?;
    match &args.input.one.input {
        Some(file) => input(args, file, &folder, context),
        None => weights(args, &folder, context),
    }
}

/// Commits to the weights of a plan, and keeps that in its folder. Chunks are as large as suits `proofs`.
pub fn to_weights(
    folder: &PlanFolder,
    salt_of: Option<&PathBuf>,
    proofs: Options,
    context: &Context,
) -> Result<(WeightsCommitment, Schema)> {
    folder.uncommitted()?;
    let model = folder.model()?;
    let plan = model.plan();
    // One size of chunks serves every proof of this plan, in both modes.
    let chunk_bits = Descriptor::derive(plan, proofs)?.descriptor.layout.chunk_bits;
    let setup = context.named_setup(chunk_bits)?;
    let salt = match salt_of {
        None => fresh_salt()?,
        Some(other) => {
            let other = PlanFolder::open(other)?;
            other.secret(&other.commitment()?)?.salt().clone()
        }
    };
    with_salt(folder, &salt, &setup, chunk_bits, context)
}

/// The same with chunks of this size and a salt that is given.
pub fn with_salt(
    folder: &PlanFolder,
    salt: &Salt,
    setup: &Setup,
    chunk_bits: u8,
    context: &Context,
) -> Result<(WeightsCommitment, Schema)> {
    folder.uncommitted()?;
    let model = folder.model()?;
    let options = Options { chunk_bits: Some(chunk_bits), ..Options::default() };
    let schema = Schema::new(model.plan().inputs().to_vec(), chunk_bits, B256::ZERO)?;
    let (commitment, secret) = context
        .ui
        .waiting("committing to the weights", || Committed::register(setup, &model, options, Some(salt)))?;
    let secret = secret.context("a salted commitment has a secret")?;
    let certificate = context.ui.waiting("proving that the weights are in range", || {
        certified(setup, &model, options, &commitment, secret.salt(), context)
    })?;
    folder.keep_commitment(&schema, &commitment, &secret, &certificate)?;
    Ok((commitment, schema))
}

/// The certificate of the weights behind a commitment.
fn certified(
    setup: &Setup,
    model: &Model,
    options: Options,
    commitment: &WeightsCommitment,
    salt: &Salt,
    context: &Context,
) -> Result<CertificateFile> {
    let committed = Committed::open(setup, model, options, commitment, Some(salt))?;
    let certifier = Certifier::new(&committed, model)?;
    let registered = certifier.registered()?;
    let (chain_id, mode) = (context.config.statement_chain(), options.mode);
    let statement = certificate::statement(&registered, model.plan().digest(), chain_id, mode);
    let engine = Engine::new(setup, certifier.descriptor().layout.chunk_bits)?;
    let proof = certifier.prove(&engine, &registered, &statement, &mut random::secret()?)?;
    Ok(CertificateFile { chain_id, mode, proof: proof.encode() })
}

fn weights(args: &CommitArgs, folder: &PlanFolder, context: &Context) -> Result<()> {
    let (commitment, schema) = to_weights(folder, args.salt_of.as_ref(), args.proofs.options(), context)?;
    let (plan, setup) = (folder.plan()?.digest(), commitment.chunked().setup());
    let (chunks, chunk_bits) = (commitment.chunked().points().len(), schema.chunk_bits());
    let development = setup == DEVELOPMENT;
    let shown = folder.path().display();
    let value = json!({
        "plan": folder.path(),
        "public": folder.public(),
        "weightsCommitment": commitment.identity(),
        "planDigest": plan,
        "schemaDigest": schema.digest(),
        "chunkBits": chunk_bits,
        "chunks": chunks,
        "setup": setup,
        "development": development,
    });
    let mut words = format!(
        "weights  {:?}\nplan     {:?}\nschema   {:?}\nsetup    {}\n{} of 2^{chunk_bits} cells\n\
         {} may be given away; {shown}/private opens it and may not\n\
         next: aver prove {shown} --input FILE -o PROOF, or aver register model.toml --plan {shown}",
        commitment.identity(),
        plan,
        schema.digest(),
        setups::words(setup),
        if chunks == 1 { "1 chunk".to_owned() } else { format!("{chunks} chunks") },
        folder.public().display(),
    );
    if development {
        words = format!("{words}\n{}", setups::PROVES_NOTHING);
    }
    context.ui.result(&value, words)
}

/// Commits to what was chosen of a file's inputs, with a fresh salt.
pub fn to_input(
    folder: &PlanFolder,
    file: &Path,
    args: &InputsArgs,
    context: &Context,
) -> Result<(InputCommitment, InputOpening)> {
    let (plan, schema, weights) = (folder.plan()?, folder.schema()?, folder.commitment()?);
    let known = folder.columns().unwrap_or_default();
    let inputs = Inputs::read(file, args, &plan, &known, context)?;
    let setup = context.setup(weights.chunked().setup(), schema.chunk_bits())?;
    Ok(InputOpening::commit(&setup, &schema, inputs.items, inputs.tensors, Some(fresh_salt()?))?)
}

fn input(args: &CommitArgs, file: &Path, folder: &PlanFolder, context: &Context) -> Result<()> {
    let path = args.output.as_ref().ok_or_else(|| exit::usage("where to? Pass -o FILE"))?;
    let (opening_path, signed_path) = (opening_path(path), beside(path, ".signed"));
    for path in [path, &opening_path, &signed_path] {
        if path.exists() {
            let message =
                format!("{} is there already: remove it, or choose another with -o", path.display());
            return Err(exit::usage(message).into());
        }
    }
    let (commitment, opening) = to_input(folder, file, &args.input, context)?;
    let bytes = commitment.encode();
    let signed = match args.sign {
        true => Some(register::sign(Envelope::new(SIGNED_INPUT, bytes.clone()), &context.account()?)?),
        false => None,
    };
    opening.write(&opening_path)?;
    if let Some(envelope) = &signed {
        atomic::write(&signed_path, &envelope.encode()?)?;
    }
    atomic::write(path, &bytes)?;
    let value = json!({
        "commitment": path,
        "opening": opening_path,
        "signed": signed.as_ref().map(|_| &signed_path),
        "identity": commitment.identity(),
        "schemaDigest": commitment.schema(),
        "items": commitment.items(),
        "setup": commitment.chunked().setup(),
    });
    let name = match signed {
        Some(_) => format!("{} and {} may be given away", path.display(), signed_path.display()),
        None => format!("{} may be given away, and signed with --sign", path.display()),
    };
    let words = format!(
        "input    {:?}\nschema   {:?}\n{name}; {} opens it and stays private\n\
         next: aver prove {} --committed {} -o PROOF",
        commitment.identity(),
        commitment.schema(),
        opening_path.display(),
        folder.path().display(),
        path.display(),
    );
    context.ui.result(&value, words)
}

/// Where the opening of the commitment in `path` lies.
pub fn opening_path(path: &Path) -> PathBuf {
    beside(path, ".opening")
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// A salt that nobody else can have.
pub fn fresh_salt() -> Result<Salt> {
    let mut salt = Zeroizing::new([0; 32]);
    getrandom::fill(salt.as_mut()).context("the operating system gives no randomness")?;
    Ok(Salt::from_random(*salt))
}
