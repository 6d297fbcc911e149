//! Claims come in: an intake signs that a commitment commits to evidence that it has seen, anybody files that.

use super::{Pool, done};
use crate::{
    args::claims::{AttestArgs, FileArgs},
    commands::{Context, commit, prove},
    exit,
    plans::PlanFolder,
};
use alloy::primitives::aliases::U40;
use anyhow::{Context as _, Result};
use averment_ledger::{
    claims::{FILING_BYTES, FilingFile},
    contracts::ClaimsPool,
};
use averment_primitives::B256;
use averment_prover::registered::InputOpening;
use averment_registry::Utc;
use averment_storage::atomic;
use averment_verifier::commitment::InputCommitment;
use serde_json::json;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

const DAY: u64 = 24 * 60 * 60;
/// As many claims are filed in one transaction.
const TOGETHER: usize = 128;

pub async fn attest(args: &AttestArgs, context: &Context) -> Result<()> {
    let made = beside(&args.output);
    let (commitment_path, is_new) = match &args.committed {
        Some(path) => (path, false),
        None => (&made, true),
    };
    let opening_path = commit::opening_path(commitment_path);
    let written = is_new.then_some([commitment_path, &opening_path]).into_iter().flatten();
    for path in written.chain([&args.output]) {
        if path.exists() {
            let shown = path.display();
            return Err(exit::usage(format!(
                "{shown} is there already: remove it, or choose another with -o"
            ))
            .into());
        }
    }
    let folder = PlanFolder::open(&args.plan)?;
    let pool = Pool::open(context).await?;
    let key = context.account()?;
    let book = pool.claims.book().await?;
    let now = pool.now(&book)?;
    let policy = book
        .policies
        .get(&args.policy)
        .ok_or_else(|| exit::refused(format!("no policy {} was sold by this pool", args.policy)))?;
    if !book.intakes.contains(&key.address()) {
        let who = key.address();
        return Err(exit::refused(format!(
            "{who} is no accredited intake of this pool: the insurer accredits it"
        ))
        .into());
    }
    let from = pool.claims.policy_from(args.policy).await?;
    let happened = args.happened.unwrap_or_else(|| from.max(now - now % DAY));
    let term = book.products.get(&policy.product).map_or(0, |product| product.terms.term);
    if happened < from || happened > from.saturating_add(term.into()) || happened > now {
        return Err(exit::refused(format!(
            "the policy holds from {} to {}, and it is {}: nothing that happened {} is insured",
            Utc(from),
            Utc(from.saturating_add(term.into())),
            Utc(now),
            Utc(happened)
        ))
        .into());
    }
    same_plan(&pool, &book, policy.product, &folder).await?;

    let (commitment, opening) = match (&args.committed, &args.evidence.one.input) {
        (Some(path), _) => {
            let (commitment, opening) = prove::committed_input(path, &folder.schema()?)?;
            check_opens(&commitment, &opening, &folder, context)?;
            (commitment, opening)
        }
        (None, Some(file)) => commit::to_input(&folder, file, &args.evidence, context)?,
        (None, None) => {
            return Err(exit::usage("which evidence? Pass --input FILE or --committed FILE").into());
        }
    };
    if commitment.items() != 1 {
        let got = commitment.items();
        return Err(exit::usage(format!("a claim's evidence is one input, this is {got} together")).into());
    }
    if book.claim(commitment.identity()).is_some() {
        return Err(exit::refused("a claim with this evidence was filed already").into());
    }
    let second = |what: &str, time: u64| {
        U40::try_from(time)
            .map_err(|_| exit::usage(format!("{what}: {time} is no second that a claim can have")))
    };
    let intake = ClaimsPool::Intake {
        policy: args.policy,
        evidence: commitment.identity(),
        happenedAt: second("--happened", happened)?,
        expiry: second("--valid", now.saturating_add(args.valid.0.into()))?,
    };
    context.ui.remark(format!(
        "{} signs: {} commits to the evidence of policy {}, of damage on {}",
        key.address(),
        commitment.identity(),
        args.policy,
        Utc(happened)
    ));
    context.ui.confirm("Sign it?")?;
    let file = FilingFile::new(&pool.claims, &pool.claims.sign_intake(&key, intake)?);
    if is_new {
        opening.write(&opening_path)?;
        atomic::write(commitment_path, &commitment.encode())?;
    }
    atomic::write(&args.output, &file.encode()?)?;
    context.ui.result(
        &json!({
            "claim": file.evidence,
            "policy": file.policy,
            "happenedAt": file.happened_at,
            "expiry": file.expiry,
            "intake": file.intake,
            "file": args.output,
            "commitment": commitment_path,
            "opening": opening_path,
        }),
        format!(
            "claim    {}\npolicy   {}\n{} is for whoever files it; {} is for whoever answers, {} shows the evidence\n\
             next: aver claims file {}",
            file.evidence,
            file.policy,
            args.output.display(),
            commitment_path.display(),
            opening_path.display(),
            args.output.display()
        ),
    )
}

