//! Checks that no vector can show to be needed, and why.

mod rust;
mod solidity;

use super::find::{Check, Language};

/// The end of a file's name, a part of what a check says, and why it is there though no vector needs it.
#[derive(Debug)]
pub struct Reason(pub &'static str, pub &'static str, pub &'static str);

impl Reason {
    /// Whether it is about `check`.
    pub fn holds(&self, check: &Check) -> bool {
        check.file.ends_with(self.0) && check.text.contains(self.1)
    }
}

/// All of a language's.
pub fn of(language: Language) -> &'static [Reason] {
    match language {
        Language::Rust => rust::REASONS,
        Language::Solidity => solidity::REASONS,
    }
}
