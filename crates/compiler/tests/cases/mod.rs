//! The cases of `conformance.json`.

use averment_compiler::tensor::Tensor;
use serde::Deserialize;

/// All of them.
pub fn cases() -> Vec<Case> {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[derive(Deserialize)]
pub struct Case {
    pub name: String,
    pub model: String,
    pub inputs: Vec<Packed>,
    pub output: Packed,
}

#[derive(Deserialize)]
pub struct Packed {
    pub dims: Vec<usize>,
    pub cells: String,
}

impl Packed {
    pub fn tensor(&self) -> Tensor {
        let bytes = base64(&self.cells);
        let cells = bytes.chunks(4).map(|word| f32::from_le_bytes(word.try_into().unwrap()).into()).collect();
        Tensor::new(self.dims.clone(), cells).unwrap()
    }
}

pub fn base64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let mut bytes = Vec::new();
    for four in text.as_bytes().chunks(4) {
        let word = four.iter().filter(|&&c| c != b'=').fold(0u32, |word, &c| word << 6 | u32::from(digit(c)));
        let kept = four.iter().filter(|&&c| c != b'=').count() * 6 / 8;
        bytes.extend(
            (word << (6 * (4 - four.iter().filter(|&&c| c != b'=').count()))).to_be_bytes()[1..1 + kept]
                .to_vec(),
        );
    }
    bytes
}
