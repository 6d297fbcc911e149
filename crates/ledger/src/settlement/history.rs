//! What happened to a request, by the events of router and stake.
//!
//! The events are the node's word: what of them is acted on is checked by [`super::find`]; the rest (who was paid, by whom
//! something was proved) is shown as it is told. Each names its block, whose time is its header's.

use super::{Committee, Request, SettlementClient, SettlementError};
use crate::{
    VerifiedHeader,
    contracts::{
        InferenceRouter::{self, InferenceRouterEvents as Routed},
        OracleStaking::{self, OracleStakingEvents as Staked},
    },
    registry::logs,
};
use alloy::{
    rpc::types::{Filter, Log},
    sol_types::{SolEvent, SolEventInterface},
};
use averment_primitives::{Address, B256, U256};
use std::collections::BTreeMap;

/// Something that happened to a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its block.
    pub block: u64,
    /// Its place among the block's events.
    pub index: u64,
    /// When, in seconds of Unix time: its block's.
    pub time: u64,
    /// The transaction.
    pub tx: B256,
    /// What.
    pub what: Happened,
}

/// What happened. Times are in seconds of Unix time, amounts in the token's smallest units.
#[derive(Debug, Clone, PartialEq)]
pub enum Happened {
    /// It was made.
    Requested {
        /// By whom.
        requester: Address,
        /// What is asked for.
        asked: Box<Request>,
    },
    /// Somebody answered with a bond.
    Answered {
        /// Who.
        answerer: Address,
        /// Until when the answer may be challenged.
        until: u64,
        /// The answer.
        outputs: Vec<i64>,
    },
    /// Somebody challenged the answer.
    Challenged {
        /// Who.
        challenger: Address,
        /// Until when the answer has to be proved.
        until: u64,
    },
    /// An answer became final.
    Finalised {
        /// Who was paid the fee.
        paid: Address,
        /// By whom it was proved, if it was.
        proved: Option<Address>,
        /// The outputs.
        outputs: Vec<i64>,
    },
    /// The requester was called back.
    Delivered {
        /// Whether that went through.
        taken: bool,
    },
    /// An answerer lost its bond.
    Slashed {
        /// Who.
        answerer: Address,
        /// Who had challenged it, if anybody had.
        challenger: Option<Address>,
        /// What of the bond is nobody's now.
        burned: u128,
    },
    /// It waits for an answer again.
    Reopened,
    /// Everybody got back what they put in.
    Refunded {
        /// What of the fee is burned, because it could have been drawn and was not.
        lapsed: u128,
    },
    /// Its committee was drawn.
    Drawn {
        /// The committee.
        committee: Committee,
    },
    /// A member of the committee committed on the chain.
    Committed {
        /// The operator's number.
        operator: u32,
    },
    /// A member revealed on the chain.
    Revealed {
        /// The operator's number.
        operator: u32,
        /// What it says; nothing if it cannot answer.
        outputs: Vec<i64>,
    },
    /// The committee's work ended.
    Ended {
        /// How, as the contracts number it: agreed, unavailable, divided.
        outcome: u8,
        /// The operators that are paid.
        agreeing: Vec<u32>,
    },
    /// An operator lost stake.
    OperatorSlashed {
        /// The operator's number.
        operator: u32,
        /// Who showed it.
        accuser: Address,
        /// What that one got.
        to_accuser: U256,
        /// What is nobody's now.
        burned: U256,
    },
}

impl SettlementClient {
    /// Everything that happened to a request up to a final block, in order.
    pub(super) async fn events(
        &self,
        block: &VerifiedHeader,
        id: B256,
    ) -> Result<Vec<Event>, SettlementError> {
        let both = Filter::new().address(vec![self.router(), self.staking()]).topic1(id);
        let mut found = self.collect(block, &both, id).await?;
        if found.iter().any(|event| matches!(event.what, Happened::Drawn { .. })) {
            // There the operator comes first.
            let slashed = OracleStaking::Slashed::SIGNATURE_HASH;
            let slashed = Filter::new().address(self.staking()).event_signature(slashed).topic2(id);
            found.extend(self.collect(block, &slashed, id).await?);
            found.sort_by_key(|event| (event.block, event.index));
        }
        Ok(found)
    }

