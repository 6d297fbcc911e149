//! `aver answer`: computes what a version says of a request's inputs, and says it with a bond or a proof.

use super::{
    Context,
    prove::{prove_opened, under_a_bar},
    request::{outputs_in_words, standing_in_words},
    verify,
};
use crate::{
    args::AnswerArgs,
    computing::{Computed, check_inputs, plan_of},
    desk::{Desk, sent_json, sent_words, when},
    exit, outputs, proofs,
};
use anyhow::Result;
use averment_ledger::{
    contracts::{Sender, Sent},
    settlement::{Found, Mode, Phase, Proof},
};
use averment_verifier::{file::ProofFile, point, statement::Statement};
use serde_json::json;
use std::path::Path;

pub fn run(args: &AnswerArgs, context: &Context) -> Result<()> {
    context.block_on(answer(args, context))
}

/// What is sent.
enum Way {
    /// The answer, with the bond.
    Bond,
    /// The answer, with a proof.
    Proof,
}

async fn answer(args: &AnswerArgs, context: &Context) -> Result<()> {
    let desk = Desk::open(context).await?;
    let found = desk.client.find(args.id).await?;
    let account = context.account_address()?;
    if let Some(path) = &args.proof_file {
        let sender = desk.sender(context).await?;
        let file = verify::read(path)?;
        let (outputs, proof) = checked(&found, &file, args.compute.plan.as_deref(), &desk, &sender, context)?;
        let sent = [desk.client.prove(&sender, &found, outputs.clone(), proof).await?];
        return said(&found, &outputs, None, &sent, &desk, context).await;
    }
    let way = way(&found, account, args.proof, desk.now(&found)?)?;
    if !args.outputs.is_empty() {
        return with_bond(&found, &way, args.outputs.clone(), None, &desk, context).await;
    }
    let computed = Computed::of(&found, &args.compute, context)?;
    if let (Some(given), Way::Proof, Phase::Challenged) = (&found.given, &way, found.standing.phase)
        && given.answerer == account
        && given.outputs != computed.outputs
    {
        return Err(exit::refused(format!(
            "the answer that you gave is {}, the plan says {}: it cannot be proved. Who proves the other one (--proof, with \
             another account or this one) has what is left of its bond",
            outputs_in_words(&given.outputs),
            outputs_in_words(&computed.outputs)
        ))
        .into());
    }
    let answers = computed.answers()?;
    if matches!(way, Way::Bond) {
        return with_bond(&found, &way, computed.outputs, Some(&answers), &desk, context).await;
    }
    let sender = desk.sender(context).await?;
    let sent = [with_proof(&found, &computed, &desk, &sender, context).await?];
    said(&found, &computed.outputs, Some(&answers), &sent, &desk, context).await
}

/// Proves what was computed, and answers with that.
pub async fn with_proof(
    found: &Found,
    computed: &Computed,
    desk: &Desk,
    sender: &Sender,
    context: &Context,
) -> Result<Sent> {
    let file = proved(found, computed, desk, sender, context)?;
    let (outputs, proof) = checked(found, &file, Some(computed.folder.path()), desk, sender, context)?;
    Ok(desk.client.prove(sender, found, outputs, proof).await?)
}

/// Answers with the bond that the request asks for.
async fn with_bond(
    found: &Found,
    way: &Way,
    outputs: Vec<i64>,
    answers: Option<&[outputs::Answer]>,
    desk: &Desk,
    context: &Context,
) -> Result<()> {
    if !matches!(way, Way::Bond) {
        let message = "this has to be proved: pass --plan and --inputs, or --inbox, instead of --outputs";
        return Err(exit::usage(message).into());
    }
    let sender = desk.sender(context).await?;
    let sent =
        desk.with_money(&sender, async || desk.client.answer(&sender, found, outputs.clone()).await).await?;
    said(found, &outputs, answers, &sent, desk, context).await
}

