//! `aver request`: asks a deployed version; shows, lists and moves requests on.

mod show;

pub use show::{outputs_in_words, standing_in_words};

use super::Context;
use crate::{
    args::{RequestArgs, RequestCommand},
    computing,
    desk::{Desk, sent_json, sent_words, when},
    exit,
    plans::PlanFolder,
    proofs,
    workplace::now,
};
use alloy::primitives::aliases::U40;
use anyhow::{Context as _, Result};
use averment_ledger::settlement::{Mode, Modes, Offered, Request};
use averment_primitives::{B256, VersionId};
use averment_registry::history::{Stage, VersionRecord};
use averment_storage::atomic;
use averment_verifier::{
    commitment::{InputCommitment, Inputs},
    descriptor::Options,
    file::FILE_BYTES,
    statement::Mode as Hides,
};
use serde_json::json;
use std::path::Path;

pub fn run(args: &RequestArgs, context: &Context) -> Result<()> {
    context.block_on(async {
        match &args.command {
            None => make(args, context).await,
            Some(RequestCommand::Show { id }) => show::one(*id, context).await,
            Some(RequestCommand::List { by, open }) => show::list(by.as_deref(), *open, context).await,
            Some(RequestCommand::Settle { id }) => settle(*id, context).await,
        }
    })
}

async fn make(args: &RequestArgs, context: &Context) -> Result<()> {
    let (Some(version), Some(mode), Some(at_risk), Some(fee)) =
        (&args.version, args.mode, &args.value_at_risk, &args.fee)
    else {
        let usage = "aver request VERSION --inputs FILE --mode MODE --value-at-risk TOKENS --fee TOKENS";
        return Err(exit::usage(usage).into());
    };
    let given = Given::of(args)?;
    let (subject, id) = context.version(version).await?;
    let stage = subject.record(id)?.stage;
    if stage != Stage::Deployed {
        let message = format!("version {id} is {stage}: only a deployed one answers (nothing was sent)");
        return Err(exit::refused(message).into());
    }
    let desk = Desk::on(context, subject.registry.ledger()).await?;
    let value_at_risk = desk.amount("--value-at-risk", at_risk)?;
    let proof_above = match &args.proof_above {
        Some(text) => desk.amount("--proof-above", text)?,
        None => u128::MAX,
    };
    let mode = Mode::from(mode);
    let answered = if value_at_risk > proof_above { Mode::Proof } else { mode };
    let fitting = fitting(args, &given, (id, subject.record(id)?), context)?;
    let Offered { id: offer, offer: terms, .. } = offer(args, id, answered, fitting, &desk).await?;
    if let Some(named) = given.named.as_ref().filter(|named| named.schema() != terms.schema) {
        return Err(exit::refused(format!(
            "the commitment is to inputs of schema {}, the version takes {}: commit with its plan (nothing was sent)",
            named.schema(),
            terms.schema
        ))
        .into());
    }
    let optimistic = mode == Mode::Optimistic;
    let bond = match &args.bond {
        Some(text) => desk.amount("--bond", text)?,
        None if optimistic => value_at_risk,
        None => 0,
    };
    let begins = now()?.max(desk.client.ledger().newest_final().await?.header.timestamp);
    let deadline = begins.saturating_add(u64::from(args.deadline.0));
    let asked = Request {
        version: id.0,
        offer,
        inputs: given.identity,
        items: given.items,
        seed: B256::ZERO,
        salt: unique()?,
        mode: mode.code(),
        personal: args.personal,
        proofAbove: proof_above,
        valueAtRisk: value_at_risk,
        fee: desk.amount("--fee", fee)?,
        bond,
        deadline: U40::saturating_from(deadline),
        window: if optimistic { args.window.0 } else { 0 },
        callbackGas: args.callback_gas,
        publicInputs: args.public_inputs.clone(),
    };
    let sender = context.sender_for(&subject).await?;
    let work = async || desk.client.request(&sender, &asked).await;
    let (request, sent) = desk.with_money(&sender, work).await?;
    let shown = match answered {
        Mode::Proof => {
            format!("who proves the answer until {} is paid; else the fee comes back", when(deadline, begins))
        }
        Mode::Optimistic => format!(
            "who answers until {} stakes {} and is paid after {} s without a challenge; else the fee comes back",
            when(deadline, begins),
            desk.words(bond),
            args.window.0
        ),
        Mode::Quorum => format!(
            "a committee is drawn by a block that is still to come, and has to be until {}: `aver request settle {request}` \
             draws it, then seal the inputs to its members: `aver inputs seal FILE --request {request} --inbox FOLDER`",
            when(deadline, begins)
        ),
    };
    let value = json!({
        "request": request,
        "requester": sender.address(),
        "version": id,
        "offer": offer,
        "inputs": given.identity,
        "items": given.items,
        "mode": answered.to_string(),
        "fee": asked.fee.to_string(),
        "bond": bond.to_string(),
        "valueAtRisk": value_at_risk.to_string(),
        "deadline": deadline,
        "token": desk.token_json(),
        "sent": sent_json(&sent),
    });
    context.ui.result(
        &value,
        format!(
            "{}request  {request}\nfee      {}, put aside until it is answered\n{shown}\nnext: aver request show {request}",
            sent_words(&sent),
            desk.words(asked.fee)
        ),
    )
}

