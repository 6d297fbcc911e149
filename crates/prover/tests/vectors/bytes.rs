//! Bytes that are no descriptor's: what follows from the rest ([10.3], marked *) says something else there, or something
//! is in between that nobody reads. Each breaks one check of a reader, and nothing else.

use super::descriptors::{moved, resized};
use averment_verifier::descriptor::{Area, Descriptor};

/// Where what is marked * stands in the head, and how long it is.
const DERIVED: &[(&str, usize, usize)] = &[
    ("the length", 32, 4),
    ("the bits of a chunk's number", 37, 1),
    ("the longest point", 43, 1),
    ("the public values", 60, 4),
    ("the weights' first chunk", 64, 2),
    ("the weights' chunks", 66, 2),
    ("the tables' first chunk", 68, 2),
    ("the tables' chunks", 70, 2),
    ("the inputs' first chunk", 72, 2),
    ("the inputs' chunks", 74, 2),
    ("the first message's first chunk", 76, 2),
    ("the first message's chunks", 78, 2),
    ("the second message's first chunk", 80, 2),
    ("the second message's chunks", 82, 2),
    ("the first slot's in", 84, 4),
    ("the last slot's in", 96, 4),
    ("the first slot's out", 100, 4),
    ("the last slot's out", 112, 4),
    ("the multiplicities' place", 116, 4),
    ("the masks' place", 120, 4),
    ("the first helper's place", 124, 4),
    ("the second helper's place", 128, 4),
    ("the functions' place", 132, 4),
];
/// Bytes before the tables.
const HEAD: usize = 136;

/// A number of the head.
fn number(bytes: &[u8], at: usize, length: usize) -> usize {
    bytes[at..at + length].iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// More bytes at a place, with the length that follows.
fn longer(bytes: &[u8], at: usize, more: &[u8]) -> Vec<u8> {
    let mut longer = [&bytes[..at], more, &bytes[at..]].concat();
    let length = u32::try_from(longer.len()).unwrap();
    longer[32..36].copy_from_slice(&length.to_be_bytes());
    longer
}

/// The last slot moved one further, and nothing in its place.
fn gap(good: &[u8]) -> Vec<u8> {
    let mut descriptor = Descriptor::decode(good).unwrap();
    let last = descriptor.layout.slots.len() - 1;
    // A slot more takes more masks. It has no cells, so that all others stay where they are.
    moved(&mut descriptor, |sizes| sizes.mask_bits = sizes.mask_bits.map(|bits| bits + 1));
    resized(&mut descriptor, |sizes| sizes.areas.insert(last, Area::Inputs));
    for own in descriptor.lookups.iter_mut().filter(|own| usize::from(own.slot) == last) {
        own.slot += 1;
    }
    let mut bytes = descriptor.encode().unwrap();
    assert_eq!(bytes[44 + last], 0);
    bytes[44 + last] = 255;
    bytes
}

/// All of them.
pub fn attacks(good: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut attacks = Vec::new();
    let mut add = |name: &str, bytes: Vec<u8>| attacks.push((name.to_owned(), bytes));
    let flipped = |at: usize, bit: u8| {
        let mut bytes = good.to_vec();
        bytes[at] ^= bit;
        bytes
    };
    let counts = |which: usize| number(good, 48 + 2 * which, 2);
    let (weights, inputs, tables, lookups, relations) =
        (counts(0), counts(1), counts(2), counts(3), counts(4));
    let heads = HEAD + 19 * tables + 14 * lookups;
    let products = heads + 15 * relations;
    let degrees = products + 7 * counts(5);
    let terms = degrees + usize::from(good[42]);
    let sizes = good.len() - 2 * weights - inputs;

    add("the name goes on", flipped(31, 1));
    for (name, at, length) in DERIVED {
        add(&format!("{name} is another"), flipped(at + length - 1, 1));
    }
    for round in degrees..terms {
        add(&format!("another degree of round {}", round - degrees), flipped(round, 1));
    }
    // 2 is a slot of functions, 3 nothing; 255 no slot, behind those that there are.
    let functions = (44..48).find(|at| good[*at] == 2).unwrap();
    add("a slot of a kind that there is not", flipped(functions, 1));
    if let Some(ranges) = (44..48).find(|at| good[*at] == 1) {
        add("a slot of ranges of a kind that there is not", flipped(ranges, 2));
    }
    add("a slot behind one that is not there", gap(good));
    // A range's byte is 0.
    let range = (0..tables).map(|place| HEAD + 19 * place + 17).find(|at| good[*at] == 0).unwrap();
    add("a table that is neither a range nor a function", flipped(range, 2));
    add("a byte behind the terms", longer(good, sizes, &[0]));
    add("a byte behind everything", longer(good, good.len(), &[1]));
    // The kind and the last byte of a relation, by its kind as it is.
    let of_kind = |kind: u8| (0..relations).map(|place| heads + 15 * place).find(|at| good[at + 5] == kind);
    let mut kind = good.to_vec();
    let rescale = of_kind(0).unwrap();
    kind[rescale + 5] = 3;
    // With as many public values as it then seems to speak of.
    let values = 1 << good[rescale].saturating_sub(good[rescale + 14]);
    kind[60..64].copy_from_slice(&u32::max(values, number(good, 60, 4) as u32).to_be_bytes());
    add("a relation of a kind that there is not", kind);
    if let Some(public) = of_kind(1) {
        add("a byte behind how many public values there are", flipped(public + 14, 1));
    }
    let mut more = longer(good, terms, &[0]);
    more[42] += 1;
    add("a round more than there are variables", more);
    let mut more = longer(good, degrees, &[0; 7]);
    more[59] += 1;
    add("a product of no relation", more);
    attacks
}
