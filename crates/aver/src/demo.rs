//! `aver demo`: the story on real data, on a fresh chain inside this process, with the code that production runs.
//!
//! Two models from `examples/` are registered, approved by two of three roles and deployed; an old version retires; a
//! decision is proved and the proof verified by the contract; decisions go into a log that is anchored; an audit file is
//! written, verified offline, and a tampered copy is refused; five hospitals train a version under a contract; claims are decided by
//! it and paid by themselves; the audit file of one of them runs from the version's data to the payout. What it leaves is a project like any other: `aver` works on in that folder.

mod audited;
mod claims;
mod costs;
mod examples;
mod hospitals;
mod proof;
mod stage;

use crate::{
    args::DemoArgs,
    commands::audit::{make::Order, verify},
    exit,
    ui::Ui,
    workplace,
};
use anyhow::{Context as _, Result, bail, ensure};
use audited::Audited;
use averment_primitives::{Address, B256};
use averment_registry::audit::{Evidence, Limits, TrustPolicy, TrustedBlockHash, Unchecked};
use averment_storage::atomic;
use stage::{ROLES, Stage, THRESHOLD};
use std::path::{Path, PathBuf};

const CANCER: &str = "breast-cancer-triage";
const DIGITS: &str = "handwritten-digits";

/// Runs the demo in a new folder.
pub fn run(args: &DemoArgs, ui: Ui) -> Result<()> {
    let folder = args.folder.clone().unwrap_or_else(|| PathBuf::from("averment-demo"));
    if folder.exists() {
        return Err(exit::usage(format!(
            "{} is there already: remove it, or choose another with --folder",
            folder.display()
        ))
        .into());
    }
    workplace::block_on(story(&folder, ui))
}

async fn story(folder: &Path, ui: Ui) -> Result<()> {
    ui.say("Averment's demo: a chain inside this program, real models, the code that production runs.\n");
    let mut stage = Stage::set(folder, ui).await?;
    let examples = examples::unpack(folder)?;

    ui.say(format!("1. Two models whose versions need {THRESHOLD} of {}", ROLES.join(", ")));
    stage.create_model(CANCER).await?;
    stage.create_model(DIGITS).await?;

    ui.say(format!("\n2. {CANCER}: two versions, each with its manifest, weights, data and code"));
    let cancer = examples.join("breast_cancer");
    let first = stage.release(&cancer.join("model-v1.toml"), None, None, [0, 1], "clinic-north").await?;
    let plan = proof::plan(&cancer, "model-v2.onnx", "data/training.csv", &stage)?;
    let second =
        stage.release(&cancer.join("model-v2.toml"), Some(&plan), None, [0, 2], "clinic-north").await?;
    let sent = stage.registry.retire(&stage.owner, first, "replaced by 2.0.0").await?;
    stage.note(format!("retire {CANCER} 1.0.0"), sent);

    ui.say(format!("\n3. {DIGITS}: a version of the other model"));
    stage.release(&examples.join("digits/model.toml"), None, None, [1, 2], "post-office").await?;

    let decisions = cancer.join("decisions.json");
    ui.say("\n4. A decision of 2.0.0 is proved, and the chain's contract verifies the proof");
    let proved = proof::decision(&mut stage, &plan, second, &decisions).await?;

    ui.say("\n5. Twelve decisions of 2.0.0 go into a log; on chain goes its root, which tells nobody how many they are");
    let records = stage.log_decisions(&decisions, proved.fields()?, second).await?;

    ui.say("\n6. The audit file, in which two of the decisions are disclosed");
    let file = folder.join("audit.json");
    let releases = [stage.context.releases()];
    let records = records.take(2).collect();
    let order = Order {
        version: second,
        releases: &releases,
        disclose: &[],
        task_plans: &[],
        records,
        decision: None,
    };
    let made = order.fill(&stage.registry, &file, &stage.context).await?;
    let block = made.verified.block().hash;
    let policy = TrustPolicy {
        chain_id: Some(stage.registry.id().chain_id),
        registry: Some(stage.registry.id().address),
        anchors: Some(stage.registry.anchors()),
        ..TrustPolicy::default()
    };
    verify::file(&file, TrustedBlockHash(block), &policy, &Unchecked)?;
    let size = std::fs::metadata(&file).with_context(|| format!("reading {}", file.display()))?.len();
    ui.say(format!("   {} ({size} bytes) verifies offline from block hash {block:?}", file.display()));
    ui.say(format!("   {} is its page: open it in a browser", made.page.display()));

    ui.say("\n7. A copy in which the weights' size is one byte off");
    let refusal = tamper(&file, block, &policy)?;
    ui.say(format!("   refused: {refusal}"));

    ui.say("\n8. Five hospitals train version 3.0.0 under a contract: nobody shows rows, updates are proved, pay is by quality");
    let trained = hospitals::play(&mut stage, &cancer).await?;

    ui.say("\n9. Insurance that 3.0.0 decides: seven policies, four claims by one proof, three by bonded answers");
    let settled = claims::play(&mut stage, &trained.plan, trained.version, &decisions).await?;

    ui.say("\n10. The audit file of a claim that was paid, from the version's data to the payout");
    let audited =
        audited::claim(&stage, folder, trained.version, &trained.plan, settled.paid_by_proof()?).await?;

    let value = serde_json::json!({
        "folder": folder,
        "audit": file,
        "page": made.page,
        "blockHash": block,
        "registry": stage.registry.id().address,
        "anchors": stage.registry.anchors(),
        "version": second,
        "refusal": refusal,
        "plan": plan.path(),
        "proof": proved.json(),
        "training": trained.json(),
        "claims": settled.json(),
        "claimAudit": audited.json(),
        "costs": costs::json(&stage.sent),
        "provesNothingToThirdParties": stage.registry.ledger().proves_nothing_to_third_parties(),
    });
    let table = costs::table(&stage.sent)?;
    let next = next(folder, &file, block, &stage, [plan.path(), &proved.file], &audited, trained.task);
    ui.result(&value, format!("\n11. What it cost\n{table}\n{next}"))
}

