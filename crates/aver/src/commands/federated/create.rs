//! The contracts of tasks, and a task's creation.

use super::{
    contracts, done,
    terms::{LIMIT, TEMPLATE, TermsFile, rule_name},
};
use crate::{
    args::federated::CreateArgs, commands::Context, desk::Desk, exit, plans::PlanFolder, proofs, setups,
};
use anyhow::{Context as _, Result};
use averment_ledger::{
    contracts::{TaskContracts, TaskSurroundings},
    federated::{TaskClient, TaskKinds, Terms, most_weight, pool_of},
    proofs::ProofClient,
};
use averment_plan::vector::{Package, Vector, VectorLayout};
use averment_primitives::{Address, Bytes, Salt};
use averment_storage::atomic::{self, AtomicFile};
use averment_verifier::{commitment::WeightsCommitment, federated::TaskShape, point};
use serde_json::json;
use zeroize::Zeroizing;

/// Seconds for which no phase ends after a rollup's sequencer is back.
const GRACE: u32 = 60 * 60;
/// The file of the initial model, in a plan's private half.
const INITIAL: &str = "model-0";

pub async fn deploy(sequencer_feed: Option<&str>, context: &Context) -> Result<()> {
    let file = &context.config.tasks_file;
    if file.exists() {
        return Err(exit::usage(format!(
            "{} says where contracts of tasks are already: remove it, or name another in contracts.tasks, to deploy others",
            file.display()
        ))
        .into());
    }
    let deployment = context.deployment()?;
    let ledger = context.ledger().await?;
    deployment.check(&ledger).await?;
    let (uptime, grace) = match sequencer_feed {
        Some(feed) => (context.address(feed)?, GRACE),
        None => (Address::ZERO, 0),
    };
    let around = TaskSurroundings::of(&deployment, uptime, grace).ok_or_else(|| {
        let shown = context.config.deployment_file.display();
        exit::usage(format!(
            "the contracts recorded in {shown} verify no proofs or settle nothing: deploy them again"
        ))
    })?;
    let sender = context.sender(&ledger, context.account()?).await?;
    let (record, sent) = TaskContracts::deploy(&sender, &around).await?;
    record.save(file)?;
    done(
        context,
        &sent,
        json!({ "contracts": record, "file": file }),
        format!(
            "tasks    {}\nrules    {}\ntoken    {}\nrecorded in {}\nnext: aver federated create VERSION --plan PLAN --terms terms.toml",
            record.tasks.address,
            record.rules.address,
            around.token,
            file.display()
        ),
    )
}

/// What proofs of a task are about, from the plan that it starts from.
pub fn kinds(folder: &PlanFolder, layout: &VectorLayout, chunk_bits: u8, terms: &Terms) -> Result<TaskKinds> {
    let plan = folder.plan()?;
    let shown = folder.path().display();
    let update_bits = layout.blocks().iter().map(|block| block.update_bits).collect();
    let shape = TaskShape::new(&plan, chunk_bits, update_bits, layout.exponents().collect())
        .map_err(|error| exit::usage(format!("{shown}: {error}")))?;
    Ok(TaskKinds::new(&shape, terms).map_err(|error| exit::usage(format!("{shown}: {error}")))?)
}

/// Refuses terms under which an honest round could overflow ([F2.3]).
pub fn check_room(layout: &VectorLayout, initial: &Vector, terms: &Terms) -> Result<()> {
    layout.check_room(initial, terms.size.rounds.into(), most_weight(terms)).map_err(|error| {
        exit::refused(format!(
            "{error}: fewer rounds, narrower updates (--update-bits) or wider weights (--bits of `aver federated start`) have \
             room"
        ))
        .into()
    })
}

/// A commitment's bytes before its points, and its points.
pub fn parts(commitment: &WeightsCommitment) -> (Bytes, Bytes) {
    let (mut prefix, points) = (commitment.encode(), point::to_bytes(commitment.chunked().points()));
    prefix.truncate(prefix.len().saturating_sub(points.len()));
    (prefix.into(), points.into())
}

