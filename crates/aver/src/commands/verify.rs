//! `aver verify`: whether a proof proves what it says, by the public half of a plan's folder and, if asked, by the
//! contract, which also knows whether the weights are certified.

use super::{Context, commit::SIGNED_INPUT};
use crate::{
    args::proofs::VerifyArgs,
    exit,
    outputs::{self, Answer, Given},
    plans::PlanFolder,
    proofs, setups, ui,
};
use anyhow::{Context as _, Result};
use averment_ledger::{
    contracts::Sent,
    proofs::{Asked, ProofClient},
    registry::RegistryClient,
};
use averment_primitives::{Address, B256, VersionId};
use averment_prover::setup::DEVELOPMENT;
use averment_registry::dsse::{self, Envelope};
use averment_storage::atomic;
use averment_verifier::{
    Registered,
    certificate::Certified,
    commitment::{InputCommitment, Inputs},
    descriptor::ValidDescriptor,
    file::{FILE_BYTES, ProofFile},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

pub fn run(args: &VerifyArgs, context: &Context) -> Result<()> {
    let folder = PlanFolder::open(&args.plan)?;
    let shown = args.proof.display();
    let file = read(&args.proof)?;
    let statement = &file.statement;
    if let Some(expected) = context.config.chain_id
        && statement.chain_id != expected
    {
        let got = statement.chain_id;
        return Err(exit::refused(format!("{shown} is for chain {got}, not for chain {expected}")).into());
    }
    let chunk_bits = folder.commitment()?.chunked().blocks().chunk_bits();
    let setup = context.accept_setup(statement.setup, chunk_bits)?;
    let (descriptor, registered) =
        proofs::check(&file, &folder, &setup).with_context(|| format!("{shown} proves nothing"))?;
    let certified =
        proofs::check_weights(&folder, &setup).with_context(|| format!("{shown} proves nothing"))?;
    let items = file.input.items() as usize;
    let plan = folder.plan()?;
    let stated = file.stated(&plan);
    let answers = outputs::answers(&plan, stated.1, items).context("the output has its cells")?;
    let given = outputs::inputs(&plan, stated.0, items).context("the inputs have their cells")?;
    let development = statement.setup == DEVELOPMENT;
    let mut value = json!({
        "verified": true,
        "statement": proofs::json(statement),
        "inputCommitment": file.input.identity(),
        "items": items,
        "publicInputs": given.iter().map(Given::json).collect::<Vec<_>>(),
        "answers": answers.iter().map(Answer::json).collect::<Vec<_>>(),
        "development": development,
    });
    let mut words = format!("{shown} is proved\n{}", proofs::words(&file, &given, &answers));
    if !args.signed_input.is_empty() {
        let signed = signed_inputs(&args.signed_input, &args.signed_by, &file.input, context)?;
        words += &signed_in_words(&signed);
        let entry = |(commitment, signers): &Signed| json!({ "commitment": commitment, "signers": signers });
        value["inputSignedBy"] = signed.iter().map(entry).collect();
    }
    if args.on_chain {
        let checked =
            Checked { file: &file, descriptor: &descriptor, registered: &registered, certified: &certified };
        let asking = on_chain(args, &folder, &checked, context);
        let done = context.block_on(asking)?;
        words += &done.words();
        value["onChain"] = done.json();
    } else if !statement.version.is_zero() {
        words += "that the version registered this plan was not checked: --on-chain does\n";
    }
    if development {
        words = format!("{words}{}", setups::PROVES_NOTHING);
    }
    context.ui.result(&value, words.trim_end())
}

/// A commitment to inputs, by its identity, and who signed it.
type Signed = (B256, BTreeSet<Address>);

/// Who signed each of a proof's commitments to inputs: every one must be signed, by all who are demanded, in one file or in
/// several. A commitment that is there twice is signed once.
fn signed_inputs(
    paths: &[PathBuf],
    demanded: &[String],
    inputs: &Inputs,
    context: &Context,
) -> Result<Vec<Signed>> {
    let commitments = inputs.commitments();
    let encoded: Vec<Vec<u8>> = commitments.iter().map(InputCommitment::encode).collect();
    let mut signers = vec![BTreeSet::new(); commitments.len()];
    for path in paths {
        let wrong = |why: String| exit::refused(format!("{}: {why}", path.display()));
        let (payload, accounts) = signed_input(path)?;
        let mut own = signers.iter_mut().zip(&encoded).filter(|(_, bytes)| **bytes == payload).peekable();
        if own.peek().is_none() {
            let named = inputs.identity();
            return Err(wrong(format!("it is about another input than the proof, {named:?}")).into());
        }
        own.for_each(|(all, _)| all.extend(&accounts));
    }
    let demanded: Vec<Address> = demanded.iter().map(|name| context.address(name)).collect::<Result<_>>()?;
    let signed = commitments.iter().map(InputCommitment::identity).zip(signers).collect::<Vec<Signed>>();
    for ((identity, signers), item) in signed.iter().zip(1..) {
        let which = match signed.as_slice() {
            [_] => format!("the input, {identity:?}"),
            many => format!("input {item} of {}, {identity:?}", many.len()),
        };
        if signers.is_empty() {
            let why =
                format!("the commitment to {which}, is in no --signed-input: every one has to be signed");
            return Err(exit::refused(why).into());
        }
        if let Some(missing) = demanded.iter().find(|account| !signers.contains(*account)) {
            return Err(exit::refused(format!("{missing} did not sign the commitment to {which}")).into());
        }
    }
    Ok(signed)
}

/// The commitment to an input that a file holds, and who signed it.
fn signed_input(path: &Path) -> Result<(Vec<u8>, BTreeSet<Address>)> {
    let limits = dsse::Limits::default();
    let bytes =
        atomic::read(path, limits.bytes as u64).with_context(|| format!("reading {}", path.display()))?;
    let wrong = |why: String| exit::refused(format!("{}: {why}", path.display()));
    let hint = "`aver commit --sign` writes a signed commitment beside NAME, as NAME.signed";
    let envelope = Envelope::decode(&bytes, &limits).map_err(|error| wrong(format!("{error}; {hint}")))?;
    if envelope.payload_type() != SIGNED_INPUT {
        return Err(
            wrong(format!("it holds {:?}, not a commitment to an input", envelope.payload_type())).into()
        );
    }
    let signers = envelope.signers().map_err(|error| wrong(error.to_string()))?;
    Ok((envelope.payload().to_vec(), signers.accounts))
}

/// Who signed the commitments to inputs, a line each.
fn signed_in_words(signed: &[Signed]) -> String {
    let accounts: BTreeSet<Address> = signed.iter().flat_map(|(_, signers)| signers).copied().collect();
    let line = |account: &Address| {
        let own = signed.iter().filter(|(_, signers)| signers.contains(account)).count();
        let what = match signed.len() {
            1 => "the commitment to the input".to_owned(),
            all if own == all => format!("the commitments to all {all} inputs"),
            all => format!("the commitments to {own} of {all} inputs (--json says which)"),
        };
        format!("signed   {what}, by {account}\n")
    };
    accounts.iter().map(line).collect()
}

/// Reads a proof.
pub fn read(path: &Path) -> Result<ProofFile> {
    let shown = path.display();
    let bytes = atomic::read(path, FILE_BYTES).with_context(|| format!("reading {shown}"))?;
    Ok(ProofFile::decode(&bytes).map_err(|error| exit::refused(format!("{shown}: {error}")))?)
}

/// A proof that verifies here, and what it was checked with.
struct Checked<'a> {
    file: &'a ProofFile,
    descriptor: &'a ValidDescriptor,
    registered: &'a Registered,
    certified: &'a Certified,
}

