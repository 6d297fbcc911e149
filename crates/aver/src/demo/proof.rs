//! The demo's proof: a plan of the model, and a decision of the registered version that the contract verifies.

use super::stage::Stage;
use crate::{
    args::proofs::{BaselineArg, BatchArgs, ColumnArgs, CompileArgs, ExplainArgs, InputArgs, InputsArgs},
    commands::{
        commit, compile, explain,
        prove::{self, Source},
    },
    outputs::{self, Answer},
    plans::PlanFolder,
    proofs,
};
use anyhow::{Context as _, Result, ensure};
use averment_compiler::Reveal;
use averment_ledger::proofs::{Asked, ProofClient};
use averment_primitives::{B256, VersionId, keccak256};
use averment_registry::explanation::Explanation;
use averment_storage::atomic;
use averment_verifier::{
    descriptor::{Commitments, Options},
    file::ProofFile,
    statement::Statement,
};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// A proof that the chain's contract accepted, and what moved the decision.
pub struct Proved {
    /// Why the model said it.
    pub explanation: Explanation,
    /// The commitment to its input.
    pub input: B256,
    /// Its file.
    pub file: PathBuf,
    /// keccak256 of the file.
    digest: B256,
    /// What the model said.
    pub answer: Answer,
    /// Its length.
    pub bytes: usize,
}

/// Makes a committed plan of the network in `folder`, beside it.
pub fn plan(folder: &Path, network: &str, samples: &str, stage: &Stage) -> Result<PlanFolder> {
    let args = CompileArgs {
        model: folder.join(network),
        calibrate: folder.join(samples),
        columns: ColumnArgs { columns: Vec::new(), except: vec!["row".to_owned(), "diagnosis".to_owned()] },
        reveal: Reveal::Automatic,
        batch: BatchArgs::default(),
        labels: vec!["benign".to_owned(), "malignant".to_owned()],
        output: folder.join(network).with_extension("plan"),
    };
    let made = compile::compile(&args, stage.context.ui)?;
    let report = &made.compiled.report;
    let agreeing = report.agreeing.unwrap_or_default();
    stage.context.ui.say(format!(
        "   {network} becomes a plan in integers: {agreeing} of {} samples decided as by the float run",
        report.samples
    ));
    let (commitment, _) = commit::to_weights(&made.folder, None, Options::default(), &stage.context)?;
    stage.context.ui.say(format!("   its weights are committed to as {:?}", commitment.identity()));
    Ok(made.folder)
}

/// Proves what `version` says of the first case in `decisions`, and has the contract verify it.
pub async fn decision(
    stage: &mut Stage,
    plan: &PlanFolder,
    version: VersionId,
    decisions: &Path,
) -> Result<Proved> {
    let ui = stage.context.ui;
    let case = first_case(decisions)?;
    let statement =
        Statement { chain_id: stage.registry.id().chain_id, version: version.into(), ..Statement::default() };
    let source = Source::File(&case, &InputsArgs::default(), Commitments::Joint);
    let file = prove::prove(plan, &source, false, statement, &stage.context)?;
    let path = case.with_extension("proof");
    let bytes = file.encode();
    atomic::write(&path, &bytes)?;
    let answers = outputs::answers(&plan.plan()?, &file.statement.public, 1);
    let answer = answers.and_then(|answers| answers.into_iter().next()).context("the model answers")?;
    ui.say(format!(
        "   {}: {} bytes; whoever has it learns neither weights nor input nor scores, only the decision",
        path.display(),
        bytes.len()
    ));
    ui.say(format!("   the model says {answer}"));

    let setup = stage.context.setup(file.statement.setup, plan.schema()?.chunk_bits())?;
    let (descriptor, registered) = proofs::check(&file, plan, &setup)?;
    let verifier = ProofClient::new(stage.registry.ledger(), &stage.deployment)?;
    let sent = verifier.register(&stage.owner, &descriptor, &registered).await?;
    stage.note("register the plan's descriptor", sent);
    let asked = |file: &ProofFile| Asked::new(&registered, &file.statement, file.proof.clone());
    ensure!(verifier.verify(&asked(&file)).await?, "the contract does not accept an honest proof");
    let sent = verifier.verify_in_transaction(&stage.owner, &asked(&file)).await?;
    stage.note("verify the proof", sent);

    let certified = proofs::check_weights(plan, &setup)?;
    let decision = registered.descriptor();
    let sent = verifier.register(&stage.owner, &certified.descriptor, &certified.registered).await?;
    stage.note("register the descriptor of its certificate", sent);
    let sent = verifier.certify(&stage.owner, decision, &certified).await?;
    stage.note("certify the weights", sent);
    ensure!(verifier.certified(decision, &certified).await?, "the chain does not remember the certificate");

    let (other, claim) = another_decision(&file, plan)?;
    ensure!(!verifier.verify(&asked(&other)).await?, "the contract accepts another decision than was proved");
    ui.say(format!("   The contract accepts it, and refuses a copy that claims {claim}"));
    ui.say("   It has a certificate as well: the weights, which nobody sees, are in the ranges that the plan declares");
    let why = ExplainArgs {
        plan: plan.path().to_path_buf(),
        input: InputArgs { input: Some(case), ..InputArgs::default() },
        committed: None,
        baseline: BaselineArg::Mean,
        patch: None,
        top: 10,
        output: None,
    };
    let explanation = explain::explain(&why, &stage.context)?;
    if let Some(first) = explanation.features.first() {
        let effect = explanation.real(first.effect);
        ui.say(format!(
            "   {} moved it most: without it {} is {effect:.4} smaller",
            first.name, explanation.target
        ));
    }
    Ok(Proved {
        explanation,
        input: file.input.identity(),
        file: path,
        answer,
        digest: keccak256(&bytes),
        bytes: bytes.len(),
    })
}

/// The proof under the claim that the model decided for another of its classes, and that claim in words.
fn another_decision(file: &ProofFile, plan: &PlanFolder) -> Result<(ProofFile, Answer)> {
    let plan = plan.plan()?;
    let classes = plan.step_of(plan.output().tensor).map_or(0, |step| step.shape.cells());
    let mut other = file.clone();
    for class in &mut other.statement.public {
        *class = (*class + 1) % i64::try_from(classes)?.max(2);
    }
    let claims = outputs::answers(&plan, &other.statement.public, 1);
    let claim =
        claims.and_then(|claims| claims.into_iter().next()).context("another class is an answer too")?;
    Ok((other, claim))
}

/// The input of the first case in a file of its own.
fn first_case(decisions: &Path) -> Result<PathBuf> {
    let text = std::fs::read(decisions).with_context(|| format!("reading {}", decisions.display()))?;
    let text: Value = serde_json::from_slice(&text)?;
    let input = &text["decisions"][0]["input"];
    let path = decisions.with_file_name("case.json");
    atomic::write(&path, serde_json::to_string(&json!({ "input_data": [input] }))?.as_bytes())?;
    Ok(path)
}

impl Proved {
    /// What the decision's record says of it.
    pub fn fields(&self) -> Result<Map<String, Value>> {
        let proof = json!({ "digest": self.digest, "inputCommitment": self.input });
        Ok(Map::from_iter([
            ("proof".to_owned(), proof),
            ("explanation".to_owned(), self.explanation.to_value()?),
        ]))
    }

    /// For machines.
    pub fn json(&self) -> Value {
        json!({ "file": self.file, "bytes": self.bytes, "inputCommitment": self.input, "answer": self.answer.json() })
    }
}
