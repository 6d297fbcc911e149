//! Where the evidence about a decision does not hold.

use crate::{
    approval::SignatureError,
    settlement::{AbiError, ClaimStage, EventError, Phase},
    state::{HeaderError, ProofError, ReceiptError},
};
use averment_primitives::{Address, B256, VersionId};
use thiserror::Error;

/// The first link of a decision that does not hold.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is named in the message beside it")]
pub enum DecisionFault {
    /// Bytes that no contract encodes.
    #[error(transparent)]
    Abi(#[from] AbiError),
    /// Another router than the reader asked for.
    #[error("expected the router {expected}, this is a decision of {got}")]
    Router { expected: Address, got: Address },
    /// Another pool than the reader asked for.
    #[error("expected the claims pool {expected}, the requester is {got}")]
    Pool { expected: Address, got: Address },
    /// It says that it is another request than it is.
    #[error(
        "it says that it is request {expected}; chain, router, requester and what was asked for are those of request {got}"
    )]
    RequestId { expected: B256, got: B256 },
    /// A decision of another version.
    #[error("it is a decision of version {got}, the file is about {expected}")]
    Version { expected: VersionId, got: VersionId },
    /// Another offer than the request names.
    #[error("the request names offer {expected}; the offer given is {got}")]
    OfferId { expected: B256, got: B256 },
    /// The offer is of another version.
    #[error("the offer is of version {got}, the request of {expected}")]
    OfferVersion { expected: VersionId, got: VersionId },
    /// The offer is of other weights or another plan than the version's.
    #[error("the offer's {what} is {got}, the version's is {expected}")]
    OfferContent { what: &'static str, expected: B256, got: B256 },
    /// A contract's state is not proved.
    #[error("state of the {contract}: {error}")]
    State { contract: &'static str, error: ProofError },
    /// A contract is no ERC-1967 proxy.
    #[error("the {contract} at {address} is not a proxy with an implementation")]
    NoImplementation { contract: &'static str, address: Address },
    /// A contract runs other code than the reader trusts.
    #[error("the {contract}'s code has hash {got}, which is not among those trusted")]
    Code { contract: &'static str, got: B256 },
    /// The router never took the offer.
    #[error("the router's storage has no such offer, or other terms: {got}")]
    OfferTerms { got: B256 },
    /// The request has no final answer.
    #[error("the router's storage does not say that the request is final, it says {}", said(*.got))]
    NotFinal { got: Option<Phase> },
    /// Other outputs are final.
    #[error("the router's storage has final outputs with digest {}, those given have {}", hex(.expected), hex(.got))]
    Outputs { expected: [u8; 26], got: [u8; 26] },
    /// A block's header is none.
    #[error("a block with steps: {0}")]
    Header(HeaderError),
    /// A block with steps is not one that the trusted block has before it.
    #[error("block {number}: the trusted state says that its hash is {expected}, the header's is {got}")]
    StepBlock { number: u64, expected: B256, got: B256 },
    /// A block that the trusted state does not remember.
    #[error(
        "block {number} is not one of the {kept} before block {trusted}: its hash is not in the trusted state"
    )]
    Forgotten { number: u64, trusted: u64, kept: u64 },
    /// A receipt is not proved.
    #[error("block {number}: {error}")]
    Receipt { number: u64, error: ReceiptError },
    /// A receipt that says nothing about the decision, or a log that does not.
    #[error("block {number}: {what} {index} says nothing about this decision and does not belong here")]
    Surplus { number: u64, what: &'static str, index: u64 },
    /// A log that is no event of its contract.
    #[error("block {number}: {error}")]
    Event { number: u64, error: EventError },
    /// A step is missing, or there are several.
    #[error("expected one event {event}, there are {got}")]
    StepCount { event: &'static str, got: usize },
    /// A step says something else than what is proved.
    #[error("the event {event} says another {what} than what is proved")]
    Step { event: &'static str, what: &'static str },
    /// A proof is here of an answer that nobody proved.
    #[error("a proof is here, but the answer was not proved")]
    Unproved,
    /// The proof does not prove the answer.
    #[error("the proof of the answer: {0}")]
    Proof(String),
    /// The disclosed inputs are others than the request's.
    #[error("the disclosed inputs: the request's are {expected}, these are {got}")]
    OtherInputs { expected: B256, got: B256 },
    /// An opening of a commitment that is not there.
    #[error("the disclosed inputs: there is no input {item}")]
    NoInput { item: u16 },
    /// What is disclosed is not what was committed to.
    #[error("the disclosed inputs: {0}")]
    Inputs(String),
    /// The claims are not those of the request.
    #[error("the request's inputs are {expected}; the claims' evidence gives {got}")]
    Claims { expected: B256, got: B256 },
    /// No such claim in the batch.
    #[error("claim {place}: the request is about {count} claims")]
    Place { place: u16, count: usize },
    /// A claim of another policy.
    #[error(
        "claim {place}: the pool's storage has a policy that begins with {expected}, the evidence says {got}"
    )]
    Policy { place: u16, expected: String, got: B256 },
    /// A claim of another product.
    #[error("claim {place}: the pool's storage has product {expected}, the evidence says {got}")]
    Product { place: u16, expected: u16, got: u16 },
    /// A product that another routine decides, or none.
    #[error("product {product}: the pool's storage has routine {expected}, the evidence says {got}")]
    Routine { product: u16, expected: u16, got: u16 },
    /// A stage that the answer cannot have led to.
    #[error(
        "claim {place}: the pool's storage says that it is {}, which the final answer does not lead to",
        .got.map_or_else(|| "in no stage that there is".to_owned(), |stage| stage.to_string())
    )]
    Stage { place: u16, got: Option<ClaimStage> },
    /// The intake's signature is none, or another's.
    #[error("claim {place}: the intake's signature: {error}")]
    Signature { place: u16, error: SignatureError },
    /// Somebody else signed.
    #[error("claim {place}: expected the signature of intake {expected}, it is one of {got}")]
    Intake { place: u16, expected: Address, got: Address },
    /// A list that ascends does not.
    #[error("{list}: entries ascend and none occurs twice; this does not hold at place {place}")]
    Order { list: &'static str, place: usize },
}

fn said(phase: Option<Phase>) -> String {
    phase.map_or_else(|| "nothing that there is".to_owned(), |phase| format!("{phase:?}"))
}

fn hex(digest: &[u8; 26]) -> String {
    averment_primitives::hex::encode_prefixed(digest)
}
