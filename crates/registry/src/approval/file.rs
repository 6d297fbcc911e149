//! A signed decision on its way from an approver to whoever submits it: the file `averment-approval/1`.
//!
//! The file states names, not hashes: model and role ids are computed from them, so a file cannot show one name and
//! mean another. It is believed only as far as its signature goes: [`SignedDecision::recovered_signer`] says whose
//! key made it, and whether that key decides is for the model's history and the chain to say.

use super::{Approval, Decision, SignatureError, SigningContext, WordsError};
use crate::{
    canonical::{self, JsonError, JsonLimits},
    version::RegistryId,
};
use averment_primitives::{Address, Bytes, RoleId, U256, VersionId};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The format's name.
pub const FORMAT: &str = "averment-approval/1";

/// Longest file read, in bytes.
pub const FILE_LIMIT: usize = 128 * 1024;
/// Longest signature, in bytes: what the contract takes of a contract wallet.
const SIGNATURE_LIMIT: usize = 32_768;
/// Longest name of a model or a role, in bytes: what the contract takes.
const NAME_LIMIT: usize = 64;
/// The file is an object that holds one object.
const DEPTH: usize = 2;

/// One role's decision, signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedDecision {
    approval: Approval,
    registry: RegistryId,
    creator: Address,
    model_name: String,
    role_name: String,
    signer: Address,
    signature: Bytes,
}

