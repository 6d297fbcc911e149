//! A participant: trains, commits, reveals, brings its update.

use super::{ActError, Made, Service};
use crate::{
    federated::{delivery::Parts, machine::Event},
    seal::{About as Sealed, seal},
};
use alloy_primitives::{Address, keccak256};
use averment_ledger::federated::{Commitment, Reveal};
use tracing::warn;

impl Service {
    pub(super) fn train(&mut self, round: u16, model: u16) -> Result<bool, ActError> {
        // What a crash left between the disk and the journal is as good as anything made anew.
        let update = match self.store.update(round)? {
            Some(update) => update,
            None => {
                let model = self.store.model(model)?.ok_or(ActError::Missing("the model"))?;
                let (craft, about, metrics) = (self.craft.clone(), self.about(round), self.metrics());
                let job = move || Made::Update(metrics.timed(|| craft.train(&about, &model)));
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
        let before = self.brings_before(round, to)?;
        let parts = Parts { package: &update.package, proof: &update.proof, before: &before };
        let bytes = parts.encode().ok_or(ActError::Missing("a package that fits"))?;
        let sealed = seal(&key, Sealed::Update(keccak256(&update.package)), &bytes)?;
        self.transfers(&endpoint)?.bring(&sealed.into()).await?;
        self.brought.insert((round, to));
        Ok(true)
    }

    /// What opens the sum of the own updates before, for who aggregates and was not brought all of them by this process; else nothing.
    fn brings_before(&mut self, round: u16, to: Address) -> Result<Vec<u8>, ActError> {
        let (book, me) = (self.machine.book(), self.sender.address());
        let (rounds, _) = self.machine.counted(round, me);
        let known = rounds.iter().all(|earlier| self.brought.contains(&(*earlier, to)));
        if known || !book.may_aggregate(to) {
            return Ok(Vec::new());
        }
        if let Some((_, sum)) = self.sum.as_ref().filter(|(of, _)| *of == rounds) {
            return Ok(sum.clone());
        }
        let Some(packages) = self.packages_before(round, me)? else {
            // Who took over cannot aggregate then; the named aggregator, who was brought them, can.
            warn!(round, "an own update of an earlier round is lost: its sum cannot be brought");
            return Ok(Vec::new());
        };
        let sum = self.craft.sum(&packages)?;
        self.sum = Some((rounds, sum.clone()));
        Ok(sum)
    }
}
