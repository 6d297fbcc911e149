//! Every word of every good proof, of its points, its tables' points and of its statement is held to something:
//! with one bit of it changed no verifier accepts, nor with the field's order added to it. And what malicious provers made is refused on chain too.

use super::{
    COUNT, Call, Case, Certified, MODE, PUBLIC, chain::Chain, file, files, is_certificate, patched, read,
    vectors, verdict,
};
use alloy_primitives::{B256, U256, keccak256};
use averment_verifier::field::{Fr, to_word};

/// The statement's place among a call's parts, the proof's, and that of the tables' points.
const STATEMENT: usize = 1;
const PROOF: usize = 3;
const TABLES: usize = 4;

/// Whether the lowest bits of a statement's word mean something to both verifiers, whatever they are; the mode, the
/// list's place and its length are the call's structure.
pub fn is_free(place: usize) -> bool {
    ![0, MODE, PUBLIC, COUNT].contains(&place)
}

/// The order of the field.
fn order() -> U256 {
    U256::from_be_bytes(to_word(&-Fr::from(1_u64)).0) + U256::from(1)
}

/// A call with one word changed, for every word, and what was changed: one bit, as good as random (of a statement one of
/// the lowest 16, whose words are narrower than 256); and for some words of a proof another number of the same residue,
/// which the changes of the dense model's proofs have for all of them.
fn changes<'a>(call: &'a Call, name: &'a str) -> impl Iterator<Item = (String, Call)> + 'a {
    let places = (STATEMENT..=TABLES)
        .flat_map(|part| (0..call.parts[part].len() / 32).map(move |place| (part, place)))
        .filter(|(part, place)| *part != STATEMENT || is_free(*place));
    places.flat_map(move |(part, place)| {
        let chance = keccak256(format!("{name} {part} {place}"));
        let bit = usize::from(chance[0]) % if part == STATEMENT { 16 } else { 256 };
        let own = U256::from_be_slice(&call.parts[part][place * 32..][..32]);
        let flipped = (format!("bit {bit}"), own ^ (U256::from(1) << bit));
        let more = (part == PROOF && chance[1] % 4 == 0)
            .then(|| ("plus the field's order".to_owned(), own.wrapping_add(order())));
        [Some(flipped), more].into_iter().flatten().map(move |(what, word)| {
            let mut changed = call.clone();
            changed.parts[part][place * 32..][..32].copy_from_slice(&word.to_be_bytes::<32>());
            (format!("{name}: part {part}, word {place}, {what}"), changed)
        })
    })
}

#[test]
fn no_verdict_is_blind_to_a_word() {
    let mut words = 0;
    for case in vectors::good() {
        let call = match &case {
            Case::Proof(_, call) => call,
            Case::Certificate(_, own) => &own.call,
            Case::Descriptor(..) => continue,
        };
        for (what, changed) in changes(call, case.name()) {
            let judged = match &case {
                Case::Certificate(_, own) => Certified { call: changed, ..(**own).clone() }.verdict(),
                _ => verdict(&changed),
            };
            assert!(judged.is_err(), "{what}");
            words += 1;
        }
    }
    assert!(words > 3000, "{words}");
}

#[test]
fn the_contract_is_blind_to_no_word() {
    let mut chain: Option<Chain> = None;
    for name in files("ok_") {
        let call = read(&file(&name));
        let chain = chain.get_or_insert_with(|| Chain::new(&call));
        assert!(chain.register(&call));
        for (what, changed) in changes(&call, &name) {
            let same = changed.parts[TABLES] == call.parts[TABLES];
            assert!(!(same || chain.register(&changed)) || !chain.accepts(&changed), "{what}");
        }
    }
}

/// The Rust verifier's own tests judge these too; that it has the error that the files say.
#[test]
fn the_contract_refuses_every_bad_proof() {
    let (mut chain, mut count): (Option<Chain>, _) = (None, 0);
    for name in files("bad_").into_iter().filter(|name| !is_certificate(name)) {
        let found = file(&name);
        let Some(of) = found["of"].as_str() else { continue };
        let call = read(&file(of));
        let chain = chain.get_or_insert_with(|| Chain::new(&call));
        assert!(chain.register(&call) && chain.accepts(&call), "{of}");
        for case in found["cases"].as_array().unwrap() {
            let changed = patched(&call, case);
            count += 1;
            // Other points of tables are another descriptor's, or none's.
            if changed.parts[TABLES] != call.parts[TABLES] && !chain.register(&changed) {
                continue;
            }
            let answer = chain.answer(&changed);
            // A statement that its types have no room for is refused before the contract's code runs.
            let refused = answer == Some(false) || (answer.is_none() && !fits(&changed));
            assert!(refused, "{name}: {}: {answer:?}", case["name"]);
        }
    }
    assert!(count > 500, "{count}");
}

/// Whether a statement's addresses and public values have no more bits than their types.
fn fits(call: &Call) -> bool {
    let words: Vec<B256> = call.parts[STATEMENT].chunks(32).map(B256::from_slice).collect();
    let addresses = [words[super::CONSUMER], words[super::BENEFICIARY]];
    let signed = |word: &B256| {
        let fill = if word[24] & 0x80 == 0 { 0 } else { 0xff };
        word[..24].iter().all(|byte| *byte == fill)
    };
    addresses.iter().all(|word| word[..12].iter().all(|byte| *byte == 0))
        && words[COUNT + 1..].iter().all(signed)
}