    async fn collect(
        &self,
        block: &VerifiedHeader,
        filter: &Filter,
        id: B256,
    ) -> Result<Vec<Event>, SettlementError> {
        let mut found: Vec<Event> = Vec::new();
        let take = |log: Log| {
            let (block, index) = (log.block_number.unwrap_or_default(), log.log_index.unwrap_or_default());
            let wrong = |why: String| SettlementError::Event { block, why };
            let ascends = found.last().is_none_or(|last| (last.block, last.index) < (block, index));
            if log.removed || !ascends {
                return Err(wrong("an event that is not in the chain's order".to_owned()));
            }
            let what = if log.address() == self.router() {
                let event = Routed::decode_log(&log.inner).map_err(|error| wrong(error.to_string()))?;
                routed(event.data)
            } else if log.address() == self.staking() {
                let event = Staked::decode_log(&log.inner).map_err(|error| wrong(error.to_string()))?;
                staked(event.data)
            } else {
                return Err(wrong(format!("an event of {}, which was not asked for", log.address())));
            };
            match what {
                Some((of, what)) if of == id => {
                    let tx = log.transaction_hash.unwrap_or_default();
                    found.push(Event { block, index, time: 0, tx, what });
                    Ok(())
                }
                Some((of, _)) => Err(wrong(format!("an event of request {of}, which was not asked for"))),
                None => Ok(()),
            }
        };
        logs(&self.ledger, filter, self.from_block, block.header.number, take).await?;
        let mut times = BTreeMap::from([(block.header.number, block.header.timestamp)]);
        for event in &mut found {
            event.time = match times.get(&event.block) {
                Some(time) => *time,
                None => {
                    let time = self.ledger.verified_header(event.block).await?.header.timestamp;
                    *times.entry(event.block).or_insert(time)
                }
            };
        }
        Ok(found)
    }
}

fn present(account: Address) -> Option<Address> {
    (!account.is_zero()).then_some(account)
}

/// Of an event of the router's about a request: which, and what it says.
fn routed(event: Routed) -> Option<(B256, Happened)> {
    Some(match event {
        Routed::Requested(InferenceRouter::Requested { id, requester, request }) => {
            (id, Happened::Requested { requester, asked: Box::new(request) })
        }
        Routed::Answered(e) => {
            (e.id, Happened::Answered { answerer: e.answerer, until: e.until.to(), outputs: e.outputs })
        }
        Routed::Challenged(e) => {
            (e.id, Happened::Challenged { challenger: e.challenger, until: e.until.to() })
        }
        Routed::Finalised(e) => {
            (e.id, Happened::Finalised { paid: e.paid, proved: present(e.proved), outputs: e.outputs })
        }
        Routed::Delivered(e) => (e.id, Happened::Delivered { taken: e.taken }),
        Routed::Slashed(e) => {
            let challenger = present(e.challenger);
            (e.id, Happened::Slashed { answerer: e.answerer, challenger, burned: e.burned })
        }
        Routed::Reopened(e) => (e.id, Happened::Reopened),
        Routed::Refunded(e) => (e.id, Happened::Refunded { lapsed: e.lapsed }),
        _ => return None,
    })
}

/// The same of the stake's.
fn staked(event: Staked) -> Option<(B256, Happened)> {
    Some(match event {
        Staked::Drawn(e) => (e.id, Happened::Drawn { committee: e.committee }),
        Staked::Committed(e) => (e.id, Happened::Committed { operator: e.operator }),
        Staked::Revealed(e) => (e.id, Happened::Revealed { operator: e.operator, outputs: e.outputs }),
        Staked::Ended(e) => (e.id, Happened::Ended { outcome: e.outcome, agreeing: e.agreeing }),
        Staked::Slashed(OracleStaking::Slashed { operator, id, accuser, toAccuser: to_accuser, burned }) => {
            (id, Happened::OperatorSlashed { operator, accuser, to_accuser, burned })
        }
        _ => return None,
    })
}
