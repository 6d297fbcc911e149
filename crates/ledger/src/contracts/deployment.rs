//! Deploying the contracts, and the record of where they are.
//!
//! The registry's proxy, the only thing anybody can use, comes last: access manager, implementation and
//! anchors are created first, then one transaction wires the manager for the address that the proxy will have
//! and (in production) ends the deployer's power, and only then the proxy is created, initialised in the same
//! transaction. So a deployment that fails at any step leaves nothing usable behind: no proxy, an
//! implementation that can never be initialised, a manager that manages nothing. (Anchors have no owner and
//! nothing to wire.) Running it again begins afresh; what the failed run paid for is lost.
//!
//! Should a transaction of the same account slip in between, the proxy gets another address than the manager
//! was wired for. Its restricted functions then need the manager's administrator, who in production is the
//! proposer with the delay; the deployment is reported as failed and no record is made.

use super::{
    AccessManager, Anchors, ModelRegistry, ProofContracts, SendError, Sender, Sent, SettlementContracts,
    SettlementTerms, Stewardship,
    drand::PointError,
    governance::{GovernanceError, Governed, Profile, WiringFault, check_wiring},
    settlement::{displaced, proxy},
};
use crate::{HeaderError, Ledger, VerifiedHeader, evidence::EvidenceError};
use alloy::{
    eips::BlockId,
    providers::Provider,
    sol_types::{SolCall, SolConstructor},
    transports::TransportError,
};
use averment_atomic::{self as atomic, WriteError};
use averment_primitives::{Address, B256, Bytes, keccak256};
use averment_registry::{state::IMPLEMENTATION_SLOT, version::RegistryId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    io,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// The record's format.
const FORMAT: &str = "averment-deployment/1";
/// A record is about 1.5 kB.
const RECORD_LIMIT: u64 = 64 * 1024;

/// One deployed contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Contract {
    /// Where it is.
    pub address: Address,
    /// Keccak-256 of its code there.
    pub code_hash: B256,
}

/// Where the contracts are, and what was deployed. What a client is configured with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deployment {
    format: Format,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The block that holds the registry's creation: no history is older.
    pub block_number: u64,
    /// Its hash, by which another chain with the same id is noticed.
    pub block_hash: B256,
    /// Who deployed it.
    pub deployer: Address,
    /// How it is governed, as deployed.
    pub profile: Profile,
    /// The access manager.
    pub access_manager: Contract,
    /// The registry: the proxy, whose address is the registry's.
    pub registry: Contract,
    /// The code behind the proxy.
    pub implementation: Contract,
    /// The anchors.
    pub anchors: Contract,
    /// What verifies proofs; none if it was not deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proofs: Option<ProofContracts>,
    /// What settles requests; none if it was not deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settlement: Option<SettlementContracts>,
    /// What retires versions by rule, for the models that appoint it; none if it was not deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steward: Option<Contract>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "averment-deployment/1")]
    V1,
}

