//! What approvers sign: EIP-712 digests, recovery, and the words shown before signing.
//!
//! Twin of `Approval` and `KeyRotation` in `contracts/src/types/Registry.sol`. Signatures are held to what the
//! contract accepts from an externally owned account: 65 bytes `r | s | v`, `v` 27 or 28, `s` in the lower
//! half of the group order (EIP-2), so that no second form of one signature exists. A contract wallet's
//! signature (EIP-1271) cannot be checked offline: only the chain could ask the wallet.

use crate::{utc::Utc, version::RegistryId};
use alloy_primitives::uint;
use alloy_sol_types::{Eip712Domain, SolStruct, eip712_domain, sol};
use averment_primitives::{Address, B256, ModelId, RoleId, Signature, U256, VersionId};
use std::fmt;
use thiserror::Error;

mod file;

pub use file::{FILE_LIMIT, FORMAT, FileError, SignedDecision};

/// What an approver decided about a version. The last decision of a role counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// The version may be deployed.
    Approve,
    /// The version must not be deployed.
    Reject,
}

impl Decision {
    /// The contract's number for it.
    pub fn code(self) -> u8 {
        match self {
            Self::Approve => 1,
            Self::Reject => 2,
        }
    }

    /// The decision with the contract's number `code`; none for 0 (no decision) and unknown numbers.
    pub fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Approve),
            2 => Some(Self::Reject),
            _ => None,
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
        })
    }
}

/// One role's signed decision about one version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Approval {
    /// The version's model.
    pub model: ModelId,
    /// The version decided about.
    pub version: VersionId,
    /// The role that decides.
    pub role: RoleId,
    /// What it decides.
    pub decision: Decision,
    /// The policy that applied when the version was registered.
    pub policy_revision: u64,
    /// Last second of Unix time at which this may be submitted.
    pub expiry: u64,
    /// Greater than in the signer's recorded decision about this version; the time of signing in
    /// milliseconds does.
    pub nonce: U256,
}

/// A role's key hands the role to another key. No nonce: a key holds a role once, so it hands it on once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyRotation {
    /// The model the role belongs to.
    pub model: ModelId,
    /// The role that is handed on.
    pub role: RoleId,
    /// The key that holds the role from then on.
    pub new_signer: Address,
    /// Last second of Unix time at which this may be submitted.
    pub expiry: u64,
}

/// The structs as EIP-712 types them: user-defined value types and enums are their underlying types there.
mod typed {
    #![allow(missing_docs, reason = "described on the public twins")]
    use super::sol;
    sol! {
        struct Approval {
            bytes32 modelId;
            bytes32 versionId;
            bytes32 role;
            uint8 decision;
            uint64 policyRevision;
            uint64 expiry;
            uint256 nonce;
        }
        struct KeyRotation {
            bytes32 modelId;
            bytes32 role;
            address newSigner;
            uint64 expiry;
        }
    }
}

/// The EIP-712 domain of a registry: name `Averment ModelRegistry`, version `1`, chain and contract.
pub fn domain(registry: RegistryId) -> Eip712Domain {
    eip712_domain! {
        name: "Averment ModelRegistry",
        version: "1",
        chain_id: registry.chain_id,
        verifying_contract: registry.address,
    }
}

impl Approval {
    /// The digest an approver signs.
    pub fn digest(&self, registry: RegistryId) -> B256 {
        typed::Approval {
            modelId: self.model.0,
            versionId: self.version.0,
            role: self.role.0,
            decision: self.decision.code(),
            policyRevision: self.policy_revision,
            expiry: self.expiry,
            nonce: self.nonce,
        }
        .eip712_signing_hash(&domain(registry))
    }

    /// The account whose key made `signature` over this approval.
    pub fn recover(&self, registry: RegistryId, signature: &[u8]) -> Result<Address, SignatureError> {
        recover(self.digest(registry), signature)
    }

