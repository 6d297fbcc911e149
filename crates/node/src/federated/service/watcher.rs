//! What is challenged, answered and shown of others.

use super::{ActError, Service, sent};
use alloy_primitives::Address;
use averment_ledger::federated::{Contested, Evidence, Revealed};
use tracing::warn;

impl Service {
    /// Asks for what is missing, with a bond.
    pub(super) async fn challenge(&self, account: Address, contested: Contested) -> Result<bool, ActError> {
        self.client.challenge(&self.sender, account, contested).await?;
        Ok(true)
    }

    /// Gives what was asked for on the chain.
    pub(super) async fn answer(&self, round: u16, contested: Contested) -> Result<bool, ActError> {
        if contested != Contested::Proof {
            // The integers go to the chain in pieces: a person decides whether that is worth the round.
            warn!("integers were asked for on the chain; they are not published by themselves");
            return Ok(false);
        }
        let update = self.store.update(round)?.ok_or(ActError::Missing("the own update"))?;
        let evidence = self.evidence(round, self.sender.address(), update.proof)?;
        sent(self.client.answer_proof(&self.sender, evidence).await?)
    }

    /// Has a proof slashed that fails.
    pub(super) async fn accuse(&self, round: u16, account: Address) -> Result<bool, ActError> {
        let content = self.said(round, &account)?.content;
        let opened = self.store.opened(&content)?.ok_or(ActError::Missing("the proof that fails"))?;
        let evidence = self.evidence(round, account, opened.1)?;
        sent(self.client.accuse(&self.sender, evidence).await?)
    }

    pub(super) fn evidence(
        &self,
        round: u16,
        account: Address,
        proof: Vec<u8>,
    ) -> Result<Evidence, ActError> {
        let said = self.said(round, &account)?;
        let revealed = Revealed {
            points: said.points.clone(),
            cumulative: said.cumulative,
            proofHash: said.proof,
            contentHash: said.content,
        };
        Ok(Evidence { account, revealed, prefix: self.craft.prefix().into(), proof: proof.into() })
    }
}
