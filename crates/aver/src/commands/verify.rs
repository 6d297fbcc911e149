//! `aver verify`: whether a proof proves what it says, by the public half of a plan's folder.

use super::Context;
use crate::{
    args::proofs::VerifyArgs,
    exit,
    outputs::{self, Answer},
    plans::PlanFolder,
    proofs, setups,
};
use anyhow::{Context as _, Result};
use averment_prover::setup::DEVELOPMENT;
use averment_storage::atomic;
use averment_verifier::file::{FILE_BYTES, ProofFile};
use serde_json::json;

pub fn run(args: &VerifyArgs, context: &Context) -> Result<()> {
    let folder = PlanFolder::open(&args.plan)?;
    let shown = args.proof.display();
    let bytes = atomic::read(&args.proof, FILE_BYTES).with_context(|| format!("reading {shown}"))?;
    let file = ProofFile::decode(&bytes).map_err(|error| exit::refused(format!("{shown}: {error}")))?;
    let statement = &file.statement;
    if let Some(expected) = context.config.chain_id
        && statement.chain_id != expected
    {
        let got = statement.chain_id;
        return Err(exit::refused(format!("{shown} is for chain {got}, not for chain {expected}")).into());
    }
    let chunk_bits = folder.commitment()?.chunked().blocks().chunk_bits();
    let setup = context.accept_setup(statement.setup, chunk_bits)?;
    proofs::check(&file, &folder, &setup).with_context(|| format!("{shown} proves nothing"))?;
    let items = file.input.items() as usize;
    let answers =
        outputs::answers(&folder.plan()?, &statement.public, items).context("the output has its cells")?;
    let development = statement.setup == DEVELOPMENT;
    let value = json!({
        "verified": true,
        "statement": proofs::json(statement),
        "inputCommitment": file.input.identity(),
        "items": items,
        "answers": answers.iter().map(Answer::json).collect::<Vec<_>>(),
        "development": development,
    });
    let mut words = format!("{shown} is proved\n{}", proofs::words(&file, &answers));
    if development {
        words = format!("{words}{}", setups::PROVES_NOTHING);
    }
    context.ui.result(&value, words.trim_end())
}
