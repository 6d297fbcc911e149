//! What the insurer decides: capital, products, how claims are decided, who takes them in. Amounts are in the token's
//! smallest units.

use super::{ClaimsClient, ClaimsError};
use crate::{
    contracts::{AccessManager, ClaimsPool, DevelopmentToken, Refusal, SendError, Sender, Sent},
    settlement::SettlementError,
};
use alloy::{primitives::aliases::U48, sol_types::SolCall};
use averment_primitives::{Address, B256, U256};

/// How far another version's authorisation is.
#[derive(Debug, Clone)]
pub enum Authorised {
    /// It counts for claims that are asked about from now on.
    Now(Sent),
    /// It may be carried out, by the same call again, from `from` on.
    Scheduled {
        /// In seconds of Unix time.
        from: u64,
        /// The transaction that scheduled it.
        sent: Sent,
    },
}

impl ClaimsClient {
    /// Adds to the pool's free capital, from the sender's tokens. By anybody; it is the insurer's then.
    pub async fn add_capital(&self, sender: &Sender, amount: u128) -> Result<Vec<Sent>, SettlementError> {
        let call = ClaimsPool::addCapitalCall { amount };
        self.paying(sender, U256::from(amount), "add capital", &call).await
    }

    /// Takes of what backs no policy.
    pub async fn take_capital(&self, insurer: &Sender, to: Address, amount: u128) -> Result<Sent, SendError> {
        self.send(insurer, "take capital", &ClaimsPool::takeCapitalCall { to, amount }).await
    }

    /// Puts what backs no policy into the router, where requests take their fees and refunds go.
    pub async fn fund_router(&self, insurer: &Sender, amount: u128) -> Result<Sent, SendError> {
        self.send(insurer, "put fees aside", &ClaimsPool::fundRouterCall { amount }).await
    }

    /// Takes it back.
    pub async fn drain_router(&self, insurer: &Sender, amount: u128) -> Result<Sent, SendError> {
        self.send(insurer, "take fees back", &ClaimsPool::drainRouterCall { amount }).await
    }

    /// Accredits an intake for claims that are filed from now on, or no longer.
    pub async fn set_intake(
        &self,
        insurer: &Sender,
        intake: Address,
        accredited: bool,
    ) -> Result<Sent, SendError> {
        let action = if accredited { "accredit an intake" } else { "end an intake's accreditation" };
        self.send(insurer, action, &ClaimsPool::setIntakeCall { intake, accredited }).await
    }

    /// Adds a way to decide claims. Returns its number.
    pub async fn add_routine(
        &self,
        insurer: &Sender,
        terms: ClaimsPool::Routine,
    ) -> Result<(u16, Sent), SendError> {
        let sent = self.send(insurer, "add a routine", &ClaimsPool::addRoutineCall { terms }).await?;
        let added = self.event::<ClaimsPool::RoutineAdded>(&sent, "RoutineAdded")?;
        Ok((added.routine, sent))
    }

    /// Adds a product, which is sold from now on. Returns its number.
    pub async fn add_product(
        &self,
        insurer: &Sender,
        terms: ClaimsPool::Product,
    ) -> Result<(u16, Sent), SendError> {
        let sent = self.send(insurer, "add a product", &ClaimsPool::addProductCall { terms }).await?;
        let added = self.event::<ClaimsPool::ProductAdded>(&sent, "ProductAdded")?;
        Ok((added.product, sent))
    }

    /// Ends a product's sale, or takes it up again.
    pub async fn set_sale(&self, insurer: &Sender, product: u16, open: bool) -> Result<Sent, SendError> {
        let action = if open { "take up a product's sale" } else { "end a product's sale" };
        self.send(insurer, action, &ClaimsPool::setSaleCall { product, open }).await
    }

    /// Authorises another version for a routine, or none (both zero). Where the pool's governance has a delay, the first
    /// call schedules it, and the same call again after the delay carries it out; `now` is the time, in seconds of Unix time.
    pub async fn authorise(
        &self,
        insurer: &Sender,
        routine: u16,
        version: B256,
        offer: B256,
        now: u64,
    ) -> Result<Authorised, ClaimsError> {
        let call = ClaimsPool::authoriseCall { routine, version, offer };
        let action = "authorise a version for a routine";
        let (manager, target) = (self.contracts().manager.address, self.address());
        let (caller, data) = (insurer.address(), call.abi_encode());
        let may = AccessManager::canCallCall {
            caller,
            target,
            selector: ClaimsPool::authoriseCall::SELECTOR.into(),
        };
        let may = self.read_of(manager, "canCall", may).await?;
        if may.immediate || may.delay == 0 {
            return Ok(Authorised::Now(self.send(insurer, action, &call).await?));
        }
        let id = AccessManager::hashOperationCall { caller, target, data: data.clone().into() };
        let id = self.read_of(manager, "hashOperation", id).await?;
        let from = self.read_of(manager, "getSchedule", AccessManager::getScheduleCall { id }).await?;
        let from = from.to::<u64>();
        if from > now {
            return Err(ClaimsError::NotYet { id, from });
        }
        if from != 0 {
            return Ok(Authorised::Now(self.send(insurer, action, &call).await?));
        }
        // As soon as it may be.
        let schedule = AccessManager::scheduleCall { target, data: data.into(), when: U48::ZERO };
        let chain = self.contracts().chain_id;
        let sent =
            insurer.call_on(chain, "schedule another version for a routine", manager, &schedule).await?;
        let from = self.read_of(manager, "getSchedule", AccessManager::getScheduleCall { id }).await?;
        Ok(Authorised::Scheduled { from: from.to::<u64>(), sent })
    }

    /// Sends a call to the pool that takes `amount` of the sender's tokens, which it is first allowed to take exactly. The
    /// pool takes money last, so a refusal of its own comes before anything is sent.
    pub(super) async fn paying<C: SolCall>(
        &self,
        sender: &Sender,
        amount: U256,
        action: &'static str,
        call: &C,
    ) -> Result<Vec<Sent>, SettlementError> {
        match sender.simulate(action, self.address(), call).await {
            // What the token says in its own words, or nothing.
            Err(SendError::Refused { refusal, .. })
                if matches!(*refusal, Refusal::Unknown(_) | Refusal::Message(_) | Refusal::Panic(_)) => {}
            other => other?,
        }
        let (account, token) = (sender.address(), self.contracts().token);
        let got = self.read_of(token, "balanceOf", DevelopmentToken::balanceOfCall { account }).await?;
        if got < amount {
            return Err(SettlementError::Money { account, token, got, needed: amount });
        }
        let allowance = DevelopmentToken::allowanceCall { owner: account, spender: self.address() };
        let mut sent = Vec::new();
        if self.read_of(token, "allowance", allowance).await? < amount {
            let approve = DevelopmentToken::approveCall { spender: self.address(), value: amount };
            let chain = self.contracts().chain_id;
            sent.push(sender.call_on(chain, "let the pool take that of its tokens", token, &approve).await?);
        }
        sent.push(self.send(sender, action, call).await?);
        Ok(sent)
    }
}
