//! Running transactions and calls in the virtual machine, with the rules of Ethereum's Prague fork.

use super::{genesis::HISTORY_CONTRACT, state::Draft};
use alloy::{
    consensus::{
        BlockHeader, Header, Receipt, ReceiptEnvelope, Transaction, TxEnvelope, TxType, Typed2718,
        transaction::Recovered,
    },
    eips::eip2718::Decodable2718,
    primitives::{Address, B256, Bytes, U256},
    rpc::types::TransactionRequest,
};
use revm::{
    Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext, SystemCallCommitEvm,
    context::{
        BlockEnv, CfgEnv, TxEnv,
        either::Either,
        result::{EVMError, ExecutionResult, HaltReason, InvalidTransaction, Output},
    },
    primitives::hardfork::SpecId,
};
use std::sync::Arc;
use thiserror::Error;

/// A transaction with its sender.
pub(crate) type Signed = Arc<Recovered<TxEnvelope>>;

/// Why the embedded chain does not take a transaction.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum TransactionError {
    /// Not the bytes of a signed transaction.
    #[error("not a signed transaction: {0}")]
    Malformed(String),
    /// The signature names no sender.
    #[error("the transaction's signature is not valid")]
    Signature,
    /// Blob transactions need a consensus layer that keeps blobs.
    #[error("transactions of type {0} are not taken here; types 0, 1, 2 and 4 are")]
    Type(u8),
    /// A legacy transaction without chain id could be replayed on any chain.
    #[error("the transaction names no chain id; expected {expected}")]
    NoChainId {
        /// This chain's id.
        expected: u64,
    },
    /// Signed for another chain.
    #[error("the transaction is for chain {got}, this is chain {expected}")]
    ChainId {
        /// This chain's id.
        expected: u64,
        /// The transaction's.
        got: u64,
    },
    /// Its number was used before.
    #[error("nonce too low: next nonce {expected}, tx nonce {got}")]
    NonceTooLow {
        /// The sender's next nonce.
        expected: u64,
        /// The transaction's.
        got: u64,
    },
    /// An earlier one of the same sender is missing.
    #[error("nonce too high: next nonce {expected}, tx nonce {got}")]
    NonceTooHigh {
        /// The sender's next nonce.
        expected: u64,
        /// The transaction's.
        got: u64,
    },
    /// The sender cannot pay value and fee.
    #[error("insufficient funds for gas * price + value: balance {balance}, needed {needed}")]
    InsufficientFunds {
        /// The sender's balance in wei.
        balance: U256,
        /// Value and greatest fee in wei.
        needed: U256,
    },
    /// Already mined or waiting.
    #[error("already known: {0}")]
    Known(B256),
    /// More transactions wait than the pool holds.
    #[error("the pool holds at most {limit} transactions; mine a block first")]
    PoolFull {
        /// The pool's size.
        limit: usize,
    },
    /// Any other rule of the virtual machine.
    #[error("{0}")]
    Invalid(InvalidTransaction),
}

impl From<InvalidTransaction> for TransactionError {
    fn from(reason: InvalidTransaction) -> Self {
        match reason {
            InvalidTransaction::NonceTooLow { tx, state } => Self::NonceTooLow { expected: state, got: tx },
            InvalidTransaction::NonceTooHigh { tx, state } => Self::NonceTooHigh { expected: state, got: tx },
            InvalidTransaction::LackOfFundForMaxFee { fee, balance } => {
                Self::InsufficientFunds { balance: *balance, needed: *fee }
            }
            other => Self::Invalid(other),
        }
    }
}

/// Reads a signed transaction for the chain `chain_id` and recovers its sender.
pub(crate) fn decode(raw: &[u8], chain_id: u64) -> Result<Signed, TransactionError> {
    let tx =
        TxEnvelope::decode_2718_exact(raw).map_err(|error| TransactionError::Malformed(error.to_string()))?;
    admit(tx, chain_id)
}

/// Checks what can be checked without state.
pub(crate) fn admit(tx: TxEnvelope, chain_id: u64) -> Result<Signed, TransactionError> {
    use alloy::consensus::transaction::SignerRecoverable;
    if tx.is_eip4844() {
        return Err(TransactionError::Type(tx.ty()));
    }
    match tx.chain_id() {
        Some(got) if got != chain_id => return Err(TransactionError::ChainId { expected: chain_id, got }),
        Some(_) => {}
        None => return Err(TransactionError::NoChainId { expected: chain_id }),
    }
    tx.try_into_recovered().map(Arc::new).map_err(|_| TransactionError::Signature)
}

