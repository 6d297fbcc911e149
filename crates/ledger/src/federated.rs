//! A typed client of tasks of federated learning (docs/federated.md): what a task is, where it stands, and every step.
//!
//! What is signed or sent follows from a task's *terms*, and those are believed of nobody: a task is a small contract that has them
//! in its code, whose hash is proved against a final block's header ([`TaskCode`]). Digests of commits and scores are computed here.
//! What happened is read from events ([`Event`], [`Book`]), which are the node's word: it can leave some out (run your own), but
//! what is done by them the contract checks again, and nothing in them makes anybody sign something about another task, round or
//! update.

mod book;
mod code;
mod created;
mod error;
mod events;
mod kinds;
mod posted;
mod steps;
#[cfg(test)]
mod tests;

pub use crate::contracts::FederatedTask::{
    Aggregation, Evidence, Outcome, Posting, Reveal, Revealed, Scores, SignedCommit, TaskMoney, TaskRule,
    TaskSize, TaskTimes, Terms,
};
pub use averment_registry::federated::{Contested, Phase, TaskEvent as Event};
pub use book::{Aggregated, Book, Challenge, Member, Round, Said};
pub use code::{TaskCode, TaskCodeFault};
pub use created::{Beginning, tasks};
pub use error::TaskError;
pub use events::Happened;
pub use kinds::{TaskKinds, most_weight};
pub use posted::Posted;
pub(crate) use steps::created_topic;
pub use steps::{Created, pool_of};

use crate::{
    Ledger, VerifiedHeader,
    contracts::FederatedTask,
    keys::{AccountKey, SignError},
    registry::{ReadError, ask},
};
use alloy::sol_types::{SolStruct, SolValue, eip712_domain};
use averment_primitives::{Address, B256, Bytes, U256, keccak256};
use serde::{Deserialize, Serialize};

/// Scores and qualities are parts of this.
pub const WHOLE: u32 = 1 << 16;

/// A task, as what is signed names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskId {
    /// The chain.
    pub chain_id: u64,
    /// The contract.
    pub task: Address,
}

/// What a participant commits to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commitment {
    /// keccak256 of the update's points.
    pub points: B256,
    /// keccak256 of its proof.
    pub proof: B256,
    /// keccak256 of its package.
    pub content: B256,
    /// What hides all that.
    pub salt: B256,
}

mod typed {
    alloy::sol! {
        struct Commit {
            uint256 round;
            bytes32 digest;
        }
    }
}

impl TaskId {
    /// What an account commits to in a round, as the contract's `commitOf`.
    pub fn commit(&self, round: u16, account: Address, what: &Commitment) -> B256 {
        let Commitment { points, proof, content, salt } = *what;
        let said =
            (U256::from(self.chain_id), self.task, U256::from(round), account, points, proof, content, salt);
        keccak256(said.abi_encode())
    }

    /// The EIP-712 digest that is signed for others to carry a commit, as the contract's `commitDigest`.
    pub fn commit_digest(&self, round: u16, digest: B256) -> B256 {
        let domain = eip712_domain! {
            name: "Averment FederatedTask",
            version: "1",
            chain_id: self.chain_id,
            verifying_contract: self.task,
        };
        typed::Commit { round: U256::from(round), digest }.eip712_signing_hash(&domain)
    }

    /// Signs a commit for others to carry. Two different ones for one round cost the stake.
    pub fn sign_commit(&self, key: &AccountKey, round: u16, digest: B256) -> Result<SignedCommit, SignError> {
        let signature = key.sign_digest(&self.commit_digest(round, digest))?;
        let signature = Bytes::copy_from_slice(&signature.as_bytes());
        Ok(SignedCommit { account: key.address(), digest, signature })
    }

    /// What a validator commits to, as the contract's `scoresDigest`.
    pub fn scores(&self, round: u16, validator: Address, scores: &[u32], salt: B256) -> B256 {
        let hash = keccak256(scores.to_vec().abi_encode());
        let said = (U256::from(self.chain_id), self.task, U256::from(round), validator, hash, salt);
        keccak256(said.abi_encode())
    }
}

/// `evidenceOf` of the contracts: what binds a proof and a package.
pub fn evidence_of(proof: B256, content: B256) -> B256 {
    keccak256((proof, content).abi_encode())
}

/// `recordOf` of the contracts: what binds points and their evidence.
pub fn record_of(points: B256, evidence: B256) -> B256 {
    keccak256((points, evidence).abi_encode())
}

/// Where the cells of an answer are evaluated, before it is reduced to the field: it follows from all that is posted.
pub fn point_of(posting: &Posting) -> B256 {
    keccak256(keccak256(posting.abi_encode()).abi_encode())
}

/// What statements name as the terms.
pub fn terms_digest(terms: &Terms) -> B256 {
    keccak256(terms.abi_encode())
}

/// One task on a chain. Copies are the same client.
#[derive(Debug, Clone)]
pub struct TaskClient {
    ledger: Ledger,
    id: TaskId,
    code: TaskCode,
    from_block: u64,
}

