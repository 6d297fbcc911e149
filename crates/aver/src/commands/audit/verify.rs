//! `aver audit verify`: checks an audit file offline and renders its page.

use crate::{
    args::{Global, VerifyArgs},
    commands::Context,
    exit,
    mathematics::Checker,
    table::table,
};
use anyhow::{Context as _, Result};
use averment_registry::audit::{
    self, Answer, Caveat, Evidence, Mathematics, TrustPolicy, TrustedBlockHash, Verified, VerifiedDecision,
    VerifiedRounds, page,
};
use serde_json::{Value, json};
use std::{fmt::Write, path::Path};

pub fn run(args: &VerifyArgs, global: &Global, context: &Context) -> Result<()> {
    let trust = &context.config.trust;
    let or = |given: &Vec<_>, known: &Vec<_>| if given.is_empty() { known.clone() } else { given.clone() };
    let log_keys = if args.log_keys.is_empty() { &trust.log_keys } else { &args.log_keys };
    let policy = TrustPolicy {
        chain_id: global.chain_id,
        registry: args.registry.or(trust.registry),
        anchors: args.anchors.or(trust.anchors),
        router: args.router.or(trust.router),
        pool: args.pool.or(trust.pool),
        tasks: args.tasks.or(trust.tasks),
        code_hashes: or(&args.code, &trust.code),
        log_keys: log_keys.clone(),
        refuse_embedded: args.refuse_embedded,
        ..TrustPolicy::default()
    };
    let checker = Checker::new(context);
    let verified = file(&args.file, TrustedBlockHash(args.block_hash), &policy, &checker)?;
    let page = args.page.as_deref();
    if let Some(path) = page {
        averment_storage::atomic::write(path, page::render(&verified).as_bytes())?;
    }
    let caveats: Vec<String> = verified.caveats().iter().map(caveat).chain(checker.unaccepted()).collect();
    let at = verified.block();
    let value = json!({
        "verified": true,
        "version": verified.subject(),
        "chainId": verified.registry().chain_id,
        "registry": verified.registry().address,
        "block": { "hash": at.hash, "number": at.number, "timestamp": at.timestamp, "embedded": at.embedded },
        "versions": verified.versions().map(|version| version.id).collect::<Vec<_>>(),
        "records": verified.logs().iter().map(|log| log.records.len()).sum::<usize>(),
        "decision": verified.decision().map(decision),
        "rounds": verified.rounds().iter().map(rounds).collect::<Vec<_>>(),
        "caveats": caveats,
        "page": page,
    });
    context.ui.result(&value, words(&verified, &caveats, page)?)
}

/// Reads and checks an audit file; a file that does not check is refused, not an outside failure.
pub fn file(
    path: &Path,
    block: TrustedBlockHash,
    policy: &TrustPolicy,
    mathematics: &dyn Mathematics,
) -> Result<Verified> {
    let limit = policy.limits.bytes as u64;
    let content = match averment_storage::atomic::read(path, limit) {
        Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
            let message = format!("{}: an audit file has at most {limit} bytes", path.display());
            return Err(exit::refused(message).into());
        }
        other => other.with_context(|| format!("reading {}", path.display()))?,
    };
    Ok(bytes(&content, block, policy, mathematics)
        .map_err(|why| exit::refused(format!("{} is refused: {why}", path.display())))?)
}

/// Checks the bytes of an audit file, or says which link is broken.
pub fn bytes(
    bytes: &[u8],
    block: TrustedBlockHash,
    policy: &TrustPolicy,
    mathematics: &dyn Mathematics,
) -> Result<Verified, String> {
    let evidence = Evidence::decode(bytes, &policy.limits).map_err(|error| error.to_string())?;
    audit::verify_with(&evidence, block, policy, mathematics).map_err(|link| link.to_string())
}

/// A decision for machines.
pub fn decision(decision: &VerifiedDecision) -> Value {
    let pool = decision.pool.as_ref();
    let claims = pool.map(|pool| {
        let claim = |own: &audit::VerifiedClaim| {
            json!({
                "evidence": own.evidence,
                "policy": own.policy,
                "stage": own.stage.to_string(),
                "output": own.output,
                "accepted": own.accepted,
                "payout": own.payout.to_string(),
            })
        };
        pool.claims.iter().map(claim).collect::<Vec<_>>()
    });
    json!({
        "request": decision.id,
        "requester": decision.requester,
        "router": decision.router.address,
        "mode": decision.request.effective_mode().to_string(),
        "answer": answer(&decision.answer),
        "outputs": decision.outputs,
        "finalSince": decision.since,
        "proof": decision.proof.map(|standing| format!("{standing:?}")),
        "steps": decision.steps.len(),
        "told": decision.told(),
        "pool": pool.map(|pool| pool.contract.address),
        "claims": claims,
        "paid": decision.paid().to_string(),
    })
}