pub async fn create(args: &CreateArgs, context: &Context) -> Result<()> {
    let (Some(version), Some(plan), Some(file)) = (&args.version, &args.plan, &args.terms) else {
        return context.ui.result(&json!({ "template": TEMPLATE }), TEMPLATE.trim_end());
    };
    let shown = file.display().to_string();
    let text = atomic::read_text(file, LIMIT).with_context(|| format!("reading {shown}"))?;
    let written = TermsFile::parse(&shown, &text)?;
    let folder = PlanFolder::open(plan)?;
    let (layout, commitment) = (folder.layout()?, folder.commitment()?);
    layout.check_plan(&folder.plan()?).map_err(|error| exit::refused(error.to_string()))?;
    let contracts = contracts(context)?;
    let (subject, version) = context.version(version).await?;
    proofs::same_plan(version, subject.record(version)?, &folder)?;
    let desk = Desk::on(context, subject.registry.ledger()).await?;
    contracts.check(desk.client.ledger()).await?;
    let proofs = ProofClient::new(desk.client.ledger(), &desk.deployment)
        .map_err(|error| exit::usage(error.to_string()))?;
    let setup = commitment.chunked().setup();
    if setup != proofs.setup() {
        return Err(exit::refused(format!(
            "{} was committed with setup {}, the contract at {} verifies proofs of setup {}",
            folder.path().display(),
            setups::words(setup),
            proofs.address(),
            setups::words(proofs.setup())
        ))
        .into());
    }

    let chunk_bits = commitment.chunked().blocks().chunk_bits();
    let mut terms = written.terms(version.0, &layout, &desk, context)?;
    let kinds = kinds(&folder, &layout, chunk_bits, &terms)?;
    (terms.updateKind, terms.roundKind) = (kinds.update_digest(), kinds.round_digest());
    let model = folder.model()?;
    let initial =
        Vector::of_weights(&layout, model.weights()).map_err(|error| exit::refused(error.to_string()))?;
    check_room(&layout, &initial, &terms)?;
    // The salt that the points hide the weights with: members need it.
    let secret = folder.secret(&commitment)?;
    let package = Package { vector: initial, salt: Salt::from_random(*secret.salt().expose()) };
    let package = Zeroizing::new(package.encode(&layout));
    let path = folder.path().join("private").join(INITIAL);
    let mut private = AtomicFile::create_private(&path)?;
    private.write(&package)?;
    private.commit()?;

    let sender = context.sender_for(&subject).await?;
    let mut sent = Vec::new();
    for (digest, descriptor) in
        [(terms.updateKind, &kinds.update.descriptor), (terms.roundKind, &kinds.round.descriptor)]
    {
        if !proofs.knows(digest).await? {
            sent.push(proofs.register_with(&sender, descriptor, &[]).await?);
        }
    }
    let salt = match args.salt {
        Some(salt) => salt,
        None => {
            let mut salt = [0; 32];
            getrandom::fill(&mut salt).context("the operating system gives no randomness")?;
            salt.into()
        }
    };
    let (prefix, points) = parts(&commitment);
    let factory = contracts.tasks.address;
    let created = desk
        .with_task_money(&sender, async || {
            TaskClient::create(&sender, factory, &terms, salt, prefix.clone(), points.clone()).await
        })
        .await?;
    sent.extend(created.sent);
    let task = created.task;
    let pool = pool_of(&terms);
    let public = folder.public().display();
    done(
        context,
        &sent,
        json!({
            "task": task,
            "version": version,
            "pool": pool.to_string(),
            "rule": rule_name(terms.rule.kind),
            "bound": terms.bound,
            "updateKind": terms.updateKind,
            "roundKind": terms.roundKind,
            "chunks": commitment.chunked().points().len(),
            "chunkBits": chunk_bits,
            "coordinates": layout.coordinates(),
            "initialModel": path,
            "token": desk.token_json(),
        }),
        format!(
            "task     {task}\nversion  {version}\npool     {} for {} rounds\n\
             {public} goes to whoever wants to join; {} to those who train, and to nobody else\n\
             next: members run `aver federated join {task} --plan {public}`",
            desk.words(pool),
            terms.size.rounds,
            path.display(),
        ),
    )
}
