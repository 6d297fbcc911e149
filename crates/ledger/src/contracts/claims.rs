//! A pool that insures, and who governs it.
//!
//! A pool is an insurer's, so it has an access manager of its own. As the registry's, the manager is wired for the address
//! that the proxy will have before there is one, and the deployer's power ends in the same transaction.

use super::{
    AccessManager, ClaimsPool, Contract, DeployError, DeploymentFault, RecordError, Sender, Sent,
    deployment::{
        check_code, check_implementation, create, load_record, same_chain, save_record, with_arguments,
    },
    governance::roles,
    settlement::{displaced, proxy},
};
use crate::{Ledger, VerifiedHeader};
use alloy::sol_types::SolCall;
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
    /// Who reviews claims. Another account than the insurer, if reviews are to mean something.
    pub reviewer: Address,
    /// Who may pause what comes in.
    pub pauser: Address,
    /// Who upgrades the code, and governs the manager, with the delay.
    pub upgrader: Address,
    /// Who may cancel what is scheduled.
    pub canceller: Address,
    /// Seconds between scheduling and carrying out an upgrade, or another version's authorisation.
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
        let wiring = wiring(governance, expected, deployer);
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
        record.check(sender.ledger()).await?;
        Ok((record, sent))
    }
}

/// The one transaction that gives everybody their roles, and ends the deployer's power.
fn wiring(governance: &PoolGovernance, pool: Address, deployer: Address) -> AccessManager::multicallCall {
    use ClaimsPool::{
        addProductCall, addRoutineCall, authoriseCall, drainRouterCall, fundRouterCall, pauseCall,
        reviewCall, setIntakeCall, setSaleCall, takeCapitalCall, unpauseCall, upgradeToAndCallCall,
    };
    let functions: [(u64, Vec<[u8; 4]>); 5] = [
        (roles::UPGRADER, vec![upgradeToAndCallCall::SELECTOR]),
        (roles::PAUSER, vec![pauseCall::SELECTOR, unpauseCall::SELECTOR]),
        (
            pool_roles::INSURER,
            vec![
                takeCapitalCall::SELECTOR,
                fundRouterCall::SELECTOR,
                drainRouterCall::SELECTOR,
                addRoutineCall::SELECTOR,
                addProductCall::SELECTOR,
                setSaleCall::SELECTOR,
                setIntakeCall::SELECTOR,
            ],
        ),
        (pool_roles::AUTHORISER, vec![authoriseCall::SELECTOR]),
        (pool_roles::REVIEWER, vec![reviewCall::SELECTOR]),
    ];
    let delay = governance.delay;
    let members = [
        (roles::UPGRADER, governance.upgrader, delay),
        (roles::ADMIN, governance.upgrader, delay),
        (roles::PAUSER, governance.pauser, 0),
        (roles::CANCELLER, governance.canceller, 0),
        (pool_roles::INSURER, governance.insurer, 0),
        (pool_roles::AUTHORISER, governance.insurer, delay),
        (pool_roles::REVIEWER, governance.reviewer, 0),
    ];
    let mut calls: Vec<Bytes> = Vec::new();
    for (role, selectors) in functions {
        let selectors = selectors.into_iter().map(Into::into).collect();
        let call = AccessManager::setTargetFunctionRoleCall { target: pool, selectors, roleId: role };
        calls.push(call.abi_encode().into());
    }
    for role in [roles::UPGRADER, pool_roles::AUTHORISER] {
        let call = AccessManager::setRoleGuardianCall { roleId: role, guardian: roles::CANCELLER };
        calls.push(call.abi_encode().into());
    }
    for (role, account, delay) in members {
        let call = AccessManager::grantRoleCall { roleId: role, account, executionDelay: delay };
        calls.push(call.abi_encode().into());
    }
    if governance.upgrader != deployer {
        let call = AccessManager::renounceRoleCall { roleId: roles::ADMIN, callerConfirmation: deployer };
        calls.push(call.abi_encode().into());
    }
    AccessManager::multicallCall { data: calls }
}