/// How this account answers; or why it does not.
fn way(found: &Found, account: averment_primitives::Address, proof: bool, now: u64) -> Result<Way> {
    let refused = |why: String| Err(exit::refused(format!("request {}: {why}", found.id)).into());
    let stands = || standing_in_words(found, now);
    match (found.standing.phase, found.mode()) {
        (Phase::None | Phase::Final | Phase::Undelivered | Phase::Refunded, _) => refused(stands()),
        _ if found.revoked => refused(format!(
            "its version was revoked: `aver request settle {}` gives everything back",
            found.id
        )),
        _ if proof => Ok(Way::Proof),
        (Phase::Open, Some(Mode::Optimistic)) => Ok(Way::Bond),
        (Phase::Open, Some(Mode::Quorum)) if found.standing.draw().is_some() => {
            refused("a committee answers it, which is not drawn yet; --proof answers it alone".to_owned())
        }
        (Phase::Open, _) => Ok(Way::Proof),
        (Phase::Challenged, _) if found.contested().answerer == account => Ok(Way::Proof),
        (Phase::Answered, _) if found.contested().answerer == account => {
            refused(format!("you answered it; {}", stands()))
        }
        (Phase::Answered | Phase::Challenged, _) => refused(format!(
            "{} answered it: `aver challenge {} --check` says whether that is right; --proof proves the answer, or another",
            found.contested().answerer,
            found.id
        )),
        (Phase::Drawn, _) => refused("its committee answers; --proof answers over it".to_owned()),
    }
}

/// The proof of what was computed, for this account.
fn proved(
    found: &Found,
    computed: &Computed,
    desk: &Desk,
    sender: &Sender,
    context: &Context,
) -> Result<ProofFile> {
    let about = desk.client.statement(found.requester, &found.asked, &found.offer, &[], sender.address());
    let weights = computed.folder.commitment()?;
    let setup = context.setup(weights.chunked().setup(), weights.chunked().blocks().chunk_bits())?;
    let public = !found.asked.publicInputs.is_empty();
    under_a_bar(context, |watch| {
        prove_opened(&computed.folder, &computed.opened, &setup, public, about, watch)
    })
}

/// Checks that a proof is one of this request, for this account and by the offer's descriptor. Returns its outputs, and it as
/// the router takes it.
fn checked(
    found: &Found,
    file: &ProofFile,
    plan: Option<&Path>,
    desk: &Desk,
    sender: &Sender,
    context: &Context,
) -> Result<(Vec<i64>, Proof)> {
    let statement: &Statement = &file.statement;
    let outputs = desk
        .client
        .outputs_of(found.requester, &found.asked, &found.offer, sender.address(), statement)
        .map_err(averment_ledger::settlement::SettlementError::from)?;
    check_inputs(found, &file.input)?;
    let plan =
        plan.ok_or_else(|| exit::usage("which plan? Pass --plan PLAN, the folder of the version's plan"))?;
    let folder = plan_of(found, plan)?;
    let chunk_bits = folder.commitment()?.chunked().blocks().chunk_bits();
    let setup = context.accept_setup(statement.setup, chunk_bits)?;
    let (_, registered) = proofs::check(file, &folder, &setup)?;
    let (expected, got) = (found.offer.descriptor, registered.descriptor());
    if expected != got {
        return Err(exit::refused(format!(
            "the offer's proofs are by descriptor {expected}, this one is by {got}: the offer is for another number of inputs, \
             another kind of commitments, or a request with other public values"
        ))
        .into());
    }
    let points = point::to_bytes(registered.committed()).into();
    Ok((outputs.to_vec(), Proof { points, proof: file.proof.clone().into() }))
}

/// What was done.
async fn said(
    before: &Found,
    outputs: &[i64],
    answers: Option<&[outputs::Answer]>,
    sent: &[Sent],
    desk: &Desk,
    context: &Context,
) -> Result<()> {
    let after = desk.client.find(before.id).await?;
    let now = desk.now(&after)?;
    let value = json!({
        "request": before.id,
        "outputs": outputs,
        "answers": answers.map(|all| all.iter().map(outputs::Answer::json).collect::<Vec<_>>()),
        "phase": after.standing.phase.to_string(),
        "until": after.standing.until,
        "bond": before.asked.bond.to_string(),
        "fee": before.asked.fee.to_string(),
        "token": desk.token_json(),
        "sent": sent_json(sent),
    });
    let mut words = answers.map_or_else(String::new, proofs::answers_in_words);
    words += &format!("outputs  {}\n{}", outputs_in_words(outputs), sent_words(sent));
    words += &match after.standing.phase {
        Phase::Answered => format!(
            "answered; {} come back, with the fee of {}, if nobody challenges it until {}\nnext: aver request settle {}   (then)",
            desk.words(before.asked.bond),
            desk.words(before.asked.fee),
            when(after.standing.until, now),
            before.id
        ),
        _ => standing_in_words(&after, now),
    };
    context.ui.result(&value, words)
}
