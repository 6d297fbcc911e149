//! The ABI encoding of the cases, and of the contract's errors.

use super::*;

fn word(value: u64) -> [u8; 32] {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&value.to_be_bytes());
    word
}

/// A rule's and its rows' words, then the strings of bytes.
pub fn case(case: &Case, bytes: [&[u8]; 4]) -> Vec<u8> {
    let Case { rule, shape, limits, .. } = case;
    let rule =
        [rule.kind as u64, rule.faults.into(), rule.clip.into(), rule.mix.into(), rule.norm, rule.radius];
    let rows = [
        shape.updates as u64,
        shape.previous.into(),
        shape.root.into(),
        shape.history.into(),
        limits.update,
        limits.history,
    ];
    let mut head: Vec<u8> = rule.into_iter().chain(rows).flat_map(word).collect();
    let mut tail = Vec::new();
    let length = head.len() + 32 * bytes.len();
    for bytes in bytes {
        head.extend(word((length + tail.len()) as u64));
        tail.extend(word(bytes.len() as u64));
        tail.extend(bytes);
        tail.resize(tail.len().next_multiple_of(32), 0);
    }
    [head, tail].concat()
}

/// `abi.encode` of an array of what is of no fixed length.
pub fn array(items: &[Vec<u8>]) -> Vec<u8> {
    let mut head = [word(32), word(items.len() as u64)].concat();
    let mut at = 32 * items.len();
    for item in items {
        head.extend(word(at as u64));
        at += item.len();
    }
    head.extend(items.concat());
    head
}

fn error(signature: &str, words: &[u64]) -> Vec<u8> {
    let selector = averment_primitives::keccak256(signature);
    [&selector[..4], &words.iter().flat_map(|value| word(*value)).collect::<Vec<u8>>()].concat()
}

/// What the contract says of such a matrix.
pub fn gram_error(fault: &GramError) -> Vec<u8> {
    match *fault {
        GramError::Updates { got } => error("WrongUpdates(uint256)", &[got as u64]),
        GramError::Limit { got } => error("WrongLimit(uint256)", &[got]),
        GramError::Length { expected, got } => {
            error("WrongLength(uint256,uint256)", &[expected as u64 * 8, got as u64 * 8])
        }
        GramError::Bytes { expected, got } => {
            error("WrongLength(uint256,uint256)", &[expected as u64, got as u64])
        }
        GramError::Square { half, row, .. } => entry(half, row, row),
        GramError::Product { half, i, j, .. } => entry(half, i, j),
    }
}

fn entry(half: Half, i: usize, j: usize) -> Vec<u8> {
    error("WrongEntry(bool,uint256,uint256)", &[(half == Half::History).into(), i as u64, j as u64])
}

/// What the contract says when a rule gives no weights.
pub fn rule_error(fault: &RuleError) -> Vec<u8> {
    match *fault {
        RuleError::Updates { least, got, .. } => {
            error("TooFewUpdates(uint256,uint256)", &[least as u64, got as u64])
        }
        RuleError::NoPrevious => error("NoPrevious()", &[]),
        RuleError::NoRoot => error("NoRoot()", &[]),
    }
}
