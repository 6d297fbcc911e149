//! What a proof says ([9.1]).

use crate::{descriptor::Kind, field::Fr, transcript::Oracle};
use alloy_primitives::{Address, B256, I256, keccak256};

/// The suite: field, curve, hash, opening, and the version of the protocol.
pub const SUITE: &str = "averment-proof/1";

/// Everything that a proof is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statement {
    /// Of the setup that commitments are made with.
    pub setup: B256,
    /// EIP-155 id of the chain.
    pub chain_id: u64,
    /// The contract that the proof is for; zero if none.
    pub contract: Address,
    /// The request that it answers; zero if none.
    pub request: B256,
    /// Who may use it.
    pub beneficiary: Address,
    /// The registered version; zero if none.
    pub version: B256,
    /// The registered weights: identity of the commitment, which covers setup, K, layout and points.
    pub weights: B256,
    /// The plan.
    pub plan: B256,
    /// The input's schema.
    pub schema: B256,
    /// The inputs: identity of the commitment to them.
    pub inputs: B256,
    /// How many items the inputs are; a batch is padded with others to a power of two.
    pub items: u32,
    /// Public inputs and outputs, in the order of the plan.
    pub public: Vec<i64>,
    /// Randomness of the computation; zero if it uses none.
    pub seed: B256,
    /// Whether the proof hides weights, inputs and activations.
    pub mode: Mode,
    /// The version's terms; zero if none.
    pub terms: B256,
}

/// What a proof hides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Everything but the statement.
    #[default]
    ZeroKnowledge,
    /// Nothing: for public weights and inputs.
    Transparent,
}

impl Mode {
    /// Whether there are masks.
    pub fn masked(self) -> bool {
        self == Self::ZeroKnowledge
    }
}

impl Statement {
    /// Takes the statement into a transcript. Public values are field elements, but for a round's: of these, hundreds, the contract takes the
    /// words as they are, two's complement.
    pub fn absorb(&self, transcript: &mut impl Oracle, kind: Kind) {
        transcript.word(&keccak256(SUITE));
        transcript.word(&self.setup);
        transcript.number(self.chain_id);
        transcript.word(&self.contract.into_word());
        transcript.word(&self.request);
        transcript.word(&self.beneficiary.into_word());
        for word in [&self.version, &self.weights, &self.plan, &self.schema, &self.inputs] {
            transcript.word(word);
        }
        transcript.number(self.items.into());
        transcript.number(u64::try_from(self.public.len()).unwrap_or(u64::MAX));
        for value in &self.public {
            match kind {
                Kind::Round => transcript.word(&I256::unchecked_from(*value).to_be_bytes().into()),
                _ => transcript.scalar(&Fr::from(*value)),
            }
        }
        transcript.word(&self.seed);
        transcript.number(u64::from(self.mode.masked()));
        transcript.word(&self.terms);
    }
}
