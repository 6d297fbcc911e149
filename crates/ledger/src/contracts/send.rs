//! The one path of every transaction: simulated, priced, shown, signed, sent, and waited for until it is final.
//!
//! Invariants: nothing is sent that the contract would refuse now, that the account cannot pay for, or that
//! the caller was not shown the price of; whatever is returned as sent stands in a final block whose header
//! commits to its receipt. After a failure the error says whether the transaction may still take effect.

use super::{Refusal, rollup::Layer};
use crate::{
    FinalityError, Ledger, VerifiedHeader,
    fees::Footprint,
    keys::{AccountKey, SignError},
};
use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::eip2718::Encodable2718,
    network::TransactionBuilder,
    primitives::{TxKind, utils::format_ether},
    providers::Provider,
    rpc::types::{TransactionReceipt, TransactionRequest},
    sol_types::SolCall,
    transports::TransportError,
};
use averment_primitives::{Address, B256, Bytes, U256};
use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};
use thiserror::Error;

/// How long a transaction may take to become final unless another time is set: past Ethereum's two epochs.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// What a transaction will cost, known before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// What it does, in words.
    pub action: String,
    /// The chain.
    pub chain_id: u64,
    /// Who pays.
    pub from: Address,
    /// The contract; none if the transaction creates one.
    pub to: Option<Address>,
    /// Gas that the node expects it to use.
    pub gas: u64,
    /// Gas it may use at most: a fifth more.
    pub gas_limit: u64,
    /// Price of a unit of gas at most, in wei.
    pub max_fee_per_gas: u128,
    /// The part of it that goes to the block's builder, in wei.
    pub max_priority_fee_per_gas: u128,
    /// The chain's price now: base fee and tip, in wei a unit.
    pub price: u128,
    /// What a chain of the OP Stack will probably take for data and for its operator, in wei; zero elsewhere.
    pub data_fee: U256,
    /// The payer's balance, in wei.
    pub balance: U256,
}

impl Quote {
    /// What it will probably cost, in wei, data fees of rollups included.
    pub fn expected_fee(&self) -> U256 {
        U256::from(self.gas).saturating_mul(U256::from(self.price)).saturating_add(self.data_fee)
    }

    /// What it can cost at most, in wei. A rollup's data fee has no limit that one could set; a fifth more than
    /// expected is more than it changes in a block of Ethereum.
    pub fn largest_fee(&self) -> U256 {
        let gas = U256::from(self.gas_limit).saturating_mul(U256::from(self.max_fee_per_gas));
        gas.saturating_add(self.data_fee).saturating_add(self.data_fee / U256::from(5))
    }
}

/// A transaction in a final block.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Its hash.
    pub tx: B256,
    /// Its receipt, to which its block commits.
    pub receipt: TransactionReceipt,
    /// Its block.
    pub block: VerifiedHeader,
    /// Blocks that held it before and were replaced.
    pub left: Vec<B256>,
    /// What it takes on any chain; for [`crate::fees::PriceBook`].
    pub footprint: Footprint,
    /// What was expected before it was sent.
    pub quote: Quote,
}

impl Sent {
    /// Gas used.
    pub fn gas_used(&self) -> u64 {
        self.receipt.gas_used
    }

    /// The fee for execution, in wei.
    pub fn fee(&self) -> U256 {
        U256::from(self.receipt.gas_used).saturating_mul(U256::from(self.receipt.effective_gas_price))
    }
}