/// Why contracts were not deployed. Nothing usable is left behind; see the module.
#[derive(Debug, Error)]
pub enum DeployError {
    /// The profile does not protect.
    #[error(transparent)]
    Governance(#[from] GovernanceError),
    /// Blocks of this chain have no randomness, which draws committees.
    #[error("blocks of chain {chain_id} have no randomness: what draws committees cannot work there")]
    NoRandomness {
        /// The chain.
        chain_id: u64,
    },
    /// drand's round, with which the deployment begins, is none.
    #[error(transparent)]
    Drand(#[from] PointError),
    /// A transaction did not go through.
    #[error(transparent)]
    Send(#[from] Box<SendError>),
    /// A receipt names no contract.
    #[error("transaction {tx} created no contract")]
    NothingCreated {
        /// The transaction.
        tx: B256,
    },
    /// The code on chain is not what was sent.
    #[error("{contract} at {address}: the code there is not the artifact's")]
    OtherCode {
        /// Which contract.
        contract: &'static str,
        /// Where.
        address: Address,
    },
    /// The proxy is not where the manager expects it.
    #[error(
        "the {contract} came to {got}, the access manager is wired for {expected}: another transaction of \
         this account came between. Do not use it; deploy again while nothing else sends from this account"
    )]
    Displaced {
        /// Which contract.
        contract: &'static str,
        /// The address the manager was wired for.
        expected: Address,
        /// The registry's.
        got: Address,
    },
    /// The manager is not wired as it should be.
    #[error(transparent)]
    Wiring(#[from] WiringFault),
    /// The node did not answer.
    #[error("reading the code at {address} failed: {source}")]
    Request {
        /// The contract.
        address: Address,
        /// Why.
        source: TransportError,
    },
    /// What was deployed does not check.
    #[error(transparent)]
    Check(#[from] DeploymentFault),
}

impl From<SendError> for DeployError {
    fn from(error: SendError) -> Self {
        Self::Send(Box::new(error))
    }
}

/// Why a record is not read or written.
#[derive(Debug, Error)]
pub enum RecordError {
    /// Reading failed.
    #[error("deployment record {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Writing failed. No record was left, unless it was the last step, [`averment_atomic::Step::SyncFolder`], that
    /// failed: then the whole record is there, but a power cut may still take it away.
    #[error("deployment record {0}")]
    Write(WriteError),
    /// A record is there already: the only place that says where contracts are.
    #[error("there is already a deployment record {path}; it was left as it is, name another file")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Not a record of this release.
    #[error("{path} is not an {format} record: {source}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What was expected there.
        format: &'static str,
        /// What is wrong.
        source: serde_json::Error,
    },
}

/// A record that does not fit the chain.
#[derive(Debug, Error)]
pub enum DeploymentFault {
    /// Another chain id.
    #[error("the contracts are on chain {expected}, this is chain {got}")]
    ChainId {
        /// The record's.
        expected: u64,
        /// The chain's.
        got: u64,
    },
    /// Another chain with the same id, or one that was begun anew.
    #[error(
        "block {number} is {got} on this chain, the contracts were deployed in {expected}: it is another chain \
         with the same id, or it was reset. Deploy again"
    )]
    OtherChain {
        /// The block's number.
        number: u64,
        /// The record's hash of it.
        expected: B256,
        /// The chain's.
        got: B256,
    },
    /// The block is not final yet, or the chain is shorter.
    #[error("the contracts were deployed in block {expected}, the newest final block is {got}")]
    TooEarly {
        /// The record's block.
        expected: u64,
        /// The newest final one.
        got: u64,
    },
    /// Other code at an address.
    #[error("{contract} at {address}: expected code {expected}, got {got}")]
    Code {
        /// Which contract.
        contract: &'static str,
        /// Where.
        address: Address,
        /// The record's code hash.
        expected: B256,
        /// The chain's.
        got: B256,
    },
    /// A contract was upgraded, or it is another proxy.
    #[error(
        "the {contract}'s implementation is {got}, the record says {expected}: it was upgraded. Read what the \
         upgrade does before trusting it, then make a new record"
    )]
    Implementation {
        /// Which contract.
        contract: &'static str,
        /// The record's.
        expected: Address,
        /// The chain's.
        got: Address,
    },
    /// No block to check against.
    #[error(transparent)]
    Header(#[from] Box<HeaderError>),
    /// The chain's state could not be proved.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
}

impl From<HeaderError> for DeploymentFault {
    fn from(error: HeaderError) -> Self {
        Self::Header(Box::new(error))
    }
}

impl Deployment {
    /// Deploys the registry and the anchors. Returns the record and what each transaction took, in order.
    pub async fn deploy(sender: &Sender, profile: Profile) -> Result<(Self, Vec<Sent>), DeployError> {
        Self::deploy_all(sender, profile, None, None).await
    }

