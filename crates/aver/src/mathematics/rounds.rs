//! What an audit leaves to who knows rules and curve, of the rounds that made a version: weights and qualities from the matrix, the
//! weighted sum over the points, the round's proof; and that a version's weights are a task's, shifted and rounded.

use super::{Checker, is, of_chunks, tables, words};
use averment_federated::{
    gram::{self, Gram},
    quality,
    rules::{Kind, Rule},
};
use averment_ledger::federated::{TaskCode, TaskKinds, terms_digest};
use averment_node::federated::points::{self, POINT};
use averment_plan::{Plan, vector::VectorLayout};
use averment_primitives::{Address, B256, U256, keccak256};
use averment_prover::setup::DEVELOPMENT;
use averment_registry::audit::{
    AdoptionQuestion, ProofStanding, RoundProof, RoundQuestion, RoundStanding, TaskQuestion, VectorsEvidence,
};
use averment_verifier::{
    certificate::CertificateFile,
    commitment::{Chunked, WeightsCommitment},
    descriptor::Descriptor,
    federated::{About, Adoption, RoundCommitments, TaskShape},
    point::{self, G1Affine, G1Projective},
};

/// D: the parts that weights count ([F2.1]).
const DENOMINATOR: u32 = 1 << 16;

/// Checks a round as far as the file and the accepted setups let.
pub fn round(checker: &Checker<'_>, question: &RoundQuestion<'_>) -> Result<RoundStanding, String> {
    let weights = computed(question)?;
    match &question.proof {
        Some(proof) => proved(checker, question, proof, &weights),
        None => Ok(RoundStanding::Computed),
    }
}

/// Weights and qualities from the matrix, and what the round adds; the weights.
fn computed(question: &RoundQuestion<'_>) -> Result<Vec<u32>, String> {
    let terms = question.task.terms;
    let rule = terms.rule;
    let kind = Kind::ALL
        .get(usize::from(rule.kind))
        .copied()
        .ok_or("the task's rule is none that this release knows")?;
    let rule = Rule {
        kind,
        faults: rule.faults,
        clip: rule.clip,
        mix: rule.mix,
        norm: rule.norm,
        radius: rule.radius,
    };
    let shape = gram::Shape {
        updates: question.updates,
        previous: true,
        root: !terms.root.is_zero(),
        history: terms.rule.history,
    };
    let bound = u64::from(terms.bound);
    let sum = bound * u64::from(terms.rounds);
    let limits = gram::Limits { update: bound * bound, history: sum.saturating_mul(sum) };
    let gram = Gram::decode(shape, limits, question.matrix).map_err(words)?;
    let weights = rule.weights(&gram).map_err(words)?;
    if !weights.all().iter().map(|weight| U256::from(*weight)).eq(question.weights.iter().copied()) {
        return Err("the weights are not those of the task's rule and the matrix".to_owned());
    }
    let qualities = quality::qualities(&gram);
    if !qualities.iter().map(|quality| U256::from(*quality)).eq(question.qualities.iter().copied()) {
        return Err("the qualities are not those of the matrix".to_owned());
    }
    let difference = points::difference(question.after, question.before).map_err(words)?;
    is("points of what it adds", keccak256(difference), question.difference)?;
    Ok(weights.all().to_vec())
}

/// What proofs of a task are about, from its code and from what its vectors are.
struct Kinds {
    shape: TaskShape,
    kinds: TaskKinds,
    about: About,
}

