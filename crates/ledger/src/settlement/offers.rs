//! What models' owners offer: making, ending and finding offers.

use super::{Offer, SettlementClient, SettlementError};
use crate::{
    VerifiedHeader,
    contracts::{InferenceRouter, Sender, Sent},
    registry::logs,
};
use alloy::{
    rpc::types::{Filter, Log},
    sol_types::SolEvent,
};
use averment_primitives::{B256, VersionId};

/// An offer that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Offered {
    /// What it is known by.
    pub id: B256,
    /// What is offered.
    pub offer: Offer,
    /// Whether it takes requests, as far as it goes: its version has to be deployed, too.
    pub open: bool,
    /// The block that it was first made in.
    pub block: u64,
}

impl SettlementClient {
    /// Offers to have a deployed version's answers settled; by the model's owner. Returns the offer's id.
    pub async fn offer(&self, sender: &Sender, offered: &Offer) -> Result<(B256, Sent), SettlementError> {
        let call = InferenceRouter::offerCall { offered: offered.clone() };
        let sent = self.send(sender, "offer the version's answers", self.router(), &call).await?;
        Ok((self.offer_id(offered), sent))
    }

    /// Takes no more requests for an offer; by the model's owner. Those that are open go on.
    pub async fn withdraw_offer(&self, sender: &Sender, offered: &Offer) -> Result<Sent, SettlementError> {
        let call = InferenceRouter::withdrawOfferCall { offered: offered.clone() };
        Ok(self.send(sender, "withdraw the offer", self.router(), &call).await?)
    }

    /// The offer with this id, by the event that made it.
    pub async fn find_offer(&self, id: B256) -> Result<Offered, SettlementError> {
        let block = self.ledger.newest_final().await?;
        self.offer_in(&block, id).await
    }

    pub(super) async fn offer_in(
        &self,
        block: &VerifiedHeader,
        id: B256,
    ) -> Result<Offered, SettlementError> {
        let found = self.offered(block, Filter::new().topic1(id)).await?;
        let chain_id = self.ledger.chain_id();
        found.into_iter().find(|one| one.id == id).ok_or(SettlementError::NoOffer { id, chain_id })
    }

    /// All offers of a version, in the order in which they were made first.
    pub async fn offers_of(&self, version: VersionId) -> Result<Vec<Offered>, SettlementError> {
        let block = self.ledger.newest_final().await?;
        let found = self.offered(&block, Filter::new().topic2(version.0)).await?;
        Ok(found.into_iter().filter(|one| one.offer.version == version.0).collect())
    }

    /// The offers that a filter picks, each once.
    async fn offered(&self, block: &VerifiedHeader, filter: Filter) -> Result<Vec<Offered>, SettlementError> {
        let filter = filter.address(self.router()).event_signature(InferenceRouter::Offered::SIGNATURE_HASH);
        let mut found: Vec<Offered> = Vec::new();
        let take = |log: Log| {
            let block = log.block_number.unwrap_or_default();
            let wrong = |why: String| SettlementError::Event { block, why };
            let event = InferenceRouter::Offered::decode_log(&log.inner);
            let event = event.map_err(|error| wrong(error.to_string()))?.data;
            let id = self.offer_id(&event.offer);
            if event.id != id {
                return Err(wrong(format!("an offer that hashes to {id} is called {}", event.id)));
            }
            if found.iter().all(|one| one.id != id) {
                found.push(Offered { id, offer: event.offer, open: false, block });
            }
            Ok(())
        };
        logs(&self.ledger, &filter, self.from_block, block.header.number, take).await?;
        let ids: Vec<_> = found.iter().map(|one| (one.offer.version, one.id)).collect();
        for (one, open) in found.iter_mut().zip(self.open(block, &ids).await?) {
            one.open = open;
        }
        Ok(found)
    }
}