/// Why a transaction was not sent, or did not do what it should.
#[derive(Debug, Error)]
pub enum SendError {
    /// The contract would refuse; nothing was sent.
    #[error("cannot {action}: {refusal} (nothing was sent)")]
    Refused {
        /// What was to be done.
        action: String,
        /// Why not.
        refusal: Box<Refusal>,
    },
    /// The caller said no to the price; nothing was sent.
    #[error("declined to {action}; nothing was sent")]
    Declined {
        /// What was to be done.
        action: String,
    },
    /// The account cannot pay; nothing was sent.
    #[error(
        "{account} needs up to {} ether for this, it has {}; send it some first (nothing was sent)",
        format_ether(*needed), format_ether(*got)
    )]
    Funds {
        /// The account.
        account: Address,
        /// The largest fee, in wei.
        needed: U256,
        /// Its balance, in wei.
        got: U256,
    },
    /// One transaction may not use so much (EIP-7825); nothing was sent.
    #[error(
        "cannot {action}: it takes {needed} gas, one transaction may use {cap} at most (EIP-7825; nothing was sent)"
    )]
    Cap {
        /// What was to be done.
        action: String,
        /// Gas that it takes.
        needed: u64,
        /// The most there is.
        cap: u64,
    },
    /// A chain of the OP Stack does not say its data fee; nothing was sent.
    #[error("asking for the data fee: {source} (nothing was sent)")]
    DataFee {
        /// Why there is no answer.
        source: Box<alloy::contract::Error>,
    },
    /// The node did not answer; nothing was sent.
    #[error("{doing}: {source} (nothing was sent)")]
    Request {
        /// What was asked.
        doing: &'static str,
        /// Why there is no answer.
        source: TransportError,
    },
    /// Signing failed; nothing was sent.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The sender is on another chain than the contracts; nothing was sent.
    #[error("the contracts are on chain {expected}, the account sends to chain {got} (nothing was sent)")]
    OtherChain {
        /// The contracts' chain.
        expected: u64,
        /// The sender's.
        got: u64,
    },
    /// It is in a final block, but did not say what it should have.
    #[error("transaction {tx} made no {event} at {contract}; is this contract ours?")]
    NoEvent {
        /// The transaction.
        tx: B256,
        /// The event.
        event: &'static str,
        /// The contract.
        contract: Address,
    },
    /// The node answered that it does not take the transaction.
    #[error("the node does not take transaction {tx}: {source}")]
    Rejected {
        /// The transaction.
        tx: B256,
        /// The node's words.
        source: TransportError,
    },
    /// The connection broke while sending: the node may have taken it.
    #[error(
        "transaction {tx} may have been sent, the connection broke: {source}. Look for it before trying again"
    )]
    Uncertain {
        /// The transaction.
        tx: B256,
        /// Why there is no answer.
        source: TransportError,
    },
    /// It was sent, but did not become final in time.
    #[error("{source}. It was sent and may still take effect: look for it before trying again")]
    NotFinal {
        /// The transaction.
        tx: B256,
        /// Why it is not final.
        source: Box<FinalityError>,
    },
    /// It is in a final block, but the contract refused: something changed after the simulation.
    #[error("transaction {tx} failed in block {block} after using {gas_used} gas{}", because(.refusal))]
    Reverted {
        /// The transaction.
        tx: B256,
        /// The block.
        block: u64,
        /// Gas paid for.
        gas_used: u64,
        /// Why, if repeating it tells.
        refusal: Option<Box<Refusal>>,
    },
}

fn because(refusal: &Option<Box<Refusal>>) -> String {
    refusal.as_ref().map_or_else(String::new, |refusal| format!(": {refusal}"))
}

/// What a failed simulation says.
fn refused(action: String, doing: &'static str, source: TransportError) -> SendError {
    match Refusal::of(&source) {
        Some(refusal) => SendError::Refused { action, refusal: Box::new(refusal) },
        None => SendError::Request { doing, source },
    }
}

type Confirm = Arc<dyn Fn(&Quote) -> bool + Send + Sync>;

/// An account on a chain that sends transactions. Sends one at a time.
#[derive(Clone)]
pub struct Sender {
    ledger: Ledger,
    key: AccountKey,
    patience: Duration,
    confirm: Confirm,
    /// How the chain charges, once it was asked.
    layer: Arc<OnceLock<Layer>>,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("key", &self.key).field("patience", &self.patience).finish()
    }
}

impl Sender {
    /// `key`'s account on `ledger`. Every price is accepted, and finality is waited for half an hour, unless
    /// said otherwise.
    pub fn new(ledger: &Ledger, key: AccountKey) -> Self {
        Self {
            ledger: ledger.clone(),
            key,
            patience: PATIENCE,
            confirm: Arc::new(|_| true),
            layer: Arc::default(),
        }
    }

    /// Shows every price to `confirm` before anything is signed; `false` stops it.
    #[must_use]
    pub fn confirm(mut self, confirm: impl Fn(&Quote) -> bool + Send + Sync + 'static) -> Self {
        self.confirm = Arc::new(confirm);
        self
    }

    /// Waits at most this long for finality.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The account.
    pub fn address(&self) -> Address {
        self.key.address()
    }

    /// The key.
    pub fn key(&self) -> &AccountKey {
        &self.key
    }

    /// The chain.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Calls a contract; `action` says in words what that does ("register a version").
    pub async fn call<C: SolCall>(
        &self,
        action: impl Into<String>,
        to: Address,
        call: &C,
    ) -> Result<Sent, SendError> {
        self.send(action.into(), TxKind::Call(to), call.abi_encode().into()).await
    }

    /// Calls a contract with a call that was encoded already.
    pub(crate) async fn call_encoded(
        &self,
        action: impl Into<String>,
        to: Address,
        input: Bytes,
    ) -> Result<Sent, SendError> {
        self.send(action.into(), TxKind::Call(to), input).await
    }

    /// The same, of a contract on chain `expected`, which has to be the sender's.
    pub async fn call_on<C: SolCall>(
        &self,
        expected: u64,
        action: impl Into<String>,
        to: Address,
        call: &C,
    ) -> Result<Sent, SendError> {
        let got = self.ledger.chain_id();
        if expected != got {
            return Err(SendError::OtherChain { expected, got });
        }
        self.call(action, to, call).await
    }

    /// Asks whether the contract would take a call from this account now. Costs nothing and sends nothing.
    pub async fn simulate<C: SolCall>(
        &self,
        action: impl Into<String>,
        to: Address,
        call: &C,
    ) -> Result<(), SendError> {
        let request = self.request(TxKind::Call(to), call.abi_encode().into());
        let answer = self.ledger.provider().call(request).await;
        answer.map_err(|source| refused(action.into(), "simulating the transaction", source))?;
        Ok(())
    }

