//! Prints what the float run of an ONNX file computes, a JSON list a row; of a classifier the scores.
//!
//! `float_run MODEL.onnx INPUTS.json`, INPUTS being `[[…], …]`, one list a row. `cargo xtask interop` holds it to ONNX
//! Runtime.

#![allow(clippy::print_stdout, reason = "it is there to print")]

use averment_compiler::{import, samples::Samples, tensor::Tensor};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, inputs] = arguments.as_slice() else { return Err("expected MODEL.onnx INPUTS.json".into()) };
    let network = import(&std::fs::read(model)?)?;
    let rows: Vec<Vec<f64>> = serde_json::from_slice(&std::fs::read(inputs)?)?;
    let dims = vec![rows.len(), rows.first().map_or(0, Vec::len)];
    let samples = Samples::new(&network, vec![Tensor::new(dims, rows.concat())?])?;
    for item in samples.items() {
        let values = network.run(&item);
        let output = values[network.output.0].as_ref().ok_or("the network has no output")?;
        println!("{}", serde_json::to_string(&output.cells)?);
    }
    Ok(())
}
