//! `averment-proof-file/1`: a proof with everything that it speaks about, so that whoever has the plan and the commitment
//! to its weights can check it.
//!
//! A file says nothing about private inputs, weights or activations beyond what the statement makes known. What it says
//! is believed only once [`ProofFile::verify`] accepted it, and then only for the plan and the weights it was given.

use crate::{
    Key, Registered, RegisteredError, VerifyError,
    commitment::{CommitmentError, Inputs, WeightsCommitment},
    descriptor::{Commitments, DeriveError, Descriptor, Options, ValidDescriptor},
    point::G1Affine,
    proof::{Proof, ProofError},
    statement::{Mode, Statement},
    verify,
};
use alloy_primitives::{Address, B256};
use averment_plan::{OutputKind, Plan, Schema, SchemaError, Shape};
use averment_primitives::{DecodeError, Reader};
use thiserror::Error;

const NAME: &str = "averment-proof-file/1\n";
/// The most public values of a statement.
pub const PUBLIC_VALUES: u32 = 1 << 20;
/// The most bytes of the commitments to inputs in a file.
const COMMITMENT_BYTES: u32 = 1 << 20;
/// The most bytes of a proof in a file.
const PROOF_BYTES: u32 = 1 << 20;
/// The most bytes of a file.
pub const FILE_BYTES: u64 = 1 << 24;

/// A proof and what it proves, read but not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofFile {
    /// What is said. Its inputs and items are the commitment's, and are not written twice.
    pub statement: Statement,
    /// What the inputs were committed to with.
    pub input: Inputs,
    /// The proof's bytes; their length follows from the plan.
    pub proof: Vec<u8>,
}