    /// Deploys what settles requests beside them, if there are terms; `proofs`, which are there already, verify.
    pub async fn deploy_all(
        sender: &Sender,
        profile: Profile,
        proofs: Option<ProofContracts>,
        terms: Option<&SettlementTerms>,
    ) -> Result<(Self, Vec<Sent>), DeployError> {
        let (ledger, deployer) = (sender.ledger(), sender.address());
        profile.check(ledger.chain_id(), deployer)?;
        if let Some(terms) = terms {
            terms.check(ledger.chain_id())?;
        }

        let mut sent = Vec::new();
        let code = with_arguments(
            &AccessManager::BYTECODE,
            &AccessManager::constructorCall { initialAdmin: deployer },
        );
        let runtime = &AccessManager::DEPLOYED_BYTECODE;
        let access_manager = create(sender, "access manager", code, runtime, &[], &mut sent).await?;
        let code = ModelRegistry::BYTECODE.clone();
        let runtime = &ModelRegistry::DEPLOYED_BYTECODE;
        let implementation =
            create(sender, "registry's implementation", code, runtime, &[], &mut sent).await?;
        let code = Anchors::BYTECODE.clone();
        let runtime = &Anchors::DEPLOYED_BYTECODE;
        let anchors = create(sender, "anchors", code, runtime, &[], &mut sent).await?;

        // The wiring takes the next nonce, the proxy the one after it, what settles those that follow.
        let nonce = sender.next_nonce().await?;
        let governed = Governed {
            manager: access_manager.address,
            registry: deployer.create(nonce.saturating_add(1)),
            settlement: terms.map(|terms| terms.proxies(deployer, nonce.saturating_add(2))),
        };
        let wiring = profile.wiring(&governed, deployer);
        sent.push(sender.call("wire the access manager", access_manager.address, &wiring).await?);

        let initialize = ModelRegistry::initializeCall { authority: access_manager.address }.abi_encode();
        let registry = proxy(sender, "registry", implementation.address, initialize, &mut sent).await?;
        displaced("registry", governed.registry, registry.address)?;
        let settlement = match terms {
            Some(terms) => {
                let (manager, proofs) = (access_manager.address, proofs.as_ref());
                let contracts =
                    SettlementContracts::deploy(sender, terms, manager, registry.address, proofs, &mut sent);
                Some(contracts.await?)
            }
            None => None,
        };
        // `create` pushed it just now.
        let Some(block) = sent.last().map(|last| last.block.clone()) else {
            return Err(DeployError::NothingCreated { tx: B256::ZERO });
        };
        check_wiring(ledger, block.hash, &profile, &governed, deployer).await?;
        let deployment = Self {
            format: Format::V1,
            chain_id: ledger.chain_id(),
            block_number: block.header.number,
            block_hash: block.hash,
            deployer,
            profile,
            access_manager,
            registry,
            implementation,
            anchors,
            proofs,
            settlement,
            steward: None,
        };
        deployment.check(ledger).await?;
        Ok((deployment, sent))
    }

    /// Deploys a steward for this registry and its anchors, and names it in the record. It has no owner and no power until a
    /// model's owner appoints it, so it can be added to a deployment at any time, by anybody.
    pub async fn add_steward(&mut self, sender: &Sender) -> Result<Sent, DeployError> {
        let (registry, anchors) = (self.registry.address, self.anchors.address);
        let arguments = Stewardship::constructorCall { registry_: registry, anchors_: anchors };
        let code = with_arguments(&Stewardship::BYTECODE, &arguments);
        let immutables = [registry.into_word(), anchors.into_word()];
        let runtime = &Stewardship::DEPLOYED_BYTECODE;
        let mut sent = Vec::new();
        let steward = create(sender, "steward", code, runtime, &immutables, &mut sent).await?;
        self.steward = Some(steward);
        // `create` pushed it just now.
        sent.pop().ok_or(DeployError::NothingCreated { tx: B256::ZERO })
    }

    /// The registry, as ids and signatures name it.
    pub fn registry_id(&self) -> RegistryId {
        RegistryId { chain_id: self.chain_id, address: self.registry.address }
    }

