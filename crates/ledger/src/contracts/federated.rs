//! The contracts of federated tasks and their deployment: rules, what tasks run, and the factory behind its proxy.
//!
//! Where the creation code comes from: the artifacts, read as they are, because the ABI of tasks has a struct of more members than
//! `sol!` takes (see the bindings).

use super::{
    Contract, DeployError, Deployment, Sender, Sent,
    deployment::{check_code, create, load_record, save_record},
    settlement::proxy,
};
use crate::{
    Ledger,
    contracts::{DeploymentFault, RecordError},
};
use alloy::sol_types::SolCall;
use averment_primitives::{Address, B256, Bytes, U256, hex};
use serde::{Deserialize, Serialize};
use std::path::Path;

const FORMAT: &str = "averment-federated-tasks/1";

macro_rules! artifact {
    ($name:literal) => {
        include_str!(concat!("../../../../contracts/artifacts/", $name, ".json"))
    };
}

const RULES: &str = artifact!("RobustWeights");
const ROUNDS: &str = artifact!("FederatedRounds");
const FAULTS: &str = artifact!("FederatedFaults");
pub(crate) const TASK: &str = artifact!("FederatedTask");
pub(crate) const TASKS: &str = artifact!("FederatedTasks");

alloy::sol! {
    function initialize(address authority) external;
}

/// What every task of a factory works with. Fixed at deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskSurroundings {
    /// The token that everything is paid in.
    pub token: Address,
    /// Where versions are registered.
    pub registry: Address,
    /// What verifies proofs.
    pub verifier: Address,
    /// What draws participants.
    pub randomness: Address,
    /// What says whether the chain's sequencer works; zero where there is none.
    pub uptime: Address,
    /// Seconds for which no phase ends after the sequencer is back.
    pub grace: u32,
    /// The AccessManager that may pause and upgrade the factory.
    pub authority: Address,
}

impl TaskSurroundings {
    /// Those of a deployment with proofs and settlement; none without.
    pub fn of(deployment: &Deployment, uptime: Address, grace: u32) -> Option<Self> {
        let (proofs, settlement) = (deployment.proofs?, deployment.settlement?);
        Some(Self {
            token: settlement.token,
            registry: deployment.registry.address,
            verifier: proofs.verifier.address,
            randomness: settlement.randomness.address,
            uptime,
            grace,
            authority: deployment.access_manager.address,
        })
    }

    fn words(&self, rules: Address) -> [B256; 7] {
        let [token, registry, verifier, randomness, rules, uptime] =
            [self.token, self.registry, self.verifier, self.randomness, rules, self.uptime]
                .map(|a| a.into_word());
        [token, registry, verifier, randomness, rules, uptime, U256::from(self.grace).into()]
    }
}

/// Where the contracts of federated tasks are: a record of its own, `averment-federated-tasks/1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaskContracts {
    format: Format,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The block that holds the factory: no task is older.
    pub block_number: u64,
    /// What creates tasks: the proxy.
    pub tasks: Contract,
    /// The code behind it.
    pub implementation: Contract,
    /// What tasks run.
    pub task: Contract,
    /// Its part for rounds.
    pub rounds: Contract,
    /// Its part for faults.
    pub faults: Contract,
    /// What computes weights and qualities.
    pub rules: Contract,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "averment-federated-tasks/1")]
    V1,
}

/// A member of an artifact that is code.
fn code(artifact: &str, member: &str) -> Bytes {
    let artifact: serde_json::Value = serde_json::from_str(artifact).unwrap_or_default();
    let text = artifact.get(member).and_then(serde_json::Value::as_str).unwrap_or_default();
    // Nothing is no code of any contract: what it creates does not check.
    hex::decode(text).unwrap_or_default().into()
}

/// Creates one whose constructor takes these words and keeps them.
async fn part(
    sender: &Sender,
    name: &'static str,
    artifact: &str,
    words: &[B256],
    sent: &mut Vec<Sent>,
) -> Result<Contract, DeployError> {
    let creation = [code(artifact, "bytecode").as_ref(), words.concat().as_slice()].concat();
    create(sender, name, creation.into(), &code(artifact, "deployedBytecode"), words, sent).await
}

impl TaskContracts {
    /// Creates them, each checked against its artifact.
    pub async fn deploy(
        sender: &Sender,
        around: &TaskSurroundings,
    ) -> Result<(Self, Vec<Sent>), DeployError> {
        let mut sent = Vec::new();
        let rules = part(sender, "rules of aggregation", RULES, &[], &mut sent).await?;
        let words = around.words(rules.address);
        let rounds = part(sender, "rounds of tasks", ROUNDS, &words, &mut sent).await?;
        let faults = part(sender, "faults of tasks", FAULTS, &words, &mut sent).await?;
        let all = [&words[..], &[rounds.address.into_word(), faults.address.into_word()]].concat();
        let task = part(sender, "implementation of tasks", TASK, &all, &mut sent).await?;
        let own = [task.address.into_word()];
        let implementation =
            part(sender, "implementation of the factory of tasks", TASKS, &own, &mut sent).await?;
        let initialize = initializeCall { authority: around.authority }.abi_encode();
        let tasks = proxy(sender, "factory of tasks", implementation.address, initialize, &mut sent).await?;
        let block_number = sent.last().map_or(0, |last| last.block.header.number);
        let (format, chain_id) = (Format::V1, sender.ledger().chain_id());
        let record =
            Self { format, chain_id, block_number, tasks, implementation, task, rounds, faults, rules };
        record.check(sender.ledger()).await?;
        Ok((record, sent))
    }

    /// Checks that the chain has these contracts, with this code.
    pub async fn check(&self, ledger: &Ledger) -> Result<(), DeploymentFault> {
        let newest = ledger.newest_final().await?;
        let contracts = [
            ("factory of tasks", self.tasks),
            ("implementation of the factory of tasks", self.implementation),
            ("implementation of tasks", self.task),
            ("rounds of tasks", self.rounds),
            ("faults of tasks", self.faults),
            ("rules of aggregation", self.rules),
        ];
        for (name, contract) in contracts {
            check_code(ledger, &newest, name, contract).await?;
        }
        Ok(())
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