/// Why bytes are not a proof file.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum FileError {
    /// Not the bytes of this format.
    #[error(transparent)]
    Bytes(#[from] DecodeError),
    /// A mode that does not exist.
    #[error("mode {got}; 0 (transparent) or 1 (zero-knowledge) expected")]
    Mode {
        /// The byte.
        got: u8,
    },
    /// Not a commitment to inputs.
    #[error("the commitment to the input: {0}")]
    Input(#[from] CommitmentError),
}

/// Why a file proves nothing about a plan with these weights.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum FileRefusal {
    /// It is about something else.
    #[error("the proof is for {what} {got:?}, not for {expected:?}")]
    Other {
        /// What is different.
        what: &'static str,
        /// What is at hand.
        expected: B256,
        /// What the file names.
        got: B256,
    },
    /// The commitments do not fit the plan.
    #[error(transparent)]
    Registered(#[from] RegisteredError),
    /// The plan has no inputs of this schema.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The plan has no descriptor.
    #[error(transparent)]
    Plan(#[from] DeriveError),
    /// The proof's bytes are no proof for this plan.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The proof does not prove the statement.
    #[error(transparent)]
    Refused(#[from] VerifyError),
}

/// What a file is held against: all of it known to the reader from elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The schema of its inputs.
    pub schema: &'a Schema,
    /// The commitment to the weights, as it was registered.
    pub weights: &'a WeightsCommitment,
    /// Points of the function tables, computed from the plan.
    pub tables: &'a [G1Affine],
    /// The setup.
    pub key: &'a Key,
}

impl ProofFile {
    /// The public values of `plan`'s inputs, none if they are private, and of its output. If they are not so many as either
    /// takes, the proof is refused.
    pub fn stated(&self, plan: &Plan) -> (&[i64], &[i64]) {
        let items = usize::try_from(self.padded_items()).unwrap_or(usize::MAX);
        let shape = plan.shapes().get(plan.output().tensor.index());
        let cells = match plan.output().kind {
            OutputKind::Argmax => 1,
            OutputKind::Values | OutputKind::Threshold(_) => shape.map_or(1, Shape::padded_cells),
        };
        let public = &self.statement.public;
        public.split_at(public.len().saturating_sub(cells.saturating_mul(items)))
    }

    fn padded_items(&self) -> u32 {
        self.input.items().checked_next_power_of_two().unwrap_or(u32::MAX)
    }

    /// What a descriptor of this proof is derived with, for weights in chunks of `2^chunk_bits` cells.
    pub fn options(&self, plan: &Plan, chunk_bits: u8) -> Options {
        let items = self.padded_items();
        let public_inputs = !self.stated(plan).0.is_empty();
        let batch_bits = u8::try_from(items.trailing_zeros()).unwrap_or(u8::MAX);
        let commitments = if self.input.separate() { Commitments::Each } else { Commitments::Joint };
        let mode = self.statement.mode;
        Options { chunk_bits: Some(chunk_bits), slots: None, batch_bits, mode, commitments, public_inputs }
    }

    /// Checks the proof. `Ok` means: whoever made it knew weights and inputs that open the two commitments, and the plan
    /// computes the statement's public values from them. Returns what [`Self::registered`] does.
    pub fn verify(&self, known: &Known<'_>) -> Result<(ValidDescriptor, Registered), FileRefusal> {
        let (descriptor, registered) = self.registered(known)?;
        let proof = Proof::decode(&self.proof, &descriptor, self.statement.mode)?;
        verify(&descriptor, known.key, &registered, &self.statement, &proof)?;
        Ok((descriptor, registered))
    }

    /// What the proof has to be held against: the plan's descriptor, and the commitments, which are those that the
    /// statement names and laid out as the descriptor asks for.
    pub fn registered(&self, known: &Known<'_>) -> Result<(ValidDescriptor, Registered), FileRefusal> {
        let Known { plan, schema, weights, tables, key } = *known;
        let statement = &self.statement;
        for (what, expected, got) in [
            ("plan", plan.digest(), statement.plan),
            ("weights", weights.identity(), statement.weights),
            ("input schema", schema.digest(), statement.schema),
            ("input schema", schema.digest(), self.input.schema()),
            ("setup", key.setup, statement.setup),
        ] {
            if expected != got {
                return Err(FileRefusal::Other { what, expected, got });
            }
        }
        schema.check_plan(plan)?;
        let options = self.options(plan, weights.chunked().blocks().chunk_bits());
        let descriptor = Descriptor::derive(plan, options)?.descriptor;
        let registered = Registered::new(&descriptor, weights, tables, Some(&self.input))?;
        Ok((descriptor, registered))
    }

    /// The file's bytes (docs/formats.md).
    pub fn encode(&self) -> Vec<u8> {
        let Statement {
            setup,
            chain_id,
            contract,
            request,
            beneficiary,
            version,
            weights,
            plan,
            schema,
            public,
            seed,
            mode,
            terms,
            // What the commitment says.
            inputs: _,
            items: _,
        } = &self.statement;
        let mut out = NAME.as_bytes().to_vec();
        out.extend_from_slice(setup.as_slice());
        out.extend_from_slice(&chain_id.to_be_bytes());
        out.extend_from_slice(contract.as_slice());
        out.extend_from_slice(request.as_slice());
        out.extend_from_slice(beneficiary.as_slice());
        for word in [version, weights, plan, schema, seed, terms] {
            out.extend_from_slice(word.as_slice());
        }
        out.push(u8::from(mode.masked()));
        out.extend_from_slice(&length(public.len()));
        public.iter().for_each(|value| out.extend_from_slice(&value.to_be_bytes()));
        for part in [&self.input.encode(), &self.proof] {
            out.extend_from_slice(&length(part.len()));
            out.extend_from_slice(part);
        }
        out
    }

    /// Reads exactly the bytes that [`Self::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, FileError> {
        let mut reader = Reader::new(bytes);
        reader.format(NAME)?;
        let setup = B256::from(reader.array("setup")?);
        let chain_id = u64::from_be_bytes(reader.array("chain id")?);
        let contract = Address::from(reader.array("contract")?);
        let request = B256::from(reader.array("request")?);
        let beneficiary = Address::from(reader.array("beneficiary")?);
        let mut word = |field| reader.array(field).map(B256::from);
        let (version, weights) = (word("version")?, word("weights")?);
        let (plan, schema) = (word("plan")?, word("schema")?);
        let (seed, terms) = (word("seed")?, word("terms")?);
        let mode = match reader.array("mode")? {
            [0] => Mode::Transparent,
            [1] => Mode::ZeroKnowledge,
            [got] => return Err(FileError::Mode { got }),
        };
        let count = counted(&mut reader, "public values", PUBLIC_VALUES)?;
        let values = reader.bytes("public values", count.saturating_mul(8))?;
        let public = values.as_chunks().0.iter().map(|value| i64::from_be_bytes(*value)).collect();
        let input = counted(&mut reader, "input commitment", COMMITMENT_BYTES)?;
        let input = Inputs::decode(reader.bytes("input commitment", input)?)?;
        let proof = counted(&mut reader, "proof", PROOF_BYTES)?;
        let proof = reader.bytes("proof", proof)?.to_vec();
        reader.finish()?;
        let statement = Statement {
            setup,
            chain_id,
            contract,
            request,
            beneficiary,
            version,
            weights,
            plan,
            schema,
            inputs: input.identity(),
            items: input.items(),
            public,
            seed,
            mode,
            terms,
        };
        Ok(Self { statement, input, proof })
    }
}

/// A length as it is written. What is longer than a length can say is longer than any limit too, so it is never read.
fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

fn counted(reader: &mut Reader<'_>, field: &'static str, limit: u32) -> Result<usize, DecodeError> {
    let got = u32::from_be_bytes(reader.array(field)?);
    if got > limit {
        return Err(DecodeError::TooLong { field, limit: limit.into(), got: got.into() });
    }
    Ok(usize::try_from(got).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests;
