//! The JSON-RPC methods that alloy's providers, cast and web3.py call, over an embedded chain: Ethereum's
//! `eth_*` (the execution-apis specification, without filters and blobs) and the `evm_*` that test chains
//! share. `docs/chain.md` lists them.

mod error;
mod logs;
mod params;
mod text;
mod views;

pub(super) use error::RpcError;
pub use text::RpcLimits;
pub(super) use text::answer_text;

use super::{
    block::Sealed,
    chain::{Chain, Shared},
    executor::{self, CallError, Environment},
};
use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::{Address, B256, Bytes, U64, U256},
    rpc::{
        json_rpc::{Id, Response, ResponsePayload},
        types::{Filter, Index, TransactionRequest},
    },
};
use params::{Params, Quantity};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// What is offered to whoever mines: the base fee is what matters here.
const PRIORITY_FEE: u64 = 1_000_000_000;

/// Answers one request.
pub(super) fn respond(chain: &Shared, id: Id, method: &str, params: Option<&RawValue>) -> Response {
    let payload = match answer(chain, method, params) {
        Ok(result) => ResponsePayload::Success(result),
        Err(error) => ResponsePayload::Failure(error.into()),
    };
    Response { id, payload }
}

fn answer(chain: &Shared, method: &str, params: Option<&RawValue>) -> Result<Box<RawValue>, RpcError> {
    let mut chain = chain.lock().map_err(|_| super::EmbeddedError::Poisoned)?;
    let params = Params::parse(params)?;
    dispatch(&mut chain, method, &params)
}

fn json(value: impl Serialize) -> Result<Box<RawValue>, RpcError> {
    to_raw_value(&value).map_err(RpcError::Encoding)
}

fn dispatch(chain: &mut Chain, method: &str, params: &Params) -> Result<Box<RawValue>, RpcError> {
    match method {
        "eth_chainId" => json(U64::from(chain.genesis().chain_id)),
        "net_version" => json(chain.genesis().chain_id.to_string()),
        "web3_clientVersion" => json(concat!("averment-embedded/", env!("CARGO_PKG_VERSION"))),
        "net_listening" => json(true),
        "net_peerCount" => json(U64::ZERO),
        "eth_syncing" => json(false),
        "eth_accounts" => json([Address::ZERO; 0]),
        "eth_blockNumber" => json(U64::from(chain.head())),
        "eth_gasPrice" => json(U256::from(chain.next_environment().base_fee + PRIORITY_FEE)),
        "eth_maxPriorityFeePerGas" => json(U256::from(PRIORITY_FEE)),
        "eth_feeHistory" => {
            let (count, newest) = (params.get::<Quantity>(0, "blockCount")?, params.get(1, "newestBlock")?);
            let percentiles: Option<Vec<f64>> = params.optional(2, "rewardPercentiles")?;
            let newest = number(chain, BlockId::Number(newest))?;
            json(views::fee_history(chain, count.0, newest, percentiles.as_deref())?)
        }

        "eth_getBalance" => {
            let (address, at) = (params.get::<Address>(0, "address")?, block(chain, params, 1)?);
            json(chain.view(at).info(&address).unwrap_or_default().balance)
        }
        "eth_getTransactionCount" => {
            let address = params.get::<Address>(0, "address")?;
            let id = params.optional::<BlockId>(1, "block")?.unwrap_or_default();
            json(U64::from(match id {
                BlockId::Number(BlockNumberOrTag::Pending) => chain.pending_nonce(&address),
                _ => chain.view(number(chain, id)?).info(&address).unwrap_or_default().nonce,
            }))
        }
        "eth_getCode" => {
            let (address, at) = (params.get::<Address>(0, "address")?, block(chain, params, 1)?);
            let view = chain.view(at);
            let info = view.info(&address).unwrap_or_default();
            json(view.code(&info.code_hash).original_bytes())
        }
        "eth_getStorageAt" => {
            let (address, slot) = (params.get::<Address>(0, "address")?, params.get::<U256>(1, "slot")?);
            let value = chain.view(block(chain, params, 2)?).slot(&address, &slot);
            json(B256::from(value))
        }
        "eth_getProof" => {
            let (address, slots) = (params.get::<Address>(0, "address")?, params.get(1, "slots")?);
            json(views::proof(chain, address, slots, block(chain, params, 2)?)?)
        }

        "eth_call" => {
            let request = params.get::<TransactionRequest>(0, "transaction")?;
            let (at, environment) = call_block(chain, params)?;
            let gas = request.gas.unwrap_or(environment.gas_limit).min(environment.gas_limit);
            Ok(json(executor::call(&mut chain.view(at), &environment, &request, gas)?.output)?)
        }
        "eth_estimateGas" => {
            let request = params.get::<TransactionRequest>(0, "transaction")?;
            let (at, environment) = call_block(chain, params)?;
            let limit = request.gas.unwrap_or(environment.gas_limit).min(environment.gas_limit);
            let attempt = |gas| executor::call(&mut chain.view(at), &environment, &request, gas);
            json(U64::from(executor::estimate(limit, attempt)?))
        }
        "eth_sendRawTransaction" => {
            let raw = params.get::<Bytes>(0, "transaction")?;
            let tx = executor::decode(&raw, chain.genesis().chain_id).map_err(super::EmbeddedError::from)?;
            json(chain.submit(tx)?)
        }

        "eth_getBlockByNumber" => {
            let (tag, full) = (params.get::<BlockNumberOrTag>(0, "block")?, params.get(1, "full")?);
            let at = number(chain, BlockId::Number(tag)).ok();
            json(at.and_then(|at| chain.block(at)).map(|block| views::block(block, full)))
        }
        "eth_getBlockByHash" => {
            let (hash, full) = (params.get::<B256>(0, "hash")?, params.get(1, "full")?);
            let at = chain.number_of(&hash);
            json(at.and_then(|at| chain.block(at)).map(|block| views::block(block, full)))
        }
        "eth_getBlockTransactionCountByNumber" | "eth_getBlockTransactionCountByHash" => {
            json(named(chain, params)?.map(|block| U64::from(block.executed.len())))
        }
        "eth_getTransactionByBlockNumberAndIndex" | "eth_getTransactionByBlockHashAndIndex" => {
            let index = usize::from(params.get::<Index>(1, "index")?);
            json(named(chain, params)?.and_then(|block| views::transaction(block, index)))
        }
        "eth_getBlockReceipts" => json(named(chain, params)?.map(|block| {
            (0..block.executed.len()).filter_map(|i| views::receipt(block, i)).collect::<Vec<_>>()
        })),
        "eth_getTransactionByHash" => {
            let hash = params.get::<B256>(0, "hash")?;
            match chain.transaction(&hash) {
                Some((block, index)) => json(views::transaction(block, index)),
                None => json(chain.pending().iter().find(|tx| *tx.tx_hash() == hash).map(views::waiting)),
            }
        }
        "eth_getTransactionReceipt" => {
            let found = chain.transaction(&params.get(0, "hash")?);
            json(found.and_then(|(block, index)| views::receipt(block, index)))
        }
        "eth_getLogs" => json(logs::find(chain, &params.get::<Filter>(0, "filter")?)?),

        "evm_mine" => {
            if let Some(timestamp) = params.optional::<Quantity>(0, "timestamp")? {
                chain.set_next_timestamp(timestamp.0)?;
            }
            chain.mine()?;
            json(U64::ZERO)
        }
        "evm_setAutomine" => {
            chain.automine = params.get(0, "automine")?;
            json(true)
        }
        "evm_snapshot" => json(U64::from(chain.snapshot())),
        "evm_revert" => {
            let snapshot = params.get::<Quantity>(0, "snapshot")?;
            json(chain.revert(snapshot.0)?)
        }
        "evm_increaseTime" => json(chain.increase_time(params.get::<Quantity>(0, "seconds")?.0)?),
        "evm_setNextBlockTimestamp" => {
            chain.set_next_timestamp(params.get::<Quantity>(0, "timestamp")?.0)?;
            json(())
        }
        _ => Err(RpcError::MethodNotFound(method.chars().take(64).collect())),
    }
}