/// The rounds that made a version, for machines.
pub fn rounds(rounds: &VerifiedRounds) -> Value {
    let round = |round: &audit::VerifiedRound| {
        json!({
            "round": round.number,
            "aggregator": round.aggregator,
            "settled": round.settled,
            "modelBefore": round.models[0],
            "modelAfter": round.models[1],
            "outcome": round.outcome,
            "computed": round.standing != audit::RoundStanding::Unchecked,
            "proof": match round.standing {
                audit::RoundStanding::Proved => "Verified",
                audit::RoundStanding::DevelopmentSetup => "DevelopmentSetup",
                _ => "Unchecked",
            },
            "receipts": round.proved,
            "updates": round.updates.iter().map(|update| json!({
                "account": update.account,
                "points": update.said.map(|[points, _, _]| points),
                "proof": update.said.map(|[_, proof, _]| proof),
                "content": update.said.map(|[_, _, content]| content),
                "weight": update.weight.to_string(),
                "quality": update.quality.to_string(),
                "payment": update.payment.to_string(),
            })).collect::<Vec<_>>(),
        })
    };
    let money = rounds.money().into_iter().map(|(account, own)| {
        json!({
            "account": account,
            "rounds": own.rounds,
            "earned": own.earned.to_string(),
            "fees": own.fees.to_string(),
            "stakeLost": own.slashed.to_string(),
        })
    });
    json!({
        "version": rounds.version,
        "task": rounds.task,
        "factory": rounds.factory.address,
        "sponsor": rounds.sponsor,
        "from": rounds.terms.version,
        "rule": rounds.terms.rule.name(),
        "rounds": rounds.rounds.iter().map(round).collect::<Vec<_>>(),
        "voided": rounds.voided,
        "concluded": rounds.concluded,
        "claimed": rounds.claimed,
        "adoption": rounds.adoption.map(|(record, standing)| json!({
            "up": record.up,
            "down": record.down,
            "digest": record.digest,
            "proof": format!("{standing:?}"),
        })),
        "token": rounds.token,
        "told": rounds.told.0,
        "steps": rounds.told.1,
        "money": money.collect::<Vec<_>>(),
    })
}

/// How it was answered, in words.
fn answer(answer: &Answer) -> String {
    match answer {
        Answer::Proved { by } => format!("proved by {by}"),
        Answer::Unchallenged { answerer, .. } => {
            format!("by {answerer} with a bond, not challenged in its window")
        }
        Answer::Agreed { members, agreeing, .. } => {
            format!("by a committee: {} of {} said the same", agreeing.len(), members.len())
        }
    }
}

fn words(verified: &Verified, caveats: &[String], page: Option<&Path>) -> Result<String> {
    let block = verified.block();
    let mut words = format!("verified: every link holds from block {} ({:?})\n", block.number, block.hash);
    writeln!(words, "version  {}", verified.subject())?;
    writeln!(words, "registry {} on chain {}", verified.registry().address, verified.registry().chain_id)?;
    for version in verified.versions() {
        let approvals = version.approvals;
        writeln!(
            words,
            "  {} {}: {} of {} approvals stand",
            if version.depth == 0 { "subject " } else { "ancestor" },
            version.id,
            approvals.standing,
            approvals.needed
        )?;
    }
    for log in verified.logs() {
        writeln!(
            words,
            "  log {}: {} records, {} leaves, anchored",
            log.origin,
            log.records.len(),
            log.size
        )?;
    }
    if let Some(decision) = verified.decision() {
        writeln!(words, "decision {:?}, {}", decision.id, answer(&decision.answer))?;
        writeln!(
            words,
            "  final, {} of {} steps proved by receipts",
            decision.steps.len() - decision.told(),
            decision.steps.len()
        )?;
        for claim in decision.pool.iter().flat_map(|pool| &pool.claims) {
            writeln!(words, "  claim {:?}: {}, payout {}", claim.evidence, claim.stage, claim.payout)?;
        }
    }
    for rounds in verified.rounds() {
        writeln!(
            words,
            "rounds   version {} is what {} rounds of task {} made of version {}, by {}; {} of {} events proved by receipts",
            rounds.version,
            rounds.rounds.len(),
            rounds.task,
            rounds.terms.version,
            rounds.terms.rule.name(),
            rounds.told.1 - rounds.told.0,
            rounds.told.1
        )?;
        for round in &rounds.rounds {
            writeln!(
                words,
                "  round {}: {} updates, model {:?} by {}{}",
                round.number,
                round.updates.len(),
                round.models[1],
                round.aggregator,
                match round.standing {
                    audit::RoundStanding::Unchecked => "",
                    audit::RoundStanding::Computed => ", weights computed again",
                    audit::RoundStanding::Proved | audit::RoundStanding::DevelopmentSetup => {
                        ", weights computed again, proof and sum checked"
                    }
                }
            )?;
        }
        if let Some((record, _)) = rounds.adoption {
            writeln!(
                words,
                "  its weights are the task's, shifted by {} bits up and {} down and rounded",
                record.up, record.down
            )?;
        }
        let money = rounds.money().into_iter().map(|(account, own)| {
            let [earned, fees, slashed] =
                [own.earned, own.fees, own.slashed].map(|units| rounds.amount(units));
            [account.to_string(), own.rounds.to_string(), earned, fees, slashed]
        });
        let money: Vec<[String; 5]> = money.collect();
        let table = table(["account", "rounds", "earned", "fees", "stake lost"], &money);
        for line in table.lines() {
            writeln!(words, "  {line}")?;
        }
    }
    for caveat in caveats {
        writeln!(words, "note: {caveat}")?;
    }
    if let Some(path) = page {
        writeln!(words, "page: {}", path.display())?;
    }
    Ok(words.trim_end().to_owned())
}

