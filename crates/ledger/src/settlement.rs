//! A typed client of `InferenceRouter`, and of what its requests need of `OracleStaking`: offers, money, requests,
//! answers, and every step that moves a request on (docs/settlement.md).
//!
//! Requests and offers are known by the hash of everything they say, so what is read of them in a node's events is checked
//! against the id that was asked for; where a request stands, and the digest of its answer, its committee or its final
//! outputs, is read with a storage proof against a final block's header, and what the events say of those is checked
//! against that digest. So a node that lies cannot have anybody sign a step about another request or another answer; what it
//! can do is leave out events, which is noticed as [`SettlementError::Missing`].
//!
//! Before a step is paid for, the contract is asked whether it would take it; money that is missing in the router is
//! deposited only when that is all that is missing.

mod error;
mod find;
mod history;
mod ids;
mod money;
mod offers;
mod standing;
mod steps;

pub use crate::contracts::{
    InferenceRouter::{Answer, Offer, Proof, Quorum, Request},
    OracleStaking::Committee,
};
pub use averment_registry::settlement::{Mode, Phase};
pub use error::{OtherStatement, SettlementError};
pub use find::{Found, Made, members};
pub use history::{Event, Happened};
pub use ids::{Modes, mode_of, offer_id, statement};
pub use money::{Balance, Token};
pub use offers::Offered;
pub use standing::{Draw, Standing};
pub use steps::{Opening, Step};

use crate::{
    Ledger, VerifiedHeader,
    contracts::{Deployment, SendError, Sender, Sent, SettlementContracts},
    registry::{ReadError, ask},
};
use alloy::sol_types::SolCall;
use averment_primitives::{Address, VersionId};

/// What settles requests, of one deployment. Copies are the same client.
#[derive(Debug, Clone)]
pub struct SettlementClient {
    ledger: Ledger,
    contracts: SettlementContracts,
    /// No event is older.
    from_block: u64,
}

impl SettlementClient {
    /// A client of `deployment`, which was checked against `ledger`.
    pub fn new(ledger: &Ledger, deployment: &Deployment) -> Result<Self, SettlementError> {
        let contracts =
            deployment.settlement.ok_or(SettlementError::NotDeployed { chain_id: deployment.chain_id })?;
        Ok(Self { ledger: ledger.clone(), contracts, from_block: deployment.block_number })
    }

    /// The chain.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Where the contracts are.
    pub fn contracts(&self) -> &SettlementContracts {
        &self.contracts
    }

    /// Whether a version was revoked, as of the newest final block.
    pub async fn is_revoked(&self, version: VersionId) -> Result<bool, SettlementError> {
        let block = self.ledger.newest_final().await?;
        self.revoked(&block, version).await
    }

    async fn revoked(&self, block: &VerifiedHeader, version: VersionId) -> Result<bool, SettlementError> {
        let call = crate::contracts::InferenceRouter::isRevokedCall { version: version.0 };
        Ok(self.read(block, "isRevoked", self.router(), call).await?)
    }

    fn router(&self) -> Address {
        self.contracts.router.address
    }

    fn staking(&self) -> Address {
        self.contracts.staking.address
    }

    async fn read<C: SolCall>(
        &self,
        block: &VerifiedHeader,
        function: &'static str,
        of: Address,
        call: C,
    ) -> Result<C::Return, ReadError> {
        ask(&self.ledger, block, function, of, call).await
    }

    async fn send<C: SolCall>(
        &self,
        sender: &Sender,
        action: &'static str,
        to: Address,
        call: &C,
    ) -> Result<Sent, SendError> {
        sender.call_on(self.ledger.chain_id(), action, to, call).await
    }
}
