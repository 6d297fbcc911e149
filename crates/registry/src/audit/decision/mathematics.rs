//! What only somebody can check who knows the proof system: this crate does not (docs: the arrows in ARCHITECTURE.md).

use super::{
    super::rounds::{AdoptionQuestion, RoundQuestion, RoundStanding},
    evidence::{InputsEvidence, ProofEvidence},
};
use crate::settlement::{Offer, Request, Router};
use averment_primitives::{Address, B256};

/// What a proof or an opening has to be about: everything here is checked against the trusted state already.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The router, on its chain: the statement's consumer.
    pub router: Router,
    /// The request's id.
    pub id: B256,
    /// What was asked for.
    pub request: &'a Request,
    /// What was offered: weights and plan are the version's own.
    pub offer: &'a Offer,
    /// The final outputs.
    pub outputs: &'a [i64],
    /// Who proved them, if somebody did: the statement's beneficiary.
    pub prover: Address,
}

/// How a proof was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofStanding {
    /// It proves the answer, and its weights are certified to be in range.
    Verified,
    /// The same, but by the development setup, whose secret is public: it proves nothing.
    DevelopmentSetup,
    /// Nobody checked it here.
    Unchecked,
}

/// A private input that was disclosed, and is what was committed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisclosedInput {
    /// Its place in the request, from 0.
    pub item: u16,
    /// What it is called, and its integers.
    pub values: Vec<(String, Vec<i64>)>,
}

/// Checks what needs the proof system. An error's text says what does not hold.
pub trait Mathematics {
    /// Checks that `proof` proves exactly the answer to `question`, with weights that are certified.
    fn proof(&self, question: &Question<'_>, proof: &ProofEvidence) -> Result<ProofStanding, String>;

    /// Checks that each of the openings is of the commitment with its identity, under the offer's schema; none if that is not
    /// checked here. That the identities are the request's is checked already.
    fn inputs(
        &self,
        question: &Question<'_>,
        inputs: &InputsEvidence,
    ) -> Result<Option<Vec<DisclosedInput>>, String>;

    /// Computes weights and qualities of a round again from its matrix, and what the round adds from its models' points; and checks
    /// its proof and its sum, if they are there. By itself nothing is computed.
    fn round(&self, question: &RoundQuestion<'_>) -> Result<RoundStanding, String> {
        let _ = question;
        Ok(RoundStanding::Unchecked)
    }

    /// Checks that the weights of a version are those of a task, shifted and rounded, and in range. By itself nothing is checked.
    fn adoption(&self, question: &AdoptionQuestion<'_>) -> Result<ProofStanding, String> {
        let _ = question;
        Ok(ProofStanding::Unchecked)
    }
}

/// Checks nothing: whatever needs the proof system is reported as unchecked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unchecked;

impl Mathematics for Unchecked {
    fn proof(&self, _: &Question<'_>, _: &ProofEvidence) -> Result<ProofStanding, String> {
        Ok(ProofStanding::Unchecked)
    }

    fn inputs(&self, _: &Question<'_>, _: &InputsEvidence) -> Result<Option<Vec<DisclosedInput>>, String> {
        Ok(None)
    }
}