/// The block that the first parameter names, if there is such a block.
fn named<'a>(chain: &'a Chain, params: &Params) -> Result<Option<&'a Sealed>, RpcError> {
    let id = params.get(0, "block")?;
    Ok(number(chain, id).ok().and_then(|at| chain.block(at)))
}

/// The block that parameter `index` names, the latest if it names none.
fn block(chain: &Chain, params: &Params, index: usize) -> Result<u64, RpcError> {
    number(chain, params.optional(index, "block")?.unwrap_or_default())
}

/// Every block of an embedded chain is final, and the state after the pending block is that after the latest.
fn number(chain: &Chain, id: BlockId) -> Result<u64, RpcError> {
    let head = chain.head();
    match id {
        BlockId::Number(BlockNumberOrTag::Earliest) => Ok(0),
        BlockId::Number(BlockNumberOrTag::Number(number)) if number <= head => Ok(number),
        BlockId::Number(BlockNumberOrTag::Number(number)) => Err(RpcError::NoSuchBlock { number, head }),
        BlockId::Number(_) => Ok(head),
        BlockId::Hash(hash) => chain.number_of(&hash.block_hash).ok_or(RpcError::NoSuchHash(hash.block_hash)),
    }
}

/// The state a call runs on, and its block: the block named, or the next one for `latest` and `pending`, as
/// a transaction sent now would see it.
fn call_block(chain: &Chain, params: &Params) -> Result<(u64, Environment), RpcError> {
    if params.is_given(2) || params.is_given(3) {
        return Err(RpcError::Parameter { name: "overrides", why: "overrides are not offered".into() });
    }
    let id = params.optional::<BlockId>(1, "block")?.unwrap_or_default();
    let at = number(chain, id)?;
    let named = chain.block(at).filter(|_| at < chain.head());
    let environment = match named {
        Some(block) => Environment::of(&block.header, chain.genesis().chain_id),
        None => chain.next_environment(),
    };
    Ok((at, environment))
}

impl From<CallError> for RpcError {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}
