//! Updates of others, as they were brought.

use super::{Halt, Service};
use crate::{
    federated::{
        craft::{About, Update, UpdateFault},
        delivery,
        machine::Delivery,
        store::StoreError,
    },
    seal::About as Sealed,
};
use alloy_primitives::{Address, keccak256};
use averment_ledger::federated::Said;
use tracing::{info, warn};

impl Service {
    /// Opens and checks what came of the present round.
    pub(super) fn look_at_deliveries(&mut self) -> Result<(), Halt> {
        let me = self.sender.address();
        let Some(round) = self.machine.book().running() else { return Ok(()) };
        let mut found = Vec::new();
        for (account, said) in round.said.iter().filter(|(account, said)| !said.excluded && **account != me) {
            let place = (round.number, *account);
            if self.deliveries.get(&place) == Some(&Delivery::Good) {
                continue;
            }
            found.push((place, self.looked_at(round.number, *account, said)?));
        }
        let number = round.number;
        self.deliveries.retain(|(of, _), _| *of == number);
        self.deliveries.extend(found);
        Ok(())
    }

    pub(super) fn looked_at(&self, round: u16, account: Address, said: &Said) -> Result<Delivery, Halt> {
        let about = About { party: account, ..self.about(round) };
        let mut best = Delivery::Missing;
        // The same package may have come in an earlier round, with that one's proof.
        if let Some((package, proof)) = self.store.opened(&said.content)? {
            best = self.judged(&about, said, package, proof);
            if matches!(best, Delivery::Good | Delivery::ProofFails) {
                return Ok(best);
            }
        }
        for hash in self.store.inbox.whole(account).map_err(StoreError::from)? {
            let Some(sealed) = self.store.inbox.bytes(account, &hash).map_err(StoreError::from)? else {
                continue;
            };
            let Ok(opened) = self.key.open(Sealed::Update(said.content), &sealed) else { continue };
            let Ok((package, proof)) = delivery::decode(&opened) else { continue };
            if keccak256(package) != said.content {
                continue;
            }
            let judged = self.judged(&about, said, package.to_vec(), proof.to_vec());
            info!(%account, round, ?judged, "an update was delivered");
            if matches!(judged, Delivery::Good | Delivery::ProofFails) {
                self.step("keep an update of another")?;
                self.store.keep_opened(&said.content, &opened)?;
                return Ok(judged);
            }
            if judged == Delivery::NoProof {
                // The proof may come by way of the chain, which needs no more than the package here.
                if self.store.opened(&said.content)?.is_none() {
                    self.step("keep an update of another")?;
                    self.store.keep_opened(&said.content, &opened)?;
                }
                best = judged;
            }
        }
        Ok(best)
    }

    pub(super) fn judged(&self, about: &About, said: &Said, package: Vec<u8>, proof: Vec<u8>) -> Delivery {
        let right = keccak256(&proof) == said.proof;
        let update = Update { package, points: said.points.to_vec(), proof };
        match self.craft.check_update(about, &update) {
            Ok(()) if right => Delivery::Good,
            Ok(()) => Delivery::NoProof,
            Err(UpdateFault::Proof(_)) if !right => Delivery::NoProof,
            Err(UpdateFault::Proof(why)) => {
                warn!(account = %about.party, why, "a proof fails whose hash was revealed");
                Delivery::ProofFails
            }
            Err(UpdateFault::Package(_)) => Delivery::Missing,
            Err(UpdateFault::Craft(why)) => {
                warn!(account = %about.party, %why, "an update was not checked");
                Delivery::Missing
            }
        }
    }
}
