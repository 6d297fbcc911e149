//! What members of a committee sign, and whose a signature is.
//!
//! Commitments and agreements are EIP-712 of the staking contract, which checks them (`contracts/src/oracles/Committees.sol`).
//! Lists go from member to member only and are no contract's business, so they have a domain of their own: none of
//! the three can be taken for another.

use alloy::{
    sol,
    sol_types::{Eip712Domain, SolStruct, SolValue, eip712_domain},
};
use alloy_primitives::{Address, B256, Signature, U256, keccak256};
use averment_ledger::keys::{AccountKey, SignError};
use serde::{Deserialize, Serialize};

sol! {
    #[derive(Debug)]
    struct Commit {
        bytes32 request;
        bytes32 digest;
    }

    #[derive(Debug)]
    struct Agreement {
        bytes32 request;
        bytes32 outputs;
        bytes32 commits;
    }

    #[derive(Debug)]
    struct List {
        bytes32 request;
        uint8 round;
        bytes32 commits;
    }
}

/// A signature in EIP-2098's short form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShortSignature {
    /// The point's coordinate.
    pub r: B256,
    /// The scalar, in the lower half, with the parity in its highest bit.
    pub vs: B256,
}

impl ShortSignature {
    /// Signs a digest. The same key and digest give the same signature (RFC 6979).
    pub fn new(key: &AccountKey, digest: &B256) -> Result<Self, SignError> {
        let signature = key.sign_digest(digest)?;
        let vs: U256 = signature.s() | (U256::from(signature.v()) << 255_usize);
        Ok(Self { r: signature.r().into(), vs: vs.into() })
    }

    /// Who signed `digest`. Nobody if it is no signature, or one with a scalar in the upper half, which contracts refuse.
    pub fn signer(&self, digest: &B256) -> Option<Address> {
        let vs = U256::from_be_bytes(self.vs.0);
        let s = vs & (U256::MAX >> 1_usize);
        let signature = Signature::new(U256::from_be_bytes(self.r.0), s, vs.bit(255));
        if signature.normalize_s().is_some() {
            return None;
        }
        signature.recover_address_from_prehash(digest).ok()
    }
}

/// Where signatures count: one chain and one staking contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Domain {
    /// The chain.
    pub chain_id: u64,
    /// The contract.
    pub staking: Address,
}

impl Domain {
    fn staking(&self) -> Eip712Domain {
        eip712_domain! {
            name: "Averment OracleStaking",
            version: "1",
            chain_id: self.chain_id,
            verifying_contract: self.staking,
        }
    }

    fn channel(&self) -> Eip712Domain {
        eip712_domain! {
            name: "Averment operators",
            version: "1",
            chain_id: self.chain_id,
            verifying_contract: self.staking,
        }
    }

    /// What a member signs to commit to a digest.
    pub fn commit(&self, request: B256, digest: B256) -> B256 {
        Commit { request, digest }.eip712_signing_hash(&self.staking())
    }

    /// What a member signs who says `outputs` with these commitments of all before it.
    pub fn agreement(&self, request: B256, outputs: &[i64], commits: &[B256]) -> B256 {
        let (outputs, commits) = (outputs_digest(outputs), list_digest(commits));
        Agreement { request, outputs, commits }.eip712_signing_hash(&self.staking())
    }

    /// What a member signs for whom these are the commitments of all.
    pub fn list(&self, request: B256, round: u8, commits: B256) -> B256 {
        List { request, round, commits }.eip712_signing_hash(&self.channel())
    }
}

/// What a member commits to, as `ICommittees.commitmentOf` has it.
pub fn commitment(request: B256, signer: Address, outputs: &[i64], salt: B256) -> B256 {
    keccak256((request, signer, outputs_digest(outputs), salt).abi_encode())
}

/// The digest of a list of commitments, one of each seat; zero of who has none.
pub fn list_digest(commits: &[B256]) -> B256 {
    keccak256(commits.concat())
}

fn outputs_digest(outputs: &[i64]) -> B256 {
    keccak256(outputs.to_vec().abi_encode())
}

#[cfg(test)]
mod tests {
    use super::*;
    use averment_ledger::keys::development;

    #[test]
    fn a_signature_is_its_keys_over_its_digest_alone() {
        let key = &development::accounts(31337).unwrap()[0];
        let domain = Domain { chain_id: 31337, staking: Address::repeat_byte(2) };
        let [id, digest] = [1, 2].map(B256::repeat_byte);
        let hashes = [
            domain.commit(id, digest),
            domain.agreement(id, &[1], &[digest]),
            domain.agreement(id, &[2], &[digest]),
            domain.agreement(id, &[1], &[id]),
            domain.list(id, 0, digest),
            domain.list(id, 1, digest),
            Domain { chain_id: 1, ..domain }.list(id, 1, digest),
            Domain { staking: Address::ZERO, ..domain }.list(id, 1, digest),
        ];
        let signature = ShortSignature::new(key, &hashes[0]).unwrap();
        assert_eq!(signature.signer(&hashes[0]), Some(key.address()));
        for other in &hashes[1..] {
            assert_ne!(signature.signer(other), Some(key.address()));
        }
        assert_eq!(hashes.iter().collect::<std::collections::BTreeSet<_>>().len(), hashes.len());
    }

    #[test]
    fn the_other_form_of_a_signature_is_nobodys() {
        let key = &development::accounts(31337).unwrap()[0];
        let digest = B256::repeat_byte(1);
        let ShortSignature { r, vs } = ShortSignature::new(key, &digest).unwrap();
        let order =
            U256::from_str_radix("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16);
        let s = U256::from_be_bytes(vs.0) & (U256::MAX >> 1_usize);
        let flipped = order.unwrap() - s;
        let parity = (U256::from_be_bytes(vs.0) >> 255_usize) ^ U256::ONE;
        // The upper half does not always fit beside the parity; where it does not, there is no such form.
        let other = ShortSignature { r, vs: (flipped | (parity << 255_usize)).into() };
        assert_ne!(other.signer(&digest), Some(key.address()));
        for broken in [ShortSignature { r: B256::ZERO, vs }, ShortSignature { r, vs: B256::ZERO }] {
            assert_eq!(broken.signer(&digest), None);
        }
    }
}
