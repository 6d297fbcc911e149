//! Writes every target's seeds to a folder, one folder a target, and says the targets' names.
#![allow(clippy::print_stdout, reason = "its result goes to the program that calls it")]

use std::{fs, io, path::PathBuf};

fn main() -> io::Result<()> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder =
        folder.ok_or_else(|| io::Error::other("expected one argument, the folder to write seeds to"))?;
    for target in averment_fuzz::TARGETS {
        let folder = folder.join(target.name);
        fs::create_dir_all(&folder)?;
        for (place, seed) in (target.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed-{place}")), seed)?;
        }
        println!("{}", target.name);
    }
    Ok(())
}
