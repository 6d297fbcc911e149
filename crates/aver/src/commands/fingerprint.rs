//! `aver fingerprint`: one root for a file or folder.

use crate::{
    args::{FingerprintArgs, SymlinksArg},
    exit,
    ui::Ui,
};
use anyhow::Result;
use averment_storage::fingerprint::{Cache, Fingerprint, Options, Symlinks};
use std::fmt::Write;

pub fn run(args: &FingerprintArgs, ui: Ui) -> Result<()> {
    let cache = args.cache.as_ref().map(|path| {
        let mut cache = Cache::at(path);
        cache.trust_nothing = args.trust_nothing;
        cache
    });
    let symlinks = match args.symlinks {
        SymlinksArg::Refuse => Symlinks::Refuse,
        SymlinksArg::Record => Symlinks::Record,
    };
    let options = Options { symlinks, entries: args.list, cache, ..Options::default() };
    let found = ui.fingerprint(&args.path, &options)?;
    if let Some(expected) = args.expect
        && expected != found.root
    {
        return Err(exit::refused(format!(
            "{}: expected the root {expected:?}, found {:?}",
            args.path.display(),
            found.root
        ))
        .into());
    }
    ui.result(&found, words(&found, args)?)
}

fn words(found: &Fingerprint, args: &FingerprintArgs) -> Result<String> {
    let mut words = String::new();
    for entry in found.entries.iter().flatten() {
        writeln!(words, "{:?}  {:>12}  {}", entry.sha256, entry.size, entry.path)?;
    }
    writeln!(words, "root    {:?}", found.root)?;
    writeln!(words, "sha256  {:?}", found.sha256_root)?;
    writeln!(words, "blake3  {:?}", found.blake3_root)?;
    write!(words, "{} files, {} bytes in {}", found.files, found.bytes, args.path.display())?;
    if let Some(used) = &found.cache {
        write!(words, "; {} known from the cache, {} read", used.known, used.read)?;
    }
    Ok(words)
}
