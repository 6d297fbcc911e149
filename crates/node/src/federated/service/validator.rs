//! A validator: says what each update is worth, as it measures it on data of its own.

use super::{ActError, Made, Service};
use crate::federated::{
    craft::{Row, Update, Work},
    machine::{Delivery, Event},
    store::Opened,
};
use alloy_primitives::Address;

/// What is said of an update that was not brought: it is paid next to nothing, but who it is of gets no strike, for whose fault it is
/// nobody can show.
const NOT_SEEN: u32 = 1;

impl Service {
    /// Scores the updates of the present outcome, as far as they were brought.
    pub(super) fn score(&mut self, round: u16) -> Result<bool, ActError> {
        if self.workshop.is_busy() {
            return Ok(true);
        }
        let (work, places) = self.seen(round)?;
        let (craft, metrics) = (self.craft.clone(), self.metrics());
        let job = move || Made::Scores(metrics.timed(|| craft.score(&work)), places);
        let Some(Made::Scores(scores, places)) = self.workshop.take((round, "score", 0), job) else {
            return Ok(true);
        };
        let made = self.machine.aggregated().ok_or(ActError::Missing("the new model"))?;
        let mut all = vec![NOT_SEEN; made.accounts.len()];
        for (place, score) in places.into_iter().zip(scores?) {
            if let Some(own) = all.get_mut(place) {
                *own = score;
            }
        }
        let salt = self.salt(round, "scores")?;
        self.keep(&Event::Scored { round, scores: all, salt })?;
        Ok(true)
    }

    /// The outcome's updates that were brought, with what was seen before them; and where in the outcome each is.
    fn seen(&self, round: u16) -> Result<(Work, Vec<usize>), ActError> {
        let made = self.machine.aggregated().ok_or(ActError::Missing("the new model"))?;
        let model = self.store.model(self.machine.model())?.ok_or(ActError::Missing("the model"))?;
        let (mut rows, mut places) = (Vec::new(), Vec::new());
        for (place, account) in made.accounts.iter().enumerate() {
            let said = self.said(round, account)?;
            let delivery = self.deliveries.get(&(round, *account));
            let good = match delivery {
                Some(Delivery::Good | Delivery::NothingBefore) => true,
                Some(Delivery::NoProof) => self.round()?.is_proved(account),
                _ => false,
            };
            let Some(opened) = self.store.opened(round, *account)?.filter(|_| good) else { continue };
            let Opened { package, proof, .. } = opened;
            let update = Update { package, points: said.points.to_vec(), proof };
            let before = self.machine.before(round, *account).map(|round| (round, *account));
            rows.push(Row { account: *account, update, before: self.packages(before)?, sum: None });
            places.push(place);
        }
        let last = self.packages(self.machine.last(round))?;
        Ok((Work { about: self.about(round), model, older: None, rows, root: None, last }, places))
    }

    /// Those that were brought.
    fn packages(&self, which: impl Iterator<Item = (u16, Address)>) -> Result<Vec<Vec<u8>>, ActError> {
        let mut packages = Vec::new();
        for (round, account) in which {
            packages.extend(self.store.opened(round, account)?.map(|opened| opened.package));
        }
        Ok(packages)
    }
}
