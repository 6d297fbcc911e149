//! The weights certificate ([8.1]): whether a proof shows that registered weights and tables are what a decision's descriptor
//! declares of them; and `averment-weights-certificate/1`, the file that it travels in.

use crate::{
    Key, Registered, RegisteredError, VerifyError,
    commitment::WeightsCommitment,
    descriptor::{DeriveError, Descriptor, Disagreement, Options, ValidDescriptor},
    point::G1Affine,
    proof::{Proof, ProofError},
    statement::{Mode, Statement},
};
use alloy_primitives::B256;
use averment_plan::Plan;
use averment_primitives::{DecodeError, Reader};
use thiserror::Error;

const NAME: &str = "averment-weights-certificate/1\n";
/// The most bytes of a proof in a file.
const PROOF_BYTES: u32 = 1 << 20;
/// The most bytes of a file.
pub const FILE_BYTES: u64 = PROOF_BYTES as u64 + 64;

/// A certificate, read but not believed. All else that it speaks about is known from elsewhere: the plan, and the
/// commitment to the weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFile {
    /// The chain that it can be registered on.
    pub chain_id: u64,
    /// Whether it hides the weights.
    pub mode: Mode,
    /// The proof's bytes; their length follows from the plan.
    pub proof: Vec<u8>,
}

/// A certificate that was verified, with all that it is about: what is shown to a contract.
#[derive(Debug, Clone)]
pub struct Certified {
    /// Its descriptor.
    pub descriptor: ValidDescriptor,
    /// The weights and tables that it certifies.
    pub registered: Registered,
    /// What it states.
    pub statement: Statement,
    /// The proof.
    pub proof: Proof,
}

/// Why bytes are no certificate.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum CertificateFileError {
    /// Not the bytes of this format.
    #[error(transparent)]
    Bytes(#[from] DecodeError),
    /// A mode that does not exist.
    #[error("mode {got}; 0 (transparent) or 1 (zero-knowledge) expected")]
    Mode {
        /// The byte.
        got: u8,
    },
}

/// Why nothing is certified.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum CertificateError {
    /// The certificate is about something else.
    #[error(transparent)]
    Disagreement(#[from] Disagreement),
    /// The plan has no descriptor, or no certificate.
    #[error(transparent)]
    Plan(#[from] DeriveError),
    /// The commitment is not to this plan's weights.
    #[error(transparent)]
    Registered(#[from] RegisteredError),
    /// The proof's bytes are no proof for this plan.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The proof does not prove it.
    #[error(transparent)]
    Refused(#[from] VerifyError),
}

/// Checks that `proof` certifies the commitments in `registered`, which are held against `certificate`, for the plan with
/// the descriptor `decision`. A certificate has the padding that its digest says: compare that with the digest of
/// [`Descriptor::certificate`] where it comes from somebody else.
pub fn verify(
    decision: &ValidDescriptor,
    certificate: &ValidDescriptor,
    key: &Key,
    registered: &Registered,
    statement: &Statement,
    proof: &Proof,
) -> Result<(), CertificateError> {
    decision.certified_by(certificate)?;
    Ok(crate::verify(certificate, key, registered, statement, proof)?)
}

/// What a certificate of these commitments states.
pub fn statement(registered: &Registered, plan: B256, chain_id: u64, mode: Mode) -> Statement {
    Statement { chain_id, plan, mode, ..registered.statement() }
}

impl CertificateFile {
    /// Checks the proof. `Ok` means: what `weights` commits to is a model of `plan`, every weight in its range, all padding
    /// zero. `tables` are the points of the plan's function tables.
    pub fn verify(
        &self,
        plan: &Plan,
        weights: &WeightsCommitment,
        tables: &[G1Affine],
        key: &Key,
    ) -> Result<Certified, CertificateError> {
        let chunk_bits = Some(weights.chunked().blocks().chunk_bits());
        let options = Options { chunk_bits, mode: self.mode, ..Options::default() };
        let decision = Descriptor::derive(plan, options)?.descriptor;
        let descriptor = decision.certificate(plan)?.descriptor;
        let registered = Registered::new(&descriptor, weights, tables, None)?;
        let statement = statement(&registered, plan.digest(), self.chain_id, self.mode);
        let proof = Proof::decode(&self.proof, &descriptor, self.mode)?;
        verify(&decision, &descriptor, key, &registered, &statement, &proof)?;
        Ok(Certified { descriptor, registered, statement, proof })
    }

    /// The file's bytes (docs/formats.md).
    pub fn encode(&self) -> Vec<u8> {
        let mut out = NAME.as_bytes().to_vec();
        out.extend_from_slice(&self.chain_id.to_be_bytes());
        out.push(u8::from(self.mode.masked()));
        out.extend_from_slice(&self.proof);
        out
    }

    /// Reads exactly the bytes that [`Self::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, CertificateFileError> {
        let mut reader = Reader::new(bytes);
        reader.format(NAME)?;
        let chain_id = u64::from_be_bytes(reader.array("chain id")?);
        let mode = match reader.array("mode")? {
            [0] => Mode::Transparent,
            [1] => Mode::ZeroKnowledge,
            [got] => return Err(CertificateFileError::Mode { got }),
        };
        let length = reader.remaining();
        if u32::try_from(length).is_ok_and(|length| length <= PROOF_BYTES) {
            let proof = reader.bytes("proof", length)?.to_vec();
            return Ok(Self { chain_id, mode, proof });
        }
        let got = u64::try_from(length).unwrap_or(u64::MAX);
        Err(DecodeError::TooLong { field: "proof", limit: PROOF_BYTES.into(), got }.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_as_it_was_written() {
        for (mode, proof) in [(Mode::Transparent, vec![]), (Mode::ZeroKnowledge, vec![7; 96])] {
            let file = CertificateFile { chain_id: 31_337, mode, proof };
            let bytes = file.encode();
            assert_eq!(CertificateFile::decode(&bytes), Ok(file));
            let mut other = bytes.clone();
            other[NAME.len() + 8] = 2;
            assert_eq!(CertificateFile::decode(&other), Err(CertificateFileError::Mode { got: 2 }));
            for length in 0..NAME.len() + 9 {
                let error = CertificateFile::decode(&bytes[..length]).unwrap_err();
                assert!(matches!(error, CertificateFileError::Bytes(_)), "{length}: {error}");
            }
        }
        let long = CertificateFile {
            chain_id: 1,
            mode: Mode::Transparent,
            proof: vec![0; PROOF_BYTES as usize + 1],
        };
        let (limit, got) = (PROOF_BYTES.into(), u64::from(PROOF_BYTES) + 1);
        let expected = DecodeError::TooLong { field: "proof", limit, got };
        assert_eq!(CertificateFile::decode(&long.encode()), Err(expected.into()));
    }
}
