//! What a model's owner offers, what somebody asks for, and their ids.

use super::abi::{AbiError, exactly, typed};
use alloy_primitives::aliases::U40;
use alloy_sol_types::{SolType, SolValue, sol_data};
use averment_primitives::{Address, B256, U256, VersionId, keccak256};
use std::fmt;

/// How an answer becomes final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// By a proof.
    Proof,
    /// By a bond, and a window in which nobody challenges.
    Optimistic,
    /// By members of a drawn committee who say the same.
    Quorum,
}

impl Mode {
    /// The mode with the contract's number `code`.
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Proof, Self::Optimistic, Self::Quorum].get(usize::from(code)).copied()
    }

    /// The contract's number for it.
    pub fn code(self) -> u8 {
        match self {
            Self::Proof => 0,
            Self::Optimistic => 1,
            Self::Quorum => 2,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proof => "proof",
            Self::Optimistic => "optimistic",
            Self::Quorum => "quorum",
        })
    }
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// There is no such request.
    None,
    /// Waits for an answer.
    Open,
    /// Has a bonded answer that may be challenged.
    Answered,
    /// Has an answer that has to be proved.
    Challenged,
    /// Has a committee.
    Drawn,
    /// Has its final outputs.
    Final,
    /// The same, but the requester did not take the callback.
    Undelivered,
    /// Was not answered, and everybody got back what they put in.
    Refunded,
}

impl Phase {
    /// The phase with the contract's number `code`.
    pub fn from_code(code: u8) -> Option<Self> {
        use Phase::{Answered, Challenged, Drawn, Final, None as Nothing, Open, Refunded, Undelivered};
        [Nothing, Open, Answered, Challenged, Drawn, Final, Undelivered, Refunded]
            .get(usize::from(code))
            .copied()
    }

    /// Where that is, after "the request".
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "was never made",
            Self::Open => "waits for an answer",
            Self::Answered => "has an answer that may be challenged",
            Self::Challenged => "has an answer that has to be proved",
            Self::Drawn => "has a committee",
            Self::Final => "is final",
            Self::Undelivered => "is final, its callback failed",
            Self::Refunded => "was refunded",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Open => "open",
            Self::Answered => "answered",
            Self::Challenged => "challenged",
            Self::Drawn => "drawn",
            Self::Final => "final",
            Self::Undelivered => "undelivered",
            Self::Refunded => "refunded",
        })
    }
}

/// How a committee answers; all zero if none may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quorum {
    /// How many are drawn.
    pub members: u8,
    /// How many of them have to say the same.
    pub threshold: u8,
    /// Seconds to commit.
    pub commit_seconds: u32,
    /// Seconds to reveal.
    pub reveal_seconds: u32,
    /// How far an answer may be from the median to count as the same; zero for models that are exact.
    pub tolerance: u64,
}

/// What a model's owner offers to have computed by a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The version.
    pub version: VersionId,
    /// Its weights, as registered.
    pub weights: B256,
    /// Its plan, as registered.
    pub plan: B256,
    /// The input's schema.
    pub schema: B256,
    /// The terms of use; zero if none.
    pub terms: B256,
    /// The contract that verifies proofs.
    pub verifier: Address,
    /// The descriptor that proofs are verified with.
    pub descriptor: B256,
    /// The certificate of the weights.
    pub certificate: B256,
    /// Whether proofs hide weights, inputs and activations.
    pub zero_knowledge: bool,
    /// Modes for inputs about nobody, bit 1 << [`Mode::code`].
    pub modes: u8,
    /// Modes for inputs about persons.
    pub modes_for_persons: u8,
    /// Seconds in which a challenged answer has to be proved.
    pub proof_seconds: u32,
    /// What a challenger stakes, in the token's smallest units.
    pub challenge_bond: u128,
    /// The committee, if one may answer.
    pub quorum: Quorum,
}

impl Offer {
    /// Reads `abi.encode(offer)`.
    pub fn decode(bytes: &[u8]) -> Result<Self, AbiError> {
        let offer = exactly::<typed::Offer>("offer", bytes)?;
        let quorum = offer.quorum;
        Ok(Self {
            version: VersionId(offer.version),
            weights: offer.weights,
            plan: offer.plan,
            schema: offer.schema,
            terms: offer.terms,
            verifier: offer.verifier,
            descriptor: offer.descriptor,
            certificate: offer.certificate,
            zero_knowledge: offer.zeroKnowledge,
            modes: offer.modes,
            modes_for_persons: offer.modesForPersons,
            proof_seconds: offer.proofSeconds,
            challenge_bond: offer.challengeBond,
            quorum: Quorum {
                members: quorum.members,
                threshold: quorum.threshold,
                commit_seconds: quorum.commitSeconds,
                reveal_seconds: quorum.revealSeconds,
                tolerance: quorum.tolerance,
            },
        })
    }

    /// `abi.encode(offer)`.
    pub fn encode(&self) -> Vec<u8> {
        self.typed().abi_encode()
    }