/// A caveat in words.
fn caveat(caveat: &Caveat) -> String {
    match caveat {
        Caveat::EmbeddedChain => {
            "made on an embedded chain, one operator's word: it proves nothing to a third party".to_owned()
        }
        Caveat::RegistryNotPinned => {
            "you named no registry (--registry): compare its address with the one its operator publishes"
                .to_owned()
        }
        Caveat::AnchorsNotPinned => {
            "you named no anchors contract (--anchors): when something was anchored is its word".to_owned()
        }
        Caveat::CodeNotPinned => {
            "you named no code (--code) that you trust behind the contracts' proxies".to_owned()
        }
        Caveat::RouterNotPinned => {
            "you named no router (--router): another one says what its maker likes".to_owned()
        }
        Caveat::PoolNotPinned => {
            "you named no claims pool (--pool): compare the requester's address".to_owned()
        }
        Caveat::Told { steps, of } => format!(
            "{steps} of {of} steps of the decision are told by the file's maker, not proved: the trusted state does not \
             remember their blocks; what is final and paid is proved all the same"
        ),
        Caveat::ProofUnchecked => "the proof of the answer was not checked here".to_owned(),
        Caveat::ProofMissing => {
            "the proof of the answer is not in the file: that it was proved is the router's word".to_owned()
        }
        Caveat::DevelopmentSetup => format!("the proof of the answer: {}", crate::setups::PROVES_NOTHING),
        Caveat::InputsUnchecked => "the disclosed inputs were not checked here".to_owned(),
        Caveat::LogKeysNotPinned => {
            "you named no log keys (--log-key): the anchor binds a log's root, the key only its size"
                .to_owned()
        }
        Caveat::TasksNotPinned => {
            "you named no factory of federated tasks (--tasks): another one says what its maker likes"
                .to_owned()
        }
        Caveat::RoundsTold { version, steps, of } => format!(
            "{steps} of {of} events of the rounds that made {version} are told, not proved: each round's models, matrix and \
             participants are proved all the same"
        ),
        Caveat::RoundsUnchecked { version } => {
            format!("weights and qualities in the rounds that made {version} were not computed again here")
        }
        Caveat::RoundsUnproved { version } => format!(
            "the proofs of the rounds that made {version} were not checked here: that each model is the sum of its updates is what \
             the contract found"
        ),
        Caveat::RoundsDevelopmentSetup { version } => {
            format!("the proofs of the rounds that made {version}: {}", crate::setups::PROVES_NOTHING)
        }
        Caveat::AdoptionUnchecked { version } => {
            format!("that the weights of {version} are a task's, shifted and rounded, was not checked here")
        }
        Caveat::TouchedApprovals { version, decisions } => {
            format!("a compromised key touches {decisions} decisions about {version}")
        }
        Caveat::VouchedByChain { version, decisions } => {
            format!(
                "{decisions} decisions about {version} are contract wallets', which only the chain could check"
            )
        }
        Caveat::Ended { version } => format!("{version} was retired or revoked"),
    }
}
