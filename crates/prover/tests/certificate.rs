//! Weights certificates: proved for every kind of model, and refused of weights, tables and padding that break what they
//! say, however the prover lies.

#[path = "../../plan/tests/cases/mod.rs"]
mod cases;
mod certified;
mod lies;

use alloy_primitives::B256;
use ark_ff::Field;
use averment_kernels::Backend;
use averment_plan::*;
use averment_prover::{Engine, LookupError, ProveError, certify::Certifier, reference::Honest};
use averment_verifier::{
    Key, VerifyError,
    certificate::{CertificateError, CertificateFile},
    descriptor::{Axis, Covered, Descriptor, Disagreement, Options},
    field::Fr,
    point::G1Affine,
    statement::{Mode, Statement},
    verify,
};
use cases::*;
use certified::*;
use lies::{Liar, MANNERS, Manner};

const MODES: [Mode; 2] = [Mode::Transparent, Mode::ZeroKnowledge];

fn liar(manner: Manner) -> Liar {
    Liar { manner, ..Liar::default() }
}

#[test]
fn models_of_every_kind_are_certified() {
    let random_models = (0..24).map(cases::random).filter(|model| {
        let options = Options { mode: Mode::Transparent, ..Options::default() };
        // The reference prover takes its time.
        Descriptor::derive(model.plan(), options).is_ok_and(|own| {
            own.descriptor.certificate(model.plan()).unwrap().descriptor.layout.address_bits() <= 13
        })
    });
    let mut certified = 0;
    for model in [narrow(), wide(), thresholds(), cases::windows()].into_iter().chain(random_models) {
        for mode in MODES {
            let bench = Bench::new(model.clone(), mode);
            let committed = bench.committed();
            let certifier = Certifier::new(&committed, &bench.model).unwrap();
            let descriptor = certifier.descriptor();
            assert_eq!(committed.descriptor().certified_by(descriptor), Ok(()));
            assert_eq!(Descriptor::decode(&descriptor.encode().unwrap()).as_ref(), Ok(&**descriptor));
            let registered = certifier.registered().unwrap();
            let statement = bench.statement(&registered);
            let proof = certifier.prove_by_definition(&registered, &statement, &mut uniform(3)).unwrap();
            for backend in Backend::available() {
                let engine = Engine::on(backend, &bench.setup, descriptor.layout.chunk_bits).unwrap();
                let same = certifier.prove(&engine, &registered, &statement, &mut uniform(3)).unwrap();
                assert!(same.encode() == proof.encode(), "{backend:?} makes another proof");
            }
            assert_eq!(bench.verify(descriptor, &registered, &proof), Ok(()));
            certified += 1;
        }
    }
    assert!(certified >= 10, "{certified}");
}

/// A cell of every block one above its range, one below, and 1/2: looked up as what it is, and as what is in range, by the
/// protocol and by provers that lie.
#[test]
fn a_cell_out_of_range_is_refused() {
    for mode in MODES {
        // Of the wide model only the block that has limbs is of another kind, of the one with a threshold its table.
        for (model, blocks) in [(narrow(), 0..6), (wide(), 1..2), (thresholds(), 5..6)] {
            let bench = Bench::new(model, mode);
            let covered = bench.committed().descriptor().covered();
            for (turn, Covered { base, bits, width, .. }) in
                covered.into_iter().enumerate().skip(blocks.start).take(blocks.len())
            {
                let half = 1_i64 << (width - 1);
                let address = base + (turn as u64 * 7) % (1 << bits);
                for (kind, (committed, out, within)) in [
                    (Fr::from(half), half, half - 1),
                    (Fr::from(-half - 1), -half - 1, 0),
                    (Fr::from(2_u64).inverse().unwrap(), 1, 0),
                ]
                .into_iter()
                .enumerate()
                {
                    let lie = False { address, committed, claimed: within };
                    assert!(bench.judge(lie, &mut Honest).unwrap().is_err(), "{lie:?}");
                    let manner = MANNERS[(turn + kind) % MANNERS.len()];
                    let lie = False { claimed: out, ..lie };
                    assert!(bench.judge(lie, &mut liar(manner)).unwrap().is_err(), "{lie:?} {manner:?}");
                }
            }
            // An honest prover says so.
            let Covered { base, width, .. } = bench.committed().descriptor().covered()[0];
            let claimed = 1_i64 << (width - 1);
            let lie = False { address: base, committed: Fr::from(claimed), claimed };
            let refusal = bench.judge(lie, &mut Honest);
            assert!(
                matches!(refusal, Err(ProveError::Lookup(LookupError::Miss { input, .. })) if input == claimed),
                "{refusal:?}"
            );
        }
    }
}

