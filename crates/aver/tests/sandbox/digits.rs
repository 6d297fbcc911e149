//! The digits example as a model with one registered version.

use super::{OWNER, Run, Sandbox};
use serde_json::Value;
use std::sync::OnceLock;

/// Its name.
pub const MODEL: &str = "handwritten-digits";
/// Its first version.
pub const VERSION: &str = "handwritten-digits@1.0.0";
/// Its roles, each held by the key of the same name.
pub const ROLES: [&str; 3] = ["medical", "risk", "legal"];
/// The model, as anybody may name it.
pub const HISTORY: &str = "owner/handwritten-digits";

/// A model of [`OWNER`]'s with one registered version; two of three roles, each with a key of its name, approve.
pub fn registered() -> Sandbox {
    static TEMPLATE: OnceLock<Sandbox> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let sandbox = Sandbox::deployed();
        for role in ROLES {
            sandbox.key(role);
        }
        let roles = ROLES.map(|role| format!("{role}={role}"));
        let [a, b, c] = roles.each_ref().map(String::as_str);
        let create = ["model", "create", MODEL, "--role", a, "--role", b, "--role", c, "--threshold", "2"];
        sandbox.by(OWNER, &create).done();
        sandbox.example("digits");
        sandbox.by(OWNER, &["register", "digits/model.toml"]).done();
        sandbox
    });
    template.copy()
}

/// The role's key approves and sends it.
pub fn approve(sandbox: &Sandbox, role: &str) -> Run {
    sandbox.by(role, &["approve", VERSION, "--role", role])
}

/// The role's key approves and writes that to a file.
pub fn sign(sandbox: &Sandbox, role: &str, file: &str) -> Run {
    sandbox.by(role, &["approve", VERSION, "--role", role, "-o", file])
}

/// What `aver model show` says.
pub fn show(sandbox: &Sandbox) -> Value {
    sandbox.run(&["model", "show", HISTORY, "--json"]).done().json()
}

/// How many entries its history has.
pub fn length(sandbox: &Sandbox) -> u64 {
    show(sandbox)["history"]["length"].as_u64().unwrap()
}
