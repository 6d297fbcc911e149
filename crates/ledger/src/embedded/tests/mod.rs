//! The embedded chain from inside: its journal under faults, what it refuses, and how it goes back.

mod faults;
mod journal;
mod rules;

use super::{Embedded, Genesis, ManualClock, OpenError, chain::Chain};
use crate::keys::development;
use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::eip2718::Encodable2718,
    primitives::{Address, TxKind, U256},
};
use std::{fs::File, path::Path};

const TIME: u64 = 1_700_000_000;

fn open(path: &Path) -> Result<Embedded, OpenError> {
    Embedded::open_with(path, Genesis::development(TIME), ManualClock::at(TIME))
}

fn fresh() -> Embedded {
    Embedded::in_memory_with(Genesis::development(TIME), ManualClock::at(TIME)).unwrap()
}

fn transfer(nonce: u64) -> TxEip1559 {
    TxEip1559 {
        chain_id: 31337,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 5_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(Address::repeat_byte(0x55)),
        value: U256::from(1),
        ..TxEip1559::default()
    }
}

fn signed(tx: TxEip1559) -> Vec<u8> {
    signed_as(tx, 0)
}

fn signed_as(tx: TxEip1559, account: usize) -> Vec<u8> {
    let digest = tx.signature_hash();
    let key = &development::accounts(31337).unwrap()[account];
    TxEnvelope::from(tx.into_signed(key.sign_digest(&digest).unwrap())).encoded_2718()
}

/// A chain in `path` with `blocks` blocks of a transfer each.
fn chain_of(path: &Path, blocks: u64) -> Embedded {
    let chain = open(path).unwrap();
    for nonce in 0..blocks {
        chain.submit(&signed(transfer(nonce))).unwrap();
    }
    chain
}

fn open_on(
    path: &Path,
    medium: impl FnOnce(File) -> Box<dyn super::journal::Medium>,
) -> Result<Embedded, OpenError> {
    Chain::open(path, Genesis::development(TIME), || Box::new(ManualClock::at(TIME)), medium)
        .map(Embedded::from)
}
