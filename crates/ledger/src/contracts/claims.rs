//! A pool that insures, and who governs it.
//!
//! A pool is an insurer's, so it has an access manager of its own. As the registry's, the manager is wired for the address
//! that the proxy will have before there is one, and the deployer's power ends in the same transaction.

use super::{
    AccessManager, ClaimsPool, Contract, DeployError, DeploymentFault, GovernanceError, MIN_DELAY,
    RecordError, Sender, Sent, WiringFault,
    deployment::{
        check_code, check_implementation, create, load_record, same_chain, save_record, with_arguments,
    },
    governance::{MAX_DELAY, administration, check_roles, roles},
    settlement::{displaced, proxy},
};
use crate::{Ledger, VerifiedHeader, keys::development::is_development_chain};
use alloy::{primitives::FixedBytes, sol_types::SolCall};
use averment_primitives::{Address, B256, Bytes, U256};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The record's format.
const FORMAT: &str = "averment-claims-pool/1";

/// Roles in a pool's manager, beside [`roles::UPGRADER`], [`roles::PAUSER`] and [`roles::CANCELLER`].
pub mod pool_roles {
    /// Decides about capital, products and intakes.
    pub const INSURER: u64 = 11;
    /// Authorises versions: the insurer too, but with the delay, so that policy holders see it coming.
    pub const AUTHORISER: u64 = 12;
    /// Reviews claims.
    pub const REVIEWER: u64 = 13;
}

/// What a pool is deployed with, fixed in its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolTerms {
    /// The router that settles its requests.
    pub router: Address,
    /// The router's token.
    pub token: Address,
    /// Seconds of a period.
    pub cadence: u32,
    /// Seconds at the beginning of a period in which claims are filed.
    pub filing: u32,
    /// Seconds in which a filed claim has to be asked about.
    pub patience: u32,
    /// Seconds in which a rejected claim may be appealed.
    pub appeal: u32,
    /// Seconds in which a reviewer has to decide.
    pub review: u32,
    /// What says whether the chain's sequencer works; zero where there is none.
    pub uptime: Address,
    /// Seconds for which no time ends after the sequencer is back.
    pub grace: u32,
}

/// Who governs a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolGovernance {
    /// Whose capital it is.
    pub insurer: Address,
    /// Who reviews claims. Another account than the insurer, so that reviews mean something.
    pub reviewer: Address,
    /// Who may pause what comes in.
    pub pauser: Address,
    /// Who upgrades the code, and governs the manager, with the delay.
    pub upgrader: Address,
    /// Who may cancel what is scheduled.
    pub canceller: Address,
    /// Seconds between scheduling and carrying out an upgrade, or another version's authorisation: 2 to 90 days, or none
    /// on a development chain.
    pub delay: u32,
}

/// Where a pool is. What a client is configured with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PoolContracts {
    format: Format,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The block that holds the pool's creation: none of its events is older.
    pub block_number: u64,
    /// Its hash, by which another chain with the same id is noticed.
    pub block_hash: B256,
    /// What settles its requests, fixed in its code.
    pub router: Address,
    /// What it is paid and pays in, fixed in its code.
    pub token: Address,
    /// The pool: the proxy.
    pub pool: Contract,
    /// The code behind it.
    pub implementation: Contract,
    /// Its access manager.
    pub manager: Contract,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "averment-claims-pool/1")]
    V1,
}

impl PoolContracts {
    /// Writes the record into a new file.
    pub fn save(&self, path: &Path) -> Result<(), RecordError> {
        save_record(path, FORMAT, self)
    }

    /// Reads a record. What it says is not believed until [`Self::check`].
    pub fn load(path: &Path) -> Result<Self, RecordError> {
        load_record(path, FORMAT)
    }

