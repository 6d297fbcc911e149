//! What is proved in a task of federated learning: descriptors, proofs and adoptions.

use crate::vectors;
use ark_bn254::{Fq, G1Affine};
use averment_verifier::{
    descriptor::{Descriptor, Kind, ValidDescriptor},
    federated::{Adoption, Shift},
    proof::Proof,
    statement::Mode,
};
use std::sync::LazyLock;

const FILES: [(&str, Mode); 4] = [
    (include_str!("../../vectors/proof/ok_update_narrow_transparent.json"), Mode::Transparent),
    (include_str!("../../vectors/proof/ok_update_wide_zk.json"), Mode::ZeroKnowledge),
    (include_str!("../../vectors/proof/ok_round_one_half_transparent.json"), Mode::Transparent),
    (include_str!("../../vectors/proof/ok_round_two_halves_zk.json"), Mode::ZeroKnowledge),
];

static DESCRIPTORS: LazyLock<Vec<(ValidDescriptor, Mode)>> = LazyLock::new(|| {
    let read = |(bytes, (_, mode)): (Vec<u8>, (&str, Mode))| {
        let descriptor = Descriptor::decode(&bytes).expect("a descriptor");
        (descriptor.validate().expect("a valid one"), mode)
    };
    task_descriptor_seeds().into_iter().zip(FILES).map(read).collect()
});

fn parts(part: &str) -> Vec<Vec<u8>> {
    FILES.map(|(text, _)| vectors::bytes(&vectors::json(text)[part])).into()
}

/// What is accepted has one encoding and stays within what the contract has room for; what is valid keeps its kind's promise:
/// without inputs or with rows, never with functions.
pub(crate) fn task_descriptor(data: &[u8]) -> bool {
    if !crate::proof::descriptor(data) {
        return false;
    }
    let Ok(descriptor) = Descriptor::decode(data).expect("what was read before").validate() else {
        return true;
    };
    let sizes = &descriptor.layout.sizes;
    match descriptor.kind {
        Kind::Update => {
            assert!(
                sizes.inputs.is_empty() && sizes.function_bits.is_none() && descriptor.public_count() == 1
            );
        }
        Kind::Round => {
            assert!(sizes.inputs == sizes.weights && sizes.function_bits.is_none());
            assert_eq!(descriptor.row_bits.len(), sizes.inputs.len());
        }
        Kind::Decision | Kind::Certificate => (),
    }
    true
}

pub(crate) fn task_descriptor_seeds() -> Vec<Vec<u8>> {
    parts("descriptor")
}

/// What is accepted as a proof has one encoding.
pub(crate) fn task_proof(data: &[u8]) -> bool {
    let decoded = |(descriptor, mode): &(ValidDescriptor, Mode)| Proof::decode(data, descriptor, *mode).ok();
    let proofs: Vec<Proof> = DESCRIPTORS.iter().filter_map(decoded).collect();
    assert!(proofs.iter().all(|proof| proof.encode() == data));
    !proofs.is_empty()
}

pub(crate) fn task_proof_seeds() -> Vec<Vec<u8>> {
    parts("proof")
}

/// An adoption has one encoding.
pub(crate) fn adoption(data: &[u8]) -> bool {
    let Ok(adoption) = Adoption::decode(data) else { return false };
    assert_eq!(adoption.encode(), data);
    assert!(adoption.shift.up() <= Shift::BITS && (1..=Shift::BITS).contains(&adoption.shift.down()));
    true
}

pub(crate) fn adoption_seeds() -> Vec<Vec<u8>> {
    let proofs = task_proof_seeds().into_iter().zip(FILES);
    let file = |(proof, (_, mode))| {
        let shift = Shift::new(3, 7).expect("a shift");
        let generator = G1Affine::new(Fq::from(1_u64), Fq::from(2_u64));
        Adoption { shift, mode, remainder: vec![generator; 2], proof }.encode()
    };
    proofs.map(file).collect()
}
