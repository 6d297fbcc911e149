//! `aver offer`: that a version's answers are settled, and on which terms.

use super::Context;
use crate::{
    args::{OfferArgs, OfferCommand},
    computing,
    desk::{Desk, sent_json, sent_words},
    exit,
    plans::PlanFolder,
    proofs, setups,
};
use anyhow::Result;
use averment_ledger::{
    contracts::{Sender, Sent},
    proofs::ProofClient,
    registry::RegistryClient,
    settlement::{Mode, Modes, Offer, Offered, Quorum, SettlementError},
};
use averment_primitives::{B256, VersionId};
use averment_registry::history::Stage;
use averment_verifier::{descriptor::Options, statement::Mode as Hides};
use serde_json::{Value, json};
use std::fmt::Write as _;

pub fn run(args: &OfferArgs, context: &Context) -> Result<()> {
    context.block_on(async {
        match &args.command {
            None => make(args, context).await,
            Some(OfferCommand::Show { subject }) => show(subject, context).await,
            Some(OfferCommand::Withdraw { offer }) => withdraw(*offer, context).await,
        }
    })
}

async fn make(args: &OfferArgs, context: &Context) -> Result<()> {
    let (Some(version), Some(plan)) = (&args.version, &args.plan) else {
        return Err(exit::usage("which version, of which plan? aver offer VERSION --plan PLAN").into());
    };
    let folder = PlanFolder::open(plan)?;
    let (subject, id) = context.version(version).await?;
    let stage = subject.record(id)?.stage;
    proofs::same_plan(id, subject.record(id)?, &folder)?;
    if stage != Stage::Deployed {
        return Err(exit::refused(format!(
            "version {id} is {stage}: only a deployed one answers{}",
            if stage < Stage::Deployed { "; `aver approve`, then `aver deploy`" } else { "" }
        ))
        .into());
    }
    let desk = Desk::on(context, subject.registry.ledger()).await?;
    let terms = terms(args, &desk)?;
    let sender = context.sender_for(&subject).await?;
    let mode = if args.transparent { Hides::Transparent } else { Hides::ZeroKnowledge };
    let options = Options { mode, public_inputs: args.public_inputs, ..args.batch.options() };
    let (offered, mut sent) =
        publish(&folder, options, Offer { version: id.0, ..terms }, &desk, &sender, context).await?;
    let (offer, made) = desk.client.offer(&sender, &offered).await?;
    sent.push(made);
    let offered = Offered { id: offer, offer: offered, open: true, block: 0 };
    let mut value = json(&offered, &desk);
    value["sent"] = sent_json(&sent);
    context.ui.result(
        &value,
        format!(
            "{}{}\nnext: whoever asks runs `aver request {version} --inputs FILE --mode MODE --value-at-risk TOKENS --fee TOKENS`",
            sent_words(&sent),
            words(&offered, &desk)
        ),
    )
}

/// What of an offer is typed.
fn terms(args: &OfferArgs, desk: &Desk) -> Result<Offer> {
    let modes =
        |typed: &[crate::args::ModeArg]| typed.iter().map(|mode| Mode::from(*mode)).collect::<Modes>();
    let (modes, persons) = (modes(&args.modes), modes(&args.modes_for_persons));
    let committees = modes.has(Mode::Quorum) || persons.has(Mode::Quorum);
    let quorum = Quorum {
        members: args.members,
        threshold: args.threshold,
        commitSeconds: args.commit_time.0,
        revealSeconds: args.reveal_time.0,
        tolerance: args.tolerance,
    };
    Ok(Offer {
        modes: modes.0,
        modesForPersons: persons.0,
        proofSeconds: args.proof_time.0,
        challengeBond: desk.amount("--challenge-bond", &args.challenge_bond)?,
        quorum: if committees { quorum } else { Quorum::default() },
        ..Offer::default()
    })
}

