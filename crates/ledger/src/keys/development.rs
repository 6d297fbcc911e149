//! The ten accounts every development chain funds: mnemonic `test test test test test test test test test
//! test test junk`, path `m/44'/60'/0'/0/i`. Everybody in the world knows their keys, so they are given out
//! only for chain ids that nobody uses for anything of value.

use super::AccountKey;
use alloy::primitives::hex;
use thiserror::Error;

/// Chain ids of development chains: 31337 (anvil, hardhat and the embedded chain) and 1337 (geth's).
pub const CHAIN_IDS: [u64; 2] = [31_337, 1_337];

/// A development account was asked for on a chain that is not for development.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[error(
    "development accounts exist only on development chains (ids {expected:?}), this chain's id is {got}; \
     everybody knows their keys. Make a key of your own with `aver keys new`"
)]
pub struct NotADevelopmentChain {
    /// The ids on which they are allowed.
    pub expected: [u64; 2],
    /// The chain's id.
    pub got: u64,
}

const SECRETS: [[u8; 32]; 10] = [
    hex!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
    hex!("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"),
    hex!("5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"),
    hex!("7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6"),
    hex!("47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a"),
    hex!("8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba"),
    hex!("92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e"),
    hex!("4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356"),
    hex!("dbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97"),
    hex!("2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6"),
];

/// Whether nothing of value lives on the chain with this id.
pub fn is_development_chain(chain_id: u64) -> bool {
    CHAIN_IDS.contains(&chain_id)
}

/// The ten development accounts, if `chain_id` is a development chain's.
pub fn accounts(chain_id: u64) -> Result<Vec<AccountKey>, NotADevelopmentChain> {
    check(chain_id)?;
    Ok(SECRETS.iter().filter_map(AccountKey::from_secret).collect())
}

/// Refuses every chain that is not for development.
pub fn check(chain_id: u64) -> Result<(), NotADevelopmentChain> {
    if is_development_chain(chain_id) {
        Ok(())
    } else {
        Err(NotADevelopmentChain { expected: CHAIN_IDS, got: chain_id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::primitives::address;

    #[test]
    fn they_are_the_accounts_that_other_chains_fund() {
        let addresses: Vec<_> = accounts(31_337).unwrap().iter().map(AccountKey::address).collect();
        let expected = [
            address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
            address!("70997970C51812dc3A010C7d01b50e0d17dc79C8"),
            address!("3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"),
            address!("90F79bf6EB2c4f870365E785982E1f101E93b906"),
            address!("15d34AAf54267DB7D7c367839AAf71A00a2C6A65"),
            address!("9965507D1a55bcC2695C58ba16FB37d819B0A4dc"),
            address!("976EA74026E726554dB657fA54763abd0C3a0aa9"),
            address!("14dC79964da2C08b23698B3D3cc7Ca32193d9955"),
            address!("23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f"),
            address!("a0Ee7A142d267C1f36714E4a8F75612F20a79720"),
        ];
        assert_eq!(addresses, expected);
    }

    #[test]
    fn no_other_chain_gets_them() {
        for chain_id in [0, 1, 10, 8_453, 42_161, 11_155_111, 31_338] {
            let error = accounts(chain_id).unwrap_err();
            assert_eq!(error.got, chain_id);
        }
    }
}
