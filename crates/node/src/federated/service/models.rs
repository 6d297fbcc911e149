//! Models: what is fetched of others, and checked.

use super::{ActError, Halt, Service};
use crate::{
    federated::{craft::CraftError, desk::model_name, store::StoreError},
    seal::About as Sealed,
};
use alloy_primitives::{Address, B256};
use averment_ledger::federated::Aggregated;
use std::collections::BTreeSet;

impl Service {
    /// Keeps the package of the initial model, which the sponsor hands out with the task, if its points are these.
    pub fn take_initial(&self, package: &[u8], points: &[u8]) -> Result<(), StoreError> {
        match self.craft.model_points(package) {
            Ok(got) if got == points => self.store.keep_model(0, package),
            _ => Err(StoreError::Damaged { path: "the initial model's package".into() }),
        }
    }

    /// The points of a final model; 0 is the initial one.
    pub(super) fn model_points(&self, round: u16) -> Result<Vec<u8>, ActError> {
        if let Some(model) = self.machine.book().models.iter().find(|model| model.round == round) {
            return Ok(model.points.to_vec());
        }
        let package = self.store.model(round)?.ok_or(ActError::Missing("the model"))?;
        Ok(self.craft.model_points(&package)?)
    }

    /// Fetches a model from whoever has it, the one who made it first.
    pub(super) async fn fetch(&mut self, round: u16) -> Result<bool, ActError> {
        let book = self.machine.book();
        // Also one that is not final: who withholds it can be challenged only before.
        let made =
            book.models.iter().chain(self.machine.aggregated()).find(|model| model.round == round).cloned();
        // Who made it has it already.
        if let Some(made) = &made
            && let Some(own) = self.store.made(&made.content)?
        {
            self.step("keep our own model")?;
            self.store.keep_model(round, &own)?;
            return Ok(true);
        }
        let first = [made.as_ref().map(|made| made.aggregator), Some(book.terms.aggregator)];
        let mut from: Vec<Address> = first.into_iter().flatten().collect();
        from.extend(book.announced.keys().filter(|account| book.is_member(**account)));
        let mut last = ActError::Missing("anybody who has the model");
        let mut asked = BTreeSet::new();
        for account in from {
            let Some((_, endpoint)) = self.machine.book().announced.get(&account) else { continue };
            if endpoint.is_empty() || account == self.sender.address() || !asked.insert(endpoint.clone()) {
                continue;
            }
            match self.fetch_from(endpoint, round, made.as_ref()).await {
                Ok(package) => {
                    if round == 0 {
                        let terms = self.client.terms();
                        self.craft.check_room(terms, &package).map_err(Halt::Room)?;
                    }
                    self.step("keep a model")?;
                    self.store.keep_model(round, &package)?;
                    return Ok(true);
                }
                Err(ActError::Halt(halt)) => return Err(halt.into()),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// A model's package, or what opens it if it was given on the chain alone: its points are the chain's.
    pub(super) async fn fetch_from(
        &self,
        endpoint: &str,
        round: u16,
        made: Option<&Aggregated>,
    ) -> Result<Vec<u8>, ActError> {
        let expected = match made {
            Some(made) => made.points.clone(),
            None => self.client.beginning().await?.points,
        };
        let client = self.transfers(endpoint)?;
        let notice = client.model(round).await?;
        client.fetch(&notice, &self.store.inbox).await?;
        let me = self.sender.address();
        let sealed = self.store.inbox.bytes(me, &notice.hash).map_err(StoreError::from)?;
        let sealed = sealed.ok_or(ActError::Missing("the fetched file"))?;
        self.store.inbox.remove(me, &notice.hash).map_err(StoreError::from)?;
        let opened = self
            .key
            .open(Sealed::Model(model_name(round, || made.map_or(B256::ZERO, |made| made.content))), &sealed);
        let opened = opened.map_err(|error| CraftError::new("opening a model", error))?;
        let points = self.craft.model_points(&opened)?;
        if expected != points {
            return Err(ActError::Missing("the model, for which something else was given"));
        }
        Ok(opened.to_vec())
    }
}
