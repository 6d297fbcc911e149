//! What accounts have with the router, and the token that it is in. Amounts are in the token's smallest units.

use super::{SettlementClient, SettlementError};
use crate::{
    contracts::{DevelopmentToken, InferenceRouter, Refusal, SendError, Sender, Sent},
    registry::ReadError,
};
use alloy::sol_types::SolCall;
use averment_primitives::{Address, U256};

/// Longest symbol of a token that is shown.
const SYMBOL: usize = 12;

/// What an account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// With the router: what fees and bonds are paid from.
    pub router: U256,
    /// Of the token itself: what can be deposited.
    pub wallet: U256,
}

/// The token that everything is paid in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Where it is.
    pub address: Address,
    /// How it calls itself: up to 12 letters and digits; empty if it does not.
    pub symbol: String,
    /// How many digits of its amounts are behind the point.
    pub decimals: u8,
}

impl SettlementClient {
    /// What an account has, as of the newest final block.
    pub async fn balance(&self, account: Address) -> Result<Balance, SettlementError> {
        let block = self.ledger.newest_final().await?;
        let call = InferenceRouter::balanceOfCall { account };
        let router = self.read(&block, "balanceOf", self.router(), call).await?;
        let call = DevelopmentToken::balanceOfCall { account };
        let wallet = self.read(&block, "balanceOf", self.contracts.token, call).await?;
        Ok(Balance { router, wallet })
    }

    /// What the token says of itself.
    pub async fn token(&self) -> Result<Token, SettlementError> {
        let (block, address) = (self.ledger.newest_final().await?, self.contracts.token);
        let decimals = self.read(&block, "decimals", address, DevelopmentToken::decimalsCall {}).await?;
        // Some tokens have none, or one of another type.
        let symbol = match self.read(&block, "symbol", address, DevelopmentToken::symbolCall {}).await {
            Ok(symbol) => symbol.chars().filter(char::is_ascii_alphanumeric).take(SYMBOL).collect(),
            Err(ReadError::Answer { .. } | ReadError::Refused(_)) => String::new(),
            Err(error) => return Err(error.into()),
        };
        Ok(Token { address, symbol, decimals })
    }

    /// Adds to the sender's balance with the router, which is first allowed to take exactly that of its tokens. Nothing is
    /// sent if it has less.
    pub async fn deposit(&self, sender: &Sender, amount: U256) -> Result<Vec<Sent>, SettlementError> {
        let (account, token) = (sender.address(), self.contracts.token);
        let Balance { wallet, .. } = self.balance(account).await?;
        if wallet < amount {
            return Err(SettlementError::Money { account, token, got: wallet, needed: amount });
        }
        let block = self.ledger.newest_final().await?;
        let call = DevelopmentToken::allowanceCall { owner: account, spender: self.router() };
        let allowed = self.read(&block, "allowance", token, call).await?;
        let mut sent = Vec::new();
        if allowed != amount {
            let call = DevelopmentToken::approveCall { spender: self.router(), value: amount };
            sent.push(self.send(sender, "let the router take the deposit", token, &call).await?);
        }
        let call = InferenceRouter::depositCall { amount };
        sent.push(self.send(sender, "deposit with the router", self.router(), &call).await?);
        Ok(sent)
    }

    /// Sends of the sender's balance with the router to `to`.
    pub async fn withdraw(
        &self,
        sender: &Sender,
        to: Address,
        amount: U256,
    ) -> Result<Sent, SettlementError> {
        let call = InferenceRouter::withdrawCall { to, amount };
        Ok(self.send(sender, "withdraw from the router", self.router(), &call).await?)
    }

    /// On a development chain, whose money anybody makes: gives the sender `amount` more. Any other token refuses.
    pub async fn mint(&self, sender: &Sender, amount: U256) -> Result<Sent, SettlementError> {
        let call = DevelopmentToken::mintCall { to: sender.address(), amount };
        Ok(self.send(sender, "make development money", self.contracts.token, &call).await?)
    }

    /// What the sender's balance with the router lacks for a call that is right otherwise; zero if nothing. Fails with what
    /// else the router would refuse it for. Nothing is sent.
    pub(super) async fn lacks<C: SolCall>(
        &self,
        sender: &Sender,
        action: &'static str,
        call: &C,
    ) -> Result<U256, SettlementError> {
        match sender.simulate(action, self.router(), call).await {
            Ok(()) => Ok(U256::ZERO),
            Err(error) => match missing(&error, sender.address()) {
                Some(amount) => Ok(amount),
                None => Err(error.into()),
            },
        }
    }

    /// Sends a call to the router that takes money of the sender's balance there; what is missing is deposited first, if
    /// nothing else is wrong with it.
    pub(super) async fn paying<C: SolCall>(
        &self,
        sender: &Sender,
        action: &'static str,
        call: &C,
    ) -> Result<Vec<Sent>, SettlementError> {
        let lacks = self.lacks(sender, action, call).await?;
        let mut sent = match lacks.is_zero() {
            true => Vec::new(),
            false => self.deposit(sender, lacks).await?,
        };
        sent.push(self.send(sender, action, self.router(), call).await?);
        Ok(sent)
    }
}

/// How much more the account needs, if that is why the router refuses.
fn missing(error: &SendError, account: Address) -> Option<U256> {
    use InferenceRouter::InferenceRouterErrors::Insufficient;
    let SendError::Refused { refusal, .. } = error else { return None };
    match refusal.as_ref() {
        Refusal::Router(Insufficient(e)) if e.account == account => Some(e.needed.saturating_sub(e.balance)),
        _ => None,
    }
}
