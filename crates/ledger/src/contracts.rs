//! The contracts: bindings made from the committed artifacts, the one path by which transactions are sent, why
//! contracts refuse, and how ours are deployed.

mod bindings;
mod claims;
mod deployment;
pub mod drand;
pub(crate) mod federated;
mod governance;
mod proofs;
mod refusal;
mod rollup;
mod send;
mod settlement;

pub use bindings::{
    AccessManager, Anchors, BlockRandomness, ClaimsPool, Descriptors, DevelopmentToken, DrandRandomness,
    ERC1967Proxy, FederatedTask, FederatedTasks, InferenceRouter, ModelRegistry, OracleOperators,
    OracleStaking, ProofVerifier, RouterOffers, Stewardship, WeightsCertificates,
};
pub use claims::{PoolContracts, PoolGovernance, PoolTerms, pool_roles};
pub use deployment::{Contract, DeployError, Deployment, DeploymentFault, RecordError};
pub use federated::{TaskContracts, TaskSurroundings};
pub use governance::{Governance, GovernanceError, MIN_DELAY, Profile, WiringFault, roles};
pub use proofs::ProofContracts;
pub use refusal::Refusal;
pub use send::{Quote, SendError, Sender, Sent};
pub use settlement::{Draws, Money, SettlementContracts, SettlementTerms, is_arbitrum};
