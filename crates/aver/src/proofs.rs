//! What commands share about proofs: checking one, what it says in words, and the version that it is about.

use crate::{
    commands::Context,
    exit,
    outputs::{Answer, Given},
    plans::PlanFolder,
    setups,
};
use anyhow::Result;
use averment_ledger::registry::RegistryClient;
use averment_primitives::VersionId;
use averment_prover::{Setup, model};
use averment_registry::history::VersionRecord;
use averment_verifier::{
    Registered,
    certificate::{CertificateError, Certified},
    descriptor::{Descriptor, Options, ValidDescriptor},
    file::{FileRefusal, Known, ProofFile},
    point::G1Affine,
    statement::{Mode, Statement},
};
use serde_json::{Value, json};

/// How many answers of a batch are shown to people.
const SHOWN: usize = 10;

/// Checks a proof against the public half of a plan's folder. Returns the plan's descriptor and the commitments.
pub fn check(file: &ProofFile, folder: &PlanFolder, setup: &Setup) -> Result<(ValidDescriptor, Registered)> {
    let (plan, schema, weights) = (folder.plan()?, folder.schema()?, folder.commitment()?);
    let refused = |refusal: FileRefusal| exit::refused(refusal.to_string());
    let chunk_bits = weights.chunked().blocks().chunk_bits();
    let derived =
        Descriptor::derive(&plan, file.options(&plan, chunk_bits)).map_err(|error| refused(error.into()))?;
    let tables: Vec<G1Affine> =
        model::tables(setup, &derived).iter().map(|commitment| commitment.point).collect();
    let key = setup.key();
    let known = Known { plan: &plan, schema: &schema, weights: &weights, tables: &tables, key: &key };
    Ok(file.verify(&known).map_err(refused)?)
}

/// Checks the certificate of the weights: without it a proof says only that some numbers satisfy the plan's relations.
pub fn check_weights(folder: &PlanFolder, setup: &Setup) -> Result<Certified> {
    let (plan, weights, certificate) = (folder.plan()?, folder.commitment()?, folder.certificate()?);
    let refused = |error: CertificateError| exit::refused(format!("the certificate of the weights: {error}"));
    let chunk_bits = Some(weights.chunked().blocks().chunk_bits());
    let options = Options { chunk_bits, mode: certificate.mode, ..Options::default() };
    let derived = Descriptor::derive(&plan, options).map_err(|error| refused(error.into()))?;
    let tables: Vec<G1Affine> =
        model::tables(setup, &derived).iter().map(|commitment| commitment.point).collect();
    Ok(certificate.verify(&plan, &weights, &tables, &setup.key()).map_err(refused)?)
}

/// The version that `text` names, which must have registered this very plan with these weights, and the contracts that
/// hold it.
pub async fn registered(
    text: &str,
    folder: &PlanFolder,
    context: &Context,
) -> Result<(VersionId, RegistryClient)> {
    let (subject, version) = context.version(text).await?;
    same_plan(version, subject.record(version)?, folder)?;
    Ok((version, subject.registry))
}

/// Refuses a plan that is not the one that a version registered, with its weights.
pub fn same_plan(version: VersionId, record: &VersionRecord, folder: &PlanFolder) -> Result<()> {
    let content = &record.content;
    let (plan, weights) = (folder.plan()?.digest(), folder.commitment()?.identity());
    let shown = folder.path().display();
    if content.plan_digest.is_zero() {
        return Err(exit::refused(format!(
            "version {version} was registered without a plan: nothing that it says can be proved. Register the next one \
             with `aver register model.toml --plan {shown}`"
        ))
        .into());
    }
    if (content.plan_digest, content.weights_commitment) != (plan, weights) {
        return Err(exit::refused(format!(
            "version {version} registered plan {:?} with weights {:?}; {shown} is plan {plan:?} with weights {weights:?}",
            content.plan_digest, content.weights_commitment
        ))
        .into());
    }
    Ok(())
}

/// A statement for machines.
pub fn json(statement: &Statement) -> Value {
    json!({
        "setup": statement.setup,
        "chainId": statement.chain_id,
        "contract": statement.contract,
        "request": statement.request,
        "beneficiary": statement.beneficiary,
        "version": statement.version,
        "weightsCommitment": statement.weights,
        "planDigest": statement.plan,
        "schemaDigest": statement.schema,
        "inputs": statement.inputs,
        "items": statement.items,
        "public": statement.public,
        "seed": statement.seed,
        "mode": mode(statement.mode),
        "terms": statement.terms,
    })
}

/// The mode's name.
pub fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::ZeroKnowledge => "zero-knowledge",
        Mode::Transparent => "transparent",
    }
}

/// What the model said, a line each.
pub fn answers_in_words(answers: &[Answer]) -> String {
    match answers {
        [only] => format!("says     {only}\n"),
        many => {
            let shown = many.iter().zip(1..).take(SHOWN);
            let mut words: String = shown.map(|(answer, item)| format!("{item:>7}  {answer}\n")).collect();
            if many.len() > SHOWN {
                words += &format!("         and {} more (--json has all)\n", many.len() - SHOWN);
            }
            words
        }
    }
}

/// What a proof proves, in words; what does not apply is left out.
pub fn words(file: &ProofFile, given: &[Given], answers: &[Answer]) -> String {
    let statement = &file.statement;
    let mut words: String = given.iter().map(|given| format!("given    {given}\n")).collect();
    words += &answers_in_words(answers);
    let mut line = |what: &str, value: String| words += &format!("{what:<9}{value}\n");
    let hides = match statement.mode {
        Mode::ZeroKnowledge if given.is_empty() => {
            "zero-knowledge: it hides weights, input and everything between"
        }
        Mode::ZeroKnowledge => "zero-knowledge: it hides the weights and everything between input and output",
        Mode::Transparent => "transparent: it hides nothing",
    };
    line("plan", format!("{:?}", statement.plan));
    line("weights", format!("{:?}", statement.weights));
    line(
        "input",
        match file.input.items() {
            1 => format!("{:?}", file.input.identity()),
            items if file.input.separate() => {
                format!("{:?}, {items} with commitments of their own", file.input.identity())
            }
            items => format!("{:?}, {items} together", file.input.identity()),
        },
    );
    if !statement.version.is_zero() {
        line("version", format!("{:?}", statement.version));
    }
    line("chain", statement.chain_id.to_string());
    for (what, address) in [("contract", statement.contract), ("for", statement.beneficiary)] {
        if !address.is_zero() {
            line(what, address.to_string());
        }
    }
    if !statement.request.is_zero() {
        line("request", format!("{:?}", statement.request));
    }
    line("setup", setups::words(statement.setup));
    line("mode", hides.to_owned());
    words
}