/// Why bytes are not a signed decision.
#[derive(Debug, Error)]
pub enum FileError {
    /// Not the JSON that is read here.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Another format.
    #[error("expected the format {FORMAT:?}, got {got}; a newer release of averment may read it")]
    Format {
        /// The field `format` as it stands, shortened; `nothing` if there is none.
        got: String,
    },
    /// A field is missing, unknown or not what it should be.
    #[error("not an {FORMAT} file: {0}")]
    Shape(#[source] serde_json::Error),
    /// A text outside its length limits.
    #[error("{field} has 1 to {limit} bytes, got {got}")]
    Length {
        /// The field.
        field: &'static str,
        /// Its most bytes.
        limit: usize,
        /// Bytes found.
        got: usize,
    },
    /// A nonce that is not a number in the one form that is written.
    #[error("nonce: expected a whole number below 2^256 in decimal digits, in quotes, got {got:?}")]
    Nonce {
        /// What stands there, shortened.
        got: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    format: Format,
    chain_id: u64,
    registry: Address,
    model: Model,
    version: VersionId,
    role: String,
    decision: Verdict,
    policy_revision: u64,
    expiry: u64,
    nonce: String,
    signer: Address,
    signature: Bytes,
}

#[derive(Serialize, Deserialize)]
enum Format {
    #[serde(rename = "averment-approval/1")]
    V1,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    creator: Address,
    name: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Approve,
    Reject,
}

impl SignedDecision {
    /// `approval` and the names behind its ids, which must be those of `context`.
    pub fn new(
        approval: Approval,
        context: &SigningContext<'_>,
        signer: Address,
        signature: Bytes,
    ) -> Result<Self, WordsError> {
        context.checked_names(approval.model, approval.role)?;
        Ok(Self {
            approval,
            registry: context.registry,
            creator: context.creator,
            model_name: context.model_name.to_owned(),
            role_name: context.role_name.to_owned(),
            signer,
            signature,
        })
    }

    /// Reads a file. What it says is not believed; see the module's head.
    pub fn decode(bytes: &[u8]) -> Result<Self, FileError> {
        let value = canonical::parse(bytes, &JsonLimits { bytes: FILE_LIMIT, depth: DEPTH })?;
        // The format first: fields of another one would only confuse.
        if value.get("format").is_none_or(|format| format != FORMAT) {
            let got = value.get("format").map_or("nothing".to_owned(), ToString::to_string);
            return Err(FileError::Format { got: shortened(&got) });
        }
        let document: Document = serde_json::from_value(value).map_err(FileError::Shape)?;
        length("model.name", document.model.name.len(), NAME_LIMIT)?;
        length("role", document.role.len(), NAME_LIMIT)?;
        length("signature", document.signature.len(), SIGNATURE_LIMIT)?;
        let registry = RegistryId { chain_id: document.chain_id, address: document.registry };
        let approval = Approval {
            model: registry.model_id(document.model.creator, &document.model.name),
            version: document.version,
            role: RoleId::of(&document.role),
            decision: match document.decision {
                Verdict::Approve => Decision::Approve,
                Verdict::Reject => Decision::Reject,
            },
            policy_revision: document.policy_revision,
            expiry: document.expiry,
            nonce: nonce(&document.nonce)?,
        };
        Ok(Self {
            approval,
            registry,
            creator: document.model.creator,
            model_name: document.model.name,
            role_name: document.role,
            signer: document.signer,
            signature: document.signature,
        })
    }

    /// The file's bytes: canonical JSON. An error if a number is not below 2^53.
    pub fn encode(&self) -> Result<Vec<u8>, FileError> {
        let document = Document {
            format: Format::V1,
            chain_id: self.registry.chain_id,
            registry: self.registry.address,
            model: Model { creator: self.creator, name: self.model_name.clone() },
            version: self.approval.version,
            role: self.role_name.clone(),
            decision: match self.approval.decision {
                Decision::Approve => Verdict::Approve,
                Decision::Reject => Verdict::Reject,
            },
            policy_revision: self.approval.policy_revision,
            expiry: self.approval.expiry,
            nonce: self.approval.nonce.to_string(),
            signer: self.signer,
            signature: self.signature.clone(),
        };
        let value = serde_json::to_value(document).map_err(FileError::Shape)?;
        Ok(canonical::to_bytes(&value)?)
    }

    /// What was signed.
    pub fn approval(&self) -> &Approval {
        &self.approval
    }

    /// The registry that it is for.
    pub fn registry(&self) -> RegistryId {
        self.registry
    }

    /// The account that created the model.
    pub fn creator(&self) -> Address {
        self.creator
    }

    /// The model's name.
    pub fn model_name(&self) -> &str {
        &self.model_name
    }

    /// The role's name.
    pub fn role_name(&self) -> &str {
        &self.role_name
    }

    /// Who is said to have signed: a key, or a contract wallet.
    pub fn signer(&self) -> Address {
        self.signer
    }

    /// The signature.
    pub fn signature(&self) -> &Bytes {
        &self.signature
    }

    /// Whose key made the signature. An error, or another account than [`Self::signer`], if that is a contract
    /// wallet or did not sign this.
    pub fn recovered_signer(&self) -> Result<Address, SignatureError> {
        self.approval.recover(self.registry, &self.signature)
    }
}

/// The number in decimal digits, without a sign or leading zeros.
fn nonce(text: &str) -> Result<U256, FileError> {
    let wrong = || FileError::Nonce { got: shortened(text) };
    let number = U256::from_str_radix(text, 10).map_err(|_| wrong())?;
    if number.to_string() == text { Ok(number) } else { Err(wrong()) }
}

fn length(field: &'static str, got: usize, limit: usize) -> Result<(), FileError> {
    if (1..=limit).contains(&got) { Ok(()) } else { Err(FileError::Length { field, limit, got }) }
}

/// A stranger's text, at most 64 characters of it.
fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{REGISTRY, Script, account};
    use averment_primitives::B256;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn signed(name: &str, role: &str) -> SignedDecision {
        let mut script = Script::new(name);
        let approval = script.approval(VersionId(B256::repeat_byte(7)), role);
        let (registry, creator) = (REGISTRY, account(1).address);
        let context = SigningContext { registry, creator, model_name: name, role_name: role };
        let signer = account(11);
        let signature = signer.sign(approval.digest(REGISTRY));
        SignedDecision::new(approval, &context, signer.address, signature).unwrap()
    }

    fn value() -> Value {
        serde_json::from_slice(&signed("triage", "medical").encode().unwrap()).unwrap()
    }

    fn decode(value: &Value) -> Result<SignedDecision, FileError> {
        SignedDecision::decode(value.to_string().as_bytes())
    }

    /// The document without its spacing and the case of its letters.
    fn meaning(bytes: &[u8]) -> String {
        serde_json::from_slice::<Value>(bytes).unwrap().to_string().to_lowercase()
    }

    #[test]
    fn what_was_signed_comes_back_with_its_signer() {
        let signed = signed("triage", "medical");
        let read = SignedDecision::decode(&signed.encode().unwrap()).unwrap();
        assert_eq!(read, signed);
        assert_eq!(read.recovered_signer(), Ok(account(11).address));
        assert_eq!(value()["format"], FORMAT);
    }

    /// No field can be changed so that the same key's signature still says so.
    #[test]
    fn the_signature_binds_every_field() {
        let other = Address::repeat_byte(9);
        for (field, changed) in [
            ("chainId", json!(1)),
            ("registry", json!(other)),
            ("model", json!({ "creator": account(1).address, "name": "harmless" })),
            ("model", json!({ "creator": other, "name": "triage" })),
            ("version", json!(VersionId(B256::ZERO))),
            ("role", json!("clerk")),
            ("decision", json!("reject")),
            ("policyRevision", json!(2)),
            ("expiry", json!(1_999_999_999)),
            ("nonce", json!("2")),
        ] {
            let mut value = value();
            value[field] = changed;
            assert_ne!(decode(&value).unwrap().recovered_signer(), Ok(account(11).address), "{field}");
        }
    }

    #[test]
    fn names_that_are_not_those_signed_are_refused() {
        let approval = signed("triage", "medical").approval;
        let (registry, creator) = (REGISTRY, account(1).address);
        let context = SigningContext { registry, creator, model_name: "triage", role_name: "legal" };
        let refused = SignedDecision::new(approval, &context, creator, Bytes::new());
        assert!(matches!(refused, Err(WordsError::Role { .. })));
    }

    #[test]
    fn refuses_what_is_not_exactly_a_signed_decision() {
        for format in [json!("averment-approval/2"), json!(1), Value::Null] {
            let mut value = value();
            value["format"] = format;
            assert!(matches!(decode(&value), Err(FileError::Format { .. })));
        }
        for (field, changed) in [
            ("extra", json!(1)),
            ("decision", json!("none")),
            ("decision", json!(1)),
            ("version", json!("0x07")),
            ("signature", json!("0xzz")),
            ("model", json!({ "creator": account(1).address, "name": "triage", "id": "0x" })),
            ("expiry", json!(-1)),
            ("expiry", json!(1.5)),
        ] {
            let mut value = value();
            value[field] = changed;
            assert!(matches!(decode(&value), Err(FileError::Shape(_))), "{field}");
        }
        for nonce in ["", "01", "+1", "0x1", " 1", "1_0", &"9".repeat(80)] {
            let mut value = value();
            value["nonce"] = json!(nonce);
            assert!(matches!(decode(&value), Err(FileError::Nonce { .. })), "{nonce}");
        }
        for (field, changed) in [
            ("role", json!("")),
            ("role", json!("r".repeat(65))),
            ("model", json!({ "creator": account(1).address, "name": "n".repeat(65) })),
            ("signature", json!("0x")),
            ("signature", json!(Bytes::from(vec![0; SIGNATURE_LIMIT + 1]))),
        ] {
            let mut value = value();
            value[field] = changed;
            assert!(matches!(decode(&value), Err(FileError::Length { .. })), "{field}");
        }
        for (field, _) in value().as_object().unwrap() {
            let mut value = value();
            value.as_object_mut().unwrap().remove(field);
            assert!(decode(&value).is_err(), "{field}");
        }
        let doubled = value().to_string().replacen('{', r#"{"decision":"reject","#, 1);
        let doubled = SignedDecision::decode(doubled.as_bytes());
        assert!(matches!(doubled, Err(FileError::Json(JsonError::DuplicateKey { .. }))));
        let long = SignedDecision::decode(&vec![b' '; FILE_LIMIT + 1]);
        assert!(matches!(long, Err(FileError::Json(JsonError::TooLong { .. }))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_damaged_file_is_an_error_or_another_decision(at in 0_usize..1000, byte: u8) {
            let good = signed("triage", "medical");
            let mut bytes = good.encode().unwrap();
            let at = at % bytes.len();
            prop_assume!(bytes[at] != byte);
            bytes[at] = byte;
            if let Ok(read) = SignedDecision::decode(&bytes) {
                // Hexadecimal digits may be of either case and JSON's space of several kinds; everything else means something.
                prop_assert!(read != good || meaning(&bytes) == meaning(&good.encode().unwrap()));
            }
        }
    }
}
