//! A request by its id, with everything that the later steps pass, checked.

use super::{
    Answer, Committee, Event, Happened, Mode, Offer, Offered, Phase, Request, SettlementClient,
    SettlementError, Standing,
};
use crate::{VerifiedHeader, contracts::InferenceRouter, registry::logs};
use alloy::{
    rpc::types::{Filter, Log},
    sol_types::SolEvent,
};
use averment_primitives::{Address, B256, VersionId};

/// A request as it stands in a final block. Request and offer hash to their ids; answer, committee and final outputs to the
/// digest that the contract holds, by a storage proof.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its id.
    pub id: B256,
    /// Who asked: who is called back, and refunded.
    pub requester: Address,
    /// What is asked for.
    pub asked: Request,
    /// The offer that it names.
    pub offer: Offer,
    /// Where it stands.
    pub standing: Standing,
    /// The answer that is not final yet, if there is one.
    pub given: Option<Answer>,
    /// The committee, while it has one.
    pub committee: Option<Committee>,
    /// The final outputs.
    pub outputs: Option<Vec<i64>>,
    /// Whether its version was revoked.
    pub revoked: bool,
    /// What happened, in order: the node's word, see [`Event`].
    pub history: Vec<Event>,
    /// The block that this is as of.
    pub block: VerifiedHeader,
}

/// A request that was made.
#[derive(Debug, Clone)]
pub struct Made {
    /// Its id.
    pub id: B256,
    /// Who asked.
    pub requester: Address,
    /// What is asked for.
    pub asked: Request,
    /// Where it stands.
    pub standing: Standing,
    /// The block that made it.
    pub block: u64,
}

impl Found {
    /// How it is answered. None if this program does not know its mode.
    pub fn mode(&self) -> Option<Mode> {
        super::mode_of(&self.asked)
    }

    /// The version that is asked.
    pub fn version(&self) -> VersionId {
        VersionId(self.asked.version)
    }

    /// The answer that is there, as the contract takes it: all zero if none is.
    pub fn contested(&self) -> Answer {
        self.given.clone().unwrap_or_default()
    }

    /// What each member of the committee revealed on the chain, in the committee's order; nothing of who has not.
    pub fn heard(&self) -> Vec<Vec<i64>> {
        let Some(committee) = &self.committee else { return Vec::new() };
        let revealed = |operator: u32| {
            self.history.iter().rev().find_map(|event| match &event.what {
                Happened::Revealed { operator: who, outputs } if *who == operator => Some(outputs.clone()),
                _ => None,
            })
        };
        members(committee).map(|(operator, _)| revealed(operator).unwrap_or_default()).collect()
    }

    /// How many members of the committee have revealed.
    pub fn reveals(&self) -> usize {
        let revealed = |event: &&Event| matches!(event.what, Happened::Revealed { .. });
        self.history.iter().filter(revealed).count()
    }
}

/// The members of a committee: the operator's number and the key that it signs with.
pub fn members(committee: &Committee) -> impl Iterator<Item = (u32, Address)> + '_ {
    committee.members.iter().map(|member| {
        // Number, place and key in one word: docs/settlement.md.
        let word = B256::from(*member);
        let number = member.wrapping_shr(176).wrapping_to::<u32>();
        (number, Address::from_word(word))
    })
}

