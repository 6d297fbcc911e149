//! Checks that no vector can show to be needed, and why: said once, for the same checks of both languages.

mod descriptor;
mod given;
mod proof;

use super::find::{Check, Language};

/// Why checks are there though no vector needs them.
#[derive(Debug, Clone, Copy)]
pub struct Reason {
    /// The reason.
    pub why: &'static str,
    /// Of each check the end of its file's name and a part of what it says.
    pub checks: &'static [(&'static str, &'static str)],
}

/// The reason for one kind of check.
#[derive(Debug, Clone, Copy)]
pub struct Excuse {
    /// The end of its file's name.
    pub file: &'static str,
    /// A part of what it says.
    pub text: &'static str,
    /// The reason.
    pub why: &'static str,
}

impl Excuse {
    /// Whether it is about `check`.
    pub fn holds(&self, check: &Check) -> bool {
        check.file.ends_with(self.file) && check.text.contains(self.text)
    }
}

/// All of a language's.
pub fn of(language: Language) -> Vec<Excuse> {
    let extension = match language {
        Language::Rust => ".rs",
        Language::Solidity => ".sol",
    };
    let all = [descriptor::REASONS, given::REASONS, proof::REASONS].concat();
    let each = all
        .iter()
        .flat_map(|reason| reason.checks.iter().map(|&(file, text)| Excuse { file, text, why: reason.why }));
    each.filter(|own| own.file.ends_with(extension)).collect()
}