/// Each padding cell of each weight block, in range and looked up as what it is: only the padding's relations see it.
#[test]
fn padding_that_is_not_zero_is_refused() {
    let bench = Bench::new(narrow(), Mode::Transparent);
    let descriptor = bench.committed().descriptor().clone();
    let mut cells = 0;
    for (spec, block) in bench.model.plan().weights().iter().zip(descriptor.covered()) {
        let real: Vec<usize> = spec.shape.real_cells().collect();
        for cell in (0..1 << block.bits).filter(|cell| !real.contains(cell)) {
            let lie = False { address: block.base + cell as u64, committed: Fr::from(1_u64), claimed: 1 };
            assert_eq!(bench.judge(lie, &mut Honest).unwrap(), Err(VerifyError::Relations), "{lie:?}");
            cells += 1;
        }
        // A real cell with another value of the range: certified all the same.
        let lie = False { address: block.base + real[0] as u64, committed: Fr::from(1_u64), claimed: 1 };
        assert_eq!(bench.judge(lie, &mut Honest).unwrap(), Ok(()), "{lie:?}");
    }
    assert_eq!(cells, 17 + 3 + 6, "all padding of 5x3, 5 and 2x5; 2 has none");
    for manner in MANNERS {
        let bench = Bench::new(narrow(), Mode::ZeroKnowledge);
        let block = descriptor.covered()[1];
        let address = bench.committed().descriptor().covered()[1].base + (1 << block.bits) - 1;
        let lie = False { address, committed: Fr::from(1_u64), claimed: 1 };
        assert_eq!(bench.judge(lie, &mut liar(manner)).unwrap(), Err(VerifyError::Opening), "{manner:?}");
    }
}

/// What the padding's relations read, for shapes of all kinds: every cell that is not real, and no real one.
#[test]
fn padding_is_all_that_is_not_real() {
    let mut numbers = Numbers(9);
    for _ in 0..64 {
        let (mut draft, _) = perceptron();
        let dims = [numbers.within(1, 9) as u32, 3];
        draft.weights[0].shape = shape(&dims);
        draft.weights[1].shape = shape(&dims[..1]);
        draft.weights[2].shape = shape(&[2, dims[0]]);
        draft.steps[0] = step(&dims[..1], dense(0, 3, 0, 1), 2, 0);
        draft.steps[1] = step(&[2], dense(1, dims[0], 2, 3), 3, 1);
        let plan = Plan::new(draft).unwrap();
        let options = Options { mode: Mode::Transparent, ..Options::default() };
        let certificate = Descriptor::derive(&plan, options).unwrap().descriptor.certificate(&plan).unwrap();
        let descriptor = certificate.descriptor;
        for (spec, block) in plan.weights().iter().zip(descriptor.covered()) {
            let mut read = vec![false; 1 << block.bits];
            let terms =
                descriptor.relations.iter().filter(|own| own.terms.len() == 1).map(|own| &own.terms[0]);
            for term in terms.filter(|term| term.base == block.base) {
                for (cell, read) in read.iter_mut().enumerate() {
                    let mut rest = cell;
                    *read |= term.axes.iter().all(|axis| {
                        let own = rest & ((1 << axis.bits()) - 1);
                        rest >>= axis.bits();
                        !matches!(axis, Axis::Fixed { value, .. } if *value as usize != own)
                    });
                }
            }
            let real: Vec<usize> = spec.shape.real_cells().collect();
            assert!(read.iter().enumerate().all(|(cell, read)| *read != real.contains(&cell)), "{dims:?}");
        }
    }
}

#[test]
fn a_certificate_is_for_its_points_only() {
    for mode in MODES {
        let bench = Bench::new(wide(), mode);
        let committed = bench.committed();
        let certifier = Certifier::new(&committed, &bench.model).unwrap();
        let descriptor = certifier.descriptor();
        let registered = certifier.registered().unwrap();
        let proof = certifier
            .prove_by_definition(&registered, &bench.statement(&registered), &mut uniform(3))
            .unwrap();
        let (weights, tables) = (registered.committed().copied().collect::<Vec<_>>(), registered.tables());
        let again = bench.registered(descriptor, weights.clone(), tables);
        assert_eq!(bench.verify(descriptor, &again, &proof), Ok(()));
        // Another version's weights; another blind; other tables.
        let honest = certifier.assignment();
        for (cells, blind) in [
            (vec![Fr::from(1_u64)], Fr::from(5_u64)),
            (honest.weights[0].cells.clone(), honest.weights[0].blind + Fr::from(1_u64)),
        ] {
            let mut other = weights.clone();
            other[0] = bench.setup.chunk(cells, blind).point;
            assert!(bench.verify(descriptor, &bench.registered(descriptor, other, tables), &proof).is_err());
        }
        let mut other = tables.to_vec();
        other[0] = bench.setup.chunk(vec![Fr::from(1_u64)], Fr::from(0_u64)).point;
        let other = bench.registered(descriptor, weights, &other);
        assert!(bench.verify(descriptor, &other, &proof).is_err());
        // The true weights, by another name.
        let key = Key { setup: bench.setup.digest(), tau: bench.setup.tau() };
        let named = Statement { weights: B256::repeat_byte(1), ..bench.statement(&registered) };
        let verdict = verify(descriptor, &key, &registered, &named, &proof);
        assert!(matches!(verdict, Err(VerifyError::Weights { .. })));
    }
}

