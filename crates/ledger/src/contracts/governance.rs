//! Who may change the contracts, and after how long: one AccessManager, wired in one transaction.
//!
//! In production the *proposer* may schedule an upgrade of the registry or a change to the manager itself
//! (roles, delays), and carry it out only after the delay; the *canceller* may strike out anything scheduled,
//! its own removal included, and can do nothing else; the *pauser* may stop the entry of new models and
//! versions, of requests, deposits and operators for a bounded time. Nobody else holds a role, the deployer least of
//! all. What holds operators' stake is upgraded under a role of its own, whose delay is longer than it takes them to leave
//! with their stake.
//!
//! The manager lets only administrators cancel its own functions. So these functions are given to a role that
//! nobody holds ([`roles::ADMINISTRATION`]) whose guardian is the canceller: who may call them stays the
//! administrator's matter (the manager fixes that itself), who may cancel them becomes the canceller's too.

use super::{
    AccessManager::{
        grantRoleCall, labelRoleCall, multicallCall, renounceRoleCall, revokeRoleCall, setGrantDelayCall,
        setRoleAdminCall, setRoleGuardianCall, setTargetAdminDelayCall, setTargetClosedCall,
        setTargetFunctionRoleCall, updateAuthorityCall,
    },
    InferenceRouter::setVerifierCall,
    ModelRegistry::{pauseCall, unpauseCall, upgradeToAndCallCall},
    bindings::AccessManager,
    settlement::Proxies,
};
use crate::{
    Ledger,
    keys::development::{self, NotADevelopmentChain},
};
use alloy::{eips::BlockId, primitives::FixedBytes, sol_types::SolCall};
use averment_primitives::{Address, B256, Bytes};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Shortest delay of an upgrade or a change of parameters in production, in seconds: two days.
pub const MIN_DELAY: u32 = 2 * 24 * 60 * 60;
/// Longest, in seconds: ninety days. More is more likely a mistake, and could not be shortened sooner.
pub(super) const MAX_DELAY: u32 = 90 * 24 * 60 * 60;
/// What operators have to hear of an upgrade and give up their seats, in seconds, beside the time of unbonding: two days.
const NOTICE: u32 = 2 * 24 * 60 * 60;
/// Roles whose holder can be stopped by the canceller.
const GUARDED: [u64; 3] = [roles::UPGRADER, roles::ADMINISTRATION, roles::STAKE_UPGRADER];

/// Roles in the AccessManager.
pub mod roles {
    /// May change roles and delays. The manager's own, and the role of every function without another.
    pub const ADMIN: u64 = 0;
    /// May upgrade the registry and the router, and say which verifiers the router believes.
    pub const UPGRADER: u64 = 1;
    /// May pause entry.
    pub const PAUSER: u64 = 2;
    /// May cancel what is scheduled.
    pub const CANCELLER: u64 = 3;
    /// Held by nobody; marks the manager's own functions, so that the canceller is their guardian.
    pub const ADMINISTRATION: u64 = 4;
    /// May upgrade what holds operators' stake, after a delay in which they can leave with it.
    pub const STAKE_UPGRADER: u64 = 5;

    pub(super) const NAMED: [(u64, &str); 5] = [
        (UPGRADER, "UPGRADER"),
        (PAUSER, "PAUSER"),
        (CANCELLER, "CANCELLER"),
        (ADMINISTRATION, "ADMINISTRATION"),
        (STAKE_UPGRADER, "STAKE_UPGRADER"),
    ];
}

/// Who governs contracts in production.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Governance {
    /// Schedules and carries out upgrades and changes.
    pub proposer: Address,
    /// Cancels what is scheduled. Another account than the proposer.
    pub canceller: Address,
    /// Pauses entry.
    pub pauser: Address,
    /// Seconds between scheduling and carrying out; at least [`MIN_DELAY`].
    pub delay: u32,
}

/// How contracts are deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Governed with a delay; the deployer keeps nothing.
    Production(Governance),
    /// The deployer may do everything at once. Only on development chains.
    Development,
}