    /// Checks the record against the chain's newest final block, by proofs: every contract's code, the
    /// registry's implementation, and that the chain is the same one. Returns that block.
    pub async fn check(&self, ledger: &Ledger) -> Result<VerifiedHeader, DeploymentFault> {
        let newest = same_chain(ledger, self.chain_id, self.block_number, self.block_hash).await?;
        // First what upgrades change, for the clearer words.
        let settlement = self.settlement.map(|settlement| settlement.proxied());
        let proxies = [("registry", self.registry, self.implementation)];
        for (contract, proxy, implementation) in proxies.into_iter().chain(settlement.into_iter().flatten()) {
            check_implementation(ledger, &newest, contract, proxy, implementation).await?;
        }
        let contracts = [
            ("registry", self.registry),
            ("registry's implementation", self.implementation),
            ("access manager", self.access_manager),
            ("anchors", self.anchors),
        ];
        let proofs = self.proofs.map(|proofs| {
            [
                ("proof verifier", proofs.verifier),
                ("registry of descriptors", proofs.descriptors),
                ("registry of certified weights", proofs.certificates),
            ]
        });
        let settlement = self.settlement.map(|settlement| {
            [
                ("router", settlement.router),
                ("router's implementation", settlement.router_implementation),
                ("router's part", settlement.router_part),
                ("stake", settlement.staking),
                ("stake's implementation", settlement.staking_implementation),
                ("stake's part", settlement.staking_part),
                ("randomness", settlement.randomness),
            ]
        });
        let steward = self.steward.map(|steward| ("steward", steward));
        let others = proofs.into_iter().flatten().chain(settlement.into_iter().flatten()).chain(steward);
        for (name, contract) in contracts.into_iter().chain(others) {
            check_code(ledger, &newest, name, contract).await?;
        }
        Ok(newest)
    }

    /// Writes the record to a new file, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<(), RecordError> {
        save_record(path, FORMAT, self)
    }

    /// Reads a record. What it says is not believed until [`Self::check`].
    pub fn load(path: &Path) -> Result<Self, RecordError> {
        load_record(path, FORMAT)
    }
}

/// Writes a record of what was deployed, of which only one copy may be.
pub(super) fn save_record<T: Serialize>(
    path: &Path,
    format: &'static str,
    record: &T,
) -> Result<(), RecordError> {
    let form = |source| RecordError::Form { path: path.to_owned(), format, source };
    let mut bytes = serde_json::to_vec_pretty(record).map_err(form)?;
    bytes.push(b'\n');
    atomic::write_new_private(path, &bytes).map_err(|error| match error.is_taken() {
        true => RecordError::Exists { path: path.to_owned() },
        false => RecordError::Write(error),
    })
}

