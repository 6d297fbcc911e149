//! What a chain begins with: its parameters and its first accounts.

use super::state::{AccountChange, Changes, Info};
use crate::keys::development;
use alloy::primitives::{Address, B256, Bytes, U256, address, bytes, keccak256};
use revm::bytecode::Bytecode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// The ten accounts of the mnemonic "test test test test test test test test test test test junk", path
/// `m/44'/60'/0'/0/i`: everyone knows their keys.
pub const DEVELOPMENT_ACCOUNTS: [Address; 10] = [
    address!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
    address!("0x70997970C51812dc3A010C7d01b50e0d17dc79C8"),
    address!("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"),
    address!("0x90F79bf6EB2c4f870365E785982E1f101E93b906"),
    address!("0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65"),
    address!("0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc"),
    address!("0x976EA74026E726554dB657fA54763abd0C3a0aa9"),
    address!("0x14dC79964da2C08b23698B3D3cc7Ca32193d9955"),
    address!("0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f"),
    address!("0xa0Ee7A142d267C1f36714E4a8F75612F20a79720"),
];

/// The latest time that anyone can set, in seconds of Unix time: some 34,000 years ahead. Blocks that follow
/// each other by a second never run out of 64 bits.
pub(crate) const LATEST_TIME: u64 = 1 << 40;

/// The contract that holds the hashes of the last 8,191 blocks (EIP-2935), and its code there.
pub(crate) const HISTORY_CONTRACT: Address = address!("0x0000F90827F1C53a10cb7A02335B175320002935");
const HISTORY_CODE: Bytes = bytes!(
    "3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500"
);
/// The deterministic-deployment proxy that every development chain has.
const CREATE2_DEPLOYER: Address = address!("0x4e59b44847b379578588920cA78FbF26c0B4956C");
const CREATE2_CODE: Bytes = bytes!(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
);

/// An account of the genesis block.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisAccount {
    /// Balance in wei.
    pub balance: U256,
    /// Transactions sent, or 1 for most contracts.
    pub nonce: u64,
    /// Code; empty for an account of a key.
    pub code: Bytes,
    /// Storage; zero values are left out.
    pub storage: BTreeMap<B256, B256>,
}

/// The parameters of an embedded chain. They are the first record of its journal, and a journal is opened
/// only with the parameters it was made with. The rules are those of Ethereum's Prague fork.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Time of block 0, in seconds of Unix time.
    pub timestamp: u64,
    /// Gas limit of every block.
    pub gas_limit: u64,
    /// Base fee of block 0, in wei per gas; later ones follow EIP-1559.
    pub base_fee: u64,
    /// Who gets the priority fees.
    pub coinbase: Address,
    /// Whether state roots are computed. Without them headers have a zero root and `eth_getProof` is refused.
    pub state_roots: bool,
    /// The first accounts.
    pub accounts: BTreeMap<Address, GenesisAccount>,
}

/// Why a genesis was refused.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum GenesisError {
    /// Storage on an account that has neither nonce nor code could be created over.
    #[error("genesis account {0} has storage but neither code nor nonce")]
    StorageWithoutCode(Address),
    /// A block that no transaction fits in.
    #[error("genesis gas limit: expected at least 5,000,000, got {0}")]
    GasLimit(u64),
    /// A time so far ahead that blocks after it could run out of time.
    #[error("genesis time: expected at most {LATEST_TIME}, got {0}")]
    Time(u64),
    /// Code that could not have been deployed.
    #[error("genesis account {0}: its code begins with 0xef and is no delegation of EIP-7702")]
    Code(Address),
}

impl Genesis {
    /// A development chain like anvil's: chain id 31337, the ten development accounts with 10,000 ether each,
    /// 30,000,000 gas a block, base fee 1 gwei, the history contract and the CREATE2 deployer in place.
    pub fn development(timestamp: u64) -> Self {
        let contract = |code| GenesisAccount { code, ..GenesisAccount::default() };
        let mut accounts = BTreeMap::from([
            (HISTORY_CONTRACT, contract(HISTORY_CODE)),
            (CREATE2_DEPLOYER, contract(CREATE2_CODE)),
        ]);
        let balance = U256::from(10_000) * U256::from(10).pow(U256::from(18));
        accounts.extend(
            DEVELOPMENT_ACCOUNTS.map(|who| (who, GenesisAccount { balance, ..GenesisAccount::default() })),
        );
        Self {
            chain_id: 31337,
            timestamp,
            gas_limit: 30_000_000,
            base_fee: 1_000_000_000,
            coinbase: Address::ZERO,
            state_roots: true,
            accounts,
        }
    }

    /// Gives `account` another `wei` at genesis.
    #[must_use]
    pub fn fund(mut self, account: Address, wei: U256) -> Self {
        let entry = self.accounts.entry(account).or_default();
        entry.balance = entry.balance.saturating_add(wei);
        self
    }

    /// Switches state roots off, for simulations that need none.
    #[must_use]
    pub fn without_state_roots(mut self) -> Self {
        self.state_roots = false;
        self
    }

    /// Whether keys that everyone knows may be used here.
    pub fn is_development(&self) -> bool {
        development::is_development_chain(self.chain_id)
    }

    pub(crate) fn changes(&self) -> Result<Changes, GenesisError> {
        if self.gas_limit < 5_000_000 {
            return Err(GenesisError::GasLimit(self.gas_limit));
        }
        if self.timestamp > LATEST_TIME {
            return Err(GenesisError::Time(self.timestamp));
        }
        let mut changes = Changes::default();
        for (address, account) in &self.accounts {
            if !account.storage.is_empty() && account.nonce == 0 && account.code.is_empty() {
                return Err(GenesisError::StorageWithoutCode(*address));
            }
            let code_hash = keccak256(&account.code);
            let code =
                Bytecode::new_raw_checked(account.code.clone()).map_err(|_| GenesisError::Code(*address))?;
            changes.codes.push((code_hash, code));
            let info = Info { balance: account.balance, nonce: account.nonce, code_hash };
            let storage = account.storage.iter().map(|(slot, value)| ((*slot).into(), (*value).into()));
            changes.accounts.insert(
                *address,
                AccountChange { info: (!info.is_empty()).then_some(info), storage: storage.collect() },
            );
        }
        Ok(changes)
    }
}
