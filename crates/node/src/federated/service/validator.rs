//! A validator: says what each update is worth, as it measures it on data of its own.

use super::{ActError, Made, Service};
use crate::federated::machine::Event;

impl Service {
    pub(super) fn score(&mut self, round: u16) -> Result<bool, ActError> {
        let work = self.work(round)?;
        let craft = self.craft.clone();
        let job = move || Made::Scores(craft.score(&work));
        let Some(Made::Scores(scores)) = self.workshop.take((round, "score", 0), job) else {
            return Ok(true);
        };
        let (scores, salt) = (scores?, self.salt(round, "scores")?);
        self.keep(&Event::Scored { round, scores, salt })?;
        Ok(true)
    }
}