/// A profile that may not be used.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum GovernanceError {
    /// The development profile on a chain of value.
    #[error("the development profile has no delays: {0}")]
    Chain(#[from] NotADevelopmentChain),
    /// A delay too short or too long.
    #[error("the delay must be {MIN_DELAY} to {MAX_DELAY} seconds (2 to 90 days), got {got}")]
    Delay {
        /// The delay given, in seconds.
        got: u32,
    },
    /// A party is the zero address.
    #[error("the {party} is missing (the zero address)")]
    Missing {
        /// Which.
        party: &'static str,
    },
    /// Two parties that must differ are one account.
    #[error("{account} cannot be both {one} and {other}: each is a check on the other")]
    Same {
        /// The account.
        account: Address,
        /// One party.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
}

impl Profile {
    /// Refuses what would not protect.
    pub fn check(&self, chain_id: u64, deployer: Address) -> Result<(), GovernanceError> {
        let Self::Production(governance) = self else { return Ok(development::check(chain_id)?) };
        let Governance { proposer, canceller, pauser, delay } = *governance;
        if !(MIN_DELAY..=MAX_DELAY).contains(&delay) {
            return Err(GovernanceError::Delay { got: delay });
        }
        let parties = [("proposer", proposer), ("canceller", canceller), ("pauser", pauser)];
        for (party, account) in parties {
            if account.is_zero() {
                return Err(GovernanceError::Missing { party });
            }
            if account == deployer {
                return Err(GovernanceError::Same { account, one: "deployer", other: party });
            }
        }
        if proposer == canceller {
            return Err(GovernanceError::Same { account: proposer, one: "proposer", other: "canceller" });
        }
        Ok(())
    }

    /// Who holds which role afterwards, with which delay in seconds.
    fn members(&self, governed: &Governed, deployer: Address) -> Vec<(u64, Address, u32)> {
        let stake = governed.settlement.map(|settlement| settlement.unbonding.saturating_add(NOTICE));
        match *self {
            Self::Production(Governance { proposer, canceller, pauser, delay }) => {
                let mut members = vec![
                    (roles::UPGRADER, proposer, delay),
                    (roles::ADMIN, proposer, delay),
                    (roles::PAUSER, pauser, 0),
                    (roles::CANCELLER, canceller, 0),
                ];
                members.extend(stake.map(|leave| (roles::STAKE_UPGRADER, proposer, delay.max(leave))));
                members
            }
            Self::Development => {
                let mut members = vec![roles::UPGRADER, roles::PAUSER, roles::CANCELLER];
                members.extend(stake.map(|_| roles::STAKE_UPGRADER));
                members.into_iter().map(|role| (role, deployer, 0)).collect()
            }
        }
    }

    /// The one transaction that wires the manager for the contracts that will be where `governed` says, and in
    /// production ends the deployer's power, both or neither.
    pub(super) fn wiring(&self, governed: &Governed, deployer: Address) -> multicallCall {
        let mut calls: Vec<Bytes> = Vec::new();
        let mut add = |call: Vec<u8>| calls.push(call.into());
        for (role, label) in roles::NAMED {
            add(labelRoleCall { roleId: role, label: label.into() }.abi_encode());
        }
        for (target, selectors, role) in governed.function_roles() {
            add(setTargetFunctionRoleCall { target, selectors, roleId: role }.abi_encode());
        }
        for role in GUARDED {
            add(setRoleGuardianCall { roleId: role, guardian: roles::CANCELLER }.abi_encode());
        }
        for (role, account, delay) in self.members(governed, deployer) {
            add(grantRoleCall { roleId: role, account, executionDelay: delay }.abi_encode());
        }
        if matches!(self, Self::Production(_)) {
            add(renounceRoleCall { roleId: roles::ADMIN, callerConfirmation: deployer }.abi_encode());
        }
        multicallCall { data: calls }
    }
}

/// What one manager governs, and where it will be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Governed {
    pub(super) manager: Address,
    pub(super) registry: Address,
    pub(super) settlement: Option<Proxies>,
}

impl Governed {
    /// Which role each restricted function needs.
    fn function_roles(&self) -> Vec<(Address, Vec<FixedBytes<4>>, u64)> {
        // The same functions in every contract of ours.
        let upgrade = || vec![upgradeToAndCallCall::SELECTOR.into()];
        let pause = || vec![pauseCall::SELECTOR.into(), unpauseCall::SELECTOR.into()];
        let mut functions = vec![
            (self.registry, upgrade(), roles::UPGRADER),
            (self.registry, pause(), roles::PAUSER),
            (self.manager, administration(), roles::ADMINISTRATION),
        ];
        if let Some(Proxies { router, staking, .. }) = self.settlement {
            let mut of_router = upgrade();
            of_router.push(setVerifierCall::SELECTOR.into());
            functions.extend([
                (router, of_router, roles::UPGRADER),
                (router, pause(), roles::PAUSER),
                (staking, upgrade(), roles::STAKE_UPGRADER),
                (staking, pause(), roles::PAUSER),
            ]);
        }
        functions
    }
}

