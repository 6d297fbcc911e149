//! The contracts that verify proofs, and their deployment: one for every plan and every model.

use super::{
    Contract, DeployError, Descriptors, ProofVerifier, Sender, Sent, WeightsCertificates,
    deployment::{create, with_arguments},
};
use averment_primitives::{B256, U256};
use averment_verifier::{Key, setup};
use serde::{Deserialize, Serialize};

/// What verifies proofs of one setup. None of the contracts has an owner, and none can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProofContracts {
    /// The digest of the setup whose \[τ\]G2 the verifier was created with.
    pub setup: B256,
    /// What registers descriptors, if they are functions, with the points of their tables.
    pub descriptors: Contract,
    /// What verifies.
    pub verifier: Contract,
    /// What remembers which weights are certified.
    pub certificates: Contract,
}

impl ProofContracts {
    /// Creates them for one setup. Whether that setup is one to trust is the caller's to know.
    pub async fn deploy(sender: &Sender, key: &Key) -> Result<(Self, Vec<Sent>), DeployError> {
        let mut sent = Vec::new();
        let code = Descriptors::BYTECODE.clone();
        let runtime = &Descriptors::DEPLOYED_BYTECODE;
        let descriptors = create(sender, "registry of descriptors", code, runtime, &[], &mut sent).await?;
        let tau = setup::tau_words(&key.tau);
        let arguments = ProofVerifier::constructorCall {
            tau_: tau.map(|word| U256::from_be_bytes(word.0)),
            setup_: key.setup,
            descriptors_: descriptors.address,
        };
        let code = with_arguments(&ProofVerifier::BYTECODE, &arguments);
        let immutables = [&tau[..], &[key.setup, descriptors.address.into_word()]].concat();
        let runtime = &ProofVerifier::DEPLOYED_BYTECODE;
        let verifier = create(sender, "proof verifier", code, runtime, &immutables, &mut sent).await?;
        let arguments = WeightsCertificates::constructorCall { verifier_: verifier.address };
        let code = with_arguments(&WeightsCertificates::BYTECODE, &arguments);
        let immutables = [verifier.address.into_word(), descriptors.address.into_word()];
        let runtime = &WeightsCertificates::DEPLOYED_BYTECODE;
        let certificates =
            create(sender, "registry of certified weights", code, runtime, &immutables, &mut sent).await?;
        Ok((Self { setup: key.setup, descriptors, verifier, certificates }, sent))
    }
}
