//! What a version's manifest says of the rounds that its weights come from: made when it is registered, and held against the task
//! and the plan before anything is signed.

use super::{Task, create, plans};
use crate::{
    commands::Context, exit, mathematics::rounds, plans::PlanFolder, releases::ReleaseRounds, setups,
};
use alloy::providers::Provider;
use anyhow::{Context as _, Result, ensure};
use averment_ledger::{
    Ledger,
    federated::{Book, TaskClient, terms_digest},
};
use averment_node::federated::points;
use averment_plan::vector::Package;
use averment_primitives::{Address, B256, Salt, VersionId, keccak256};
use averment_prover::{
    Engine, Random,
    federated::{self as prover, Vector},
    random,
};
use averment_registry::{
    audit::{AdoptionEvidence, AdoptionQuestion, ProofStanding, TaskQuestion, VectorsEvidence},
    federated::{Phase, TaskCode, outcome_digest},
    manifest::{AdoptionRecord, FederatedRounds, FinalRound},
};
use averment_verifier::{
    federated::{About, Shift, TaskShape},
    statement::Mode,
};
use std::path::Path;

/// How far apart the scales of a task and of a plan that adopts its weights may be, in bits.
const APART: i32 = 24;

/// The rounds that a version claims, and what proofs about them are about.
pub struct Claim {
    /// For the manifest.
    pub record: FederatedRounds,
    /// Kept beside it.
    pub kept: ReleaseRounds,
}

/// What a claim is made from, beside the task.
pub struct Origin<'a> {
    /// The version's plan, committed.
    pub plan: &'a PlanFolder,
    /// The plan that the task started from; its public half is enough.
    pub task_plan: Option<&'a PlanFolder>,
    /// The task's last model with its salt, if the plan has other points.
    pub package: Option<&'a Path>,
}

/// The rounds of the task that is typed as `task`, which made the weights of a plan.
pub async fn claim(task: &str, origin: &Origin<'_>, ledger: &Ledger, context: &Context) -> Result<Claim> {
    let task = Task::on(task, ledger, context).await?;
    let registrant = context.account_address()?;
    Claim::of(&task.client, origin, registrant, context).await
}

impl Claim {
    /// The rounds of a task, for the version that `registrant` is about to register. Refuses a plan whose points are not the task's,
    /// unless an adoption of them can be proved here.
    pub async fn of(
        client: &TaskClient,
        origin: &Origin<'_>,
        registrant: Address,
        context: &Context,
    ) -> Result<Self> {
        let task = client.id();
        let block = client.ledger().newest_final().await?;
        let book = client.book(&block).await?;
        if book.phase != Phase::Ended {
            return Err(exit::refused(format!(
                "the task {} is not over ({}): a version can claim its rounds once it is. `aver federated status` says what is next",
                task.task,
                book.phase.words()
            ))
            .into());
        }
        let last = book.models.last().ok_or_else(|| {
            exit::refused(format!(
                "the task {} ended without a final round: there is nothing to claim",
                task.task
            ))
        })?;
        let record = FederatedRounds {
            chain_id: task.chain_id,
            task: task.task,
            initial: VersionId(client.terms().version),
            rounds: rounds_of(client, &book).await?,
            points: keccak256(&last.points),
            adoption: None,
        };
        let (head, _) = client.rounds().await?;
        ensure!(
            record.history() == head,
            "the task's events give its rounds the chain {}, its state says {head}: ask another node",
            record.history()
        );
        let vectors = match origin.task_plan {
            Some(folder) => Some(vectors(folder, client)?),
            None => None,
        };
        let (prefix, points) = create::parts(&origin.plan.commitment()?);
        if keccak256(&prefix) == client.code().prefix_hash && points == last.points {
            return Ok(Self { record, kept: ReleaseRounds::new(vectors, None) });
        }
        let (Some(from), Some(package), Some(vectors)) = (origin.task_plan, origin.package, vectors) else {
            return Err(other_points(keccak256(&points), record.points, task.task));
        };
        let (adoption, given) = adopt(client, origin.plan, from, package, registrant, context)?;
        let record = FederatedRounds { adoption: Some(adoption), ..record };
        Ok(Self { record, kept: ReleaseRounds::new(Some(vectors), Some(given)) })
    }
}