    /// Creates a contract from its creation code and encoded arguments.
    pub async fn create(&self, action: impl Into<String>, code: Bytes) -> Result<Sent, SendError> {
        self.send(action.into(), TxKind::Create, code).await
    }

    /// Transactions of the account so far, pending ones included: the nonce of its next one.
    pub async fn next_nonce(&self) -> Result<u64, SendError> {
        let nonce = self.ledger.provider().get_transaction_count(self.address()).pending().await;
        nonce.map_err(|source| SendError::Request { doing: "asking for the account's nonce", source })
    }

    fn request(&self, kind: TxKind, input: Bytes) -> TransactionRequest {
        let mut request = TransactionRequest::default().with_from(self.address()).with_input(input);
        request.to = Some(kind);
        request
    }

    async fn send(&self, action: String, kind: TxKind, input: Bytes) -> Result<Sent, SendError> {
        let provider = self.ledger.provider();
        let request = self.request(kind, input.clone());
        let refused = |doing| {
            let action = action.clone();
            move |source| refused(action, doing, source)
        };
        provider.call(request.clone()).await.map_err(refused("simulating the transaction"))?;
        let gas = provider.estimate_gas(request.clone()).await.map_err(refused("estimating its gas"))?;
        let (quote, transaction) = self.quote(action.clone(), kind, input.clone(), gas).await?;
        if quote.balance < quote.largest_fee() {
            let (needed, got) = (quote.largest_fee(), quote.balance);
            return Err(SendError::Funds { account: self.address(), needed, got });
        }
        if !(self.confirm)(&quote) {
            return Err(SendError::Declined { action });
        }
        let (tx, raw) = self.sign(transaction).await?;
        match provider.send_raw_transaction(&raw).await {
            Ok(_) => {}
            Err(source) if source.is_error_resp() => return Err(SendError::Rejected { tx, source }),
            Err(source) => return Err(SendError::Uncertain { tx, source }),
        }
        let settled = self.ledger.wait_final(tx, self.patience).await;
        let settled = settled.map_err(|source| SendError::NotFinal { tx, source: Box::new(source) })?;
        let receipt = settled.receipt;
        if !receipt.status() {
            // The state it failed in is gone; the one after its block usually refuses for the same reason.
            let again = provider.call(request).hash(settled.block.hash).await;
            let refusal = again.err().and_then(|error| Refusal::of(&error)).map(Box::new);
            let block = settled.block.header.number;
            return Err(SendError::Reverted { tx, block, gas_used: receipt.gas_used, refusal });
        }
        let footprint = Footprint { gas_used: receipt.gas_used, transaction: raw, calldata: input };
        Ok(Sent { tx, receipt, block: settled.block, left: settled.left, footprint, quote })
    }

    /// What it will cost, and the transaction that is signed if that is agreed to, but for its nonce.
    async fn quote(
        &self,
        action: String,
        kind: TxKind,
        input: Bytes,
        gas: u64,
    ) -> Result<(Quote, TxEip1559), SendError> {
        let provider = self.ledger.provider();
        let layer = match self.layer.get() {
            Some(layer) => *layer,
            None => {
                let layer = Layer::of(provider).await?;
                *self.layer.get_or_init(|| layer)
            }
        };
        let cap = layer.gas_cap();
        if gas > cap {
            return Err(SendError::Cap { action, needed: gas, cap });
        }
        let failed = |doing| move |source| SendError::Request { doing, source };
        let fees = provider.estimate_eip1559_fees().await.map_err(failed("asking for the price of gas"))?;
        let price = provider.get_gas_price().await.map_err(failed("asking for the price of gas"))?;
        let balance = provider.get_balance(self.address()).await.map_err(failed("asking for the balance"))?;
        let transaction = TxEip1559 {
            chain_id: self.ledger.chain_id(),
            // Taken when it is signed: whoever is asked may take their time.
            nonce: 0,
            gas_limit: gas.saturating_add(gas / 5).min(cap),
            max_fee_per_gas: fees.max_fee_per_gas,
            max_priority_fee_per_gas: fees.max_priority_fee_per_gas,
            to: kind,
            value: U256::ZERO,
            access_list: Default::default(),
            input,
        };
        let mut unsigned = Vec::new();
        transaction.encode_for_signing(&mut unsigned);
        let quote = Quote {
            action,
            chain_id: transaction.chain_id,
            from: self.address(),
            to: kind.to().copied(),
            gas,
            gas_limit: transaction.gas_limit,
            max_fee_per_gas: fees.max_fee_per_gas,
            max_priority_fee_per_gas: fees.max_priority_fee_per_gas,
            price: price.min(fees.max_fee_per_gas),
            data_fee: layer.fee(provider, unsigned.into(), gas).await?,
            balance,
        };
        Ok((quote, transaction))
    }

    async fn sign(&self, mut transaction: TxEip1559) -> Result<(B256, Bytes), SendError> {
        transaction.nonce = self.next_nonce().await?;
        let signature = self.key.sign_digest(&transaction.signature_hash())?;
        let signed = TxEnvelope::from(transaction.into_signed(signature));
        Ok((*signed.tx_hash(), signed.encoded_2718().into()))
    }
}
