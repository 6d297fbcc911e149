//! Federated learning off the chain: docs/federated.md F5.
//!
//! [`transfers`] carries packages between participants and aggregators. [`machine`] says what a member of a task is to do, from what
//! happened; [`journal`] keeps that and what was decided, [`store`] updates and models; [`craft`] is the mathematics, as far as a
//! service has to know it, [`points`] the sums that the contract forms too, [`delivery`] an update on its way, and [`carried`] a commit or
//! reveal that another sends. [`desk`] says whom a
//! member serves; [`service`] puts all of this together, so that it may be stopped anywhere.

pub mod carried;
pub mod craft;
pub mod delivery;
pub mod desk;
pub mod journal;
pub mod machine;
pub mod points;
pub mod service;
pub mod store;
pub mod transfers;
mod workshop;