pub async fn file(args: &FileArgs, context: &Context) -> Result<()> {
    let pool = Pool::open(context).await?;
    let (mut filings, mut seen) = (Vec::new(), BTreeSet::<B256>::new());
    for path in &args.files {
        let shown = path.display();
        let bytes = atomic::read(path, FILING_BYTES).with_context(|| format!("reading {shown}"))?;
        let filing = FilingFile::decode(&bytes).and_then(|file| file.filing(&pool.claims));
        let filing = filing.map_err(|error| exit::refused(format!("{shown}: {error}")))?;
        if !seen.insert(filing.intake.evidence) {
            return Err(exit::usage(format!("{shown}: another file claims with the same evidence")).into());
        }
        filings.push(filing);
    }
    let sender = pool.desk.sender(context).await?;
    let claims: Vec<B256> = filings.iter().map(|filing| filing.intake.evidence).collect();
    let mut sent = Vec::new();
    for some in filings.chunks(TOGETHER) {
        sent.push(pool.claims.file(&sender, some.to_vec()).await?);
    }
    done(
        context,
        &sent,
        json!({ "claims": claims }),
        format!("{} filed; next, in the next period: aver claims ask", super::counted(claims.len())),
    )
}

/// Refuses a plan that the version does not decide by: the claim could never be answered.
async fn same_plan(
    pool: &Pool,
    book: &averment_ledger::claims::Book,
    product: u16,
    folder: &PlanFolder,
) -> Result<()> {
    let routine = book.products.get(&product).and_then(|own| book.routines.get(&own.terms.routine));
    let Some(routine) = routine.filter(|routine| !routine.offer.is_zero()) else {
        return Err(
            exit::refused(format!("no version is authorised to decide claims of product {product}")).into()
        );
    };
    let offer = pool.settlement().find_offer(routine.offer).await?.offer;
    let (plan, schema) = (folder.plan()?.digest(), folder.schema()?.digest());
    if (offer.plan, offer.schema) != (plan, schema) {
        return Err(exit::refused(format!(
            "claims of product {product} are decided by plan {} on inputs of schema {}; {} is plan {plan} with schema {schema}",
            offer.plan,
            offer.schema,
            folder.path().display()
        ))
        .into());
    }
    Ok(())
}

/// Refuses an opening that does not open the commitment: who signs says that it does.
fn check_opens(
    commitment: &InputCommitment,
    opening: &InputOpening,
    folder: &PlanFolder,
    context: &Context,
) -> Result<()> {
    let schema = folder.schema()?;
    let setup = context.setup(commitment.chunked().setup(), schema.chunk_bits())?;
    match opening.opens(commitment, &setup, &schema)? {
        true => Ok(()),
        false => Err(exit::refused("the opening beside the commitment does not open it").into()),
    }
}

/// Where the commitment lies that a claim's file is about.
fn beside(claim: &Path) -> PathBuf {
    let mut name = claim.as_os_str().to_owned();
    name.push(".input");
    name.into()
}