/// Why a plan with these points may not claim the rounds.
pub fn other_points(got: B256, expected: B256, task: Address) -> anyhow::Error {
    exit::refused(format!(
        "the plan's points are {got:?}, the final model of {task} has {expected:?}: a version may name the rounds as its provenance only \
         if its points are the task's, byte for byte (`aver federated finish` makes such a plan of the task's last model), or with a \
         proof that its weights are the task's, shifted and rounded. For that register it with --task-plan, the plan that the task \
         started from, and --package, the task's last model"
    ))
    .into()
}

/// What the contract kept of each final round.
async fn rounds_of(client: &TaskClient, book: &Book) -> Result<Vec<FinalRound>> {
    let mut before = client.beginning().await?.points;
    let mut rounds = Vec::with_capacity(book.models.len());
    for made in &book.models {
        let difference = keccak256(points::difference(&made.points, &before)?);
        let (model, matrix) = (keccak256(&made.points), keccak256(&made.matrix));
        let outcome = outcome_digest(model, difference, matrix, &made.accounts);
        rounds.push(FinalRound { round: made.round, outcome });
        before = made.points.clone();
    }
    Ok(rounds)
}

/// What the vectors of a task are, by the plan that it started from.
pub fn vectors(folder: &PlanFolder, client: &TaskClient) -> Result<VectorsEvidence> {
    let (plan, layout) = (folder.plan()?, folder.layout()?);
    if plan.digest() != client.terms().plan {
        return Err(exit::refused(format!(
            "{} has the plan {:?}, the task {} started from {:?}",
            folder.path().display(),
            plan.digest(),
            client.id().task,
            client.terms().plan
        ))
        .into());
    }
    Ok(VectorsEvidence { plan: plan.encode().into(), layout: layout.encode().into() })
}

/// The shift that makes `adopted` of `task`, cell by cell; none if none does.
fn shift_between(task: &[Vec<i32>], adopted: &[Vec<i32>]) -> Option<Shift> {
    let fits = |bits: &i32| {
        let mut pairs = task.iter().flatten().zip(adopted.iter().flatten());
        pairs.all(|(from, to)| match u32::try_from(*bits) {
            Ok(up) => i64::from(*from) << up == i64::from(*to),
            Err(_) => {
                let down = bits.unsigned_abs();
                (i64::from(*from) + (1 << (down - 1))) >> down == i64::from(*to)
            }
        })
    };
    let bits = (0..=APART).flat_map(|bits| [bits, -bits]).find(fits)?;
    let bits = i8::try_from(bits).ok()?;
    // Where nothing is rounded a bit more up and one down: then the remainder has to be zero.
    let (up, down) = if bits >= 0 { (bits.unsigned_abs() + 1, 1) } else { (0, bits.unsigned_abs()) };
    Shift::new(up, down).ok()
}