/// What a block tells the transactions in it.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    pub(crate) chain_id: u64,
    pub(crate) number: u64,
    pub(crate) timestamp: u64,
    pub(crate) gas_limit: u64,
    pub(crate) base_fee: u64,
    pub(crate) coinbase: Address,
    pub(crate) prev_randao: B256,
}

impl Environment {
    /// The environment that `header` describes.
    pub(crate) fn of(header: &Header, chain_id: u64) -> Self {
        Self {
            chain_id,
            number: header.number(),
            timestamp: header.timestamp(),
            gas_limit: header.gas_limit(),
            base_fee: header.base_fee_per_gas.unwrap_or_default(),
            coinbase: header.beneficiary(),
            prev_randao: header.mix_hash,
        }
    }

    fn block(&self) -> BlockEnv {
        let mut block = BlockEnv {
            number: U256::from(self.number),
            beneficiary: self.coinbase,
            timestamp: U256::from(self.timestamp),
            gas_limit: self.gas_limit,
            basefee: self.base_fee,
            difficulty: U256::ZERO,
            prevrandao: Some(self.prev_randao),
            ..BlockEnv::default()
        };
        block.set_blob_excess_gas_and_price(
            0,
            revm::primitives::eip4844::BLOB_BASE_FEE_UPDATE_FRACTION_PRAGUE,
        );
        block
    }

    fn config(&self) -> CfgEnv {
        CfgEnv::new_with_spec(SpecId::PRAGUE).with_chain_id(self.chain_id)
    }
}

/// A transaction that is in a block.
#[derive(Debug, Clone)]
pub(crate) struct Executed {
    pub(crate) tx: Signed,
    pub(crate) receipt: ReceiptEnvelope,
    pub(crate) gas_used: u64,
    pub(crate) effective_gas_price: u128,
    pub(crate) contract: Option<Address>,
}

/// What became of a block's transactions.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) executed: Vec<Executed>,
    pub(crate) refused: Vec<(B256, TransactionError)>,
    /// Those that found no room.
    pub(crate) left: Vec<Signed>,
    pub(crate) gas_used: u64,
}

/// Runs the block that `environment` describes: the system call of EIP-2935, then the transactions in order.
pub(crate) fn run(
    draft: &mut Draft<'_>,
    environment: &Environment,
    parent: B256,
    transactions: impl IntoIterator<Item = Signed>,
) -> Run {
    let mut run = Run::default();
    let mut evm = Context::mainnet()
        .with_db(draft)
        .with_block(environment.block())
        .with_cfg(environment.config())
        .build_mainnet();
    // EIP-2935: a chain without the contract goes on without the history.
    let _ = evm.system_call_commit(HISTORY_CONTRACT, Bytes::copy_from_slice(parent.as_slice()));
    for tx in transactions {
        if tx.gas_limit() > environment.gas_limit - run.gas_used && tx.gas_limit() <= environment.gas_limit {
            run.left.push(tx);
            continue;
        }
        let result = match evm.transact_commit(transaction(&tx)) {
            Ok(result) => result,
            Err(EVMError::Transaction(reason)) => {
                run.refused.push((*tx.tx_hash(), reason.into()));
                continue;
            }
            Err(other) => {
                let reason = InvalidTransaction::Str(other.to_string().into());
                run.refused.push((*tx.tx_hash(), TransactionError::Invalid(reason)));
                continue;
            }
        };
        let gas_used = result.tx_gas_used();
        run.gas_used += gas_used;
        let contract = match &result {
            ExecutionResult::Success { output: Output::Create(_, address), .. } => *address,
            _ => None,
        };
        let receipt = Receipt {
            status: result.is_success().into(),
            cumulative_gas_used: run.gas_used,
            logs: if result.is_success() { result.into_logs() } else { Vec::new() },
        };
        run.executed.push(Executed {
            receipt: ReceiptEnvelope::from_typed(tx.tx_type(), receipt.with_bloom()),
            gas_used,
            effective_gas_price: tx.effective_gas_price(Some(environment.base_fee)),
            contract,
            tx,
        });
    }
    run
}

