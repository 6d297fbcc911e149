//! What is challenged, answered and shown of others.

use super::{ActError, Service, sent};
use crate::federated::{craft::Integers, points, store::Opened};
use alloy::sol_types::SolValue;
use alloy_primitives::{Address, keccak256};
use averment_ledger::{
    contracts::Sent,
    federated::{Contested, Evidence, Openings, Outcome, Revealed, TaskError},
};
use averment_plan::vector::VectorKind;
use tracing::{info, warn};

impl Service {
    /// Asks for what is missing, with a bond.
    pub(super) async fn challenge(&self, account: Address, contested: Contested) -> Result<bool, ActError> {
        self.client.challenge(&self.sender, account, contested).await?;
        Ok(true)
    }

    /// Gives what was asked for on the chain.
    pub(super) async fn answer(&self, round: u16, contested: Contested) -> Result<bool, ActError> {
        let me = self.sender.address();
        let (account, kind, package, rest) = match contested {
            Contested::Proof => {
                let update = self.store.update(round)?.ok_or(ActError::Missing("the own update"))?;
                let evidence = self.evidence(round, me, update.proof)?;
                return sent(self.client.answer_proof(&self.sender, evidence).await?);
            }
            _ if !self.plan.publishes => {
                warn!(round, ?contested, "integers were asked for on the chain, and are not published");
                return Ok(false);
            }
            Contested::Update => {
                let said = self.said(round, &me)?;
                let update = self.store.update(round)?.ok_or(ActError::Missing("the own update"))?;
                (me, VectorKind::Update, update.package, [said.evidence(), said.cumulative])
            }
            Contested::Cumulative => {
                let said = self.said(round, &me)?;
                let update = self.store.update(round)?.ok_or(ActError::Missing("the own update"))?;
                let before = self.packages_before(round, me)?;
                let mut all = before.ok_or(ActError::Missing("the own updates before"))?;
                all.push(update.package);
                (me, VectorKind::Update, self.craft.sum(&all)?, [keccak256(&said.points), said.evidence()])
            }
            Contested::Model => {
                let made = self.machine.aggregated().ok_or(ActError::Missing("the new model"))?;
                let package = self.store.made(&made.content)?.ok_or(ActError::Missing("the own model"))?;
                let Outcome { difference, matrix, accounts, .. } = self.outcome()?;
                let rest = [difference, keccak256((matrix, accounts).abi_encode_params())];
                (Address::ZERO, VectorKind::Model, package, rest)
            }
        };
        let Integers { posting, pieces, points, quotients } = self.craft.integers(kind, &package)?;
        let (said, posted) = self.client.answer_of(round, account, contested, me).await?;
        let (client, sender) = (&self.client, &self.sender);
        if said.is_zero() {
            info!(
                round,
                ?contested,
                pieces = pieces.len(),
                "integers were asked for on the chain, and go there"
            );
            tried(client.begin_answer(sender, account, contested, posting.clone()).await)?;
        }
        for (index, cells) in pieces.into_iter().enumerate().filter(|(index, _)| !posted.bit(*index)) {
            let cells = cells.into();
            tried(client.post_piece(sender, account, contested, posting.clone(), index, cells).await)?;
        }
        let openings = Openings { points: points.into(), rest, quotients: quotients.into() };
        tried(client.end_answer(sender, account, contested, posting, openings).await)?;
        Ok(true)
    }

    /// Keeps what was answered on the chain as if it had been brought.
    pub(super) async fn gather(
        &mut self,
        round: u16,
        account: Address,
        contested: Contested,
    ) -> Result<bool, ActError> {
        let opened = self.store.opened(round, account)?;
        let (points, without) = match contested {
            Contested::Proof => return Ok(false),
            Contested::Update => (self.said(round, &account)?.points.to_vec(), None),
            Contested::Cumulative => {
                let rows = self.machine.counted(round, account).1;
                let update = opened.as_ref().map(|opened| opened.package.clone());
                let update =
                    update.ok_or(ActError::Missing("the update whose sum with others was posted"))?;
                (points::sum(rows)?, Some(update))
            }
            Contested::Model => {
                let made = self.machine.aggregated().ok_or(ActError::Missing("the new model"))?;
                (made.points.to_vec(), None)
            }
        };
        for posted in self.client.posted(round, account, contested).await? {
            let gathered = self.craft.gathered(&posted, without.as_deref());
            // Anybody may post something else beside it.
            let Some(opening) = gathered.ok().filter(|own| self.craft.check_opening(own, &points).is_ok())
            else {
                continue;
            };
            info!(round, %account, ?contested, "what was answered on the chain was read there");
            let none = || Opened { package: Vec::new(), proof: Vec::new(), before: Vec::new() };
            let opened = opened.unwrap_or_else(none);
            match contested {
                Contested::Model => {
                    self.step("keep a model")?;
                    self.store.keep_model(round, &opening)?;
                    return Ok(true);
                }
                Contested::Cumulative => {
                    self.step("keep an update of another")?;
                    self.store.keep_opened(round, account, &Opened { before: opening, ..opened })?;
                }
                Contested::Update | Contested::Proof => {
                    self.step("keep an update of another")?;
                    self.store.keep_opened(round, account, &Opened { package: opening, ..opened })?;
                }
            }
            // It is judged anew.
            self.deliveries.remove(&(round, account));
            return Ok(true);
        }
        Err(ActError::Missing("what was answered on the chain"))
    }

    /// Has a proof slashed that fails.
    pub(super) async fn accuse(&self, round: u16, account: Address) -> Result<bool, ActError> {
        let opened = self.store.opened(round, account)?.ok_or(ActError::Missing("the proof that fails"))?;
        let evidence = self.evidence(round, account, opened.proof)?;
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

/// What was sent but has not settled is as good as done for now; what the contract refuses is there, or tried again with what it waits for.
fn tried(step: Result<Sent, TaskError>) -> Result<(), ActError> {
    match step.map_err(ActError::from) {
        Err(why) if !why.is_sent() && !why.is_refusal() => Err(why),
        _ => Ok(()),
    }
}