/// Sends what the chain lacks before a plan's answers can be offered: the descriptor of proofs with these options, and that
/// the weights are certified. Returns the offer, which has the version and the typed terms from `terms` and the rest from the
/// plan, and what was sent.
pub async fn publish(
    folder: &PlanFolder,
    options: Options,
    terms: Offer,
    desk: &Desk,
    sender: &Sender,
    context: &Context,
) -> Result<(Offer, Vec<Sent>)> {
    let client = ProofClient::new(desk.client.ledger(), &desk.deployment)
        .map_err(|error| exit::usage(error.to_string()))?;
    let weights = folder.commitment()?;
    let setup = weights.chunked().setup();
    if setup != client.setup() {
        return Err(exit::refused(format!(
            "{} was committed with setup {}, the contract at {} verifies proofs of setup {}",
            folder.path().display(),
            setups::words(setup),
            client.address(),
            setups::words(client.setup())
        ))
        .into());
    }
    let chunk_bits = weights.chunked().blocks().chunk_bits();
    let setup = context.setup(setup, chunk_bits)?;
    let certified = proofs::check_weights(folder, &setup)?;
    let (chain, got) = (desk.deployment.chain_id, certified.statement.chain_id);
    if got != chain {
        let message =
            format!("the certificate of the weights is for chain {got}, the contracts are on chain {chain}");
        return Err(exit::refused(message).into());
    }
    let options = Options { chunk_bits: Some(chunk_bits), ..options };
    let (descriptor, tables, decision) = computing::descriptor(folder, &setup, options)?;
    let mut sent = Vec::new();
    if !client.knows(decision).await? {
        sent.push(client.register_with(sender, &descriptor, &tables).await?);
    }
    let certificate = certified.registered.descriptor();
    if !client.knows(certificate).await? {
        sent.push(client.register(sender, &certified.descriptor, &certified.registered).await?);
    }
    if !client.certified(decision, &certified).await? {
        // Another descriptor's certificate is proved already, perhaps.
        sent.push(match client.proved(&certified).await? {
            true => client.cover(sender, decision, &certified).await?,
            false => client.certify(sender, decision, &certified).await?,
        });
    }
    let offered = Offer {
        weights: weights.identity(),
        plan: folder.plan()?.digest(),
        schema: folder.schema()?.digest(),
        verifier: client.address(),
        descriptor: decision,
        certificate,
        zeroKnowledge: options.mode.masked(),
        ..terms
    };
    Ok((offered, sent))
}

async fn show(subject: &str, context: &Context) -> Result<()> {
    let desk = Desk::open(context).await?;
    let registry = RegistryClient::open(desk.client.ledger(), &desk.deployment).await?;
    let version = context.version_id(&registry, subject).await?;
    let mut found = desk.client.offers_of(version).await?;
    if found.is_empty() && subject.starts_with("0x") {
        // An offer's id, perhaps.
        match desk.client.find_offer(version.0).await {
            Ok(offer) => found.push(offer),
            Err(SettlementError::NoOffer { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if found.is_empty() {
        return Err(exit::refused(format!(
            "{subject} is no offer, and no version with one: its model's owner makes one with `aver offer {subject} --plan PLAN`"
        ))
        .into());
    }
    let value = json!({ "offers": found.iter().map(|one| json(one, &desk)).collect::<Vec<_>>() });
    let words: Vec<String> = found.iter().map(|one| words(one, &desk)).collect();
    context.ui.result(&value, words.join("\n\n"))
}

async fn withdraw(id: B256, context: &Context) -> Result<()> {
    let desk = Desk::open(context).await?;
    let found = desk.client.find_offer(id).await?;
    let sender = desk.sender(context).await?;
    let sent = [desk.client.withdraw_offer(&sender, &found.offer).await?];
    let found = Offered { open: false, ..found };
    let mut value = json(&found, &desk);
    value["sent"] = sent_json(&sent);
    context.ui.result(
        &value,
        format!("{}offer {id} takes no more requests; those that are open go on", sent_words(&sent)),
    )
}

fn names(modes: u8) -> Vec<String> {
    Modes(modes).iter().map(|mode| mode.to_string()).collect()
}

fn json(offered: &Offered, desk: &Desk) -> Value {
    let Offered { id, offer, open, .. } = offered;
    let quorum = &offer.quorum;
    json!({
        "offer": id,
        "open": open,
        "version": VersionId(offer.version),
        "weightsCommitment": offer.weights,
        "planDigest": offer.plan,
        "schemaDigest": offer.schema,
        "verifier": offer.verifier,
        "descriptor": offer.descriptor,
        "certificate": offer.certificate,
        "zeroKnowledge": offer.zeroKnowledge,
        "modes": names(offer.modes),
        "modesForPersons": names(offer.modesForPersons),
        "proofSeconds": offer.proofSeconds,
        "challengeBond": offer.challengeBond.to_string(),
        "quorum": {
            "members": quorum.members,
            "threshold": quorum.threshold,
            "commitSeconds": quorum.commitSeconds,
            "revealSeconds": quorum.revealSeconds,
            "tolerance": quorum.tolerance,
        },
        "token": desk.token_json(),
    })
}

fn words(offered: &Offered, desk: &Desk) -> String {
    let Offered { id, offer, open, .. } = offered;
    let list = |modes| match names(modes) {
        none if none.is_empty() => "none".to_owned(),
        some => some.join(", "),
    };
    let mut words = format!(
        "offer    {id}, {}\nversion  {}\nmodes    {}; about persons: {}\nproofs   {}\nchallenge stakes {}, the answer is then \
         proved within {} s",
        if *open { "open" } else { "withdrawn" },
        VersionId(offer.version),
        list(offer.modes),
        list(offer.modesForPersons),
        if offer.zeroKnowledge { "hide weights and inputs" } else { "hide nothing" },
        desk.words(offer.challengeBond),
        offer.proofSeconds,
    );
    let quorum = &offer.quorum;
    if quorum.members > 0 {
        // Writing into a string cannot fail.
        let _ = write!(
            words,
            "\ncommittee {} of {}, {} s to commit and {} s to reveal",
            quorum.threshold, quorum.members, quorum.commitSeconds, quorum.revealSeconds
        );
    }
    words
}