/// What is asked about.
struct Given {
    identity: B256,
    items: u32,
    /// The commitments, where they are at hand.
    named: Option<Inputs>,
}

impl Given {
    fn of(args: &RequestArgs) -> Result<Self> {
        if let [only] = args.inputs.as_slice()
            && only.starts_with("0x")
            && !Path::new(only).exists()
        {
            let wrong = || {
                exit::usage(format!(
                    "--inputs: expected a file, or 0x and 64 hexadecimal digits, got {only:?}"
                ))
            };
            let identity = only.parse().map_err(|_| wrong())?;
            let items = args.items.ok_or_else(|| exit::usage("how many inputs are these? Pass --items"))?;
            return Ok(Self { identity, items: items.get(), named: None });
        }
        let read = |path: &String| -> Result<InputCommitment> {
            let bytes =
                atomic::read(Path::new(path), FILE_BYTES).with_context(|| format!("reading {path}"))?;
            let hint = "`aver commit PLAN --input FILE -o COMMITMENT` makes one";
            let wrong = |error| exit::usage(format!("{path} is no commitment to an input: {error}; {hint}"));
            Ok(InputCommitment::decode(&bytes).map_err(wrong)?)
        };
        let commitments = args.inputs.iter().map(read).collect::<Result<Vec<_>>>()?;
        let named = Inputs::new(commitments).map_err(|error| exit::usage(error.to_string()))?;
        if let Some(items) = args.items
            && items.get() != named.items()
        {
            let message = format!("--items says {items}, the commitment is to {}", named.items());
            return Err(exit::usage(message).into());
        }
        Ok(Self { identity: named.identity(), items: named.items(), named: Some(named) })
    }
}

/// With a plan at hand: the descriptors by which inputs like these are proved about, hiding and not.
fn fitting(
    args: &RequestArgs,
    given: &Given,
    (version, record): (VersionId, &VersionRecord),
    context: &Context,
) -> Result<Option<[B256; 2]>> {
    let Some(path) = &args.plan else { return Ok(None) };
    let Some(named) = &given.named else {
        return Err(exit::usage("--plan needs the commitment's file, not its identity alone").into());
    };
    let folder = PlanFolder::open(path)?;
    proofs::same_plan(version, record, &folder)?;
    let weights = folder.commitment()?;
    let chunk_bits = weights.chunked().blocks().chunk_bits();
    let setup = context.setup(weights.chunked().setup(), chunk_bits)?;
    let options = computing::options(named, !args.public_inputs.is_empty(), chunk_bits);
    let digest =
        |mode| -> Result<B256> { Ok(computing::descriptor(&folder, &setup, Options { mode, ..options })?.2) };
    Ok(Some([digest(Hides::ZeroKnowledge)?, digest(Hides::Transparent)?]))
}