/// The manager's own functions.
pub(super) fn administration() -> Vec<FixedBytes<4>> {
    let selectors = [
        labelRoleCall::SELECTOR,
        grantRoleCall::SELECTOR,
        revokeRoleCall::SELECTOR,
        setRoleAdminCall::SELECTOR,
        setRoleGuardianCall::SELECTOR,
        setGrantDelayCall::SELECTOR,
        setTargetAdminDelayCall::SELECTOR,
        setTargetClosedCall::SELECTOR,
        setTargetFunctionRoleCall::SELECTOR,
        updateAuthorityCall::SELECTOR,
    ];
    selectors.map(FixedBytes).into()
}

/// A manager that is not wired as its profile says.
#[derive(Debug, Error)]
pub enum WiringFault {
    /// The node did not answer.
    #[error("asking the access manager {manager} failed: {source}")]
    Request {
        /// The manager.
        manager: Address,
        /// Why.
        source: Box<alloy::contract::Error>,
    },
    /// Somebody holds a role who should not, or the other way round, or with another delay.
    #[error("role {role} of {account}: expected {expected:?}, got {got:?} (member, delay in seconds)")]
    Member {
        /// The role.
        role: u64,
        /// The account.
        account: Address,
        /// Membership and delay by the profile.
        expected: (bool, u32),
        /// Membership and delay on chain.
        got: (bool, u32),
    },
    /// A function needs another role.
    #[error("function {selector} of {target} needs role {got}, expected {expected}")]
    Function {
        /// The contract.
        target: Address,
        /// The function.
        selector: FixedBytes<4>,
        /// The role by the profile.
        expected: u64,
        /// The role on chain.
        got: u64,
    },
    /// What is scheduled under a role can be cancelled by somebody else.
    #[error("the guardian of role {role} is role {got}, expected {expected}")]
    Guardian {
        /// The role.
        role: u64,
        /// Its guardian by the profile.
        expected: u64,
        /// Its guardian on chain.
        got: u64,
    },
}

/// Compares the manager in block `at` with `profile`. Governance may change it later, and lawfully; right
/// after a deployment nothing else is acceptable.
pub(super) async fn check_wiring(
    ledger: &Ledger,
    at: B256,
    profile: &Profile,
    governed: &Governed,
    deployer: Address,
) -> Result<(), WiringFault> {
    let mut expected: Vec<(u64, Address, (bool, u32))> = profile
        .members(governed, deployer)
        .into_iter()
        .map(|(role, account, delay)| (role, account, (true, delay)))
        .collect();
    match profile {
        Profile::Production(_) => {
            expected.extend((roles::ADMIN..=roles::STAKE_UPGRADER).map(|role| (role, deployer, (false, 0))));
        }
        Profile::Development => expected.push((roles::ADMIN, deployer, (true, 0))),
    }
    check_roles(ledger, at, governed.manager, governed.function_roles(), &GUARDED, expected).await
}

/// Compares a manager in block `at` with what it should be: the role that each function needs, the roles whose guardian is the
/// canceller, and who holds which role (whether, and with which delay).
pub(super) async fn check_roles(
    ledger: &Ledger,
    at: B256,
    manager: Address,
    functions: Vec<(Address, Vec<FixedBytes<4>>, u64)>,
    guarded: &[u64],
    members: Vec<(u64, Address, (bool, u32))>,
) -> Result<(), WiringFault> {
    let contract = AccessManager::new(manager, ledger.provider());
    let block = BlockId::hash(at);
    let failed = |source| WiringFault::Request { manager, source: Box::new(source) };
    for (target, selectors, expected) in functions {
        for selector in selectors {
            let got = contract.getTargetFunctionRole(target, selector).block(block).call().await;
            let got = got.map_err(failed)?;
            if got != expected {
                return Err(WiringFault::Function { target, selector, expected, got });
            }
        }
    }
    for &role in guarded {
        let got = contract.getRoleGuardian(role).block(block).call().await.map_err(failed)?;
        if got != roles::CANCELLER {
            return Err(WiringFault::Guardian { role, expected: roles::CANCELLER, got });
        }
    }
    for (role, account, expected) in members {
        let answer = contract.hasRole(role, account).block(block).call().await.map_err(failed)?;
        let got = (answer.isMember, answer.executionDelay);
        if got != expected {
            return Err(WiringFault::Member { role, account, expected, got });
        }
    }
    Ok(())
}