/// The file: what it is read back as verifies for its plan and weights, and for no others.
#[test]
fn a_certificate_travels() {
    for mode in MODES {
        let bench = Bench::new(narrow(), mode);
        let committed = bench.committed();
        let certifier = Certifier::new(&committed, &bench.model).unwrap();
        let registered = certifier.registered().unwrap();
        let proof =
            certifier.prove_by_definition(&registered, &bench.statement(&registered), &mut uniform(3));
        let file = CertificateFile { chain_id: 31_337, mode, proof: proof.unwrap().encode() };
        let file = CertificateFile::decode(&file.encode()).unwrap();
        let (weights, plan) = (committed.commitment(), bench.model.plan());
        let tables: Vec<G1Affine> = certifier.assignment().tables.iter().map(|own| own.point).collect();
        let key = Key { setup: bench.setup.digest(), tau: bench.setup.tau() };
        let certified = file.verify(plan, weights, &tables, &key).unwrap();
        assert_eq!((certified.registered, certified.proof.encode()), (registered, file.proof.clone()));
        let other = CertificateFile { chain_id: 1, ..file.clone() };
        assert!(matches!(other.verify(plan, weights, &tables, &key), Err(CertificateError::Refused(_))));
        let other = wide();
        let verdict = file.verify(other.plan(), weights, &tables, &key);
        assert!(
            matches!(verdict, Err(CertificateError::Proof(_) | CertificateError::Refused(_))),
            "{verdict:?}"
        );
        let other = cases::windows();
        let verdict = file.verify(other.plan(), weights, &tables, &key);
        assert!(matches!(verdict, Err(CertificateError::Registered(_))), "{verdict:?}");
        let mut other = file.clone();
        other.proof.pop();
        assert!(matches!(other.verify(plan, weights, &tables, &key), Err(CertificateError::Proof(_))));
        let verdict = file.verify(plan, weights, &tables[1..], &key);
        assert!(matches!(verdict, Err(CertificateError::Registered(_))), "{verdict:?}");
    }
}

#[test]
fn a_certificate_is_for_its_plan_only() {
    let options = Options::default();
    let derived = |model: &Model, options| Descriptor::derive(model.plan(), options).unwrap().descriptor;
    let model = wide();
    let decision = derived(&model, options);
    let certificate = decision.certificate(model.plan()).unwrap().descriptor;
    assert_eq!(decision.certified_by(&certificate), Ok(()));
    // A batch's descriptor has the same one.
    let chunk_bits = Some(decision.layout.chunk_bits);
    let batch = derived(&model, Options { chunk_bits, batch_bits: 2, ..options });
    assert_ne!(batch.layout, decision.layout);
    assert_eq!(batch.certificate(model.plan()).unwrap().descriptor, certificate);

    let kinds = |decision: &Descriptor, certificate: &Descriptor| Disagreement::Kinds {
        decision: decision.kind,
        certificate: certificate.kind,
    };
    for (a, b) in [(&decision, &decision), (&certificate, &certificate), (&certificate, &decision)] {
        assert_eq!(a.certified_by(b), Err(kinds(a, b)));
    }
    let larger = derived(&model, Options { chunk_bits: chunk_bits.map(|bits| bits + 1), ..options });
    let difference = Disagreement::ChunkBits {
        decision: larger.layout.chunk_bits,
        certificate: decision.layout.chunk_bits,
    };
    assert_eq!(larger.certified_by(&certificate), Err(difference));
    let difference = Disagreement::Width { block: 1, decision: 6, certificate: 20 };
    let options = Options { chunk_bits, ..options };
    assert_eq!(derived(&narrow(), options).certified_by(&certificate), Err(difference));
    let windows = derived(&cases::windows(), options);
    assert_eq!(windows.certified_by(&certificate), Err(Disagreement::Blocks));
    let (mut draft, weights) = perceptron();
    for place in [1, 3] {
        draft.weights[place].bits = 20;
    }
    draft.tables[1] = clamp(8, -128, 126);
    let other = derived(&cases::model(draft, weights), options);
    assert_eq!(other.certified_by(&certificate), Ok(()), "a function's values are its points' business");
    let mut other = decision.clone().into_inner();
    other.tables[0].out_bits += 1;
    assert_eq!(other.validate().unwrap().certified_by(&certificate), Err(Disagreement::Functions));
}
