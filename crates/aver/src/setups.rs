//! Which setup commitments are made and proofs are verified with.
//!
//! A setup is named on the command line or in `averment.toml`, as a ceremony's file or as `development`. Whoever proves
//! uses the one that the model was committed with, whatever it is. Whoever verifies accepts the ceremonies that this release
//! knows, the setup that is named, those whose digests stand under `[trust]`, and the development setup, whose secret is
//! public, only by its name.

use crate::{args::proofs::SetupArgs, commands::Context, exit};
use anyhow::Result;
use averment_primitives::B256;
use averment_prover::{
    Setup, random,
    setup::{Ceremony, DEVELOPMENT, Origin, Store},
};
use std::path::Path;

/// What the development setup is called.
const DEVELOPMENT_NAME: &str = "development";

/// Said wherever somebody could take such a proof for more than it is.
pub const PROVES_NOTHING: &str =
    "the setup is the development setup: its secret is public, so anybody can prove anything with it";

/// What was typed or configured.
pub fn origin(name: &Path) -> Origin {
    if name == Path::new(DEVELOPMENT_NAME) { Origin::Development } else { Origin::File(name.to_path_buf()) }
}

/// A setup's name for people.
pub fn words(digest: B256) -> String {
    match Ceremony::of(digest) {
        _ if digest == DEVELOPMENT => DEVELOPMENT_NAME.to_owned(),
        Some(ceremony) => format!("{digest:?}, {}", ceremony.name),
        None => format!("{digest:?}, of no ceremony that this release knows"),
    }
}

impl Context {
    /// The setup that was typed goes over the configured one.
    pub fn with_setup(mut self, args: &SetupArgs) -> Self {
        if let Some(name) = &args.setup {
            self.config.setup = Some(origin(name));
        }
        self
    }

    /// The setup that is named here, for chunks of `2^bits` cells.
    pub fn named_setup(&self, bits: u8) -> Result<Setup> {
        let origin = self.config.setup.as_ref().ok_or_else(|| {
            exit::usage(
                "which setup? Pass --setup FILE.ptau with the file of a ceremony (or set proof.setup in averment.toml), \
                 or --setup development to try things out",
            )
        })?;
        self.open_setup(origin, bits)
    }

    /// The setup with the digest `wanted`: kept from before, or the named one.
    pub fn setup(&self, wanted: B256, bits: u8) -> Result<Setup> {
        let store = self.setups();
        if let Ok(setup) = store.read(wanted, bits) {
            return Ok(setup);
        }
        let setup = match &self.config.setup {
            _ if wanted == DEVELOPMENT => self.open_setup(&Origin::Development, bits)?,
            Some(origin @ Origin::File(_)) => self.open_setup(origin, bits)?,
            _ => {
                return Err(exit::usage(format!(
                    "setup {wanted:?} is not kept in {}: pass the file that it is from with --setup FILE.ptau",
                    store.folder().display()
                ))
                .into());
            }
        };
        if setup.digest() != wanted {
            return Err(exit::usage(format!(
                "this was made with setup {}, --setup (or proof.setup in averment.toml) names {}",
                words(wanted),
                words(setup.digest())
            ))
            .into());
        }
        Ok(setup)
    }

    /// Refuses a proof's setup that nobody here has accepted.
    pub fn accept_setup(&self, digest: B256, bits: u8) -> Result<Setup> {
        let named = self.config.setup.as_ref();
        if digest == DEVELOPMENT {
            return match named {
                Some(Origin::Development) => self.setup(digest, bits),
                _ => Err(exit::refused(format!(
                    "{PROVES_NOTHING}; it is accepted only by name: pass --setup development"
                ))
                .into()),
            };
        }
        let known = Ceremony::of(digest).is_some() || self.config.trust.setups.contains(&digest);
        if known || matches!(named, Some(Origin::File(_))) {
            return self.setup(digest, bits);
        }
        Err(exit::refused(format!(
            "the proof was made with setup {digest:?}, which is of no known ceremony and which nothing here says to accept: \
             pass --setup FILE.ptau with the file that it is from, or list the digest in averment.toml, under [trust] setups"
        ))
        .into())
    }

    fn open_setup(&self, origin: &Origin, bits: u8) -> Result<Setup> {
        let store = self.setups();
        let what = match origin {
            Origin::Development => "the development setup".to_owned(),
            Origin::File(path) => path.display().to_string(),
        };
        let mut random = random::secret()?;
        self.ui.waiting(&format!("checking {what}"), || Ok(store.open(origin, bits, &mut random)?))
    }

    fn setups(&self) -> Store {
        Store::new(&self.config.setups_folder)
    }
}
