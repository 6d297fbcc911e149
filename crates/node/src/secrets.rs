//! What follows from an operator's signing key, so that there is one secret to keep and nothing to lose: the salts that hide
//! its commitments, and the key that inputs are sealed to.
//!
//! Each is the hash of a signature that the key makes deterministically (RFC 6979) over a text of its own, which is published
//! nowhere. Nobody else can make that signature, and a hash of one tells nothing of another.

use crate::seal::MemberKey;
use alloy::sol_types::SolValue;
use alloy_primitives::{Address, B256, U256, keccak256};
use averment_ledger::keys::{AccountKey, SignError};
use zeroize::Zeroizing;

const SALT: &str = "averment.oracle.salt/1";
const ROUND_SALT: &str = "averment.federated.salt/1";
const SEALED: &str = "averment.oracle.sealed/1";

/// What hides the commitment to a request's answer.
pub fn salt(key: &AccountKey, chain_id: u64, staking: Address, request: B256) -> Result<B256, SignError> {
    let about = (SALT.to_owned(), U256::from(chain_id), staking, request);
    Ok(keccak256(*secret(key, &about.abi_encode_params())?))
}

/// What hides what a member of a task of federated learning commits to in a round: its update, or its scores.
pub fn round_salt(
    key: &AccountKey,
    chain_id: u64,
    task: Address,
    round: u16,
    what: &'static str,
) -> Result<B256, SignError> {
    let about = (ROUND_SALT.to_owned(), U256::from(chain_id), task, U256::from(round), what.to_owned());
    Ok(keccak256(*secret(key, &about.abi_encode_params())?))
}

/// The key that inputs and weights are sealed to. It is the same on every chain.
pub fn member_key(key: &AccountKey) -> Result<MemberKey, SignError> {
    Ok(MemberKey::from_secret(&secret(key, &(SEALED.to_owned(),).abi_encode_params())?))
}

fn secret(key: &AccountKey, about: &[u8]) -> Result<Zeroizing<[u8; 32]>, SignError> {
    let signature = Zeroizing::new(key.sign_digest(&keccak256(about))?.as_bytes());
    Ok(Zeroizing::new(keccak256(*signature).0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use averment_ledger::keys::development;
    use std::collections::BTreeSet;

    #[test]
    fn secrets_are_the_same_again_and_others_for_other_keys_chains_contracts_and_requests() {
        let keys = development::accounts(31337).unwrap();
        let [staking, other] = [1, 2].map(Address::repeat_byte);
        let [one, two] = [1, 2].map(B256::repeat_byte);
        let salts = [
            salt(&keys[0], 1, staking, one),
            salt(&keys[1], 1, staking, one),
            salt(&keys[0], 2, staking, one),
            salt(&keys[0], 1, other, one),
            salt(&keys[0], 1, staking, two),
        ]
        .map(Result::unwrap);
        assert_eq!(salt(&keys[0], 1, staking, one).unwrap(), salts[0]);
        let sealed = [0, 1].map(|at| member_key(&keys[at]).unwrap().public());
        assert_eq!(member_key(&keys[0]).unwrap().public(), sealed[0]);
        assert_eq!(salts.iter().chain(&sealed).collect::<BTreeSet<_>>().len(), 7);
    }
}
