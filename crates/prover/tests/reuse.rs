//! Masks used twice: what they hid, their difference shows. And the prover's are never the same.

#[path = "../../plan/tests/cases/mod.rs"]
mod cases;
mod lies;

use ark_ec::CurveGroup;
use ark_ff::AdditiveGroup;
use averment_prover::SlotCells;
use averment_verifier::{field::Fr, point::G1Affine, proof::Proof, statement::Mode};
use lies::bench::{Bench, Falsehood};

/// Bits of a chunk.
const CHUNK: u8 = 8;

/// A chunk of the first message that holds lookups, and no multiplicities: its cells but for the masks.
fn chunk(bench: &Bench) -> (usize, Vec<Fr>) {
    let layout = &bench.descriptor().layout;
    let chunk = layout.slots[0].0.unwrap() >> layout.chunk_bits;
    assert_ne!(chunk, layout.multiplicities >> layout.chunk_bits);
    let mut cells = vec![Fr::ZERO; 1 << layout.chunk_bits];
    for ((ins, outs), SlotCells { ins: in_cells, outs: out_cells }) in layout.slots.iter().zip(bench.slots())
    {
        for (base, own) in [(ins, in_cells), (outs, out_cells)] {
            let Some((base, own)) = base.zip(own) else { continue };
            assert_eq!(base >> layout.chunk_bits, chunk);
            let first = (base - (chunk << layout.chunk_bits)) as usize;
            cells[first..].iter_mut().zip(own).for_each(|(cell, own)| *cell = Fr::from(own));
        }
    }
    ((chunk - u64::from(layout.witness1.start)) as usize, cells)
}

/// What an outsider who knows one run's cells, and guesses another's, holds its guess against.
fn guessed(bench: &Bench, known: &[Fr], guess: &[Fr]) -> G1Affine {
    let difference: Vec<Fr> = known.iter().zip(guess).map(|(known, guess)| *known - guess).collect();
    bench.setup.polynomial(&difference)
}

fn difference(first: &Proof, second: &Proof, place: usize) -> G1Affine {
    (first.witness1[place] - second.witness1[place]).into_affine()
}

#[test]
fn proofs_with_the_same_masks_show_their_difference_and_fresh_ones_do_not() {
    // In chunks small enough that lookups and multiplicities do not share one.
    let bench = |seed| Bench::in_chunks(cases::dense_model(), Mode::ZeroKnowledge, seed, Some(CHUNK));
    let (first, second) = (bench(5), bench(6));
    let ((place, known), (_, guess)) = (chunk(&first), chunk(&second));
    assert_ne!(known, guess);
    let leak = guessed(&first, &known, &guess);

    // The test's prover takes the same randomness for every proof.
    let reused = |bench: &Bench| bench.prove(Falsehood::None, Default::default()).unwrap();
    let (a, b) = (reused(&first), reused(&second));
    assert_eq!((first.verify(&a), second.verify(&b)), (Ok(()), Ok(())));
    assert_eq!(difference(&a.proof, &b.proof, place), leak, "the guess is confirmed");

    // The real one does not, and then nothing is confirmed, not even that nothing changed.
    let (a, b, again) = (first.fresh(), second.fresh(), first.fresh());
    assert_ne!(difference(&a, &b, place), leak);
    assert_ne!(difference(&a, &again, place), G1Affine::default());
    let words = |proof: &Proof| -> Vec<[u8; 32]> { proof.encode().as_chunks().0.to_vec() };
    let (a, b, again) = (words(&a), words(&b), words(&again));
    for (word, own) in a.iter().enumerate() {
        assert!(!b.contains(own) && !again.contains(own), "word {word} comes twice");
    }
}
