//! Bytes on disk: fingerprints, content-addressed stores, content addresses, the log, foreign formats.
//!
//! | module | subject |
//! |---|---|
//! | [`content`] | names that other networks give to the same bytes: IPFS, CAR, pointers |
//! | [`fingerprint`] | what a file or folder is, in 32 bytes |
//! | [`log`] | the append-only log: what is served, what stays private, what was anchored |
//! | [`formats`] | other tools' formats, written and read |
//! | [`store`] | bytes kept by what they are |
//!
//! Everything read back is checked against its digest, every error names the file it is about, and
//! nothing is skipped in silence. Files are written by [`atomic`]. Unix only: identity and times of files come from `stat`.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub use averment_atomic as atomic;

pub mod content;
pub mod fingerprint;
pub mod formats;
pub mod log;
pub mod store;