    /// What signing this approval says, in words, one statement a line.
    ///
    /// Every name in `context` is checked against the hash that is really signed, so that nobody can be
    /// shown one model or role and sign for another. Control characters in names are written as escapes.
    pub fn in_words(&self, context: &SigningContext<'_>) -> Result<String, WordsError> {
        let (model, role) = context.checked_names(self.model, self.role)?;
        let verb = match self.decision {
            Decision::Approve => "APPROVE: this version may be deployed.",
            Decision::Reject => "REJECT: this version must not be deployed.",
        };
        Ok(format!(
            "You are asked to sign a decision about one version of a model.\n\
             \n\
             \x20 Decision  {verb}\n\
             \x20 Model     {model}\n\
             \x20           {}\n\
             \x20           created by {}\n\
             \x20 Version   {}\n\
             \x20 Your role {role}\n\
             \x20 Policy    revision {}\n\
             \x20 Expires   {}\n\
             \x20 Nonce     {}\n\
             \x20 Registry  {}\n\
             \x20 Chain     {}\n\
             \x20 Digest    {:?} (EIP-712)\n\
             \n\
             It is recorded for ever, with your address. Your role's last decision counts.\n",
            self.model,
            context.creator,
            self.version,
            self.policy_revision,
            Utc(self.expiry),
            self.nonce,
            context.registry.address,
            context.registry.chain_id,
            self.digest(context.registry),
        ))
    }
}

impl KeyRotation {
    /// The digest the present key signs.
    pub fn digest(&self, registry: RegistryId) -> B256 {
        typed::KeyRotation {
            modelId: self.model.0,
            role: self.role.0,
            newSigner: self.new_signer,
            expiry: self.expiry,
        }
        .eip712_signing_hash(&domain(registry))
    }

    /// The account whose key made `signature` over this rotation.
    pub fn recover(&self, registry: RegistryId, signature: &[u8]) -> Result<Address, SignatureError> {
        recover(self.digest(registry), signature)
    }

    /// What signing this rotation says, in words; names are checked as in [`Approval::in_words`].
    pub fn in_words(&self, context: &SigningContext<'_>) -> Result<String, WordsError> {
        let (model, role) = context.checked_names(self.model, self.role)?;
        Ok(format!(
            "You are asked to hand a role to another key. It then counts wherever yours does now.\n\
             \n\
             \x20 Model     {model}\n\
             \x20           {}\n\
             \x20           created by {}\n\
             \x20 Role      {role}\n\
             \x20 New key   {}\n\
             \x20 Expires   {}\n\
             \x20 Registry  {}\n\
             \x20 Chain     {}\n\
             \x20 Digest    {:?} (EIP-712)\n\
             \n\
             It is recorded for ever, with your address.\n",
            self.model,
            context.creator,
            self.new_signer,
            Utc(self.expiry),
            context.registry.address,
            context.registry.chain_id,
            self.digest(context.registry),
        ))
    }
}

/// The names behind the hashes that are signed, and the registry they belong to.
#[derive(Debug, Clone, Copy)]
pub struct SigningContext<'a> {
    /// The registry the signature is for.
    pub registry: RegistryId,
    /// The account that created the model (a part of the model's id).
    pub creator: Address,
    /// The model's name.
    pub model_name: &'a str,
    /// The role's name.
    pub role_name: &'a str,
}

impl SigningContext<'_> {
    /// Both names, quoted, once they are known to be those behind the hashes.
    fn checked_names(&self, model: ModelId, role: RoleId) -> Result<(String, String), WordsError> {
        let named = self.registry.model_id(self.creator, self.model_name);
        if named != model {
            return Err(WordsError::Model { signed: model, named });
        }
        let named = RoleId::of(self.role_name);
        if named != role {
            return Err(WordsError::Role { signed: role, named });
        }
        Ok((format!("{:?}", self.model_name), format!("{:?}", self.role_name)))
    }
}

