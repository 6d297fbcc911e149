//! Writes a file or folder to a CAR and prints its CID; `cargo xtask interop` lets the JavaScript tools read it.
//!
//! `car PATH PROFILE OUT`

use averment_storage::content::{car, unixfs::Profile};
use std::{env, path::Path};

#[expect(clippy::print_stdout, reason = "that is what it is for")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [path, profile, out] = arguments.as_slice() else { return Err("expected PATH PROFILE OUT".into()) };
    let profile = Profile::named(profile).ok_or("expected unixfs-v1-2025 or kubo-cid-v1")?;
    println!("{}", car::export(Path::new(path), profile, Path::new(out))?);
    Ok(())
}