impl Kinds {
    /// Refuses a plan that is not the terms' own, and a layout by which proofs would be about something else.
    fn of(task: &TaskQuestion<'_>, vectors: &VectorsEvidence, party: Address) -> Result<Self, String> {
        let code = TaskCode::decode(task.code)?;
        let terms = &code.terms;
        let plan = Plan::decode(&vectors.plan).map_err(words)?;
        is("plan of the task", terms.plan, plan.digest())?;
        let layout = VectorLayout::decode(&vectors.layout).map_err(words)?;
        layout.check_plan(&plan).map_err(words)?;
        let update_bits = layout.blocks().iter().map(|block| block.update_bits).collect();
        let shape = TaskShape::new(&plan, code.chunk_bits, update_bits, layout.exponents().collect());
        let shape = shape.map_err(words)?;
        let kinds = TaskKinds::new(&shape, terms).map_err(words)?;
        is("descriptor of updates' proofs", terms.updateKind, kinds.update_digest())?;
        is("descriptor of rounds' proofs", terms.roundKind, kinds.round_digest())?;
        let about = About {
            chain_id: task.chain_id,
            task: task.task,
            round: B256::ZERO,
            party,
            version: terms.version,
            plan: terms.plan,
            terms: terms_digest(terms),
        };
        Ok(Self { shape, kinds, about })
    }
}

/// The commitment to a vector of the task with these points.
fn commitment(like: &WeightsCommitment, points: &[u8]) -> Result<WeightsCommitment, String> {
    let (words, []) = points.as_chunks::<{ POINT / 2 }>() else {
        return Err("points are 64 bytes each".to_owned());
    };
    let words: Vec<B256> = words.iter().map(B256::from).collect();
    let (pairs, []) = words.as_chunks::<2>() else { return Err("points are 64 bytes each".to_owned()) };
    let read = |pair: &[B256; 2]| point::from_words(pair).ok_or("a point is not on the curve");
    let points = pairs.iter().map(read).collect::<Result<Vec<G1Affine>, _>>()?;
    let chunked = like.chunked();
    let chunked = Chunked::new(chunked.setup(), chunked.blocks().clone(), points);
    Ok(WeightsCommitment::new(chunked.map_err(self::words)?))
}

/// Checks that the new model is the weighted sum of the rows ([F2.2]), and the round's proof ([F3.2]).
fn proved(
    checker: &Checker<'_>,
    question: &RoundQuestion<'_>,
    proof: &RoundProof<'_>,
    weights: &[u32],
) -> Result<RoundStanding, String> {
    let task = &question.task;
    let before = WeightsCommitment::decode(&[task.prefix, question.before].concat()).map_err(words)?;
    let own = Kinds::of(task, proof.vectors, question.aggregator)?;
    let about = About { round: U256::from(question.round).into(), ..own.about };

    // In the first round nothing was added before.
    let previous = match proof.older {
        Some(older) => points::difference(question.before, older).map_err(words)?,
        None => vec![0; question.before.len()],
    };
    let rows = proof.updates.iter().copied().chain([previous.as_slice()]).chain(proof.root);
    let rows = rows.map(|row| commitment(&before, row)).collect::<Result<Vec<_>, _>>()?;
    let sums = proof.given.cumulatives.chunks(question.before.len().max(1));
    let sums = sums.map(|row| commitment(&before, row)).collect::<Result<Vec<_>, _>>()?;
    let after = commitment(&before, question.after)?;
    let remainder = commitment(&before, &proof.given.remainder)?;
    if rows.len() != weights.len() {
        return Err(format!("{} rows have {} weights", rows.len(), weights.len()));
    }
    check_sum(&before, &after, &remainder, rows.iter().zip(weights.iter().copied()))?;

    let mut halves: Vec<Vec<&WeightsCommitment>> = vec![rows.iter().collect()];
    if task.terms.rule.history {
        halves.push(sums.iter().collect());
    }
    let triangles = triangles(question.matrix, &halves)?;
    let bits = before.chunked().blocks().chunk_bits();
    let digest = before.chunked().setup();
    let Some(setup) = checker.setup(digest, bits) else { return Ok(RoundStanding::Computed) };
    let round = RoundCommitments { model: &after, remainder: &remainder, halves };
    let kind = &own.kinds.round;
    let verdict = kind.verify(&setup.key(), &round, &about, &triangles, &proof.given.proof);
    verdict.map_err(|error| format!("its proof: {error}"))?;
    Ok(if digest == DEVELOPMENT { RoundStanding::DevelopmentSetup } else { RoundStanding::Proved })
}