fn transaction(tx: &Recovered<TxEnvelope>) -> TxEnv {
    TxEnv {
        tx_type: tx.ty(),
        caller: tx.signer(),
        gas_limit: tx.gas_limit(),
        gas_price: tx.max_fee_per_gas(),
        kind: tx.kind(),
        value: tx.value(),
        data: tx.input().clone(),
        nonce: tx.nonce(),
        chain_id: tx.chain_id(),
        access_list: tx.access_list().cloned().unwrap_or_default(),
        gas_priority_fee: tx.max_priority_fee_per_gas(),
        authorization_list: tx
            .authorization_list()
            .unwrap_or_default()
            .iter()
            .cloned()
            .map(Either::Left)
            .collect(),
        ..TxEnv::default()
    }
}

/// What a call gave that changed nothing.
#[derive(Debug)]
pub(crate) struct Called {
    pub(crate) output: Bytes,
    /// Gas charged, after refunds.
    pub(crate) gas_used: u64,
    /// Gas needed at some moment, before refunds.
    pub(crate) gas_spent: u64,
}

/// Why a call gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum CallError {
    #[error("execution reverted")]
    Reverted(Bytes),
    #[error("execution stopped: {reason:?}")]
    Halted { reason: HaltReason, out_of_gas: bool },
    #[error("{0}")]
    Refused(TransactionError),
}

/// Runs `request` on `draft` without keeping what it changes. The gas price is zero whatever the request
/// says: a call asks what would happen, not whether the caller could pay for it. `gas` is the gas it gets.
pub(crate) fn call(
    draft: &mut Draft<'_>,
    environment: &Environment,
    request: &TransactionRequest,
    gas: u64,
) -> Result<Called, CallError> {
    let mut config = environment.config();
    config.disable_nonce_check = true;
    config.disable_eip3607 = true;
    config.disable_base_fee = true;
    let authorizations = request.authorization_list.clone().unwrap_or_default();
    let tx = TxEnv {
        tx_type: if authorizations.is_empty() { TxType::Legacy as u8 } else { TxType::Eip7702 as u8 },
        caller: request.from.unwrap_or_default(),
        gas_limit: gas,
        kind: request.to.unwrap_or_default(),
        value: request.value.unwrap_or_default(),
        data: request.input.input().cloned().unwrap_or_default(),
        chain_id: Some(environment.chain_id),
        access_list: request.access_list.clone().unwrap_or_default(),
        authorization_list: authorizations.into_iter().map(Either::Left).collect(),
        ..TxEnv::default()
    };
    let mut evm =
        Context::mainnet().with_db(draft).with_block(environment.block()).with_cfg(config).build_mainnet();
    match evm.transact(tx).map(|outcome| outcome.result) {
        Ok(ExecutionResult::Success { output, gas, .. }) => Ok(Called {
            output: output.into_data(),
            gas_used: gas.tx_gas_used(),
            gas_spent: gas.total_gas_spent(),
        }),
        Ok(ExecutionResult::Revert { output, .. }) => Err(CallError::Reverted(output)),
        Ok(ExecutionResult::Halt { reason, .. }) => {
            let out_of_gas = matches!(reason, HaltReason::OutOfGas(_));
            Err(CallError::Halted { reason, out_of_gas })
        }
        Err(EVMError::Transaction(reason)) => Err(CallError::Refused(reason.into())),
        Err(other) => {
            let reason = InvalidTransaction::Str(other.to_string().into());
            Err(CallError::Refused(TransactionError::Invalid(reason)))
        }
    }
}

/// The least gas limit up to `limit` with which a call succeeds, found by bisection; `attempt` runs it with the
/// gas it is given.
pub(crate) fn estimate(
    limit: u64,
    mut attempt: impl FnMut(u64) -> Result<Called, CallError>,
) -> Result<u64, CallError> {
    let first = attempt(limit)?;
    // What it charged may fall short of what it needs (refunds, the 1/64 that each call holds back).
    let (mut fails, mut succeeds) = (first.gas_used.saturating_sub(1), limit);
    let guess = first.gas_spent.saturating_add(2_300).saturating_mul(64) / 63;
    let mut next = Some(guess).filter(|guess| *guess < limit);
    while succeeds - fails > 1 {
        let gas = next.take().unwrap_or(fails + (succeeds - fails) / 2);
        match attempt(gas) {
            Ok(_) => succeeds = gas,
            // A contract may revert, or be refused, only because it got too little gas.
            Err(_) => fails = gas,
        }
    }
    Ok(succeeds)
}
