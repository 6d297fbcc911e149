//! The typed client of router and stake: requests in all three modes, what is refused before anything is paid for, nodes that
//! lie about a request, and the audit of an answer.

mod audit;
#[path = "../chain/liar.rs"]
#[allow(dead_code, reason = "the chain's tests use all of it")]
mod liar;
mod lies;
mod modes;
mod refused;
mod world;