    fn typed(&self) -> typed::Offer {
        let quorum = self.quorum;
        typed::Offer {
            version: self.version.0,
            weights: self.weights,
            plan: self.plan,
            schema: self.schema,
            terms: self.terms,
            verifier: self.verifier,
            descriptor: self.descriptor,
            certificate: self.certificate,
            zeroKnowledge: self.zero_knowledge,
            modes: self.modes,
            modesForPersons: self.modes_for_persons,
            proofSeconds: self.proof_seconds,
            challengeBond: self.challenge_bond,
            quorum: typed::Quorum {
                members: quorum.members,
                threshold: quorum.threshold,
                commitSeconds: quorum.commit_seconds,
                revealSeconds: quorum.reveal_seconds,
                tolerance: quorum.tolerance,
            },
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Of which version.
    pub version: VersionId,
    /// By which offer.
    pub offer: B256,
    /// The identity of the commitment to the inputs.
    pub inputs: B256,
    /// How many inputs these are.
    pub items: u32,
    /// Randomness of the computation; zero if it uses none.
    pub seed: B256,
    /// Makes the id unique.
    pub salt: B256,
    /// How it is to be answered; see [`Self::effective_mode`].
    pub mode: Mode,
    /// Whether an input is about a person.
    pub personal: bool,
    /// Above this value at risk it is proved.
    pub proof_above: u128,
    /// What is lost if the answer is wrong.
    pub value_at_risk: u128,
    /// What the answer is worth to the requester.
    pub fee: u128,
    /// What an optimistic answerer stakes.
    pub bond: u128,
    /// The last second at which it may be answered.
    pub deadline: u64,
    /// Seconds in which an optimistic answer may be challenged.
    pub window: u32,
    /// Gas of the requester's callback; zero for none.
    pub callback_gas: u32,
    /// Inputs that are public.
    pub public_inputs: Vec<i64>,
}

impl Request {
    /// Reads `abi.encode(request)`, which is the data of the router's event `Requested`.
    pub fn decode(bytes: &[u8]) -> Result<Self, AbiError> {
        exactly::<typed::Request>("request", bytes)?.try_into()
    }

    /// `abi.encode(request)`.
    pub fn encode(&self) -> Vec<u8> {
        self.typed().abi_encode()
    }

    /// The mode that it asks for: a proof if more is at risk than its policy allows without one.
    pub fn effective_mode(&self) -> Mode {
        if self.value_at_risk > self.proof_above { Mode::Proof } else { self.mode }
    }

    fn typed(&self) -> typed::Request {
        typed::Request {
            version: self.version.0,
            offer: self.offer,
            inputs: self.inputs,
            items: self.items,
            seed: self.seed,
            salt: self.salt,
            mode: self.mode.code(),
            personal: self.personal,
            proofAbove: self.proof_above,
            valueAtRisk: self.value_at_risk,
            fee: self.fee,
            bond: self.bond,
            deadline: U40::saturating_from(self.deadline),
            window: self.window,
            callbackGas: self.callback_gas,
            publicInputs: self.public_inputs.clone(),
        }
    }
}

impl TryFrom<typed::Request> for Request {
    type Error = AbiError;

    fn try_from(asked: typed::Request) -> Result<Self, AbiError> {
        let mode = Mode::from_code(asked.mode).ok_or(AbiError::Unknown { what: "mode", got: asked.mode })?;
        Ok(Self {
            version: VersionId(asked.version),
            offer: asked.offer,
            inputs: asked.inputs,
            items: asked.items,
            seed: asked.seed,
            salt: asked.salt,
            mode,
            personal: asked.personal,
            proof_above: asked.proofAbove,
            value_at_risk: asked.valueAtRisk,
            fee: asked.fee,
            bond: asked.bond,
            deadline: asked.deadline.to::<u64>(),
            window: asked.window,
            callback_gas: asked.callbackGas,
            public_inputs: asked.publicInputs,
        })
    }
}

/// One deployed `InferenceRouter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Router {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Address of its proxy.
    pub address: Address,
}

type Word = sol_data::FixedBytes<32>;
type OfferPreimage = (Word, sol_data::Uint<256>, sol_data::Address, typed::Offer);
type RequestPreimage = (Word, sol_data::Uint<256>, sol_data::Address, sol_data::Address, typed::Request);

impl Router {
    /// `keccak256(abi.encode(keccak256("averment.offer/1"), chain, router, offer))`.
    pub fn offer_id(&self, offer: &Offer) -> B256 {
        let (domain, chain) = (keccak256("averment.offer/1"), U256::from(self.chain_id));
        keccak256(OfferPreimage::abi_encode_params(&(domain, chain, self.address, offer.typed())))
    }

    /// `keccak256(abi.encode(keccak256("averment.request/1"), chain, router, requester, request))`.
    pub fn request_id(&self, requester: Address, request: &Request) -> B256 {
        let (domain, chain) = (keccak256("averment.request/1"), U256::from(self.chain_id));
        let preimage = (domain, chain, self.address, requester, request.typed());
        keccak256(RequestPreimage::abi_encode_params(&preimage))
    }
}

type Outputs = sol_data::Array<sol_data::Int<64>>;

/// Reads `abi.encode(outputs)`.
pub fn decode_outputs(bytes: &[u8]) -> Result<Vec<i64>, AbiError> {
    exactly::<Outputs>("outputs", bytes)
}

/// `abi.encode(outputs)`.
pub fn encode_outputs(outputs: &[i64]) -> Vec<u8> {
    outputs.abi_encode()
}

/// What the router keeps of final outputs: 26 bytes of the Keccak-256 of their encoding.
pub fn outputs_digest(outputs: &[i64]) -> [u8; 26] {
    let mut digest = [0; 26];
    digest.iter_mut().zip(keccak256(encode_outputs(outputs))).for_each(|(to, from)| *to = from);
    digest
}
