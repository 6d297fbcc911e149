//! An aggregator: adds up what it was brought, and proves it.

use super::{ActError, Made, Service};
use crate::federated::{
    craft::{NewModel, Row, Update, Work},
    machine::Action,
    store::{Opened, StoreError},
};
use alloy::sol_types::SolValue;
use alloy_primitives::{Address, B256, keccak256};
use averment_ledger::federated::{Aggregation, Said};

impl Service {
    /// What the present round is aggregated from.
    pub(super) fn work(&self, round: u16) -> Result<Work, ActError> {
        let present = self.round()?;
        let book = self.machine.book();
        let model = self.machine.model();
        let package = self.store.model(model)?.ok_or(ActError::Missing("the model"))?;
        // The one before the newest final one; of the first there is none.
        let older = match book.models.len() {
            0 => None,
            count => {
                let round =
                    count.checked_sub(2).and_then(|at| book.models.get(at)).map_or(0, |model| model.round);
                self.store.model(round)?
            }
        };
        let root = book.terms.root;
        let row = |(account, said): (&Address, &Said)| self.row(round, *account, said);
        let rows = present.standing(root).map(row).collect::<Result<Vec<_>, _>>()?;
        let root = present.said.get(&root).filter(|said| !said.excluded && !root.is_zero());
        let root = root.map(|said| self.row(round, book.terms.root, said)).transpose()?;
        Ok(Work { about: self.about(round), model: package, older, rows, root, last: Vec::new() })
    }

    pub(super) fn row(&self, round: u16, account: Address, said: &Said) -> Result<Row, ActError> {
        let (update, sum) = match account == self.sender.address() {
            true => {
                let own = self.store.update(round)?.ok_or(ActError::Missing("the own update"))?;
                ((own.package, own.proof), Vec::new())
            }
            false => {
                let opened = self.store.opened(round, account)?;
                let Opened { package, proof, before } =
                    opened.ok_or(ActError::Missing("a delivered update"))?;
                ((package, proof), before)
            }
        };
        let (package, proof) = update;
        let update = Update { package, points: said.points.to_vec(), proof };
        let (before, sum) = match self.packages_before(round, account)? {
            Some(before) => (before, None),
            None if sum.is_empty() => return Err(ActError::Missing("what adds up to a cumulative update")),
            None => (Vec::new(), Some(sum)),
        };
        Ok(Row { account, update, before, sum })
    }

    /// Packages of the updates that add up to what an account's cumulative one was before a round; none if not all of them are here.
    pub(super) fn packages_before(
        &self,
        round: u16,
        account: Address,
    ) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
        let own = account == self.sender.address();
        let mut packages = Vec::new();
        for earlier in self.machine.counted(round, account).0 {
            // Nobody brings anything to oneself.
            let package = match own {
                true => self.store.update(earlier)?.map(|update| update.package),
                false => self.store.opened(earlier, account)?.map(|opened| opened.package),
            };
            let Some(package) = package else { return Ok(None) };
            packages.push(package);
        }
        Ok(Some(packages))
    }

    /// Makes the new model and sends it. While that has not settled the same is sent again: another one would have another salt, and of
    /// the one that the chain took the package would be lost.
    pub(super) async fn aggregate(&mut self, round: u16) -> Result<bool, ActError> {
        let root = self.machine.book().terms.root;
        let present = self.round()?;
        let accounts: Vec<Address> = present.standing(root).map(|(account, _)| *account).collect();
        let mut evidence: Vec<B256> = present.standing(root).map(|(_, said)| said.evidence()).collect();
        evidence.extend(present.said.get(&root).filter(|_| !root.is_zero()).map(Said::evidence));
        let made = self.store.aggregation(round)?.and_then(|bytes| Aggregation::abi_decode(&bytes).ok());
        let made = match made.filter(|made| made.accounts == accounts && made.evidence == evidence) {
            Some(made) => made,
            None => match self.made(round, accounts, evidence)? {
                Some(made) => made,
                None => return Ok(true),
            },
        };
        if !self.is_due(&Action::Aggregate { round }) {
            return Ok(true);
        }
        self.step("send the new model")?;
        self.tried(&Action::Aggregate { round }, false);
        self.client.aggregate(&self.sender, made).await?;
        self.metrics.acted("aggregate");
        Ok(true)
    }

    /// Adds up and proves on a thread of its own; none while that lasts.
    fn made(
        &mut self,
        round: u16,
        accounts: Vec<Address>,
        evidence: Vec<B256>,
    ) -> Result<Option<Aggregation>, ActError> {
        if self.workshop.is_busy() {
            return Ok(None);
        }
        let work = self.work(round)?;
        let craft = self.craft.clone();
        let of = keccak256(accounts.abi_encode());
        let metrics = self.metrics();
        let job = move || Made::Model(metrics.timed(|| craft.aggregate(&work)).map(Box::new), of);
        // Of other accounts it is another job: somebody was excluded meanwhile.
        let Some(Made::Model(made, of_these)) = self.workshop.take((round, "aggregate", accounts.len()), job)
        else {
            return Ok(None);
        };
        let made = made?;
        if of_these != of {
            return Ok(None);
        }
        let NewModel { package, points, model, root_cumulative, matrix, weights, inputs, proof } = *made;
        let content = keccak256(&package);
        let aggregation = Aggregation {
            accounts,
            evidence,
            points,
            model,
            rootCumulative: root_cumulative,
            matrix,
            weights,
            inputs,
            proof,
            contentHash: content,
        };
        self.step("keep the new model")?;
        self.store.keep_made(round, &content, &package, &aggregation.abi_encode())?;
        Ok(Some(aggregation))
    }
}
