//! Actions as transactions.

use super::Chain;
use crate::{
    machine::{Action, Asked, Machine},
    secrets,
};
use alloy::{
    providers::Provider,
    sol,
    sol_types::{SolCall, SolStruct, SolValue, eip712_domain},
    transports::TransportError,
};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use averment_ledger::{
    HeaderError,
    contracts::{BlockRandomness, InferenceRouter, OracleStaking, SendError, Sent},
    keys::SignError,
};
use thiserror::Error;

sol! {
    /// What a member signs to commit: EIP-712 of the staking contract.
    #[derive(Debug)]
    struct Commit {
        bytes32 request;
        bytes32 digest;
    }
}

/// How an action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// A transaction is on its way, or on the chain already.
    Sent(B256),
    /// It is not to be done now: its time has not come.
    NotYet,
}

/// Why an action was not carried out.
#[derive(Debug, Error)]
pub enum ActError {
    /// The machine knows no such request any more, or what is needed of it.
    #[error("request {id}: {what} is not known")]
    Unknown {
        /// The request.
        id: B256,
        /// What is missing.
        what: &'static str,
    },
    /// What was kept of a request is not what the contracts encode.
    #[error("request {id}: {what} does not decode: {why}")]
    Body {
        /// The request.
        id: B256,
        /// What.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// The contract refused, or the transaction was not sent.
    #[error(transparent)]
    Send(#[from] Box<SendError>),
    /// Nothing was signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The node did not answer.
    #[error("asking the {what}: {source}")]
    Ask {
        /// Which contract.
        what: &'static str,
        /// What the node said.
        source: TransportError,
    },
    /// The header of the block that draws was not had.
    #[error(transparent)]
    Header(#[from] Box<HeaderError>),
    /// The contract's answer is none.
    #[error("the {what} gave an answer that does not decode: {why}")]
    Answer {
        /// Which contract.
        what: &'static str,
        /// Why.
        why: String,
    },
}

impl ActError {
    /// Whether the contract said no: mostly somebody else was first, or the time is over.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Send(error)
            if matches!(**error, SendError::Refused { .. } | SendError::Reverted { .. }))
    }
}

impl Chain {
    /// Carries out an action, as far as that takes a transaction.
    pub async fn act(&self, machine: &Machine, action: &Action) -> Result<Done, ActError> {
        let id = action.id();
        let asked = machine.asked(&id).ok_or(ActError::Unknown { id, what: "the request" })?;
        match action {
            Action::Compute { .. } | Action::GiveUp { .. } => Ok(Done::NotYet),
            Action::Draw { .. } => self.draw(asked).await,
            Action::Commit { seat, outputs, .. } => {
                let commitment = self.commitment(id, *seat, outputs)?;
                let committee = self.committee(machine, id)?;
                let call = OracleStaking::commitCall { id, committee, commitments: vec![commitment] };
                self.send("commit to an answer", self.contracts.staking, &call).await
            }
            Action::Reveal { seat, outputs, .. } => {
                let salt = self.salt(id)?;
                let reveal = OracleStaking::Reveal { seat: *seat, salt, outputs: outputs.clone() };
                let committee = self.committee(machine, id)?;
                let call = OracleStaking::revealCall { id, committee, reveals: vec![reveal] };
                self.send("reveal an answer", self.contracts.staking, &call).await
            }
            Action::Close { heard, .. } => {
                let call = OracleStaking::closeCall {
                    requester: asked.requester,
                    asked: decode(id, "the request", &asked.body)?,
                    committee: self.committee(machine, id)?,
                    heard: heard.clone(),
                };
                self.send("close a committee", self.contracts.staking, &call).await
            }
            Action::Challenge { answerer, outputs, .. } => {
                let call = InferenceRouter::challengeCall {
                    requester: asked.requester,
                    asked: decode(id, "the request", &asked.body)?,
                    offered: self.offer(machine, asked)?,
                    given: answer(*answerer, Address::ZERO, outputs),
                };
                self.send("challenge an answer", self.contracts.router, &call).await
            }
            Action::Forfeit { answerer, outputs, .. } => {
                let call = InferenceRouter::forfeitCall {
                    requester: asked.requester,
                    asked: decode(id, "the request", &asked.body)?,
                    offered: self.offer(machine, asked)?,
                    given: answer(*answerer, self.account(), outputs),
                };
                self.send("have an answer slashed that was not proved", self.contracts.router, &call).await
            }
        }
    }

