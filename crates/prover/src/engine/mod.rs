//! The prover on kernels: the same proofs as [`crate::reference::prove`], byte for byte, from the same randomness.

mod batch;
mod items;
mod memory;
mod opening;
mod operand;
mod progress;
mod rows;
mod space;
mod sumcheck;
mod witness;

pub use progress::{Observer, Phase, Progress};

use crate::{
    Assignment, ProveError, Random, Setup, assignment,
    masks::{BATCH_SPARE, Mask, blind_length},
};
use ark_bn254::G1Affine;
use ark_ec::CurveGroup;
use averment_kernels::{Backend, Bases, FieldVec};
use averment_verifier::{
    Registered, batch_mask_weights, begin,
    claims::{self, Challenges},
    descriptor::{Layout, ValidDescriptor},
    field::Fr,
    proof::{Blind, MaskMessage, Proof},
    statement::Statement,
    transcript::Oracle,
};
use batch::Batch;
use progress::Report;
use std::{fmt, num::NonZeroUsize, thread};
use witness::Run;
use zeroize::Zeroizing;

/// A setup prepared for proving.
#[derive(Clone)]
pub struct Engine {
    backend: Backend,
    bases: Bases,
    threads: NonZeroUsize,
    observer: Option<Observer>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { backend, bases, threads, .. } = self;
        f.debug_struct("Engine")
            .field("backend", backend)
            .field("powers", &bases.len())
            .field("threads", threads)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// For chunks of `2^bits` cells, on the fastest kernels of this machine and all its processors.
    pub fn new(setup: &Setup, bits: u8) -> Result<Self, ProveError> {
        Self::on(Backend::best(), setup, bits)
    }

