//! Placeholder head of the crate; its modules are listed in ARCHITECTURE.md.
