//! What every decoder must keep, whatever bytes come.
//!
//! A [`Target`] hands a stranger's bytes to one decoder, says whether they were accepted, and asserts what the
//! decoder promises about what it accepts: that it has one form, stays within its limits, means the same when
//! written and read again, and cannot be forged. A panic anywhere is a bug.
//!
//! The same targets run in two ways: `cargo xtask fuzz` gives them to cargo-fuzz, and the tests here give them their
//! seeds (real files, from `vectors/` or made by the encoders) and some hundred changed ones, on any toolchain.

mod approval;
mod audit;
mod commitment;
mod compiler;
mod federated;
mod history;
mod json;
mod log;
mod manifest;
mod plan;
mod proof;
mod settlement;
mod state;
mod storage;
mod tasks;
mod trainers;
mod vector;
mod vectors;

/// One decoder and what it promises.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// Decodes and checks; whether the bytes were accepted. Panics if a promise is broken.
    pub run: fn(&[u8]) -> bool,
    /// Inputs that are accepted, for the engine to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "json", run: json::json, seeds: json::json_seeds },
    Target { name: "envelope", run: json::envelope, seeds: json::envelope_seeds },
    Target { name: "statement", run: manifest::statement, seeds: manifest::statement_seeds },
    Target { name: "model_toml", run: manifest::model_toml, seeds: manifest::model_toml_seeds },
    Target { name: "dataset_opening", run: manifest::opening, seeds: manifest::opening_seeds },
    Target { name: "note", run: log::note, seeds: log::note_seeds },
    Target { name: "verifier_key", run: log::verifier_key, seeds: log::verifier_key_seeds },
    Target { name: "checkpoint", run: log::checkpoint, seeds: log::checkpoint_seeds },
    Target { name: "tile_path", run: log::tile_path, seeds: log::tile_path_seeds },
    Target { name: "tiles", run: log::tiles, seeds: log::tiles_seeds },
    Target { name: "entry_bundle", run: log::entry_bundle, seeds: log::entry_bundle_seeds },
    Target { name: "record", run: log::record, seeds: log::record_seeds },
    Target { name: "proof_file", run: log::proof_file, seeds: log::proof_file_seeds },
    Target { name: "inclusion", run: log::inclusion, seeds: log::proof_seeds },
    Target { name: "consistency", run: log::consistency, seeds: log::proof_seeds },
    Target { name: "header", run: state::header, seeds: state::header_seeds },
    Target { name: "state_proof", run: state::state_proof, seeds: state::state_proof_seeds },
    Target { name: "id", run: state::id, seeds: state::id_seeds },
    Target { name: "signature", run: state::signature, seeds: state::signature_seeds },
    Target { name: "history_entry", run: history::entry, seeds: history::entry_seeds },
    Target { name: "history", run: history::history, seeds: history::history_seeds },
    Target { name: "approval_file", run: approval::approval_file, seeds: approval::approval_file_seeds },
    Target { name: "audit_file", run: audit::audit_file, seeds: audit::audit_file_seeds },
    Target { name: "asked", run: settlement::asked, seeds: settlement::asked_seeds },
    Target { name: "receipt", run: settlement::receipt, seeds: settlement::receipt_seeds },
    Target { name: "certificate", run: proof::certificate, seeds: proof::certificate_seeds },
    Target { name: "statement_proof", run: proof::statement_proof, seeds: proof::statement_proof_seeds },
    Target { name: "explanation", run: json::explanation, seeds: json::explanation_seeds },
    Target { name: "plan", run: plan::plan, seeds: plan::plan_seeds },
    Target { name: "weights", run: plan::weights, seeds: plan::weights_seeds },
    Target { name: "vector", run: vector::vector, seeds: vector::vector_seeds },
    Target { name: "vector_layout", run: vector::vector_layout, seeds: vector::vector_layout_seeds },
    Target { name: "matrix", run: federated::matrix, seeds: federated::matrix_seeds },
    Target { name: "task_event", run: federated::task_event, seeds: federated::task_event_seeds },
    Target { name: "task_code", run: federated::task_code, seeds: federated::task_code_seeds },
    Target { name: "delivery", run: federated::package_and_proof, seeds: federated::package_and_proof_seeds },
    Target { name: "vector_opening", run: federated::vector_opening, seeds: federated::vector_opening_seeds },
    Target { name: "errand", run: federated::errand, seeds: federated::errand_seeds },
    Target { name: "descriptor", run: proof::descriptor, seeds: proof::descriptor_seeds },
    Target { name: "proof", run: proof::proof, seeds: proof::proof_seeds },
    Target { name: "task_descriptor", run: tasks::task_descriptor, seeds: tasks::task_descriptor_seeds },
    Target { name: "task_proof", run: tasks::task_proof, seeds: tasks::task_proof_seeds },
    Target { name: "adoption", run: tasks::adoption, seeds: tasks::adoption_seeds },
    Target { name: "input_schema", run: plan::input_schema, seeds: plan::input_schema_seeds },
    Target {
        name: "weights_commitment",
        run: commitment::weights_commitment,
        seeds: commitment::weights_commitment_seeds,
    },
    Target {
        name: "input_commitment",
        run: commitment::input_commitment,
        seeds: commitment::input_commitment_seeds,
    },
    Target {
        name: "weights_secret",
        run: commitment::weights_secret,
        seeds: commitment::weights_secret_seeds,
    },
    Target { name: "input_opening", run: commitment::input_opening, seeds: commitment::input_opening_seeds },
    Target { name: "ptau_file", run: commitment::ptau_file, seeds: commitment::ptau_file_seeds },
    Target { name: "onnx", run: compiler::onnx, seeds: compiler::onnx_seeds },
    Target { name: "npy", run: compiler::npy, seeds: compiler::npy_seeds },
    Target { name: "npz", run: compiler::npz, seeds: compiler::npz_seeds },
    Target { name: "csv", run: compiler::csv, seeds: compiler::csv_seeds },
    Target { name: "sample_json", run: compiler::sample_json, seeds: compiler::sample_json_seeds },
    Target { name: "tensor_pb", run: compiler::tensor_pb, seeds: compiler::tensor_pb_seeds },
    Target { name: "idx", run: trainers::idx, seeds: trainers::idx_seeds },
    Target { name: "labelled_table", run: trainers::table, seeds: trainers::table_seeds },
    Target { name: "listing", run: storage::listing, seeds: storage::listing_seeds },
    Target { name: "pointer", run: storage::pointer, seeds: storage::pointer_seeds },
    Target { name: "car", run: storage::car, seeds: storage::car_seeds },
    Target { name: "oms_key", run: storage::oms_key, seeds: storage::oms_key_seeds },
    Target { name: "oms_bundle", run: storage::oms_bundle, seeds: storage::oms_bundle_seeds },
    Target { name: "oms_statement", run: storage::oms_statement, seeds: storage::oms_statement_seeds },
];

/// The target of this name.
pub fn target(name: &str) -> Option<Target> {
    TARGETS.iter().copied().find(|target| target.name == name)
}

#[cfg(test)]
mod tests;