impl SettlementClient {
    /// The request with this id, as of the newest final block.
    pub async fn find(&self, id: B256) -> Result<Found, SettlementError> {
        let block = self.ledger.newest_final().await?;
        let standing = self.standing_in(&block, id).await?;
        if standing.phase == Phase::None {
            return Err(SettlementError::NoRequest { id, chain_id: self.ledger.chain_id() });
        }
        let history = self.events(&block, id).await?;
        let missing = |what| SettlementError::Missing { id, what };
        let made = history.iter().find_map(|event| match &event.what {
            Happened::Requested { requester, asked } => {
                Some((event.block, *requester, asked.as_ref().clone()))
            }
            _ => None,
        });
        let (made_in, requester, asked) = made.ok_or(missing("the request"))?;
        let hash = self.request_id(requester, &asked);
        if hash != id {
            let why = format!("a request that hashes to {hash} is called {id}");
            return Err(SettlementError::Event { block: made_in, why });
        }
        let Offered { offer, .. } = self.offer_in(&block, asked.offer).await?;
        let revoked = self.revoked(&block, VersionId(asked.version)).await?;
        let mut found = Found {
            id,
            requester,
            asked,
            offer,
            standing,
            given: None,
            committee: None,
            outputs: None,
            revoked,
            history,
            block,
        };
        match standing.phase {
            Phase::Answered | Phase::Challenged => {
                let given = answer(&found.history).filter(|answer| standing.is_of_answer(answer));
                found.given = Some(given.ok_or(missing("the answer"))?);
            }
            Phase::Drawn => {
                let drawn = found.history.iter().rev().find_map(|event| match &event.what {
                    Happened::Drawn { committee } => Some(committee.clone()),
                    _ => None,
                });
                let drawn = drawn.filter(|committee| standing.is_of_committee(committee));
                found.committee = Some(drawn.ok_or(missing("the committee"))?);
            }
            Phase::Final | Phase::Undelivered => {
                let outputs = found.history.iter().rev().find_map(|event| match &event.what {
                    Happened::Finalised { outputs, .. } => Some(outputs.clone()),
                    _ => None,
                });
                let outputs = outputs.filter(|outputs| standing.is_of_outputs(outputs));
                found.outputs = Some(outputs.ok_or(missing("the final outputs"))?);
            }
            Phase::None | Phase::Open | Phase::Refunded => {}
        }
        Ok(found)
    }

    /// The requests that were made, in order; only `requester`'s if one is named. As of the newest final block.
    pub async fn requests(&self, requester: Option<Address>) -> Result<Vec<Made>, SettlementError> {
        let block = self.ledger.newest_final().await?;
        let signature = InferenceRouter::Requested::SIGNATURE_HASH;
        let mut filter = Filter::new().address(self.router()).event_signature(signature);
        if let Some(requester) = requester {
            filter = filter.topic2(requester.into_word());
        }
        let mut made = Vec::new();
        let take = |log: Log| {
            let block = log.block_number.unwrap_or_default();
            let wrong = |why: String| SettlementError::Event { block, why };
            let event = InferenceRouter::Requested::decode_log(&log.inner);
            let event = event.map_err(|error| wrong(error.to_string()))?.data;
            let hash = self.request_id(event.requester, &event.request);
            if hash != event.id {
                return Err(wrong(format!("a request that hashes to {hash} is called {}", event.id)));
            }
            if requester.is_none_or(|wanted| wanted == event.requester) {
                made.push((event, block));
            }
            Ok(())
        };
        logs(&self.ledger, &filter, self.from_block, block.header.number, take).await?;
        let ids: Vec<B256> = made.iter().map(|(event, _)| event.id).collect();
        let standings = self.standings(&block, &ids).await?;
        let listed = made.into_iter().zip(standings).map(|((event, block), standing)| Made {
            id: event.id,
            requester: event.requester,
            asked: event.request,
            standing,
            block,
        });
        Ok(listed.collect())
    }
}

/// The answer that was given last, with who challenged it.
fn answer(history: &[Event]) -> Option<Answer> {
    history.iter().fold(None, |given, event| match (&event.what, given) {
        (Happened::Answered { answerer, outputs, .. }, _) => {
            Some(Answer { answerer: *answerer, challenger: Address::ZERO, outputs: outputs.clone() })
        }
        (Happened::Challenged { challenger, .. }, Some(given)) => {
            Some(Answer { challenger: *challenger, ..given })
        }
        (Happened::Reopened, _) => None,
        (_, given) => given,
    })
}