    /// Draws a committee, and first brings the block that draws it. That block is settled: what it draws stays.
    async fn draw(&self, asked: &Asked) -> Result<Done, ActError> {
        let drawn = InferenceRouter::drawOfCall { id: asked.id };
        let round = self.ask("router", self.contracts.router, &drawn).await?.round;
        if round == 0 {
            return Ok(Done::NotYet);
        }
        let newest = self.ledger().newest_final().await.map_err(Box::new)?;
        if newest.header.number < round {
            return Ok(Done::NotYet);
        }
        let value = BlockRandomness::valueOfCall { round };
        if self.ask("randomness", self.contracts.randomness, &value).await?.is_zero() {
            let header = self.ledger().verified_header(round).await.map_err(Box::new)?;
            let header = Bytes::from(alloy_rlp::encode(&header.header));
            let call = BlockRandomness::recordCall { header };
            self.send("bring the block that draws", self.contracts.randomness, &call).await?;
        }
        let call = InferenceRouter::drawCall {
            requester: asked.requester,
            asked: decode(asked.id, "the request", &asked.body)?,
        };
        self.send("draw a committee", self.contracts.router, &call).await
    }

    /// What this operator's seat says about a request, hidden and signed. The same request and outputs give the same.
    fn commitment(&self, id: B256, seat: u8, outputs: &[i64]) -> Result<OracleStaking::Commitment, ActError> {
        let said = keccak256(outputs.to_vec().abi_encode());
        let digest = keccak256((id, self.account(), said, self.salt(id)?).abi_encode());
        let domain = eip712_domain! {
            name: "Averment OracleStaking",
            version: "1",
            chain_id: self.ledger().chain_id(),
            verifying_contract: self.contracts.staking,
        };
        let hash = Commit { request: id, digest }.eip712_signing_hash(&domain);
        let signature = self.sender.key().sign_digest(&hash)?;
        // EIP-2098: the parity in the highest bit of s, which is in the lower half.
        let vs: U256 = signature.s() | (U256::from(signature.v()) << 255_usize);
        Ok(OracleStaking::Commitment { seat, digest, r: signature.r().into(), vs: vs.into() })
    }

    /// What hides a commitment.
    fn salt(&self, id: B256) -> Result<B256, ActError> {
        let (chain, staking) = (self.ledger().chain_id(), self.contracts.staking);
        Ok(secrets::salt(self.sender.key(), chain, staking, id)?)
    }

    fn committee(&self, machine: &Machine, id: B256) -> Result<OracleStaking::Committee, ActError> {
        let what = "the committee";
        decode(id, what, &machine.committee(&id).ok_or(ActError::Unknown { id, what })?.body)
    }

    fn offer(&self, machine: &Machine, asked: &Asked) -> Result<InferenceRouter::Offer, ActError> {
        let (id, what) = (asked.id, "the offer");
        decode(id, what, machine.offer(&asked.offer).ok_or(ActError::Unknown { id, what })?)
    }

    async fn send<C: SolCall>(&self, action: &str, to: Address, call: &C) -> Result<Done, ActError> {
        match self.sender.call(action, to, call).await {
            Ok(Sent { tx, .. }) => Ok(Done::Sent(tx)),
            // Its events say when it is settled.
            Err(SendError::NotFinal { tx, .. } | SendError::Uncertain { tx, .. }) => Ok(Done::Sent(tx)),
            Err(error) => Err(Box::new(error).into()),
        }
    }

    async fn ask<C: SolCall>(
        &self,
        what: &'static str,
        to: Address,
        call: &C,
    ) -> Result<C::Return, ActError> {
        let request = alloy::rpc::types::TransactionRequest::default().to(to).input(call.abi_encode().into());
        let answer = self.ledger().provider().call(request).await;
        let answer = answer.map_err(|source| ActError::Ask { what, source })?;
        C::abi_decode_returns(&answer).map_err(|error| ActError::Answer { what, why: error.to_string() })
    }
}

fn answer(answerer: Address, challenger: Address, outputs: &[i64]) -> InferenceRouter::Answer {
    InferenceRouter::Answer { answerer, challenger, outputs: outputs.to_vec() }
}

fn decode<T>(id: B256, what: &'static str, body: &Bytes) -> Result<T, ActError>
where
    T: SolValue + From<<T::SolType as alloy::sol_types::SolType>::RustType>,
{
    T::abi_decode_validate(body).map_err(|error| ActError::Body { id, what, why: error.to_string() })
}
