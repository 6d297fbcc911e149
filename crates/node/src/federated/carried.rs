//! A commit or a reveal on its way to who carries many in one transaction: `averment-carried/1`.
//!
//! ```text
//! carried = "averment-carried/1\n" | kind u8 | the contract's ABI of it
//! kind    = 0 SignedCommit | 1 Reveal
//! ```
//!
//! It is brought as packages are, but in clear: what is in it is on the chain next. Who carries it can leave it out or send it, and
//! nothing else: a commit is signed, a reveal is bound by the commit.

use alloy::sol_types::SolValue;
use alloy_primitives::{Address, Signature, keccak256};
use averment_ledger::federated::{Commitment, Reveal, SignedCommit, TaskId};

const NAME: &[u8] = b"averment-carried/1\n";

/// What is carried.
#[derive(Debug, Clone)]
pub enum Carried {
    /// A signed commit.
    Commit(SignedCommit),
    /// A reveal.
    Reveal(Reveal),
}

impl Carried {
    /// The file.
    pub fn encode(&self) -> Vec<u8> {
        let (kind, body) = match self {
            Self::Commit(commit) => (0, commit.abi_encode()),
            Self::Reveal(reveal) => (1, reveal.abi_encode()),
        };
        [NAME, &[kind], &body].concat()
    }

    /// Of a file; none if it is no such.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (kind, body) = bytes.strip_prefix(NAME)?.split_first()?;
        match kind {
            0 => SignedCommit::abi_decode_validate(body).ok().map(Self::Commit),
            1 => Reveal::abi_decode_validate(body).ok().map(Self::Reveal),
            _ => None,
        }
        .filter(|carried| carried.encode() == bytes)
    }
}

/// Whether an account signed a commit for a round, as the contract has it: one that is not refuses the whole transaction.
pub fn is_signed(id: TaskId, round: u16, account: Address, commit: &SignedCommit) -> bool {
    let signature = Signature::from_raw(&commit.signature).ok();
    let signature =
        signature.filter(|signature| commit.signature.len() == 65 && signature.normalize_s().is_none());
    let digest = id.commit_digest(round, commit.digest);
    let signer = signature.and_then(|signature| signature.recover_address_from_prehash(&digest).ok());
    commit.account == account && signer == Some(account)
}

/// What a reveal says was committed to.
pub fn committed(reveal: &Reveal) -> Commitment {
    let (proof, content, salt) = (reveal.proofHash, reveal.contentHash, reveal.salt);
    Commitment { points: keccak256(&reveal.points), proof, content, salt }
}

#[cfg(test)]
mod tests {
    use super::*;
    use averment_ledger::keys::development;

    #[test]
    fn a_commit_is_its_signers_for_one_round_of_one_task() {
        let keys = development::accounts(31337).unwrap();
        let id = TaskId { chain_id: 31337, task: Address::repeat_byte(7) };
        let signed = id.sign_commit(&keys[0], 3, keccak256("what")).unwrap();
        let file = Carried::Commit(signed.clone()).encode();
        let Some(Carried::Commit(read)) = Carried::decode(&file) else { panic!("no commit") };
        assert_eq!(read.abi_encode(), signed.abi_encode());
        for cut in 0..file.len() {
            assert!(Carried::decode(&file[..cut]).is_none(), "{cut}");
        }
        let (me, other) = (keys[0].address(), keys[1].address());
        assert!(is_signed(id, 3, me, &read));
        assert!(!is_signed(id, 4, me, &read));
        assert!(!is_signed(id, 3, other, &read));
        assert!(!is_signed(TaskId { task: Address::repeat_byte(8), ..id }, 3, me, &read));
        let forged = SignedCommit { account: other, ..read.clone() };
        assert!(!is_signed(id, 3, other, &forged));
        let long = SignedCommit { signature: [&read.signature[..], &[0]].concat().into(), ..read };
        assert!(!is_signed(id, 3, me, &long));
    }
}
