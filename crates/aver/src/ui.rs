//! What the program says: words for people or one JSON object for machines, progress on standard error.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the one place that speaks to the terminal")]

use alloy::primitives::utils::format_ether;
use anyhow::{Context, Result, bail};
use averment_ledger::contracts::Quote;
use averment_storage::fingerprint::{self, Fingerprint, FingerprintError, Options, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    io::{self, BufRead, IsTerminal, Write},
    path::Path,
    time::Duration,
};

/// How to speak.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    /// One JSON object on standard output instead of words.
    pub json: bool,
    /// Do not ask before signing or sending.
    pub yes: bool,
}

impl Ui {
    /// A line for people; silent when a machine reads.
    pub fn say(&self, line: impl AsRef<str>) {
        if !self.json {
            // Who listens may leave; that is no reason to stop half-way through.
            let _ = print(line.as_ref());
        }
    }

    /// A remark on the way, on standard error, in either mode.
    pub fn remark(&self, line: impl AsRef<str>) {
        // Whoever read this may be gone, which is no reason to stop half-way through.
        let _ = writeln!(io::stderr(), "{}", line.as_ref());
    }

    /// A command's result: `words` for people, `value` for machines.
    pub fn result(&self, value: &impl Serialize, words: impl AsRef<str>) -> Result<()> {
        let text = if self.json {
            serde_json::to_string_pretty(value).context("writing the result as JSON")?
        } else {
            words.as_ref().to_owned()
        };
        match print(&text) {
            // `| head` has read enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.context("writing the result"),
        }
    }

    /// What a transaction will cost, before it is sent; a machine finds it in the result too ([`estimate`]).
    pub fn quote(&self, quote: &Quote) {
        let data = match quote.data_fee.is_zero() {
            true => String::new(),
            false => format!(", {} of it for data", format_ether(quote.data_fee)),
        };
        self.remark(format!(
            "{}: about {} gas, {} ether{data} (at most {})",
            quote.action,
            quote.gas,
            format_ether(quote.expected_fee()),
            format_ether(quote.largest_fee())
        ));
    }

    /// Asks a person to agree; an error says that there is nobody to ask. `--yes` agrees to everything.
    pub fn confirm(&self, question: &str) -> Result<()> {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            bail!(crate::exit::usage(format!("{question} There is no terminal to ask: pass --yes to agree")));
        }
        eprint!("{question} [y/N] ");
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).context("reading the answer")?;
        match answer.trim() {
            "y" | "Y" | "yes" => Ok(()),
            _ => bail!(crate::exit::refused("not done: you did not agree")),
        }
    }

    /// [`Self::confirm`] where only yes or no is wanted; why it is no is said on the way.
    pub fn agrees(&self, question: &str) -> bool {
        match self.confirm(question) {
            Ok(()) => true,
            Err(why) => {
                self.remark(why.to_string());
                false
            }
        }
    }

    /// A progress bar over `length` things.
    pub fn count_bar(&self, what: &str, length: u64) -> ProgressBar {
        bar(what, Some(length), "{msg} {bar:32} {pos}/{len} {per_sec} {eta}")
    }

    /// A progress bar over `length` parts of something that is one.
    pub fn percent_bar(&self, what: &str, length: u64) -> ProgressBar {
        bar(what, Some(length), "{msg} {bar:32} {percent} % {eta}")
    }

    /// Does `work`, which reads what is at `path`, under a progress bar.
    pub fn reading<T>(&self, path: &Path, work: impl FnOnce(&(dyn Fn(Progress) + Sync)) -> T) -> T {
        let bar = bytes_bar(&format!("reading {}", path.display()));
        let done = work(&|progress| {
            bar.set_length(progress.total_bytes);
            bar.set_position(progress.bytes);
        });
        bar.finish_and_clear();
        done
    }

    /// Does `work`, which says nothing of how far it is, under a line that says what is under way.
    pub fn waiting<T>(&self, what: &str, work: impl FnOnce() -> T) -> T {
        let bar = bar(what, None, "{spinner} {msg} {elapsed}");
        bar.enable_steady_tick(Duration::from_millis(100));
        let done = work();
        bar.finish_and_clear();
        done
    }

    /// Takes a fingerprint under a progress bar.
    pub fn fingerprint(&self, path: &Path, options: &Options) -> Result<Fingerprint, FingerprintError> {
        self.reading(path, |progress| fingerprint::fingerprint_with_progress(path, options, progress))
    }
}

/// What a transaction was expected to cost before it was sent, for machines.
pub fn estimate(quote: &Quote) -> Value {
    json!({
        "action": quote.action,
        "gas": quote.gas,
        "gasLimit": quote.gas_limit,
        "dataWei": quote.data_fee.to_string(),
        "wei": quote.expected_fee().to_string(),
        "atMostWei": quote.largest_fee().to_string(),
    })
}

/// Writes a line to standard output.
fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// A progress bar over bytes; drawn only on a terminal.
fn bytes_bar(what: &str) -> ProgressBar {
    bar(what, None, "{msg} {bar:32} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
}

/// A progress bar on standard error; drawn only on a terminal.
fn bar(what: &str, length: Option<u64>, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    bar
}

/// Prints an error with its causes: words on standard error, or JSON where a result would have been.
pub fn error(json: bool, error: &anyhow::Error, code: u8) {
    let causes = causes(error);
    if json {
        let value = json!({ "error": { "exit": code, "message": causes[0], "causes": causes[1..] } });
        // The exit code says it too.
        let _ = print(&value.to_string());
        return;
    }
    eprintln!("aver: {}", causes[0]);
    for cause in &causes[1..] {
        eprintln!("  because {cause}");
    }
}

/// What went wrong and why, outermost first. Many errors repeat their cause in their own words; once is enough.
fn causes(error: &anyhow::Error) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    for cause in error.chain().map(ToString::to_string) {
        if !said.iter().any(|before| before.contains(&cause)) {
            said.push(cause);
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let error = anyhow::anyhow!("the disk burns").context("writing x: the disk burns").context("saving");
        assert_eq!(causes(&error), ["saving", "writing x: the disk burns"]);
    }
}
