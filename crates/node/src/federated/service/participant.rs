//! A participant: trains, commits, reveals, brings its update.

use super::{ActError, Made, Service};
use crate::{
    federated::{delivery, machine::Event},
    seal::{About as Sealed, seal},
};
use alloy_primitives::{Address, keccak256};
use averment_ledger::federated::{Commitment, Reveal};

impl Service {
    pub(super) fn train(&mut self, round: u16, model: u16) -> Result<bool, ActError> {
        // What a crash left between the disk and the journal is as good as anything made anew.
        let update = match self.store.update(round)? {
            Some(update) => update,
            None => {
                let model = self.store.model(model)?.ok_or(ActError::Missing("the model"))?;
                let (craft, about) = (self.craft.clone(), self.about(round));
                let job = move || Made::Update(craft.train(&about, &model));
                let Some(Made::Update(made)) = self.workshop.take((round, "train", 0), job) else {
                    return Ok(true);
                };
                let update = made?;
                self.step("keep our update")?;
                self.store.keep_update(round, &update)?;
                update
            }
        };
        let what = Commitment {
            points: keccak256(&update.points),
            proof: keccak256(&update.proof),
            content: keccak256(&update.package),
            salt: self.salt(round, "commit")?,
        };
        self.keep(&Event::Made { round, what })?;
        Ok(true)
    }

    pub(super) fn own_reveal(&self, round: u16) -> Result<Reveal, ActError> {
        let what = self.machine.made(round).ok_or(ActError::Missing("what was committed to"))?;
        let update = self.store.update(round)?.ok_or(ActError::Missing("the own update"))?;
        let (last, cumulative) = self.before(self.sender.address())?;
        Ok(Reveal {
            account: self.sender.address(),
            salt: what.salt,
            proofHash: what.proof,
            contentHash: what.content,
            points: update.points.into(),
            last,
            cumulative: cumulative.into(),
        })
    }

    /// Brings the own update, sealed, to who aggregates.
    pub(super) async fn deliver(&mut self, round: u16, to: Address) -> Result<bool, ActError> {
        let Some((key, endpoint)) = self.machine.book().announced.get(&to).cloned() else { return Ok(false) };
        if endpoint.is_empty() {
            return Ok(false);
        }
        let update = self.store.update(round)?.ok_or(ActError::Missing("the own update"))?;
        let bytes = delivery::encode(&update.package, &update.proof);
        let bytes = bytes.ok_or(ActError::Missing("a package that fits"))?;
        let sealed = seal(&key, Sealed::Update(keccak256(&update.package)), &bytes)?;
        self.transfers(&endpoint)?.bring(&sealed.into()).await?;
        self.brought.insert((round, to));
        Ok(true)
    }
}
