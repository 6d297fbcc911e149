//! Integers that answers to challenges put on the chain, for who lacks them.

use super::{Contested, Posting, TaskClient, TaskError};
use crate::{contracts::FederatedTask, registry::logs};
use alloy::{
    rpc::types::{Filter, Log},
    sol_types::SolEvent,
};
use averment_primitives::{Address, B256, Bytes, U256, keccak256};
use std::collections::BTreeMap;

/// All integers of one answerer. Of an answered challenge those of one of them are what was challenged; which, its points say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// What was said of them first.
    pub posting: Posting,
    /// Every piece that it names, in its order.
    pub pieces: Vec<Bytes>,
}

/// As far as it came.
struct Begun {
    posting: Posting,
    pieces: BTreeMap<usize, Bytes>,
}

impl TaskClient {
    /// What answerers of a challenge posted completely, by the node's word: a node can leave some out, and no other pieces in.
    pub async fn posted(
        &self,
        round: u16,
        account: Address,
        contested: Contested,
    ) -> Result<Vec<Posted>, TaskError> {
        let to = self.ledger().newest_final().await?.header.number;
        let names =
            vec![FederatedTask::AnswerBegun::SIGNATURE_HASH, FederatedTask::PiecePosted::SIGNATURE_HASH];
        let word = |number: u64| B256::from(U256::from(number));
        let mut filter = Filter::new()
            .address(self.id().task)
            .event_signature(names)
            .topic1(word(round.into()))
            .topic3(word(contested.code().into()));
        // Of the model it does not matter whose it is said to be.
        if contested != Contested::Model {
            filter = filter.topic2(account.into_word());
        }
        let mut begun: BTreeMap<Address, Begun> = BTreeMap::new();
        logs(self.ledger(), &filter, self.from_block(), to, |log| self.take_posted(&log, &mut begun)).await?;
        let whole = |Begun { posting, pieces }: Begun| {
            (pieces.len() == posting.pieces.len())
                .then(|| Posted { posting, pieces: pieces.into_values().collect() })
        };
        Ok(begun.into_values().filter_map(whole).collect())
    }

    fn take_posted(&self, log: &Log, begun: &mut BTreeMap<Address, Begun>) -> Result<(), TaskError> {
        let block = log.block_number.unwrap_or_default();
        let wrong = |why: String| TaskError::Event { block, why };
        if log.address() != self.id().task || log.removed {
            return Err(wrong(format!("an event of {} that was not asked for", log.address())));
        }
        if log.topic0() == Some(&FederatedTask::AnswerBegun::SIGNATURE_HASH) {
            let told = FederatedTask::AnswerBegun::decode_log_data_validate(log.data());
            let told = told.map_err(|error| wrong(error.to_string()))?;
            let own = Begun { posting: told.posting, pieces: BTreeMap::new() };
            begun.insert(told.answerer, own);
            return Ok(());
        }
        let told = FederatedTask::PiecePosted::decode_log_data_validate(log.data());
        let told = told.map_err(|error| wrong(error.to_string()))?;
        let own = begun.get_mut(&told.answerer);
        let own = own.ok_or_else(|| wrong("a piece of what nobody began to post".to_owned()))?;
        let index = usize::try_from(told.index).unwrap_or(usize::MAX);
        if own.posting.pieces.get(index) != Some(&keccak256(&told.cells)) {
            return Err(wrong("a piece that was not said before".to_owned()));
        }
        own.pieces.insert(index, told.cells);
        Ok(())
    }
}
