//! A secp256k1 account key and the three things it signs.

use alloy::{
    network::EthereumWallet,
    signers::{Error as SignerError, SignerSync, local::PrivateKeySigner},
    sol_types::{Eip712Domain, SolStruct},
};
use averment_primitives::{Address, B256, Signature};
use std::fmt;
use thiserror::Error;
use zeroize::Zeroizing;

/// Signing failed; with a key in memory this does not happen in practice.
#[derive(Debug, Error)]
#[error("{address} could not sign: {source}")]
pub struct SignError {
    /// The account.
    address: Address,
    /// What the signer said.
    source: SignerError,
}

/// The key of an Ethereum account. Wiped when the last clone is dropped; prints only its address.
#[derive(Clone)]
pub struct AccountKey(PrivateKeySigner);

impl AccountKey {
    /// The key with this secret; `None` if it is zero or not below the curve's order.
    pub(super) fn from_secret(secret: &[u8; 32]) -> Option<Self> {
        PrivateKeySigner::from_slice(secret).ok().map(Self)
    }

    pub(super) fn secret(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.credential().to_bytes().into())
    }

    /// The account.
    pub fn address(&self) -> Address {
        self.0.address()
    }

    /// A wallet for an alloy provider: it signs the transactions sent from [`Self::address`].
    pub fn wallet(&self) -> EthereumWallet {
        EthereumWallet::from(self.0.clone())
    }

    /// Signs a 32-byte digest as it stands. Only for digests of EIP-712 data that was shown in words before.
    pub fn sign_digest(&self, digest: &B256) -> Result<Signature, SignError> {
        self.0.sign_hash_sync(digest).map_err(|source| self.failed(source))
    }

    /// Signs typed data (EIP-712).
    pub fn sign_typed_data<T: SolStruct>(
        &self,
        data: &T,
        domain: &Eip712Domain,
    ) -> Result<Signature, SignError> {
        self.sign_digest(&data.eip712_signing_hash(domain))
    }

    /// Signs a personal message (EIP-191, version 0x45), as DSSE envelopes carry it: the 65 bytes r, s and
    /// v (27 or 28).
    pub fn sign_message(&self, message: &[u8]) -> Result<[u8; 65], SignError> {
        self.0.sign_message_sync(message).map(|s| s.as_bytes()).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: SignerError) -> SignError {
        SignError { address: self.address(), source }
    }
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountKey({})", self.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use averment_primitives::keccak256;

    fn key() -> AccountKey {
        AccountKey::from_secret(&keccak256(b"averment test account").0).unwrap()
    }

    #[test]
    fn rejects_zero_and_the_order_of_the_curve() {
        let order =
            alloy::primitives::hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
        assert!(AccountKey::from_secret(&[0; 32]).is_none());
        assert!(AccountKey::from_secret(&order).is_none());
        assert!(AccountKey::from_secret(&[0xff; 32]).is_none());
    }

    /// From the documentation of web3.js, `accounts.sign("Some data", 0x4c08…2318)`.
    #[test]
    fn signs_messages_as_other_wallets_do() {
        let secret =
            alloy::primitives::hex!("4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318");
        let signature = AccountKey::from_secret(&secret).unwrap().sign_message(b"Some data").unwrap();
        let expected = alloy::primitives::hex!(
            "b91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd"
            "6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a029"
            "1c"
        );
        assert_eq!(signature, expected);
    }

    #[test]
    fn a_digest_signature_recovers_to_the_address() {
        let digest = keccak256(b"something shown in words");
        let signature = key().sign_digest(&digest).unwrap();
        assert_eq!(signature.recover_address_from_prehash(&digest).unwrap(), key().address());
        assert!(signature.normalize_s().is_none(), "s is in the lower half, as contracts require");
    }

    #[test]
    fn a_key_prints_only_its_address() {
        let secret = averment_primitives::B256::from(*key().secret());
        let text = format!("{:?}", key());
        assert_eq!(text, format!("AccountKey({})", key().address()));
        assert!(!text.contains(&format!("{secret:x}")));
    }
}
