//! An aggregator: adds up what it was brought, and proves it.

use super::{ActError, Made, Service, sent};
use crate::federated::craft::{NewModel, Row, Update, Work};
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
        let own = account == self.sender.address();
        let package = |content: &B256| -> Result<(Vec<u8>, Vec<u8>), ActError> {
            self.store.opened(content)?.ok_or(ActError::Missing("a delivered update"))
        };
        let (package_, proof) = match own {
            true => {
                let update = self.store.update(round)?.ok_or(ActError::Missing("the own update"))?;
                (update.package, update.proof)
            }
            false => package(&said.content)?,
        };
        let mut before = Vec::new();
        if let Some(sum) = self.machine.book().cumulative.get(&account) {
            for (_, content) in sum.updates.iter().filter(|(_, content)| *content != said.content) {
                before.push(package(content)?.0);
            }
        }
        let update = Update { package: package_, points: said.points.to_vec(), proof };
        Ok(Row { account, update, before })
    }

    pub(super) async fn aggregate(&mut self, round: u16) -> Result<bool, ActError> {
        if self.workshop.is_busy() {
            return Ok(true);
        }
        let work = self.work(round)?;
        let rows = work.rows.len();
        let accounts: Vec<Address> = work.rows.iter().map(|row| row.account).collect();
        let craft = self.craft.clone();
        let job = move || Made::Model(craft.aggregate(&work).map(Box::new));
        // Another number of rows is another job: somebody was excluded meanwhile.
        let Some(Made::Model(made)) = self.workshop.take((round, "aggregate", rows), job) else {
            return Ok(true);
        };
        let made = made?;
        let root = self.machine.book().terms.root;
        let present = self.round()?;
        let standing = present.standing(root).map(|(account, _)| *account);
        if !standing.eq(accounts.iter().copied()) {
            return Ok(false);
        }
        let mut evidence: Vec<B256> = present.standing(root).map(|(_, said)| said.evidence()).collect();
        evidence.extend(present.said.get(&root).filter(|_| !root.is_zero()).map(Said::evidence));
        let NewModel { package, points, model, root_cumulative, matrix, weights, inputs, proof } = *made;
        self.step("keep the new model")?;
        self.store.keep_made(round, &package)?;
        self.step("send the new model")?;
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
            contentHash: keccak256(&package),
        };
        sent(self.client.aggregate(&self.sender, aggregation).await?)
    }
}