/// What ends an answer, besides what was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Openings {
    /// The points of what was challenged.
    pub points: Bytes,
    /// What binds them: of an update what binds proof and package, and the cumulative points' hash; of a cumulative the update's
    /// points' hash, and what binds proof and package; of a model what it adds to the one
    /// before, and the hash of `abi.encode(matrix, accounts)`.
    pub rest: [B256; 2],
    /// A point of each chunk.
    pub quotients: Bytes,
}

/// Where a task stands in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The present round, or between rounds the last one.
    pub round: u16,
    /// The phase as it is stored: it is over once `until` has passed, and goes on with whoever acts next.
    pub phase: Phase,
    /// Its last second.
    pub until: u64,
    /// How many updates stand.
    pub revealed: u16,
    /// How many challenges are open.
    pub challenges: u16,
    /// Void rounds in a row.
    pub voids: u8,
}

impl TaskClient {
    /// A client of the task at `task`, which was created in `from_block` or later, once its code is proved in the newest final
    /// block. Compare [`TaskCode::implementation`] and [`TaskCode::factory`] with a deployment that you believe.
    pub async fn open(ledger: &Ledger, task: Address, from_block: u64) -> Result<Self, TaskError> {
        let block = ledger.newest_final().await?;
        let code = TaskCode::proved(ledger, &block, task).await?;
        let id = TaskId { chain_id: ledger.chain_id(), task };
        Ok(Self { ledger: ledger.clone(), id, code, from_block })
    }

    /// The chain.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The task, as what is signed names it.
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// What its code says.
    pub fn code(&self) -> &TaskCode {
        &self.code
    }

    /// Its terms.
    pub fn terms(&self) -> &Terms {
        &self.code.terms
    }

    /// The block that it is read from.
    pub fn from_block(&self) -> u64 {
        self.from_block
    }

    /// Where it stands in the newest final block, by the node's word.
    pub async fn standing(&self) -> Result<Standing, TaskError> {
        let block = self.ledger.newest_final().await?;
        let at = self.read(&block, "standing", FederatedTask::standingCall {}).await?;
        let phase = Phase::from_code(at.phase).ok_or(ReadError::Code { field: "phase", got: at.phase })?;
        Ok(Standing {
            round: at.round,
            phase,
            until: at.until.to(),
            revealed: at.revealed,
            challenges: at.challenges,
            voids: at.voids,
        })
    }

    /// keccak256 of the points of the last final model, and of what it added to the one before, by the node's word.
    pub async fn model(&self) -> Result<(B256, B256), TaskError> {
        let block = self.ledger.newest_final().await?;
        let at = self.read(&block, "model", FederatedTask::modelCall {}).await?;
        Ok((at.points, at.difference))
    }

    /// The hash chain over all final rounds, and how many there are, by the node's word.
    pub async fn rounds(&self) -> Result<(B256, u16), TaskError> {
        let block = self.ledger.newest_final().await?;
        let at = self.read(&block, "history", FederatedTask::historyCall {}).await?;
        Ok((at.head, at.finals))
    }

    /// What is left of the pool, and what was burned, by the node's word.
    pub async fn money(&self) -> Result<(U256, U256), TaskError> {
        let block = self.ledger.newest_final().await?;
        let at = self.read(&block, "money", FederatedTask::moneyCall {}).await?;
        Ok((at.pool, at.burned))
    }

    /// Until when a challenge can be answered, in seconds of Unix time; none if it was closed, or is not there.
    pub async fn challenge_until(
        &self,
        round: u16,
        account: Address,
        contested: Contested,
    ) -> Result<Option<u64>, TaskError> {
        let block = self.ledger.newest_final().await?;
        let call = FederatedTask::challengeOfCall { round, account, contested: contested.code() };
        let at = self.read(&block, "challengeOf", call).await?;
        Ok((!at.challenger.is_zero() && !at.closed).then(|| at.until.to()))
    }

    /// What an account can withdraw from the task in the newest final block.
    pub async fn balance(&self, account: Address) -> Result<U256, TaskError> {
        let block = self.ledger.newest_final().await?;
        Ok(self.read(&block, "memberOf", FederatedTask::memberOfCall { account }).await?.balance)
    }

    /// What an account has said of its answer to a challenge in the newest final block: the hash of its posting, zero before, and a bit
    /// for each piece; by the node's word.
    pub async fn answer_of(
        &self,
        round: u16,
        account: Address,
        contested: Contested,
        answerer: Address,
    ) -> Result<(B256, U256), TaskError> {
        let block = self.ledger.newest_final().await?;
        let call = FederatedTask::answerOfCall { round, account, contested: contested.code(), answerer };
        let at = self.read(&block, "answerOf", call).await?;
        Ok((at.digest, at.posted))
    }

    async fn read<C: alloy::sol_types::SolCall>(
        &self,
        block: &VerifiedHeader,
        function: &'static str,
        call: C,
    ) -> Result<C::Return, ReadError> {
        ask(&self.ledger, block, function, self.id.task, call).await
    }
}
