//! Errors as JSON-RPC has them: EIP-1474's codes, and code 3 with the revert data as geth gives it.

use crate::embedded::{EmbeddedError, TransactionError, executor::CallError};
use alloy::{
    primitives::{B256, Bytes},
    rpc::json_rpc::ErrorPayload,
    sol_types::decode_revert_reason,
};
use serde_json::value::to_raw_value;
use thiserror::Error;

/// Why a request got no result.
#[derive(Debug, Error)]
pub(in crate::embedded) enum RpcError {
    #[error("the method {0} is not offered")]
    MethodNotFound(String),
    #[error("parameter {name}: {why}")]
    Parameter { name: &'static str, why: String },
    #[error("block {number} not found; the latest is {head}")]
    NoSuchBlock { number: u64, head: u64 },
    #[error("block {0} not found")]
    NoSuchHash(B256),
    #[error("this chain computes no state roots, so it has no proofs; make it with state roots")]
    NoStateRoots,
    #[error("more than {limit} logs match; ask for fewer blocks at a time")]
    TooManyLogs { limit: usize },
    #[error("{0}")]
    Call(CallError),
    #[error(transparent)]
    Chain(#[from] EmbeddedError),
    #[error("encoding the answer failed: {0}")]
    Encoding(serde_json::Error),
}

impl RpcError {
    fn code(&self) -> i64 {
        match self {
            Self::MethodNotFound(_) => -32601,
            Self::Parameter { .. } => -32602,
            Self::Call(CallError::Reverted(_)) => 3,
            Self::NoSuchBlock { .. } | Self::NoSuchHash(_) => -32001,
            Self::TooManyLogs { .. } => -32005,
            Self::Chain(EmbeddedError::Transaction(_)) | Self::Call(_) => -32003,
            Self::NoStateRoots => -32004,
            Self::Chain(_) | Self::Encoding(_) => -32603,
        }
    }

    fn data(&self) -> Option<&Bytes> {
        match self {
            Self::Call(CallError::Reverted(data)) => Some(data),
            _ => None,
        }
    }
}

impl From<TransactionError> for RpcError {
    fn from(error: TransactionError) -> Self {
        Self::Chain(error.into())
    }
}

impl From<RpcError> for ErrorPayload {
    fn from(error: RpcError) -> Self {
        let reason = error.data().and_then(|data| decode_revert_reason(data));
        let message = match reason {
            Some(reason) => format!("{error}: {reason}"),
            None => error.to_string(),
        };
        Self {
            code: error.code(),
            message: message.into(),
            data: error.data().and_then(|data| to_raw_value(data).ok()),
        }
    }
}