    /// The same on other kernels.
    pub fn on(backend: Backend, setup: &Setup, bits: u8) -> Result<Self, ProveError> {
        setup.serves(bits)?;
        let bases = Bases::new(backend, &setup.powers()[..=1 << bits]);
        let engine = Self { backend, bases, threads: NonZeroUsize::MIN, observer: None };
        Ok(engine.with_threads(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)))
    }

    /// Works on so many threads at once. The proof is the same.
    #[must_use]
    pub fn with_threads(mut self, threads: NonZeroUsize) -> Self {
        self.bases = self.bases.with_threads(threads);
        self.threads = threads;
        self
    }

    /// Tells `observer` how far proofs are.
    #[must_use]
    pub fn observed(mut self, observer: Observer) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Proves `statement`; see [`crate::reference::prove`].
    pub fn prove(
        &self,
        descriptor: &ValidDescriptor,
        registered: &Registered,
        statement: &Statement,
        assignment: &Assignment<'_>,
        random: Random<'_>,
    ) -> Result<Proof, ProveError> {
        let masked = statement.mode.masked();
        let layout = &descriptor.layout;
        assignment::check_mode(layout, masked)?;
        let report = Report::new(self.observer.as_ref(), layout, progress::product_cells(descriptor));
        report.at(Phase::Witness, 0.0);
        let mut run = Run::new(self, descriptor, assignment)?;
        let mut transcript = begin(descriptor, registered, statement);

        report.at(Phase::Commitments, 0.0);
        let mask = run.masks(random);
        let witness1 = run.commit(layout.witness1.clone(), masked, random);
        transcript.points(witness1.iter().map(|(point, _)| point));
        let batch_mask = mask.as_ref().map(|_| self.batch_mask(layout, random));
        let masks = mask.as_ref().zip(batch_mask.as_ref()).map(|(mask, (commitment, _, batch))| {
            MaskMessage { commitment: *commitment, main_sum: mask.sum(), batch_sum: batch.sum() }
        });
        if let Some(masks) = &masks {
            transcript.points([&masks.commitment]);
            transcript.scalars([&masks.main_sum, &masks.batch_sum]);
        }
        let (beta, gamma) = (transcript.draw(), transcript.draw());

        report.at(Phase::Fractions, 0.0);
        let sides = run.fractions(beta, gamma);
        let witness2 = run.commit(layout.witness2.clone(), masked, random);
        transcript.points(witness2.iter().map(|(point, _)| point));
        let challenges = Challenges::draw(descriptor, beta, gamma, &mut transcript);

        // R is committed to beside the sumchecks: nothing of it is needed before the opening.
        let (size, length) = (1_usize << layout.chunk_bits, blind_length(layout.chunk_bits));
        let vector = masked.then(|| Zeroizing::new((0..=length).map(|_| random()).collect::<Vec<Fr>>()));
        let commit = || {
            let vector = vector.as_ref()?;
            let (low, top) = vector.split_at(length);
            Some((self.bases.msm(low) + self.bases.msm_at(size, top)).into_affine())
        };
        let sumchecks = || {
            let (total_functional, constant) =
                claims::total(descriptor, &challenges, &statement.public, statement.mode);
            let total = run.space.apply(&total_functional) - constant;
            transcript.scalar(&total);
            let kappa = mask.as_ref().map(|_| transcript.draw());
            let main = run.main(&challenges, sides, mask, kappa, &mut transcript, &report)?;

            report.at(Phase::Evaluation, 0.0);
            let mut functionals = claims::operands(descriptor, &challenges, &main.rho);
            transcript.scalars(&main.operands.to_vec());
            let kappa2 = batch_mask.as_ref().map(|_| transcript.draw());
            let theta = transcript.draw();
            functionals.insert(0, total_functional);
            if let Some(kappa) = kappa {
                functionals.extend(claims::rest(descriptor, kappa, &main.rho));
            }
            let (coefficients, polynomial) = batch_mask.map_or((None, None), |(_, c, p)| (Some(c), Some(p)));
            let batch = run.batch(&functionals, theta, polynomial, kappa2, &mut transcript, &report)?;
            let weights = kappa2.map(|kappa| batch_mask_weights(kappa, &batch.u));
            Ok::<_, ProveError>((total, main, batch, coefficients.zip(weights)))
        };
        let (commitment, done) = self.beside(commit, sumchecks);
        let (total, main, Batch { rounds: batch, u, value }, mask) = done?;

        report.at(Phase::Opening, 0.0);
        let (low, high) = u.split_at(layout.chunk_bits.into());
        let mut cells = run.space.combine(high, layout.chunk_bits).to_vec();
        cells.push(run.combine_blinds(high, &witness1, &witness2));
        transcript.scalar(&value);
        let blind = vector.as_ref().zip(commitment).map(|(vector, commitment)| {
            let eq = FieldVec::eq_table(self.backend, low);
            let opened = eq.part(0, length).dot(&FieldVec::new(self.backend, &vector[..length]));
            transcript.scalar(&opened);
            transcript.points([&commitment]);
            let eta = transcript.draw();
            let (low, top) = vector.split_at(length);
            cells.iter_mut().zip(low).for_each(|(cell, random)| *cell += eta * random);
            cells[size..].iter_mut().zip(top).for_each(|(cell, random)| *cell += eta * random);
            Blind { commitment, value: opened }
        });
        let mask = mask.as_ref().map(|(m, w)| (m.as_slice(), w.as_slice()));
        let polynomial = FieldVec::new(self.backend, &cells);
        let opening = opening::open(&self.bases, &polynomial, low, mask, &mut transcript, &report);
        report.at(Phase::Opening, 1.0);
        let points = |own: Vec<(G1Affine, Fr)>| own.into_iter().map(|(point, _)| point).collect();
        Ok(Proof {
            witness1: points(witness1),
            masks,
            witness2: points(witness2),
            total,
            main: main.rounds,
            operands: main.operands,
            batch,
            value,
            blind,
            opening,
        })
    }

    /// Both, at once if there is more than one thread.
    fn beside<T: Send, U>(&self, other: impl FnOnce() -> T + Send, own: impl FnOnce() -> U) -> (T, U) {
        if self.threads == NonZeroUsize::MIN {
            return (other(), own());
        }
        thread::scope(|scope| {
            let other = scope.spawn(other);
            let own = own();
            match other.join() {
                Ok(other) => (other, own),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    /// M', its coefficients, and the mask that they are.
    fn batch_mask(&self, layout: &Layout, random: Random<'_>) -> (G1Affine, Vec<Fr>, Mask) {
        let degrees = vec![2; layout.address_bits()];
        let count = 1 + 2 * degrees.len() + BATCH_SPARE;
        let coefficients: Vec<Fr> = (0..count).map(|_| random()).collect();
        let commitment = self.bases.msm(&coefficients).into_affine();
        let mask = Mask::new(&coefficients, &degrees);
        (commitment, coefficients, mask)
    }
}
