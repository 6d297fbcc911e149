//! `aver weights`: hands a model's secret weights to operators, so that nobody else sees them.

use super::{Context, recipients::recipients};
use crate::{
    args::weights::{OpenWeightsArgs, SealWeightsArgs, WeightsCommand},
    computing::check_plan,
    exit,
    plans::PlanFolder,
};
use anyhow::Result;
use averment_ledger::settlement::Found;
use averment_node::{seal::file_name, secrets, weights};
use averment_storage::atomic::{self, AtomicFile};
use serde_json::json;
use std::path::PathBuf;

pub fn run(command: &WeightsCommand, context: Context) -> Result<()> {
    match command {
        WeightsCommand::Seal(args) => context.block_on(hand_over(args, &context)),
        WeightsCommand::Open(args) => open(args, &context.with_setup(&args.setup)),
    }
}

async fn hand_over(args: &SealWeightsArgs, context: &Context) -> Result<()> {
    let folder = PlanFolder::open(&args.plan)?;
    let commitment = folder.commitment()?;
    let (model, secret) = (folder.model()?, folder.secret(&commitment)?);
    let about = |found: &Found| check_plan(found, &folder);
    let keys = recipients(&args.to, args.request, about, context).await?;
    if keys.is_empty() {
        return Err(exit::usage("to whom? Pass --to KEY, or --request ID for its committee").into());
    }
    atomic::create_folder(&args.output)?;
    let identity = commitment.identity();
    let mut written: Vec<PathBuf> = Vec::new();
    for key in &keys {
        let path = args.output.join(file_name(&identity, key));
        let mut file = AtomicFile::create_private(&path)?;
        file.write(&weights::seal(key, &model, &secret)?)?;
        file.commit()?;
        written.push(path);
    }
    let (count, output, public) = (keys.len(), args.output.display(), folder.public().display());
    let sealed = if count == 1 { "one key".to_owned() } else { format!("{count} keys") };
    context.ui.result(
        &json!({
            "weightsCommitment": identity,
            "planDigest": model.plan().digest(),
            "sealedTo": keys,
            "output": args.output,
            "files": written,
        }),
        format!(
            "weights  {identity:?}, sealed to {sealed} in {output}\n\
             next: give {output} and {public} to those who answer: aver oracle run --serve VERSION={public} --sealed-weights {output}"
        ),
    )
}

fn open(args: &OpenWeightsArgs, context: &Context) -> Result<()> {
    PlanFolder::vacant(&args.output)?;
    let public = PlanFolder::open(&args.public)?;
    let (plan, schema, commitment) = (public.plan()?, public.schema()?, public.commitment()?);
    let setup = context.setup(commitment.chunked().setup(), schema.chunk_bits())?;
    let key = secrets::member_key(&context.account()?)?;
    let opened = context.ui.waiting("opening the weights and committing to them again", || {
        weights::read(&args.folder, &key, plan, &commitment, &setup)
    });
    let opened = opened.map_err(|error| exit::refused(error.to_string()))?;
    let made = PlanFolder::complete(&args.output, &public, &opened)?;
    let (shown, identity, digest) =
        (made.path().display(), commitment.identity(), opened.model.plan().digest());
    context.ui.result(
        &json!({ "plan": made.path(), "weightsCommitment": identity, "planDigest": digest }),
        format!(
            "weights  {identity:?}\nplan     {digest:?}\n{shown}/private opens the commitment and stays private\n\
             next: aver oracle run --serve VERSION={shown}, which checks that the version registered them"
        ),
    )
}
