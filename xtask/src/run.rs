//! Running programs and saying what happens.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a chore speaks to the terminal")]

use anyhow::{Context, Result, ensure};
use std::{process::Command, time::Instant};

/// Prints as it stands.
pub fn say(text: &str) {
    print!("{text}");
}

/// Prints a line on standard error.
pub fn complain(line: &str) {
    eprintln!("{line}");
}

/// Runs a command to its end under a heading; fails with the command line when it does.
pub fn step(heading: &str, command: &mut Command) -> Result<()> {
    say(&format!("\n== {heading}\n"));
    let start = Instant::now();
    let line = shown(command);
    let status = command.status().with_context(|| format!("could not start: {line}"))?;
    ensure!(status.success(), "{heading} failed ({status}): {line}");
    say(&format!("   {heading}: ok, {:.0} s\n", start.elapsed().as_secs_f64()));
    Ok(())
}

fn shown(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    words.join(" ")
}