/// What the contracts said.
struct OnChain {
    registry: RegistryClient,
    verifier: ProofClient,
    about: bool,
    registered: Option<Sent>,
    verified: Option<Sent>,
    /// Whether the chain knows that the weights are certified, and what was sent for that.
    is_certified: bool,
    certified: Vec<Sent>,
}

async fn on_chain(
    args: &VerifyArgs,
    folder: &PlanFolder,
    checked: &Checked<'_>,
    context: &Context,
) -> Result<OnChain> {
    let Checked { file, descriptor, registered, certified } = *checked;
    let deployment = context.deployment()?;
    let about = !file.statement.version.is_zero();
    let registry = if about {
        let version = VersionId::from(file.statement.version).to_string();
        proofs::registered(&version, folder, context).await?.1
    } else {
        context.registry().await?
    };
    let verifier =
        ProofClient::new(registry.ledger(), &deployment).map_err(|error| exit::usage(error.to_string()))?;
    let (statement, shown) = (&file.statement, args.proof.display());
    if statement.chain_id != deployment.chain_id {
        let (got, expected) = (statement.chain_id, deployment.chain_id);
        return Err(exit::refused(format!(
            "{shown} is for chain {got}, the contracts are on chain {expected}"
        ))
        .into());
    }
    if statement.setup != verifier.setup() {
        return Err(exit::refused(format!(
            "{shown} was made with setup {}, the contract at {} verifies proofs of setup {}",
            setups::words(statement.setup),
            verifier.address(),
            setups::words(verifier.setup())
        ))
        .into());
    }
    let asked = Asked::new(registered, statement, file.proof.clone());
    let mut sender = None;
    let decision = registered.descriptor();
    let known = verifier.knows(decision).await?;
    let mut is_certified = verifier.certified(decision, certified).await?;
    let certify = args.certify && !is_certified;
    if certify && certified.statement.chain_id != deployment.chain_id {
        let (got, expected) = (certified.statement.chain_id, deployment.chain_id);
        return Err(exit::refused(format!(
            "the certificate of the weights is for chain {got}, the contracts are on chain {expected}"
        ))
        .into());
    }
    if !known || args.transaction || certify {
        sender = Some(context.sender(registry.ledger(), context.account()?).await?);
    }
    let stored = match &sender {
        Some(sender) if !known => Some(verifier.register(sender, descriptor, registered).await?),
        _ => None,
    };
    if !verifier.verify(&asked).await? {
        return Err(exit::refused(format!(
            "the contract at {} does not accept {shown}, which verifies here: this is a fault in Averment, please report it",
            verifier.address()
        ))
        .into());
    }
    let verified = match &sender {
        Some(sender) if args.transaction => Some(verifier.verify_in_transaction(sender, &asked).await?),
        _ => None,
    };
    let mut submitted = Vec::new();
    if certify && let Some(sender) = &sender {
        if !verifier.knows(certified.registered.descriptor()).await? {
            submitted.push(verifier.register(sender, &certified.descriptor, &certified.registered).await?);
        }
        // Another descriptor's certificate is proved already, perhaps.
        submitted.push(if verifier.proved(certified).await? {
            verifier.cover(sender, decision, certified).await?
        } else {
            verifier.certify(sender, decision, certified).await?
        });
        is_certified = true;
    }
    Ok(OnChain {
        registry,
        verifier,
        about,
        registered: stored,
        verified,
        is_certified,
        certified: submitted,
    })
}

