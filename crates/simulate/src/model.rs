//! A model that a contract can run: what it says of an input is the input's commitment modulo ten.
//!
//! Whether proofs of real models are sound is the subject of other tests. Here it is given: the verifier runs the model
//! itself, so everybody can prove what is true and nobody anything else. What a proof costs who makes it, is a figure of the
//! simulation ([`crate::Economy::proof`]).

use alloy::{
    primitives::{Address, B256, Bytes, U256, address, bytes},
    sol,
    sol_types::SolCall,
};

/// How many answers there are.
const CLASSES: u8 = 10;

/// Where the verifier is.
pub const VERIFIER: Address = address!("0x00000000000000000000000000000000000A0001");
/// Where the certificates are that go with it.
pub const CERTIFICATES: Address = address!("0x00000000000000000000000000000000000A0002");

sol! {
    /// Of the certificates: whose they are.
    function verifier() external view returns (address);
}

/// What the model says of an input.
pub fn answer(input: B256) -> i64 {
    // Less than ten.
    U256::from_be_bytes(input.0).wrapping_rem(U256::from(CLASSES)).to()
}

/// Another answer, always the same one.
pub fn wrong(answer: i64) -> i64 {
    (answer + 1) % i64::from(CLASSES)
}

/// One of the answers.
pub fn guess(random: u64) -> i64 {
    (random % u64::from(CLASSES)) as i64
}

/// The verifier's code: true if the statement has one public value, and that is what the model says of its inputs.
///
/// `verify(bytes32,Statement,bytes,bytes)` has the statement's offset in its second word; in the statement the eighth word is
/// the inputs' commitment and the tenth the offset of the public values.
pub fn verifier_code() -> Bytes {
    bytes!(
        "602435600401" // the statement
        "8060e00135600a9006" // its inputs modulo ten
        "9080610120013501" // its public values
        "80356001149060200135" // whether that is one, and the first
        "90911416" // is it that answer, and is it one
        "5f5260205ff3"
    )
}

/// The certificates' code: they are the verifier's, and all weights are certified.
pub fn certificates_code() -> Bytes {
    // The place of the second branch: behind 14 bytes that choose, and the 8 of the first.
    let choose =
        [&[0x5f, 0x35, 0x60, 0xe0, 0x1c, 0x63][..], &verifierCall::SELECTOR, &[0x14, 0x60, 22, 0x57]];
    let certified = [0x60, 1, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3];
    let whose = [&[0x5b, 0x73], VERIFIER.as_slice(), &[0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3]].concat();
    [&choose.concat()[..], &certified, &whose].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::{network::TransactionBuilder, providers::Provider, rpc::types::TransactionRequest};
    use averment_ledger::{
        Ledger,
        contracts::{ProofVerifier, WeightsCertificates},
        embedded::{Genesis, GenesisAccount},
    };

    async fn ask<C: SolCall>(to: Address, call: C) -> C::Return {
        let mut genesis = Genesis::development(1_700_000_000);
        for (address, code) in [(VERIFIER, verifier_code()), (CERTIFICATES, certificates_code())] {
            genesis.accounts.insert(address, GenesisAccount { code, ..GenesisAccount::default() });
        }
        let ledger = Ledger::in_memory(genesis).unwrap();
        let request = TransactionRequest::default().with_to(to).with_input(call.abi_encode());
        C::abi_decode_returns(&ledger.provider().call(request).await.unwrap()).unwrap()
    }

    async fn verifies(input: B256, values: &[i64]) -> bool {
        let statement = ProofVerifier::Statement {
            consumer: Address::repeat_byte(1),
            request: B256::repeat_byte(2),
            beneficiary: Address::repeat_byte(3),
            version: B256::repeat_byte(4),
            weights: B256::repeat_byte(5),
            plan: B256::repeat_byte(6),
            schema: B256::repeat_byte(7),
            inputs: input,
            items: 9,
            publicValues: values.to_vec(),
            seed: B256::repeat_byte(10),
            zeroKnowledge: true,
            terms: B256::repeat_byte(11),
        };
        let call = ProofVerifier::verifyCall {
            descriptor: B256::repeat_byte(12),
            statement,
            points: vec![13; 70].into(),
            proof: Bytes::new(),
        };
        ask(VERIFIER, call).await
    }

    /// The verifier says yes to what the model says, and to nothing else.
    #[tokio::test]
    async fn what_is_true_verifies() {
        for input in [B256::ZERO, B256::with_last_byte(9), B256::repeat_byte(0xff)] {
            let truth = answer(input);
            assert!(verifies(input, &[truth]).await, "{input}");
            for other in (0..10).filter(|other| *other != truth).chain([truth + 10, truth - 10, i64::MIN]) {
                assert!(!verifies(input, &[other]).await, "{input} {other}");
            }
            assert!(!verifies(input, &[]).await && !verifies(input, &[truth, 0]).await);
            assert_ne!(wrong(truth), truth);
        }
        assert_eq!(answer(B256::with_last_byte(27)), 7);
    }

    #[tokio::test]
    async fn the_certificates_are_the_verifiers_and_certify() {
        let whose = WeightsCertificates::verifierCall {};
        assert_eq!(ask(CERTIFICATES, whose).await, VERIFIER);
        let call = WeightsCertificates::isCertifiedCall {
            decision: B256::ZERO,
            certificate: B256::ZERO,
            weights: B256::ZERO,
        };
        assert!(ask(CERTIFICATES, call).await);
    }
}
