//! Ether on development chains: an account that is short gets some from an account whose key everybody knows.

use crate::{
    Ledger,
    keys::development::{self, NotADevelopmentChain},
};
use alloy::{
    network::TransactionBuilder,
    providers::{PendingTransactionError, Provider},
    rpc::types::TransactionRequest,
    transports::TransportError,
};
use averment_primitives::{Address, U256};
use thiserror::Error;

/// Why an account got no ether.
#[derive(Debug, Error)]
pub enum FaucetError {
    /// The chain is not for development: ether there is worth something.
    #[error(transparent)]
    NotForDevelopment(#[from] NotADevelopmentChain),
    /// The node did not answer, or did not take the payment.
    #[error("giving {account} ether on the development chain: {source}")]
    Request {
        /// Who was to get it.
        account: Address,
        /// What the node said.
        source: TransportError,
    },
    /// The payment was not mined.
    #[error("giving {account} ether on the development chain: {source}")]
    Pending {
        /// Who was to get it.
        account: Address,
        /// What happened to the payment.
        source: PendingTransactionError,
    },
}

/// Pays `account` on a development chain so much that it has `wei`, if it has less than half of that (so that not every
/// transaction brings a payment with it); says whether it had to.
pub async fn top_up(ledger: &Ledger, account: Address, wei: U256) -> Result<bool, FaucetError> {
    development::check(ledger.chain_id())?;
    let failed = |source| FaucetError::Request { account, source };
    let balance = ledger.provider().get_balance(account).await.map_err(failed)?;
    if balance >= wei / U256::from(2) {
        return Ok(false);
    }
    // The last of the accounts is the least likely to be somebody's in a test of theirs.
    let Some(payer) = development::accounts(ledger.chain_id())?.pop() else { return Ok(false) };
    let payment =
        TransactionRequest::default().with_from(payer.address()).with_to(account).with_value(wei - balance);
    let pending = ledger.signing(payer.wallet()).send_transaction(payment).await.map_err(failed)?;
    pending.get_receipt().await.map_err(|source| FaucetError::Pending { account, source })?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::Genesis;

    #[tokio::test]
    async fn who_is_short_gets_the_difference_and_only_on_a_development_chain() {
        let ledger = Ledger::in_memory(Genesis::development(1_700_000_000)).unwrap();
        let account = Address::repeat_byte(7);
        let wei = U256::from(1_000);
        assert!(top_up(&ledger, account, wei).await.unwrap());
        assert!(!top_up(&ledger, account, wei).await.unwrap());
        assert_eq!(ledger.provider().get_balance(account).await.unwrap(), wei);
        let elsewhere = Genesis { chain_id: 1, ..Genesis::development(1_700_000_000) };
        let elsewhere = Ledger::in_memory(elsewhere).unwrap();
        let refused = top_up(&elsewhere, account, wei).await.unwrap_err();
        assert!(matches!(refused, FaucetError::NotForDevelopment(_)), "{refused}");
    }
}
