//! Takes a fingerprint with nothing around it, to measure.
//!
//! `fingerprint PATH [CACHE] [--trust-nothing]`

use averment_storage::fingerprint::{Cache, Options, fingerprint};
use std::{env, path::Path};

#[expect(clippy::print_stdout, reason = "that is what it is for")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (flags, paths): (Vec<String>, Vec<String>) =
        env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let path = paths.first().ok_or("expected a path")?;
    let trust_nothing = flags.iter().any(|flag| flag == "--trust-nothing");
    let cache = paths.get(1).map(|path| Cache { trust_nothing, ..Cache::at(path) });
    let taken = fingerprint(Path::new(path), &Options { cache, ..Options::default() })?;
    println!("{:?}  {} bytes in {} files", taken.root, taken.bytes, taken.files);
    if let Some(cache) = taken.cache {
        println!("{} files known, {} read, saved: {:?}", cache.known, cache.read, cache.saved);
    }
    Ok(())
}
