//! Chains: one suite on the embedded chain, on the same served over HTTP and on anvil, state roots against
//! anvil's, the journal under crashes, and remote nodes that lie or show the wrong certificate.

mod anvil;
mod contract;
mod crash;
mod hostile;
mod liar;
mod roots;
mod served;
mod suite;
mod tls;