/// The upper triangles of the matrix, one for each half of so many rows.
fn triangles(matrix: &[u8], halves: &[Vec<&WeightsCommitment>]) -> Result<Vec<Vec<i64>>, String> {
    let (entries, []) = matrix.as_chunks::<8>() else {
        return Err("the matrix has entries of 8 bytes".to_owned());
    };
    let mut rest = entries;
    let mut triangles = Vec::with_capacity(halves.len());
    for rows in halves {
        let count = rows.len() * (rows.len() + 1) / 2;
        let (own, behind) = rest.split_at_checked(count).ok_or("the matrix has too few entries")?;
        triangles.push(own.iter().copied().map(i64::from_be_bytes).collect());
        rest = behind;
    }
    if rest.is_empty() { Ok(triangles) } else { Err("the matrix has too many entries".to_owned()) }
}

fn times(point: &G1Affine, factor: u32) -> G1Projective {
    let mut sum = G1Projective::default();
    for bit in (0..u32::BITS - factor.leading_zeros()).rev() {
        sum += sum;
        if factor >> bit & 1 == 1 {
            sum += point;
        }
    }
    sum
}

/// `Σ w_i C_i = D (C_new - C_old) + C_rem`, chunk by chunk.
fn check_sum<'a>(
    before: &WeightsCommitment,
    after: &WeightsCommitment,
    remainder: &WeightsCommitment,
    rows: impl Iterator<Item = (&'a WeightsCommitment, u32)> + Clone,
) -> Result<(), String> {
    let chunks = [before, after, remainder].map(|own| own.chunked().points());
    for (chunk, ((before, after), rest)) in chunks[0].iter().zip(chunks[1]).zip(chunks[2]).enumerate() {
        let mut sum = times(before, DENOMINATOR);
        for (row, weight) in rows.clone() {
            sum += times(row.chunked().points().get(chunk).ok_or("a row has too few points")?, weight);
        }
        if sum != times(after, DENOMINATOR) + rest {
            return Err(format!(
                "chunk {chunk}: the new model's points are not the weighted sum of the updates'"
            ));
        }
    }
    Ok(())
}

/// Checks an adoption, and that the adopted weights are in range.
pub fn adoption(checker: &Checker<'_>, question: &AdoptionQuestion<'_>) -> Result<ProofStanding, String> {
    let own = Kinds::of(&question.task, question.vectors, question.registrant)?;
    let from = WeightsCommitment::decode(&[question.task.prefix, question.points].concat()).map_err(words)?;
    let plan = Plan::decode(&question.given.plan).map_err(words)?;
    is("plan", question.plan, plan.digest())?;
    let to = WeightsCommitment::decode(&question.given.weights).map_err(words)?;
    let file = Adoption::decode(&question.given.file).map_err(words)?;
    let (named, got) = (question.record, file.shift);
    if (named.up, named.down) != (got.up(), got.down()) {
        return Err(format!(
            "the manifest names a shift by {} bits up and {} down, the file has {} and {}",
            named.up,
            named.down,
            got.up(),
            got.down()
        ));
    }
    let (digest, bits) = (from.chunked().setup(), from.chunked().blocks().chunk_bits());
    let Some(setup) = checker.setup(digest, bits) else { return Ok(ProofStanding::Unchecked) };
    let about = About { plan: question.plan, ..own.about };
    file.verify(&own.shape, &setup.key(), &about, &from, &to).map_err(words)?;

    let wrong = |error: &dyn std::fmt::Display| format!("the certificate of the weights: {error}");
    let certificate = CertificateFile::decode(&question.given.certificate).map_err(|error| wrong(&error))?;
    let options = averment_verifier::descriptor::Options {
        mode: certificate.mode,
        ..of_chunks(to.chunked().blocks().chunk_bits())
    };
    let derived = Descriptor::derive(&plan, options).map_err(|error| wrong(&error))?;
    certificate.verify(&plan, &to, &tables(&setup, &derived), &setup.key()).map_err(|error| wrong(&error))?;
    Ok(if digest == DEVELOPMENT { ProofStanding::DevelopmentSetup } else { ProofStanding::Verified })
}