/// The offer that is named, or the version's only one that takes requests like this.
async fn offer(
    args: &RequestArgs,
    version: VersionId,
    mode: Mode,
    fitting: Option<[B256; 2]>,
    desk: &Desk,
) -> Result<Offered> {
    let allowed = |offered: &Offered| {
        let own = &offered.offer;
        Modes(if args.personal { own.modesForPersons } else { own.modes }).has(mode)
    };
    let fits = |offered: &Offered| fitting.is_none_or(|all| all.contains(&offered.offer.descriptor));
    let about = if args.personal { " about persons" } else { "" };
    if let Some(id) = args.offer {
        let found = desk.client.find_offer(id).await?;
        let wrong = if found.offer.version != version.0 {
            format!("it is about version {}", VersionId(found.offer.version))
        } else if !found.open {
            "it was withdrawn".to_owned()
        } else if !allowed(&found) {
            format!("its terms do not allow the mode {mode} for inputs{about}")
        } else if !fits(&found) {
            "its proofs are for another number of inputs, or another kind of commitments".to_owned()
        } else {
            return Ok(found);
        };
        return Err(exit::refused(format!("offer {id}: {wrong} (nothing was sent)")).into());
    }
    let open: Vec<Offered> =
        desk.client.offers_of(version).await?.into_iter().filter(|one| one.open).collect();
    if open.is_empty() {
        return Err(exit::refused(format!(
            "nobody offers answers of version {version}: its model's owner does with `aver offer {version} --plan PLAN`"
        ))
        .into());
    }
    let allowing: Vec<Offered> = open.into_iter().filter(allowed).collect();
    if allowing.is_empty() {
        return Err(exit::refused(format!(
            "no offer of version {version} allows the mode {mode} for inputs{about}: `aver offer show {version}` says which \
             (nothing was sent)"
        ))
        .into());
    }
    let mut fit = allowing.into_iter().filter(fits);
    match (fit.next(), fit.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(exit::refused(format!(
            "no offer of version {version} has proofs for so many inputs, committed to like these: its owner makes one with \
             `aver offer {version} --for-batch N --commitments joint|each` (nothing was sent)"
        ))
        .into()),
        (Some(first), Some(second)) => Err(exit::usage(format!(
            "version {version} has several offers: choose one with --offer ({}, {}, …: `aver offer show {version}`){}",
            first.id,
            second.id,
            if fitting.is_none() { ", or pass --plan to have one chosen that fits the inputs" } else { "" }
        ))
        .into()),
    }
}

async fn settle(id: B256, context: &Context) -> Result<()> {
    let desk = Desk::open(context).await?;
    let found = desk.client.find(id).await?;
    let now = desk.now(&found)?;
    let Some(step) = found.due(now) else {
        let message = format!("nothing is due: {}", standing_in_words(&found, now));
        return Err(exit::refused(message).into());
    };
    let sender = desk.sender(context).await?;
    let sent = desk.client.settle(&sender, &found, step).await?;
    let after = desk.client.find(id).await?;
    let mut value = show::json(&after, &desk);
    value["step"] = json!(step.name());
    value["sent"] = sent_json(&sent);
    let words = format!("{}{}", sent_words(&sent), show::words(&after, &desk, context)?);
    context.ui.result(&value, words)
}

/// What makes a request's id another than that of any other.
fn unique() -> Result<B256> {
    let mut salt = [0; 32];
    getrandom::fill(&mut salt).context("the operating system gives no randomness")?;
    Ok(salt.into())
}