/// Reads a record of `format`.
pub(super) fn load_record<T: DeserializeOwned>(path: &Path, format: &'static str) -> Result<T, RecordError> {
    let bytes = atomic::read(path, RECORD_LIMIT)
        .map_err(|source| RecordError::Io { path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes).map_err(|source| RecordError::Form {
        path: path.to_owned(),
        format,
        source,
    })
}

/// Refuses a chain other than the one with this id whose block `number` is `hash`. Returns its newest final block.
pub(super) async fn same_chain(
    ledger: &Ledger,
    chain_id: u64,
    number: u64,
    hash: B256,
) -> Result<VerifiedHeader, DeploymentFault> {
    if ledger.chain_id() != chain_id {
        return Err(DeploymentFault::ChainId { expected: chain_id, got: ledger.chain_id() });
    }
    let newest = ledger.newest_final().await?;
    if newest.header.number < number {
        return Err(DeploymentFault::TooEarly { expected: number, got: newest.header.number });
    }
    let block = ledger.verified_header(number).await?;
    if block.hash != hash {
        return Err(DeploymentFault::OtherChain { number, expected: hash, got: block.hash });
    }
    Ok(newest)
}

/// Refuses a proxy with another implementation behind it, which a proof of its storage shows.
pub(super) async fn check_implementation(
    ledger: &Ledger,
    newest: &VerifiedHeader,
    contract: &'static str,
    proxy: Contract,
    implementation: Contract,
) -> Result<(), DeploymentFault> {
    let (_, proven) = ledger.prove(newest, proxy.address, &[IMPLEMENTATION_SLOT]).await?;
    let got = Address::from_word(proven.slots.first().copied().unwrap_or_default());
    match got == implementation.address {
        true => Ok(()),
        false => Err(DeploymentFault::Implementation { contract, expected: implementation.address, got }),
    }
}

/// Refuses other code at a contract's address, which a proof of its account shows.
pub(super) async fn check_code(
    ledger: &Ledger,
    newest: &VerifiedHeader,
    name: &'static str,
    contract: Contract,
) -> Result<(), DeploymentFault> {
    let (_, proven) = ledger.prove(newest, contract.address, &[]).await?;
    if proven.code_hash == contract.code_hash {
        return Ok(());
    }
    Err(DeploymentFault::Code {
        contract: name,
        address: contract.address,
        expected: contract.code_hash,
        got: proven.code_hash,
    })
}

pub(super) fn with_arguments(code: &Bytes, arguments: &impl SolConstructor) -> Bytes {
    [code.as_ref(), &arguments.abi_encode()].concat().into()
}

/// Creates a contract and checks that the chain now holds the artifact's code, with nothing but its own address and
/// `immutables` in the places that the compiler left for them.
pub(super) async fn create(
    sender: &Sender,
    contract: &'static str,
    code: Bytes,
    runtime: &Bytes,
    immutables: &[B256],
    sent: &mut Vec<Sent>,
) -> Result<Contract, DeployError> {
    let done = sender.create(format!("create the {contract}"), code).await?;
    let address = done.receipt.contract_address.ok_or(DeployError::NothingCreated { tx: done.tx })?;
    let block = done.block.hash;
    sent.push(done);
    created(sender, contract, address, block, runtime, immutables).await
}

/// The part that the constructor of `whole`, which came last, created, checked in the same way.
pub(super) async fn part_of(
    sender: &Sender,
    contract: &'static str,
    whole: Contract,
    runtime: &Bytes,
    immutables: &[B256],
    sent: &[Sent],
) -> Result<Contract, DeployError> {
    // `create` pushed it just now.
    let block = sent.last().ok_or(DeployError::NothingCreated { tx: B256::ZERO })?.block.hash;
    created(sender, contract, part_address(whole.address), block, runtime, immutables).await
}

/// Where a contract's constructor creates its part: a contract's own nonces begin with 1 (EIP-161).
pub(super) fn part_address(whole: Address) -> Address {
    whole.create(1)
}

async fn created(
    sender: &Sender,
    contract: &'static str,
    address: Address,
    block: B256,
    runtime: &Bytes,
    immutables: &[B256],
) -> Result<Contract, DeployError> {
    let found = sender.ledger().provider().get_code_at(address).block_id(BlockId::hash(block)).await;
    let found = found.map_err(|source| DeployError::Request { address, source })?;
    match is_code_of(runtime, &found, &[immutables, &[address.into_word()]].concat()) {
        true => Ok(Contract { address, code_hash: keccak256(&found) }),
        false => Err(DeployError::OtherCode { contract, address }),
    }
}

/// Whether `found` is `artifact`, but for the places where the compiler left zeros for one of `immutables`: a
/// contract's own address (OpenZeppelin's UUPS keeps it), or what its constructor was given.
fn is_code_of(artifact: &[u8], found: &[u8], immutables: &[B256]) -> bool {
    let (mut artifact, mut found) = (artifact, found);
    while let (Some((expected, artifact_rest)), Some((got, found_rest))) =
        (artifact.split_first(), found.split_first())
    {
        let (a, b) = (artifact.get(..32), found.get(..32));
        if let (Some(a), Some(b)) = (a, b)
            && a.iter().all(|byte| *byte == 0)
            && immutables.iter().any(|word| b == word.as_slice())
        {
            (artifact, found) = (&artifact[32..], &found[32..]);
            continue;
        }
        if expected != got {
            return false;
        }
        (artifact, found) = (artifact_rest, found_rest);
    }
    artifact.is_empty() && found.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_may_differ_only_where_an_immutable_stands() {
        let [own, given, other] = [7, 9, 8].map(B256::repeat_byte);
        let known = [own, given];
        let mut artifact = vec![1, 2, 3];
        artifact.extend([0; 32]);
        artifact.extend([4, 5]);
        let mut code = artifact.clone();
        assert!(is_code_of(&artifact, &code, &known));
        code[3..35].copy_from_slice(own.as_slice());
        assert!(is_code_of(&artifact, &code, &known));
        assert!(!is_code_of(&artifact, &code, &[other]));
        assert!(!is_code_of(&artifact, &code[..36], &known));
        assert!(!is_code_of(&artifact, &[code.clone(), vec![0]].concat(), &known));
        code[3..35].copy_from_slice(given.as_slice());
        assert!(is_code_of(&artifact, &code, &known));
        code[36] = 9;
        assert!(!is_code_of(&artifact, &code, &known));
        assert!(!is_code_of(&artifact, &[], &known));
    }
}
