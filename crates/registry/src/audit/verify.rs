//! The offline check: from one trusted block hash to everything else.

use super::{
    decision::{self, Answer, Mathematics, ProofStanding, Unchecked},
    evidence::{Evidence, HistoryEvidence, Limits, VersionEvidence},
    link::BrokenLink,
    log, manifest, rounds,
    verified::{ApprovalState, Block, Caveat, Verified, VerifiedOpening, VerifiedVersion},
};
use crate::{
    history::{History, Lineage, SignatureCheck, Stage, VersionRecord},
    state::{Header, history_length},
    version::RegistryId,
};
use averment_primitives::{
    Address, B256, ModelId, VersionId,
    fingerprint::{self, Folder},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The hash of a finalised block, which the reader has from a source of its own: its node, several explorers,
/// somebody it trusts. Everything else follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustedBlockHash(pub B256);

/// What the reader knows and insists on, besides the block hash. Whatever is left open is a caveat in the result.
#[derive(Debug, Clone, Default)]
pub struct TrustPolicy {
    /// The chain that the block is of.
    pub chain_id: Option<u64>,
    /// The registry's address. On any chain anybody can deploy another one that says what they like.
    pub registry: Option<Address>,
    /// Hashes of the code that may stand behind the proxies of registry, router and claims pool; empty for any.
    pub code_hashes: Vec<B256>,
    /// The address of the `Anchors` contract; another one may hold whatever its maker wrote, whenever they did.
    pub anchors: Option<Address>,
    /// The address of the router that settled a decision.
    pub router: Option<Address>,
    /// The address of the claims pool that a decision is for.
    pub pool: Option<Address>,
    /// The address of the factory of federated tasks.
    pub tasks: Option<Address>,
    /// Verifier keys of logs, as signed notes write them; empty for any.
    pub log_keys: Vec<String>,
    /// Whether evidence on an embedded chain is refused instead of marked.
    pub refuse_embedded: bool,
    /// What is read at most.
    pub limits: Limits,
}

/// Checks every link of `evidence`, or names the first that is broken. What needs the proof system is reported as unchecked:
/// see [`verify_with`].
pub fn verify(
    evidence: &Evidence,
    trusted: TrustedBlockHash,
    policy: &TrustPolicy,
) -> Result<Verified, BrokenLink> {
    verify_with(evidence, trusted, policy, &Unchecked)
}

/// The same; proofs of answers and disclosed inputs are checked by `mathematics`.
pub fn verify_with(
    evidence: &Evidence,
    trusted: TrustedBlockHash,
    policy: &TrustPolicy,
    mathematics: &dyn Mathematics,
) -> Result<Verified, BrokenLink> {
    let header = Header::decode(&evidence.header)?;
    if header.hash != trusted.0 {
        return Err(BrokenLink::BlockHash { expected: trusted.0, got: header.hash });
    }
    let block = Block {
        hash: header.hash,
        number: header.number,
        timestamp: header.timestamp,
        embedded: header.is_embedded(),
    };
    let registry = RegistryId { chain_id: evidence.chain_id, address: evidence.registry.address };
    check_policy(registry, &block, policy)?;
    let (implementation, histories) = check_registry(evidence, registry, &header, policy)?;

    let lineage = Lineage::trace(evidence.subject, histories.values(), policy.limits.versions)?;
    let depths = lineage.depths();
    ascending("versions", evidence.versions.iter().map(|version| version.version))?;
    let given: BTreeMap<VersionId, &VersionEvidence> =
        evidence.versions.iter().map(|version| (version.version, version)).collect();
    if let Some(surplus) = given.keys().find(|id| lineage.get(**id).is_none()) {
        return Err(BrokenLink::VersionSurplus(*surplus));
    }
    let mut versions = BTreeMap::new();
    for (id, history, record) in lineage.versions() {
        let evidence_of = given.get(&id).ok_or(BrokenLink::VersionMissing(id))?;
        let depth = depths.get(&id).copied().unwrap_or_default();
        let version = check_version(evidence_of, id, history, record, depth)?;
        versions.insert(id, version);
    }

    let ids: BTreeSet<VersionId> = versions.keys().copied().collect();
    ascending(
        "logs",
        evidence.logs.iter().map(|log| (log.anchors.address, log.poster, log.salt, log.epoch)),
    )?;
    let logs = evidence
        .logs
        .iter()
        .map(|log| log::verify(log, registry, &block, header.state_root, &ids, policy))
        .collect::<Result<Vec<_>, _>>()?;

    let decision = match (&evidence.decision, versions.get(&evidence.subject)) {
        (Some(given), Some(subject)) => {
            let chain_id = registry.chain_id;
            let found = decision::verify(given, chain_id, subject, &header, policy, mathematics);
            Some(found.map_err(Box::new)?)
        }
        _ => None,
    };

    ascending("rounds", evidence.rounds.iter().map(|rounds| rounds.version))?;
    let mut made = Vec::with_capacity(evidence.rounds.len());
    for given in &evidence.rounds {
        let version = given.version;
        let own = versions.get(&version).ok_or(BrokenLink::RoundsSurplus(version))?;
        let ancestor = |id: VersionId| versions.get(&id).map(|own| &own.record.content);
        let about = rounds::About {
            chain_id: registry.chain_id,
            registrant: own.record.registrant,
            claim: own.statement.captured().federated.as_ref(),
            content: &own.record.content,
            ancestor: &ancestor,
        };
        let found = rounds::verify(given, &about, &header, policy, mathematics);
        made.push(found.map_err(|fault| BrokenLink::Rounds { version, fault: Box::new(fault) })?);
    }

    for (id, version) in &versions {
        if let Some(claim) = &version.statement.captured().federated
            && !made.iter().any(|rounds| rounds.version == *id)
        {
            return Err(BrokenLink::RoundsMissing { version: *id, task: claim.task });
        }
    }

    let mut verified = Verified {
        subject: evidence.subject,
        registry,
        block,
        implementation,
        histories,
        versions,
        logs,
        decision,
        rounds: made,
        caveats: Vec::new(),
    };
    verified.caveats = caveats(&verified, policy);
    Ok(verified)
}

/// What the reader insists on.
fn check_policy(registry: RegistryId, block: &Block, policy: &TrustPolicy) -> Result<(), BrokenLink> {
    if let Some(expected) = policy.chain_id.filter(|&expected| expected != registry.chain_id) {
        return Err(BrokenLink::Chain { expected, got: registry.chain_id });
    }
    if let Some(expected) = policy.registry.filter(|&expected| expected != registry.address) {
        return Err(BrokenLink::Registry { expected, got: registry.address });
    }
    if policy.refuse_embedded && block.embedded {
        return Err(BrokenLink::Embedded);
    }
    Ok(())
}

type Checked = ((Address, B256), BTreeMap<ModelId, History>);

/// The registry's state, the code behind it, and every history against the heads that the registry stores.
fn check_registry(
    evidence: &Evidence,
    registry: RegistryId,
    header: &Header,
    policy: &TrustPolicy,
) -> Result<Checked, BrokenLink> {
    ascending("histories", evidence.histories.iter().map(|history| history.model))?;
    let slots = Evidence::registry_slots(evidence.histories.iter().map(|history| history.model));
    let proven = evidence
        .registry
        .verify(header.state_root, registry.address, &slots)
        .map_err(BrokenLink::RegistryState)?;
    let Some((implementation, stored)) = proven.slots.split_first() else {
        return Err(BrokenLink::NoImplementation(registry.address));
    };
    let implementation = Address::from_word(*implementation);
    if implementation.is_zero() {
        return Err(BrokenLink::NoImplementation(registry.address));
    }
    let code = evidence
        .implementation
        .verify(header.state_root, implementation, &[])
        .map_err(BrokenLink::Implementation)?
        .code_hash;
    if !policy.code_hashes.is_empty() && !policy.code_hashes.contains(&code) {
        return Err(BrokenLink::Code { got: code });
    }

    let mut histories = BTreeMap::new();
    for (given, stored) in evidence.histories.iter().zip(stored.chunks(2)) {
        let history = check_history(given, registry, header.timestamp, policy)?;
        let model = given.model;
        let &[head, length] = stored else {
            return Err(BrokenLink::EmptyHistory(model));
        };
        let (expected, got) = (history_length(length), history.length());
        if expected != got {
            return Err(BrokenLink::HistoryLength { model, expected, got });
        }
        if head != history.head() {
            return Err(BrokenLink::HistoryHead { model, expected: head, got: history.head() });
        }
        histories.insert(model, history);
    }
    Ok(((implementation, code), histories))
}

fn check_history(
    given: &HistoryEvidence,
    registry: RegistryId,
    block: u64,
    policy: &TrustPolicy,
) -> Result<History, BrokenLink> {
    let (model, limits) = (given.model, &policy.limits.history);
    let mut entries = Vec::with_capacity(given.entries.len());
    for entry in &given.entries {
        let sequence = entry.sequence;
        let decoded = entry.decode(model, limits).map_err(|error| match error {
            Some(error) => BrokenLink::Entry { model, sequence, error },
            None => BrokenLink::Kind { model, sequence, got: entry.kind.clone() },
        })?;
        if decoded.timestamp > block {
            return Err(BrokenLink::Future { model, sequence, block, got: decoded.timestamp });
        }
        entries.push(decoded);
    }
    History::replay(registry, model, entries, limits)?.ok_or(BrokenLink::EmptyHistory(model))
}

fn check_version(
    given: &VersionEvidence,
    id: VersionId,
    history: &History,
    record: &VersionRecord,
    depth: usize,
) -> Result<VerifiedVersion, BrokenLink> {
    let (statement, signers) = manifest::verify(given, id, history, record)?;
    let artifacts = match &given.artifacts {
        Some(entries) => {
            let (entries, summary) = check_artifacts(entries, id, record)?;
            manifest::agrees_with_listing(&statement, &entries, &summary)
                .map_err(|fault| BrokenLink::ManifestDisagrees { version: id, fault: Box::new(fault) })?;
            Some((entries, summary))
        }
        None if depth == 0 => return Err(BrokenLink::ListingMissing(id)),
        None => None,
    };
    ascending("openings", given.openings.iter().map(|opening| opening.commitment.0))?;
    let openings = given.openings.iter().map(|opening| {
        let commitment = opening.commitment;
        if !contains(statement.value(), &commitment.0) {
            return Err(BrokenLink::OpeningForeign { version: id, commitment });
        }
        if !commitment.opens_to(&opening.salt, &opening.data) {
            return Err(BrokenLink::Opening { version: id, commitment });
        }
        Ok(VerifiedOpening { commitment, data: opening.data.clone() })
    });
    let openings = openings.collect::<Result<_, _>>()?;
    Ok(VerifiedVersion {
        id,
        model: history.model(),
        depth,
        record: record.clone(),
        approvals: check_approvals(id, history, record, depth)?,
        statement,
        signers,
        artifacts,
        openings,
    })
}

fn check_artifacts(
    entries: &[fingerprint::Entry],
    version: VersionId,
    record: &VersionRecord,
) -> Result<(Vec<fingerprint::Entry>, fingerprint::Summary), BrokenLink> {
    let mut folder = Folder::new();
    for entry in entries {
        folder.push(entry).map_err(|error| BrokenLink::Listing { version, error })?;
    }
    let (summary, expected) = (folder.summary(), record.content.artifacts_root);
    if summary.root != expected {
        return Err(BrokenLink::Artifacts { version, expected, got: summary.root });
    }
    Ok((entries.to_vec(), summary))
}

/// How a version stands with its policy. A subject in use on too few approvals is refused.
fn check_approvals(
    version: VersionId,
    history: &History,
    record: &VersionRecord,
    depth: usize,
) -> Result<ApprovalState, BrokenLink> {
    let policy = history.policy_of(record.policy_revision);
    let needed = policy.map_or(u64::MAX, |policy| policy.threshold.into());
    let standing = history.standing_approvals(record).count() as u64;
    let touched = record.decisions.iter().filter(|d| history.decision_tainted_by(d).is_some()).count() as u64;
    let in_use = matches!(record.stage, Stage::Approved | Stage::Deployed);
    if depth == 0 && in_use && standing < needed {
        return Err(BrokenLink::Approvals { version, needed, standing, touched });
    }
    Ok(ApprovalState { needed, standing, touched })
}

fn caveats(verified: &Verified, policy: &TrustPolicy) -> Vec<Caveat> {
    let mut caveats = Vec::new();
    if verified.block.embedded {
        caveats.push(Caveat::EmbeddedChain);
    }
    if policy.registry.is_none() {
        caveats.push(Caveat::RegistryNotPinned);
    }
    if policy.code_hashes.is_empty() {
        caveats.push(Caveat::CodeNotPinned);
    }
    if policy.anchors.is_none() && !verified.logs.is_empty() {
        caveats.push(Caveat::AnchorsNotPinned);
    }
    if policy.log_keys.is_empty() && !verified.logs.is_empty() {
        caveats.push(Caveat::LogKeysNotPinned);
    }
    if let Some(decision) = &verified.decision {
        let (steps, of) = (decision.told(), decision.steps.len());
        let proved = matches!(decision.answer, Answer::Proved { .. });
        for (applies, caveat) in [
            (!decision.contract.pinned, Caveat::RouterNotPinned),
            (decision.pool.as_ref().is_some_and(|pool| !pool.contract.pinned), Caveat::PoolNotPinned),
            (steps > 0, Caveat::Told { steps, of }),
            (decision.proof == Some(ProofStanding::Unchecked), Caveat::ProofUnchecked),
            (proved && decision.proof.is_none(), Caveat::ProofMissing),
            (decision.proof == Some(ProofStanding::DevelopmentSetup), Caveat::DevelopmentSetup),
            (decision.inputs_unchecked, Caveat::InputsUnchecked),
        ] {
            if applies {
                caveats.push(caveat);
            }
        }
    }
    if policy.tasks.is_none() && !verified.rounds.is_empty() {
        caveats.push(Caveat::TasksNotPinned);
    }
    for rounds in &verified.rounds {
        let (version, (steps, of)) = (rounds.version, rounds.told);
        if steps > 0 {
            caveats.push(Caveat::RoundsTold { version, steps, of });
        }
        if !rounds.computed() {
            caveats.push(Caveat::RoundsUnchecked { version });
        } else {
            match rounds.proved() {
                ProofStanding::Verified => {}
                ProofStanding::DevelopmentSetup => caveats.push(Caveat::RoundsDevelopmentSetup { version }),
                ProofStanding::Unchecked => caveats.push(Caveat::RoundsUnproved { version }),
            }
        }
        if matches!(rounds.adoption, Some((_, ProofStanding::Unchecked))) {
            caveats.push(Caveat::AdoptionUnchecked { version });
        }
    }
    for version in verified.versions.values() {
        let id = version.id;
        if version.approvals.touched > 0 {
            let decisions = usize::try_from(version.approvals.touched).unwrap_or(usize::MAX);
            caveats.push(Caveat::TouchedApprovals { version: id, decisions });
        }
        let by_chain = version.record.decisions.iter();
        let by_chain = by_chain
            .filter(|d| d.signature_check(verified.registry) == SignatureCheck::VouchedByChain)
            .count();
        if by_chain > 0 {
            caveats.push(Caveat::VouchedByChain { version: id, decisions: by_chain });
        }
        let ended = match version.record.stage {
            Stage::Revoked => true,
            Stage::Retired => version.depth == 0,
            Stage::Registered | Stage::Approved | Stage::Deployed => false,
        };
        if ended {
            caveats.push(Caveat::Ended { version: id });
        }
    }
    caveats
}

/// Whether `value` contains `digest` as hexadecimal text, with `0x` or without.
fn contains(value: &Value, digest: &B256) -> bool {
    match value {
        Value::String(text) => {
            let hex = text.strip_prefix("0x").unwrap_or(text);
            hex.len() == 64 && hex.parse::<B256>().is_ok_and(|found| found == *digest)
        }
        Value::Array(items) => items.iter().any(|item| contains(item, digest)),
        Value::Object(entries) => entries.values().any(|entry| contains(entry, digest)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Refuses a list that does not ascend strictly: it has one order, and nothing in it twice.
fn ascending<T: Ord>(list: &'static str, keys: impl Iterator<Item = T>) -> Result<(), BrokenLink> {
    let mut last: Option<T> = None;
    for (place, key) in keys.enumerate() {
        if last.as_ref().is_some_and(|last| *last >= key) {
            return Err(BrokenLink::Order { list, place });
        }
        last = Some(key);
    }
    Ok(())
}