impl OnChain {
    fn json(&self) -> Value {
        let sent = |sent: &Sent| json!({ "transaction": sent.tx, "gas": sent.gas_used(), "estimate": ui::estimate(&sent.quote) });
        json!({
            "contract": self.verifier.address(),
            "versionRegisteredThisPlan": self.about,
            "descriptorRegistered": self.registered.as_ref().map(sent),
            "verified": self.verified.as_ref().map(sent),
            "weightsCertified": self.is_certified,
            "certified": self.certified.iter().map(sent).collect::<Vec<_>>(),
            "provesNothingToThirdParties": self.registry.ledger().proves_nothing_to_third_parties(),
        })
    }

    fn words(&self) -> String {
        let mut words = format!("accepted by the contract at {}\n", self.verifier.address());
        if self.about {
            words += "registered: the version registered this plan with these weights\n";
        }
        let certificates = self.verifier.certificates();
        words += &match self.is_certified {
            true => format!(
                "certified: the contract at {certificates} knows that the weights are in the plan's ranges\n"
            ),
            false => format!(
                "NOT CERTIFIED on chain: the contract at {certificates} does not know that the weights are in the plan's \
                 ranges. That was checked here; to whoever asks the chain alone, the accepted proof does not say that the \
                 plan decided. --certify has it remembered\n"
            ),
        };
        let once = [
            ("its descriptor was registered", &self.registered),
            ("verified in a transaction", &self.verified),
        ];
        let once = once.into_iter().filter_map(|(what, sent)| Some((what, sent.as_ref()?)));
        for (what, sent) in once.chain(self.certified.iter().map(|sent| ("for the certificate", sent))) {
            words += &format!("{what}: {} gas, transaction {}\n", sent.gas_used(), sent.tx);
        }
        words
    }
}
