//! `aver inputs`: hands inputs to those who answer, so that nobody else sees them.

use super::{Context, commit::opening_path, recipients::recipients};
use crate::{
    args::{InputsCommand, SealArgs},
    computing::check_inputs,
    exit,
};
use anyhow::{Context as _, Result};
use averment_ledger::settlement::Found;
use averment_node::{
    seal::{About, file_name, seal},
    secrets,
};
use averment_storage::atomic::{self, AtomicFile};
use averment_verifier::{
    commitment::{InputCommitment, Inputs},
    file::FILE_BYTES,
};
use serde_json::json;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The longest opening that is read: what an operator reads.
const OPENING: u64 = 64 << 20;

pub fn run(command: &InputsCommand, context: &Context) -> Result<()> {
    match command {
        InputsCommand::Seal(args) => context.block_on(hand_over(args, context)),
        InputsCommand::Open { commitment, inbox } => open(commitment, inbox, context),
        InputsCommand::Key => {
            let account = context.account()?;
            let key = secrets::member_key(&account)?.public();
            let value = json!({ "account": account.address(), "encryptionKey": key });
            context.ui.result(&value, key.to_string())
        }
    }
}

fn read(path: &Path) -> Result<InputCommitment> {
    let shown = path.display();
    let bytes = atomic::read(path, FILE_BYTES).with_context(|| format!("reading {shown}"))?;
    let wrong = |error| exit::usage(format!("{shown} is no commitment to an input: {error}"));
    Ok(InputCommitment::decode(&bytes).map_err(wrong)?)
}

async fn hand_over(args: &SealArgs, context: &Context) -> Result<()> {
    let commitments = args.commitments.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
    let inputs = Inputs::new(commitments.clone()).map_err(|error| exit::usage(error.to_string()))?;
    let about = |found: &Found| check_inputs(found, &inputs);
    let keys = recipients(&args.to, args.request, about, context).await?;
    if keys.is_empty() && !args.in_the_clear {
        let message = "to whom? Pass --request ID for its committee, --to KEY, or --in-the-clear";
        return Err(exit::usage(message).into());
    }
    atomic::create_folder(&args.inbox)?;
    let mut written: Vec<PathBuf> = Vec::new();
    let mut write = |name: String, bytes: &[u8]| -> Result<()> {
        let path = args.inbox.join(name);
        let mut file = AtomicFile::create_private(&path)?;
        file.write(bytes)?;
        file.commit()?;
        written.push(path);
        Ok(())
    };
    for (path, commitment) in args.commitments.iter().zip(&commitments) {
        let identity = commitment.identity();
        let opening = opening_path(path);
        let plain =
            atomic::read(&opening, OPENING).with_context(|| format!("reading {}", opening.display()))?;
        let plain = Zeroizing::new(plain);
        for key in &keys {
            write(file_name(&identity, key), &seal(key, About::Input(identity), &plain)?)?;
        }
        if args.in_the_clear {
            write(format!("{}.opening", alloy::primitives::hex::encode(identity)), &plain)?;
        }
    }
    // Last: who looks for it finds everything.
    let identity = inputs.identity();
    write(alloy::primitives::hex::encode(identity), &inputs.encode())?;
    let (count, inbox) = (keys.len(), args.inbox.display());
    let sealed = match (count, args.in_the_clear) {
        (0, _) => "in the clear".to_owned(),
        (1, false) => "sealed to one key".to_owned(),
        (_, false) => format!("sealed to {count} keys"),
        (_, true) => format!("sealed to {count} keys, and in the clear"),
    };
    context.ui.result(
        &json!({
            "identity": identity,
            "items": inputs.items(),
            "sealedTo": keys,
            "inTheClear": args.in_the_clear,
            "inbox": args.inbox,
            "files": written,
        }),
        format!("inputs   {identity:?}, {sealed} in {inbox}\nnext: give {inbox} to those who answer: they read it with --inbox"),
    )
}

/// Opens what was sealed to the account.
fn open(path: &Path, inbox: &Path, context: &Context) -> Result<()> {
    let identity = read(path)?.identity();
    let target = opening_path(path);
    if target.exists() {
        return Err(exit::usage(format!("{} is there already", target.display())).into());
    }
    let key = secrets::member_key(&context.account()?)?;
    let sealed = inbox.join(file_name(&identity, &key.public()));
    let bytes = atomic::read(&sealed, OPENING)
        .with_context(|| format!("reading {}: is the input sealed to {}?", sealed.display(), key.public()))?;
    let plain = key
        .open(About::Input(identity), &bytes)
        .map_err(|error| exit::refused(format!("{}: {error}", sealed.display())))?;
    let mut file = AtomicFile::create_private(&target)?;
    file.write(&plain)?;
    file.commit()?;
    context.ui.result(
        &json!({ "identity": identity, "opening": target }),
        format!("{} opens {identity:?} and stays private", target.display()),
    )
}