/// Why a request to sign could not be shown in words. Do not sign it.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum WordsError {
    /// Chain, registry, creator and name do not make the model's id.
    #[error(
        "the request is for model {signed}, but the name, creator, registry and chain given make {named}"
    )]
    Model {
        /// The id in the request.
        signed: ModelId,
        /// The id that the names make.
        named: ModelId,
    },
    /// The role's name does not make the role's id.
    #[error("the request is for role {signed}, but the name given makes {named}")]
    Role {
        /// The id in the request.
        signed: RoleId,
        /// The id that the name makes.
        named: RoleId,
    },
}

/// Why bytes are not a signature of an externally owned account.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum SignatureError {
    /// Not 65 bytes; a contract wallet's signature may have any length.
    #[error("a signature of a key has 65 bytes, got {got}")]
    Length {
        /// Bytes found.
        got: usize,
    },
    /// `v` is neither 27 nor 28.
    #[error("the last byte of a signature is 27 or 28, got {got}")]
    V {
        /// The byte found.
        got: u8,
    },
    /// `s` is in the upper half of the group order, so a second form of this signature exists.
    #[error("s is in the upper half of the group order (EIP-2)")]
    HighS,
    /// No key can have made these numbers.
    #[error("no key can have made this signature")]
    Unrecoverable,
}

/// Half of secp256k1's group order, rounded down: the largest `s` the contract accepts.
const HALF_ORDER: U256 = uint!(0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0_U256);

