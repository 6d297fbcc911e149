//! How packages get from participants to aggregators and models from aggregators to members: HTTP, in pieces, to be taken up where
//! they broke off, each file under its hash.
//!
//! ```text
//! HEAD /packages/HASH   how much of it the server has from the signer: Upload-Offset; 200 if all, 204 if a part
//! PUT  /packages/HASH   the bytes from Upload-Offset on, of Upload-Length in all; 201 when it is whole and checked
//! GET  /models/ROUND    the sealed file with that round's model for the signer, as JSON {"hash", "length"}
//! GET  /files/HASH      its bytes, from `Range: bytes=N-` on
//! ```
//!
//! HASH is keccak256 of the bytes, as 64 hexadecimal digits; what comes is hashed as it comes, and a file is seen under its name only
//! when it is whole, checked and flushed. Every request is signed ([`Errand`]) by the key of somebody who may: a participant
//! of the round, a member. What a signature allows is to bring or fetch these bytes within some minutes: bringing twice changes nothing,
//! and what is fetched is sealed to the signer, so that there is nothing to gain from repeating what was overheard.
//!
//! What a stranger can do is open connections, of which there are so many and each lives for so long. What a member can do is fill its own
//! place: its files are in a folder of their own, of which only the newest few stay, so no member can push out another's. No
//! compression is taken or used: bytes are what they are.

mod client;
mod errand;
mod server;
mod shelf;
#[cfg(test)]
mod tests;

pub use client::{Patience, TransferClient, TransferError};
pub use errand::{Errand, ErrandError, Place};
pub use server::{Desk, Notice, Refused, TransferServer};
pub use shelf::{Limits, Part, Shelf, ShelfError};

/// Hash of what is carried: keccak256, as the chain names a package.
pub type ContentHash = alloy_primitives::B256;