    /// Checks the record against the chain's newest final block, by proofs: that the chain is the same one, and the
    /// contracts' code, which names router and token. Returns that block.
    pub async fn check(&self, ledger: &Ledger) -> Result<VerifiedHeader, DeploymentFault> {
        let newest = same_chain(ledger, self.chain_id, self.block_number, self.block_hash).await?;
        check_implementation(ledger, &newest, "pool", self.pool, self.implementation).await?;
        let contracts = [
            ("pool", self.pool),
            ("pool's implementation", self.implementation),
            ("pool's access manager", self.manager),
        ];
        for (name, contract) in contracts {
            check_code(ledger, &newest, name, contract).await?;
        }
        Ok(newest)
    }

    /// Creates a pool. Returns where it is and what each transaction took, in order.
    pub async fn deploy(
        sender: &Sender,
        terms: &PoolTerms,
        governance: &PoolGovernance,
    ) -> Result<(Self, Vec<Sent>), DeployError> {
        let (deployer, mut sent) = (sender.address(), Vec::new());
        governance.check(sender.ledger().chain_id())?;
        let arguments = AccessManager::constructorCall { initialAdmin: deployer };
        let code = with_arguments(&AccessManager::BYTECODE, &arguments);
        let runtime = &AccessManager::DEPLOYED_BYTECODE;
        let manager = create(sender, "pool's access manager", code, runtime, &[], &mut sent).await?;

        let arguments = ClaimsPool::constructorCall {
            router_: terms.router,
            times_: ClaimsPool::Times {
                cadence: terms.cadence,
                filing: terms.filing,
                patience: terms.patience,
                appeal: terms.appeal,
                review: terms.review,
            },
            uptime_: terms.uptime,
            grace_: terms.grace,
        };
        let numbers = [terms.cadence, terms.filing, terms.patience, terms.appeal, terms.review, terms.grace];
        let addresses = [terms.router, terms.token, terms.uptime].map(|address| address.into_word());
        let numbers = numbers.map(|number| B256::from(U256::from(number)));
        let immutables = [&addresses[..], &numbers[..]].concat();
        let code = with_arguments(&ClaimsPool::BYTECODE, &arguments);
        let runtime = &ClaimsPool::DEPLOYED_BYTECODE;
        let implementation =
            create(sender, "pool's implementation", code, runtime, &immutables, &mut sent).await?;

        let expected = deployer.create(sender.next_nonce().await?.saturating_add(1));
        let wiring = governance.wiring(expected, manager.address, deployer);
        sent.push(sender.call("wire the pool's access manager", manager.address, &wiring).await?);
        let initialize = ClaimsPool::initializeCall { authority: manager.address }.abi_encode();
        let pool = proxy(sender, "pool", implementation.address, initialize, &mut sent).await?;
        displaced("pool", expected, pool.address)?;
        // `proxy` pushed it just now.
        let Some(block) = sent.last().map(|last| last.block.clone()) else {
            return Err(DeployError::NothingCreated { tx: B256::ZERO });
        };
        let record = Self {
            format: Format::V1,
            chain_id: sender.ledger().chain_id(),
            block_number: block.header.number,
            block_hash: block.hash,
            router: terms.router,
            token: terms.token,
            pool,
            implementation,
            manager,
        };
        governance.check_wiring(sender.ledger(), block.hash, &record, deployer).await?;
        record.check(sender.ledger()).await?;
        Ok((record, sent))
    }
}

/// Roles whose holder can be stopped by the canceller.
const GUARDED: [u64; 3] = [roles::UPGRADER, roles::ADMINISTRATION, pool_roles::AUTHORISER];

impl PoolGovernance {
    /// Refuses what would not protect.
    pub fn check(&self, chain_id: u64) -> Result<(), GovernanceError> {
        let parties = [
            ("insurer", self.insurer),
            ("reviewer", self.reviewer),
            ("pauser", self.pauser),
            ("upgrader", self.upgrader),
            ("canceller", self.canceller),
        ];
        if let Some((party, _)) = parties.into_iter().find(|(_, account)| account.is_zero()) {
            return Err(GovernanceError::Missing { party });
        }
        let same = |account, one, other| Err(GovernanceError::Same { account, one, other });
        if self.insurer == self.reviewer {
            return same(self.insurer, "insurer", "reviewer");
        }
        if self.delay == 0 && is_development_chain(chain_id) {
            return Ok(());
        }
        if !(MIN_DELAY..=MAX_DELAY).contains(&self.delay) {
            return Err(GovernanceError::Delay { got: self.delay });
        }
        if self.upgrader == self.canceller {
            return same(self.upgrader, "upgrader", "canceller");
        }
        Ok(())
    }

