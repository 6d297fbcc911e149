//! The contracts' logs as events of the machine.

use super::Chain;
use crate::machine::{Asked, Committee, Event, Mode, Windows};
use alloy::{
    providers::Provider,
    rpc::types::{Filter, Log},
    sol_types::{SolEventInterface, SolValue},
    transports::TransportError,
};
use alloy_primitives::{Address, B256, Bytes, U256};
use averment_ledger::{
    HeaderError,
    contracts::{
        InferenceRouter::{self, InferenceRouterEvents as Routed},
        OracleStaking::{self, OracleStakingEvents as Staked},
    },
};
use std::collections::BTreeMap;
use thiserror::Error;

/// Why settled events were not read. Trying again may help.
#[derive(Debug, Error)]
pub enum ReadError {
    /// A block's header was not had, or does not check.
    #[error(transparent)]
    Header(#[from] Box<HeaderError>),
    /// The node gave no logs.
    #[error("asking for the events of blocks {from} to {to}: {source}")]
    Logs {
        /// First block.
        from: u64,
        /// Last block.
        to: u64,
        /// What the node said.
        source: TransportError,
    },
    /// A log that is not of the contracts that this program knows.
    #[error("block {block}, log {index}: {why}; the contracts may be newer than this program")]
    Log {
        /// Its block.
        block: u64,
        /// Its place there.
        index: u64,
        /// What is wrong with it.
        why: String,
    },
}

impl Chain {
    /// What the contracts said in blocks `from` to `to`, in order.
    pub async fn events(&self, from: u64, to: u64) -> Result<Vec<Event>, ReadError> {
        let addresses = vec![self.contracts.router, self.contracts.staking];
        let filter = Filter::new().address(addresses).from_block(from).to_block(to);
        let logs = self.ledger().provider().get_logs(&filter).await;
        let logs = logs.map_err(|source| ReadError::Logs { from, to, source })?;
        let mut times = BTreeMap::new();
        let mut events = Vec::new();
        for log in &logs {
            let (block, index) = (log.block_number.unwrap_or_default(), log.log_index.unwrap_or_default());
            let wrong = |why: String| ReadError::Log { block, index, why };
            if log.removed || !(from..=to).contains(&block) {
                return Err(wrong(format!("not a log of blocks {from} to {to}")));
            }
            let time = match times.get(&block) {
                Some(time) => *time,
                None => {
                    let header = self.ledger().verified_header(block).await.map_err(Box::new)?;
                    *times.entry(block).or_insert(header.header.timestamp)
                }
            };
            if log.address() == self.contracts.router {
                let decoded = Routed::decode_log(&log.inner).map_err(|error| wrong(error.to_string()))?;
                events.extend(routed(decoded.data, time).map_err(wrong)?);
            } else {
                let decoded = Staked::decode_log(&log.inner).map_err(|error| wrong(error.to_string()))?;
                events.extend(staked(decoded.data, time).map_err(wrong)?);
            }
        }
        check_order(&logs)?;
        Ok(events)
    }
}

/// Events are folded in the chain's order.
fn check_order(logs: &[Log]) -> Result<(), ReadError> {
    let place = |log: &Log| (log.block_number, log.log_index);
    match logs.windows(2).find(|pair| matches!(pair, [one, next] if place(one) >= place(next))) {
        Some([_, log]) => Err(ReadError::Log {
            block: log.block_number.unwrap_or_default(),
            index: log.log_index.unwrap_or_default(),
            why: "it is not in the chain's order".to_owned(),
        }),
        _ => Ok(()),
    }
}

fn routed(event: Routed, time: u64) -> Result<Option<Event>, String> {
    Ok(Some(match event {
        Routed::Offered(event) => {
            let windows = Windows {
                commit: event.offer.quorum.commitSeconds.into(),
                reveal: event.offer.quorum.revealSeconds.into(),
                proof: event.offer.proofSeconds.into(),
            };
            Event::Offered { offer: event.id, windows, body: Bytes::from(event.offer.abi_encode()) }
        }
        Routed::Requested(event) => {
            let asked = asked(event.id, event.requester, &event.request)?;
            Event::Requested { asked: Box::new(asked), time }
        }
        Routed::Answered(event) => Event::Answered {
            id: event.id,
            answerer: event.answerer,
            until: event.until.to(),
            outputs: event.outputs,
        },
        Routed::Challenged(event) => {
            Event::Challenged { id: event.id, challenger: event.challenger, until: event.until.to() }
        }
        Routed::Reopened(event) => Event::Reopened { id: event.id },
        Routed::Finalised(event) => Event::Closed { id: event.id },
        Routed::Refunded(event) => Event::Closed { id: event.id },
        _ => return Ok(None),
    }))
}

fn asked(
    id: B256,
    requester: alloy_primitives::Address,
    request: &InferenceRouter::Request,
) -> Result<Asked, String> {
    // As the router takes it.
    let mode = match request.mode {
        _ if request.valueAtRisk > request.proofAbove => Mode::Proof,
        0 => Mode::Proof,
        1 => Mode::Optimistic,
        2 => Mode::Quorum,
        other => return Err(format!("an unknown mode, {other}")),
    };
    Ok(Asked {
        id,
        requester,
        version: request.version,
        offer: request.offer,
        inputs: request.inputs,
        items: request.items,
        mode,
        deadline: request.deadline.to(),
        fee: request.fee,
        bond: request.bond,
        public_inputs: request.publicInputs.clone(),
        body: Bytes::from(request.abi_encode()),
    })
}

fn staked(event: Staked, time: u64) -> Result<Option<Event>, String> {
    Ok(Some(match event {
        Staked::Drawn(event) => {
            Event::Drawn { id: event.id, committee: Box::new(committee(&event.committee, time)?) }
        }
        Staked::Committed(event) => Event::Committed { id: event.id, operator: event.operator },
        Staked::Revealed(event) => {
            Event::Revealed { id: event.id, operator: event.operator, outputs: event.outputs }
        }
        Staked::Ended(event) => Event::Ended { id: event.id },
        Staked::Indebted(event) => Event::Charged { id: event.id, operator: event.operator },
        _ => return Ok(None),
    }))
}

fn committee(committee: &OracleStaking::Committee, since: u64) -> Result<Committee, String> {
    // The operator's number, the place of its seat, its key.
    let operator = |member: &U256| u32::try_from(*member >> 176_usize).map_err(|_| "not a member".to_owned());
    // The lowest 160 bits.
    let signer = |member: &U256| Address::from_word(B256::from(*member));
    Ok(Committee {
        threshold: committee.threshold,
        tolerance: committee.tolerance,
        since,
        commit_until: committee.commitUntil.to(),
        reveal_until: committee.revealUntil.to(),
        members: committee.members.iter().map(operator).collect::<Result<_, _>>()?,
        signers: committee.members.iter().map(signer).collect(),
        body: Bytes::from(committee.abi_encode()),
    })
}