/// The account whose key made `signature` over `digest`, under the contract's rules.
pub fn recover(digest: B256, signature: &[u8]) -> Result<Address, SignatureError> {
    let bytes: &[u8; 65] =
        signature.try_into().map_err(|_| SignatureError::Length { got: signature.len() })?;
    let [rs @ .., v] = bytes;
    let odd = match v {
        27 => false,
        28 => true,
        &got => return Err(SignatureError::V { got }),
    };
    let (r, s) = rs.split_at(32);
    let (r, s) = (U256::from_be_slice(r), U256::from_be_slice(s));
    if s > HALF_ORDER {
        return Err(SignatureError::HighS);
    }
    Signature::new(r, s, odd).recover_address_from_prehash(&digest).map_err(|_| SignatureError::Unrecoverable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{REGISTRY, Script, account};
    use averment_primitives::keccak256;

    fn approval() -> Approval {
        let mut script = Script::new("triage");
        script.approval(VersionId(B256::repeat_byte(7)), "risk-officer")
    }

    /// The digest by EIP-712's definition, spelt out.
    #[test]
    fn the_digest_is_eip_712s() {
        let approval = approval();
        let type_hash = keccak256(
            "Approval(bytes32 modelId,bytes32 versionId,bytes32 role,uint8 decision,uint64 policyRevision,\
             uint64 expiry,uint256 nonce)",
        );
        let struct_hash = crate::version::hash_words(&[
            type_hash,
            approval.model.0,
            approval.version.0,
            approval.role.0,
            crate::version::word(1),
            crate::version::word(approval.policy_revision),
            crate::version::word(approval.expiry),
            approval.nonce.into(),
        ]);
        let domain = crate::version::hash_words(&[
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
            keccak256("Averment ModelRegistry"),
            keccak256("1"),
            crate::version::word(REGISTRY.chain_id),
            REGISTRY.address.into_word(),
        ]);
        let expected = keccak256([&[0x19, 0x01][..], &domain.0, &struct_hash.0].concat());
        assert_eq!(approval.digest(REGISTRY), expected);
    }

    #[test]
    fn a_signature_counts_for_one_approval_chain_and_registry_only() {
        let (approval, signer) = (approval(), account(11));
        let signature = signer.sign(approval.digest(REGISTRY));
        assert_eq!(approval.recover(REGISTRY, &signature), Ok(signer.address));
        let other_chain = RegistryId { chain_id: 1, ..REGISTRY };
        let other_registry = RegistryId { address: Address::ZERO, ..REGISTRY };
        let version = VersionId(B256::ZERO);
        for (approval, registry) in [
            (approval.clone(), other_chain),
            (approval.clone(), other_registry),
            (Approval { version, ..approval.clone() }, REGISTRY),
            (Approval { decision: Decision::Reject, ..approval.clone() }, REGISTRY),
            (Approval { expiry: approval.expiry + 1, ..approval.clone() }, REGISTRY),
        ] {
            assert_ne!(approval.recover(registry, &signature), Ok(signer.address));
        }
    }

    #[test]
    fn a_second_form_of_a_signature_is_refused() {
        let digest = approval().digest(REGISTRY);
        let good = account(11).sign(digest);
        let order = HALF_ORDER * U256::from(2) + U256::ONE;
        let mut high = good.to_vec();
        let s = order - U256::from_be_slice(&good[32..64]);
        high[32..64].copy_from_slice(&s.to_be_bytes::<32>());
        high[64] = 55 - high[64];
        assert_eq!(recover(digest, &high), Err(SignatureError::HighS));
        let mut zero_based = good.to_vec();
        zero_based[64] -= 27;
        assert!(matches!(recover(digest, &zero_based), Err(SignatureError::V { got: 0 | 1 })));
        assert_eq!(recover(digest, &good[..64]), Err(SignatureError::Length { got: 64 }));
        let mut empty = [0; 65];
        empty[64] = 27;
        assert_eq!(recover(digest, &empty), Err(SignatureError::Unrecoverable));
    }

    #[test]
    fn the_words_say_what_is_signed_and_nothing_else() {
        let approval = approval();
        let creator = account(1).address;
        let context =
            SigningContext { registry: REGISTRY, creator, model_name: "triage", role_name: "risk-officer" };
        let words = approval.in_words(&context).unwrap();
        for part in [
            "APPROVE",
            "\"triage\"",
            &approval.model.to_string(),
            &approval.version.to_string(),
            "\"risk-officer\"",
            "revision 1",
            &Utc(approval.expiry).to_string(),
            &REGISTRY.address.to_string(),
            "31337",
            &creator.to_string(),
            &format!("{:?}", approval.digest(REGISTRY)),
        ] {
            assert!(words.contains(part), "{part} is not in\n{words}");
        }
        let reject = Approval { decision: Decision::Reject, ..approval.clone() };
        assert!(reject.in_words(&context).unwrap().contains("REJECT"));

        let lie = SigningContext { model_name: "harmless", ..context };
        assert!(matches!(approval.in_words(&lie), Err(WordsError::Model { .. })));
        let lie = SigningContext { role_name: "clerk", ..context };
        assert!(matches!(approval.in_words(&lie), Err(WordsError::Role { .. })));

        let name = "tri\x1b[1Aage";
        let model = REGISTRY.model_id(creator, name);
        let hostile = Approval { model, ..approval };
        let words = hostile.in_words(&SigningContext { model_name: name, ..context }).unwrap();
        assert!(!words.contains('\x1b'));
    }

    #[test]
    fn handing_a_role_on_says_to_whom() {
        let new_signer = account(20).address;
        let (model, role) = (REGISTRY.model_id(account(1).address, "triage"), RoleId::of("risk-officer"));
        let rotation = KeyRotation { model, role, new_signer, expiry: 1_800_000_000 };
        let signature = account(12).sign(rotation.digest(REGISTRY));
        assert_eq!(rotation.recover(REGISTRY, &signature), Ok(account(12).address));
        let (creator, model_name, role_name) = (account(1).address, "triage", "risk-officer");
        let context = SigningContext { registry: REGISTRY, creator, model_name, role_name };
        let words = rotation.in_words(&context).unwrap();
        assert!(words.contains(&new_signer.to_string()) && words.contains("2027-01-15 08:00:00 UTC"));
    }
}