    /// Which role each restricted function needs.
    fn functions(&self, pool: Address, manager: Address) -> Vec<(Address, Vec<FixedBytes<4>>, u64)> {
        use ClaimsPool::{
            addProductCall, addRoutineCall, authoriseCall, drainRouterCall, fundRouterCall, pauseCall,
            reviewCall, setIntakeCall, setSaleCall, takeCapitalCall, unpauseCall, upgradeToAndCallCall,
        };
        let insurer = [
            takeCapitalCall::SELECTOR,
            fundRouterCall::SELECTOR,
            drainRouterCall::SELECTOR,
            addRoutineCall::SELECTOR,
            addProductCall::SELECTOR,
            setSaleCall::SELECTOR,
            setIntakeCall::SELECTOR,
        ];
        let pause = [pauseCall::SELECTOR, unpauseCall::SELECTOR];
        vec![
            (pool, vec![upgradeToAndCallCall::SELECTOR.into()], roles::UPGRADER),
            (pool, pause.map(FixedBytes).into(), roles::PAUSER),
            (pool, insurer.map(FixedBytes).into(), pool_roles::INSURER),
            (pool, vec![authoriseCall::SELECTOR.into()], pool_roles::AUTHORISER),
            (pool, vec![reviewCall::SELECTOR.into()], pool_roles::REVIEWER),
            (manager, administration(), roles::ADMINISTRATION),
        ]
    }

    /// Who holds which role, with which delay in seconds.
    fn members(&self) -> [(u64, Address, u32); 7] {
        [
            (roles::UPGRADER, self.upgrader, self.delay),
            (roles::ADMIN, self.upgrader, self.delay),
            (roles::PAUSER, self.pauser, 0),
            (roles::CANCELLER, self.canceller, 0),
            (pool_roles::INSURER, self.insurer, 0),
            (pool_roles::AUTHORISER, self.insurer, self.delay),
            (pool_roles::REVIEWER, self.reviewer, 0),
        ]
    }

    /// The one transaction that gives everybody their roles, and ends the deployer's power.
    fn wiring(&self, pool: Address, manager: Address, deployer: Address) -> AccessManager::multicallCall {
        let mut calls: Vec<Bytes> = Vec::new();
        for (target, selectors, role) in self.functions(pool, manager) {
            let call = AccessManager::setTargetFunctionRoleCall { target, selectors, roleId: role };
            calls.push(call.abi_encode().into());
        }
        for role in GUARDED {
            let call = AccessManager::setRoleGuardianCall { roleId: role, guardian: roles::CANCELLER };
            calls.push(call.abi_encode().into());
        }
        for (role, account, delay) in self.members() {
            let call = AccessManager::grantRoleCall { roleId: role, account, executionDelay: delay };
            calls.push(call.abi_encode().into());
        }
        if self.upgrader != deployer {
            let call = AccessManager::renounceRoleCall { roleId: roles::ADMIN, callerConfirmation: deployer };
            calls.push(call.abi_encode().into());
        }
        AccessManager::multicallCall { data: calls }
    }

    /// Compares the manager in block `at` with this.
    async fn check_wiring(
        &self,
        ledger: &Ledger,
        at: B256,
        record: &PoolContracts,
        deployer: Address,
    ) -> Result<(), WiringFault> {
        let (pool, manager) = (record.pool.address, record.manager.address);
        let mut members: Vec<_> =
            self.members().map(|(role, account, delay)| (role, account, (true, delay))).into();
        if self.upgrader != deployer {
            members.push((roles::ADMIN, deployer, (false, 0)));
        }
        check_roles(ledger, at, manager, self.functions(pool, manager), &GUARDED, members).await
    }
}