/// A copy of the audit file whose first weight file is a byte longer, and why it is refused.
fn tamper(file: &Path, block: B256, policy: &TrustPolicy) -> Result<String> {
    let mut evidence = Evidence::decode(&std::fs::read(file)?, &Limits::default())?;
    let subject = evidence.subject;
    let version = evidence.versions.iter_mut().find(|version| version.version == subject);
    let entry = version.and_then(|version| version.artifacts.as_mut()?.first_mut());
    entry.context("the subject has artifacts")?.size += 1;
    let copy = file.with_file_name("audit-tampered.json");
    atomic::write(&copy, &evidence.encode()?)?;
    match verify::file(&copy, TrustedBlockHash(block), policy, &Unchecked) {
        Ok(_) => bail!("a tampered audit file was accepted: this is a fault in Averment, please report it"),
        Err(refusal) => {
            ensure!(exit::code_of(&refusal) == exit::REFUSED, refusal);
            Ok(format!("{refusal:#}"))
        }
    }
}

/// What to type next: in the demo's folder, and with files of one's own.
fn next(
    folder: &Path,
    file: &Path,
    block: B256,
    stage: &Stage,
    [plan, proof]: [&Path; 2],
    audited: &Audited,
    task: Address,
) -> String {
    // As they are called from inside the demo's folder.
    let inside = |path: &Path| path.strip_prefix(folder).unwrap_or(path).display().to_string();
    format!(
        "This chain is one operator's word: it proves nothing to a third party.\n\n\
         Check it yourself:\n  \
         aver audit verify {} --block-hash {block:?} --registry {}\n\n\
         Go on in the demo's project:\n  \
         cd {}\n  \
         aver model show {CANCER}\n  \
         aver history {CANCER}\n  \
         aver log verify\n  \
         aver claims list\n  \
         aver federated status {task}\n  \
         aver verify {} {} --on-chain\n  \
         aver audit {DIGITS}@1.0.0 -o digits.json\n  \
         aver audit verify {} --block-hash {} --setup development\n\n\
         The same with your own files:\n  \
         aver init && aver keys new owner && aver keys new reviewer\n  \
         aver contracts deploy --profile development --account owner\n  \
         aver register --template > model.toml        # fill it in; it says what belongs where\n  \
         aver model create NAME --role review=reviewer --threshold 1 --account owner\n  \
         aver register model.toml --account owner\n  \
         aver approve VERSION --role review --account reviewer\n  \
         aver deploy VERSION --environment production --account owner\n  \
         aver audit VERSION -o audit.json",
        file.display(),
        stage.registry.id().address,
        folder.display(),
        inside(plan),
        inside(proof),
        inside(&audited.file),
        audited.block,
    )
}