/// Proves that the weights of a plan are those of the task's last model, shifted and rounded.
fn adopt(
    client: &TaskClient,
    plan: &PlanFolder,
    from: &PlanFolder,
    package: &Path,
    registrant: Address,
    context: &Context,
) -> Result<(AdoptionRecord, AdoptionEvidence)> {
    let shown = plan.path().display();
    let layout = from.layout()?;
    let package: Package = plans::package(package, &layout)?;
    let (first, own) = (from.commitment()?, plan.commitment()?);
    let blocks = first.chunked().blocks();
    let (digest, bits) = (first.chunked().setup(), blocks.chunk_bits());
    if own.chunked().blocks() != blocks || own.chunked().setup() != digest {
        return Err(exit::refused(format!(
            "{shown} was committed in other chunks than the task's ({bits} bits of cells) or with another setup than {}: it cannot \
             adopt the task's weights",
            setups::words(digest)
        ))
        .into());
    }
    let model = plan.model()?;
    let cells = package.vector.tensors();
    let shift = shift_between(cells, model.weights().tensors()).ok_or_else(|| {
        exit::refused(format!(
            "the weights of {shown} are not those of the task's last model times a power of two, rounded to the nearest: \
             `aver federated finish --rescale` makes such a plan"
        ))
    })?;
    let setup = context.setup(digest, bits)?;
    let task = Vector::of(&setup, &layout, bits, &package)?;
    let secret = plan.secret(&own)?;
    let salt = Salt::from_random(*secret.salt().expose());
    let adopted = prover::shifted(&setup, &task, shift, Some(&salt))?;
    ensure!(
        adopted.points() == own.chunked().points(),
        "{shown} has weights and salt that do not open its commitment: commit it anew"
    );
    let update_bits = layout.blocks().iter().map(|block| block.update_bits).collect();
    let shape = TaskShape::new(&from.plan()?, bits, update_bits, layout.exponents().collect())?;
    let about = About {
        chain_id: client.id().chain_id,
        task: client.id().task,
        round: B256::ZERO,
        party: registrant,
        version: client.terms().version,
        plan: plan.plan()?.digest(),
        terms: terms_digest(client.terms()),
    };
    let engine = Engine::new(&setup, bits)?;
    let mut masks = random::secret().context("the operating system gives no randomness")?;
    let random: Random<'_> = &mut masks;
    let mode = Mode::ZeroKnowledge;
    let adoption =
        context.ui.waiting("proving that the weights are the task's, shifted and rounded", || {
            prover::prove_adoption(&engine, &shape, &task, &adopted, shift, &about, mode, random)
        })?;
    let file = adoption.encode();
    let record = AdoptionRecord { up: shift.up(), down: shift.down(), digest: keccak256(&file) };
    let given = AdoptionEvidence {
        file: file.into(),
        plan: plan.plan()?.encode().into(),
        weights: own.encode().into(),
        certificate: plan.certificate()?.encode().into(),
    };
    Ok((record, given))
}

/// Checks the adoption that a version's manifest names, as a reader of an audit file would.
pub async fn check_adoption(
    task: &Task,
    claim: &FederatedRounds,
    kept: Option<&ReleaseRounds>,
    (plan, registrant): (B256, Address),
    context: &Context,
) -> Result<AdoptionRecord> {
    let (Some(record), Some(ReleaseRounds { vectors: Some(vectors), adoption: Some(given), .. })) =
        (&claim.adoption, kept)
    else {
        return Err(
            exit::refused("the version's manifest names no adoption proof, or it was not kept here").into()
        );
    };
    let id = task.client.id();
    ensure!(
        keccak256(&given.file) == record.digest,
        "the adoption that was kept is not the one that the manifest names"
    );
    let beginning = task.client.beginning().await?;
    let (book, block) = task.book().await?;
    let last = book.models.last().context("the task has a final model")?;
    let code = task.ledger().provider().get_code_at(id.task).hash(block.hash).await?;
    let known = TaskCode::decode(&code)?;
    let question = AdoptionQuestion {
        task: TaskQuestion {
            chain_id: id.chain_id,
            task: id.task,
            code: &code,
            terms: &known.terms,
            prefix: &beginning.prefix,
        },
        vectors,
        points: &last.points,
        plan,
        registrant,
        record,
        given,
    };
    let checker = crate::mathematics::Checker::new(context);
    let standing = rounds::adoption(&checker, &question).map_err(exit::refused)?;
    match standing {
        ProofStanding::Unchecked => {
            let why = checker.unaccepted().unwrap_or_default();
            Err(exit::refused(format!("the adoption cannot be checked here: {why}")).into())
        }
        _ => Ok(*record),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shift_between_weights_is_found_or_there_is_none() {
        let task = vec![vec![5, -5, 6, 1000], vec![-7, 3]];
        let shifted = |bits: i32| -> Vec<Vec<i32>> {
            let cell = |cell: &i32| match bits {
                0.. => cell << bits,
                _ => (cell + (1 << (-bits - 1))) >> -bits,
            };
            task.iter().map(|own| own.iter().map(cell).collect()).collect()
        };
        for (bits, up, down) in [(0, 1, 1), (3, 4, 1), (-1, 0, 1), (-4, 0, 4)] {
            assert_eq!(shift_between(&task, &shifted(bits)), Shift::new(up, down).ok(), "{bits}");
        }
        let mut other = shifted(-1);
        other[1][0] += 1;
        assert_eq!(shift_between(&task, &other), None);
    }
}
