//! Deploying the contracts: who can do what afterwards, and what a failed deployment leaves behind.

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::eip2718::Encodable2718,
    primitives::{Address, B256, Bytes, TxKind, U256, hex},
    providers::Provider,
    sol_types::SolCall,
};
use averment_atomic::{Step, faults};
use averment_ledger::{
    Ledger,
    contracts::{
        AccessManager,
        AccessManager::AccessManagerErrors,
        DeployError, Deployment, DeploymentFault, DevelopmentToken, DrandRandomness, Draws, Governance,
        GovernanceError, InferenceRouter, MIN_DELAY, ModelRegistry,
        ModelRegistry::ModelRegistryErrors,
        OracleStaking, Profile, RecordError, Refusal, SendError, Sender, SettlementTerms,
        drand::{RecordRoundError, Round},
        roles,
    },
    embedded::Genesis,
    keys::{AccountKey, development},
};
use averment_registry::state::IMPLEMENTATION_SLOT;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

const GENESIS_TIME: u64 = 1_700_000_000;
const STEPS: usize = 5;

fn key(index: usize) -> AccountKey {
    development::accounts(31_337).unwrap()[index].clone()
}

fn chain() -> Ledger {
    Ledger::in_memory(Genesis::development(GENESIS_TIME)).unwrap()
}

fn sender(ledger: &Ledger, index: usize) -> Sender {
    Sender::new(ledger, key(index))
}

const DEPLOYER: usize = 0;
const PROPOSER: usize = 1;
const CANCELLER: usize = 2;
const PAUSER: usize = 3;

fn governance() -> Governance {
    Governance {
        proposer: key(PROPOSER).address(),
        canceller: key(CANCELLER).address(),
        pauser: key(PAUSER).address(),
        delay: MIN_DELAY,
    }
}

async fn production(ledger: &Ledger) -> Deployment {
    Deployment::deploy(&sender(ledger, DEPLOYER), Profile::Production(governance())).await.unwrap().0
}

fn refusal(error: SendError) -> Refusal {
    match error {
        SendError::Refused { refusal, .. } => *refusal,
        other => panic!("{other}"),
    }
}

/// An upgrade to the implementation it has, which is enough to see who may.
fn upgrade(deployment: &Deployment) -> ModelRegistry::upgradeToAndCallCall {
    ModelRegistry::upgradeToAndCallCall {
        newImplementation: deployment.implementation.address,
        data: Bytes::new(),
    }
}

fn grant(account: Address) -> AccessManager::grantRoleCall {
    AccessManager::grantRoleCall { roleId: roles::UPGRADER, account, executionDelay: 0 }
}

fn schedule(target: Address, call: &impl SolCall) -> AccessManager::scheduleCall {
    AccessManager::scheduleCall { target, data: call.abi_encode().into(), when: Default::default() }
}

fn execute(target: Address, call: &impl SolCall) -> AccessManager::executeCall {
    AccessManager::executeCall { target, data: call.abi_encode().into() }
}

fn cancel(target: Address, call: &impl SolCall) -> AccessManager::cancelCall {
    AccessManager::cancelCall { caller: key(PROPOSER).address(), target, data: call.abi_encode().into() }
}

#[tokio::test]
async fn development_deployment_is_recorded_and_checked() {
    let ledger = chain();
    let (deployment, sent) =
        Deployment::deploy(&sender(&ledger, DEPLOYER), Profile::Development).await.unwrap();
    assert_eq!(sent.len(), STEPS);
    assert!(sent.iter().all(|step| step.gas_used() > 100_000 && step.fee() > U256::ZERO));
    assert_eq!(deployment.check(&ledger).await.unwrap().header.number, 5);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deployment.json");
    deployment.save(&path).unwrap();
    let loaded = Deployment::load(&path).unwrap();
    assert_eq!(loaded, deployment);
    loaded.check(&ledger).await.unwrap();
    assert!(matches!(deployment.save(&path), Err(RecordError::Exists { .. })));

    // The deployer may upgrade at once here.
    let owner = sender(&ledger, DEPLOYER);
    owner.call("upgrade", deployment.registry.address, &upgrade(&deployment)).await.unwrap();
}

/// What settles requests is deployed with the registry, knows it, and is governed by the same manager.
#[tokio::test]
async fn settlement_is_deployed_with_the_registry() {
    let ledger = chain();
    let owner = sender(&ledger, DEPLOYER);
    let terms = SettlementTerms::DEVELOPMENT;
    let (deployment, _) =
        Deployment::deploy_all(&owner, Profile::Development, None, Some(&terms)).await.unwrap();
    let contracts = deployment.settlement.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deployment.json");
    deployment.save(&path).unwrap();
    let loaded = Deployment::load(&path).unwrap();
    assert_eq!(loaded, deployment);
    loaded.check(&ledger).await.unwrap();

    let router = InferenceRouter::new(contracts.router.address, ledger.provider());
    let staking = OracleStaking::new(contracts.staking.address, ledger.provider());
    assert_eq!(router.registry().call().await.unwrap(), deployment.registry.address);
    assert_eq!(router.staking().call().await.unwrap(), contracts.staking.address);
    assert_eq!(router.randomness().call().await.unwrap(), contracts.randomness.address);
    assert_eq!(router.token().call().await.unwrap(), contracts.token);
    assert_eq!(staking.router().call().await.unwrap(), contracts.router.address);
    assert_eq!(staking.seatBond().call().await.unwrap(), terms.seat_bond);

    // Money goes in and out.
    let (token, amount) = (contracts.token, U256::from(100));
    let mint = DevelopmentToken::mintCall { to: owner.address(), amount };
    owner.call("mint", token, &mint).await.unwrap();
    let allow = DevelopmentToken::approveCall { spender: contracts.router.address, value: amount };
    owner.call("allow", token, &allow).await.unwrap();
    owner.call("deposit", contracts.router.address, &InferenceRouter::depositCall { amount }).await.unwrap();
    let withdraw = InferenceRouter::withdrawCall { to: owner.address(), amount: U256::from(101) };
    let error = owner.call("withdraw", contracts.router.address, &withdraw).await.unwrap_err();
    assert!(matches!(refusal(error), Refusal::Router(_)));

    // An upgrade is seen.
    let upgrade = InferenceRouter::upgradeToAndCallCall {
        newImplementation: deployment.implementation.address,
        data: Bytes::new(),
    };
    owner.call("upgrade", contracts.router.address, &upgrade).await.unwrap();
    match deployment.check(&ledger).await {
        Err(DeploymentFault::Implementation { contract, .. }) => assert_eq!(contract, "router"),
        other => panic!("{other:?}"),
    }
}

/// Where blocks have no randomness, drand's rounds draw: the contract is made with one, which shows that it verifies them.
#[tokio::test]
async fn rounds_of_drand_draw_where_blocks_do_not() {
    let ledger = chain();
    let terms = SettlementTerms { draws: Draws::DRAND, ..SettlementTerms::DEVELOPMENT };
    let (mut deployment, _) =
        Deployment::deploy_all(&sender(&ledger, 0), Profile::Development, None, Some(&terms)).await.unwrap();
    deployment.add_steward(&sender(&ledger, 0)).await.unwrap();
    deployment.check(&ledger).await.unwrap();
    let place = deployment.settlement.unwrap().randomness.address;
    let contract = DrandRandomness::new(place, ledger.provider().clone());
    assert!(!contract.valueOf(1000).call().await.unwrap().is_zero());
    let signature = hex!(
        "b33bf3667cbd5a82de3a24b4e0e9fe5513cc1a0e840368c6e31f5fcfa79bea03f73896b25883abf2853d10337fb8fa41"
    );
    let wrong = Round { number: 1002, signature };
    let error = wrong.record(&sender(&ledger, 1), place).await.unwrap_err();
    assert!(matches!(&error, RecordRoundError::Send(_)), "{error}");
    Round { number: 1001, signature }.record(&sender(&ledger, 1), place).await.unwrap();
    assert!(!contract.valueOf(1001).call().await.unwrap().is_zero());
}

/// In production an upgrade of what holds stake comes after operators can have left with theirs.
#[tokio::test]
async fn operators_can_leave_before_their_stake_is_upgraded() {
    let ledger = chain();
    let profile = Profile::Production(governance());
    // Any contract will do as the token: nothing moves.
    let (first, _) = Deployment::deploy(&sender(&ledger, DEPLOYER), profile).await.unwrap();
    let terms = SettlementTerms::layer1(first.anchors.address, 1_000);
    let (deployment, _) =
        Deployment::deploy_all(&sender(&ledger, DEPLOYER), profile, None, Some(&terms)).await.unwrap();
    let contracts = deployment.settlement.unwrap();
    let manager = AccessManager::new(deployment.access_manager.address, ledger.provider());
    let proposer = key(PROPOSER).address();
    let delay = |role| {
        let call = manager.hasRole(role, proposer);
        async move { call.call().await.unwrap().executionDelay }
    };
    assert_eq!(delay(roles::UPGRADER).await, MIN_DELAY);
    assert!(delay(roles::STAKE_UPGRADER).await > contracts.unbonding);
    let upgrade = OracleStaking::upgradeToAndCallCall {
        newImplementation: contracts.staking_implementation.address,
        data: Bytes::new(),
    };
    let error = sender(&ledger, PROPOSER).call("upgrade", contracts.staking.address, &upgrade).await;
    assert!(matches!(refusal(error.unwrap_err()), Refusal::Access(_)));
}

#[tokio::test]
async fn nothing_initialises_the_implementation_or_the_registry_again() {
    let ledger = chain();
    let deployment = production(&ledger).await;
    let call = ModelRegistry::initializeCall { authority: deployment.access_manager.address };
    for address in [deployment.implementation.address, deployment.registry.address] {
        let error = sender(&ledger, 9).call("initialise", address, &call).await.unwrap_err();
        assert!(matches!(refusal(error), Refusal::Registry(ModelRegistryErrors::InvalidInitialization(_))));
    }
}

#[tokio::test]
async fn after_production_deployment_the_deployer_can_do_nothing() {
    let ledger = chain();
    let deployment = production(&ledger).await;
    let deployer = sender(&ledger, DEPLOYER);
    let (manager, registry) = (deployment.access_manager.address, deployment.registry.address);

    let error = deployer.call("upgrade", registry, &upgrade(&deployment)).await.unwrap_err();
    assert!(matches!(refusal(error), Refusal::Registry(ModelRegistryErrors::AccessManagedUnauthorized(_))));
    let pause = ModelRegistry::pauseCall { duration: 3600 };
    let error = deployer.call("pause", registry, &pause).await.unwrap_err();
    assert!(matches!(refusal(error), Refusal::Registry(ModelRegistryErrors::AccessManagedUnauthorized(_))));

    let unauthorised = |error| {
        matches!(
            refusal(error),
            Refusal::Access(
                AccessManagerErrors::AccessManagerUnauthorizedAccount(_)
                    | AccessManagerErrors::AccessManagerUnauthorizedCall(_)
            )
        )
    };
    let own = deployer.address();
    assert!(unauthorised(deployer.call("grant", manager, &grant(own)).await.unwrap_err()));
    let roles = AccessManager::setTargetFunctionRoleCall {
        target: registry,
        selectors: vec![ModelRegistry::upgradeToAndCallCall::SELECTOR.into()],
        roleId: u64::MAX,
    };
    assert!(unauthorised(deployer.call("open it to all", manager, &roles).await.unwrap_err()));
    let close = AccessManager::setTargetClosedCall { target: registry, closed: true };
    assert!(unauthorised(deployer.call("close it", manager, &close).await.unwrap_err()));
    let away = AccessManager::updateAuthorityCall { target: registry, newAuthority: own };
    assert!(unauthorised(deployer.call("take it away", manager, &away).await.unwrap_err()));
    for (target, data) in [
        (registry, upgrade(&deployment).abi_encode()),
        (manager, grant(own).abi_encode()),
        (manager, roles.abi_encode()),
    ] {
        let call =
            AccessManager::scheduleCall { target, data: data.clone().into(), when: Default::default() };
        assert!(unauthorised(deployer.call("schedule", manager, &call).await.unwrap_err()));
        let call = AccessManager::executeCall { target, data: data.into() };
        assert!(unauthorised(deployer.call("execute", manager, &call).await.unwrap_err()));
    }
}

#[tokio::test]
async fn an_upgrade_takes_the_delay_and_the_record_notices_it() {
    let ledger = chain();
    let deployment = production(&ledger).await;
    let (manager, registry) = (deployment.access_manager.address, deployment.registry.address);
    let proposer = sender(&ledger, PROPOSER);

    // Another implementation: the same code at another address.
    let other = proposer.create("create another", ModelRegistry::BYTECODE.clone()).await.unwrap();
    let next = other.receipt.contract_address.unwrap();
    let call = ModelRegistry::upgradeToAndCallCall { newImplementation: next, data: Bytes::new() };

    let error = proposer.call("upgrade at once", registry, &call).await.unwrap_err();
    assert!(matches!(refusal(error), Refusal::Access(AccessManagerErrors::AccessManagerNotScheduled(_))));
    proposer.call("schedule", manager, &schedule(registry, &call)).await.unwrap();
    ledger.embedded().unwrap().increase_time(u64::from(MIN_DELAY) - 60).unwrap();
    let error = proposer.call("upgrade too early", manager, &execute(registry, &call)).await.unwrap_err();
    assert!(matches!(refusal(error), Refusal::Access(AccessManagerErrors::AccessManagerNotReady(_))));
    deployment.check(&ledger).await.unwrap();

    ledger.embedded().unwrap().increase_time(120).unwrap();
    // Only what was scheduled.
    let error = proposer
        .call("upgrade to another", manager, &execute(registry, &upgrade(&deployment)))
        .await
        .unwrap_err();
    assert!(matches!(refusal(error), Refusal::Access(AccessManagerErrors::AccessManagerNotScheduled(_))));
    proposer.call("upgrade", manager, &execute(registry, &call)).await.unwrap();
    match deployment.check(&ledger).await {
        Err(DeploymentFault::Implementation { contract: _, expected, got }) => {
            assert_eq!((expected, got), (deployment.implementation.address, next));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_canceller_stops_upgrades_and_changes_of_roles_and_does_nothing_else() {
    let ledger = chain();
    let deployment = production(&ledger).await;
    let (manager, registry) = (deployment.access_manager.address, deployment.registry.address);
    let (proposer, canceller) = (sender(&ledger, PROPOSER), sender(&ledger, CANCELLER));
    let upgrade = upgrade(&deployment);
    // The proposer would give itself the power to upgrade at once.
    let grant = grant(proposer.address());
    let dismiss = AccessManager::revokeRoleCall { roleId: roles::CANCELLER, account: canceller.address() };

    proposer.call("schedule", manager, &schedule(registry, &upgrade)).await.unwrap();
    proposer.call("schedule", manager, &schedule(manager, &grant)).await.unwrap();
    proposer.call("schedule", manager, &schedule(manager, &dismiss)).await.unwrap();
    let stranger = sender(&ledger, 9);
    let error = stranger.call("cancel", manager, &cancel(registry, &upgrade)).await.unwrap_err();
    assert!(matches!(
        refusal(error),
        Refusal::Access(AccessManagerErrors::AccessManagerUnauthorizedCancel(_))
    ));
    canceller.call("cancel", manager, &cancel(registry, &upgrade)).await.unwrap();
    canceller.call("cancel", manager, &cancel(manager, &grant)).await.unwrap();
    canceller.call("cancel", manager, &cancel(manager, &dismiss)).await.unwrap();

    ledger.embedded().unwrap().increase_time(u64::from(MIN_DELAY) + 60).unwrap();
    for call in [execute(registry, &upgrade), execute(manager, &grant), execute(manager, &dismiss)] {
        let error = proposer.call("carry out", manager, &call).await.unwrap_err();
        assert!(matches!(refusal(error), Refusal::Access(AccessManagerErrors::AccessManagerNotScheduled(_))));
    }
    let error = canceller.call("schedule", manager, &schedule(registry, &upgrade)).await.unwrap_err();
    assert!(matches!(refusal(error), Refusal::Access(AccessManagerErrors::AccessManagerUnauthorizedCall(_))));
    let error = canceller.call("grant", manager, &grant).await.unwrap_err();
    assert!(matches!(
        refusal(error),
        Refusal::Access(AccessManagerErrors::AccessManagerUnauthorizedAccount(_))
    ));
}

#[tokio::test]
async fn only_the_pauser_pauses() {
    let ledger = chain();
    let deployment = production(&ledger).await;
    let registry = deployment.registry.address;
    let pause = ModelRegistry::pauseCall { duration: 3600 };
    for index in [DEPLOYER, PROPOSER, CANCELLER, 9] {
        let error = sender(&ledger, index).call("pause", registry, &pause).await.unwrap_err();
        assert!(matches!(refusal(error), Refusal::Registry(_)), "{index}");
    }
    sender(&ledger, PAUSER).call("pause", registry, &pause).await.unwrap();
    sender(&ledger, PAUSER).call("end the pause", registry, &ModelRegistry::unpauseCall {}).await.unwrap();
}

/// The deployer stops at every step in turn: no proxy exists, and the next run succeeds.
#[tokio::test]
async fn a_deployment_that_fails_at_any_step_leaves_no_registry() {
    for fails_at in 0..STEPS {
        let ledger = chain();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let faulty =
            sender(&ledger, DEPLOYER).confirm(move |_| count.fetch_add(1, Ordering::Relaxed) < fails_at);
        let error = Deployment::deploy(&faulty, Profile::Production(governance())).await.unwrap_err();
        match error {
            DeployError::Send(error) => assert!(matches!(*error, SendError::Declined { .. })),
            other => panic!("{other}"),
        }
        assert_eq!(asked.load(Ordering::Relaxed), fails_at + 1);

        let deployer = key(DEPLOYER).address();
        for nonce in 0..STEPS as u64 + 2 {
            let address = deployer.create(nonce);
            let slot = ledger
                .provider()
                .get_storage_at(address, U256::from_be_bytes(IMPLEMENTATION_SLOT.0))
                .await
                .unwrap();
            assert!(slot.is_zero(), "step {fails_at}: a proxy is at {address}");
            if !ledger.provider().get_code_at(address).await.unwrap().is_empty() {
                let call = ModelRegistry::initializeCall { authority: deployer.create(0) };
                assert!(sender(&ledger, DEPLOYER).call("initialise", address, &call).await.is_err());
            }
        }
        production(&ledger).await.check(&ledger).await.unwrap();
    }
}

/// Another transaction of the deployer slips in before the proxy: it comes to another address.
#[tokio::test]
async fn a_displaced_registry_is_refused() {
    let ledger = chain();
    let asked = AtomicUsize::new(0);
    let chain = ledger.embedded().unwrap().clone();
    let sneaky = sender(&ledger, DEPLOYER).confirm(move |_| {
        if asked.fetch_add(1, Ordering::Relaxed) == STEPS - 1 {
            let transaction = TxEip1559 {
                chain_id: 31_337,
                nonce: STEPS as u64 - 1,
                gas_limit: 21_000,
                max_fee_per_gas: 100_000_000_000,
                max_priority_fee_per_gas: 0,
                to: TxKind::Call(Address::repeat_byte(1)),
                value: U256::ZERO,
                access_list: Default::default(),
                input: Bytes::new(),
            };
            let signature = key(DEPLOYER).sign_digest(&transaction.signature_hash()).unwrap();
            chain.submit(&TxEnvelope::from(transaction.into_signed(signature)).encoded_2718()).unwrap();
        }
        true
    });
    match Deployment::deploy(&sneaky, Profile::Production(governance())).await {
        Err(DeployError::Displaced { contract: _, expected, got }) => {
            let deployer = key(DEPLOYER).address();
            assert_eq!((expected, got), (deployer.create(4), deployer.create(5)));
            // Even so the deployer has no power over it.
            let upgrade = ModelRegistry::upgradeToAndCallCall {
                newImplementation: deployer.create(1),
                data: Bytes::new(),
            };
            let error = sender(&ledger, DEPLOYER).call("upgrade", got, &upgrade).await.unwrap_err();
            assert!(matches!(refusal(error), Refusal::Registry(_)));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn profiles_that_do_not_protect_are_refused_before_anything_is_sent() {
    let ledger = chain();
    let good = governance();
    let deployer = key(DEPLOYER).address();
    type Fault = fn(&GovernanceError) -> bool;
    let cases: [(Governance, Fault); 7] = [
        (Governance { delay: MIN_DELAY - 1, ..good }, |e| matches!(e, GovernanceError::Delay { .. })),
        (Governance { delay: 0, ..good }, |e| matches!(e, GovernanceError::Delay { got: 0 })),
        (Governance { delay: u32::MAX, ..good }, |e| matches!(e, GovernanceError::Delay { .. })),
        (Governance { proposer: deployer, ..good }, |e| matches!(e, GovernanceError::Same { .. })),
        (Governance { pauser: deployer, ..good }, |e| matches!(e, GovernanceError::Same { .. })),
        (Governance { canceller: good.proposer, ..good }, |e| matches!(e, GovernanceError::Same { .. })),
        (Governance { canceller: Address::ZERO, ..good }, |e| {
            matches!(e, GovernanceError::Missing { party: "canceller" })
        }),
    ];
    for (governance, fault) in cases {
        match Deployment::deploy(&sender(&ledger, DEPLOYER), Profile::Production(governance)).await {
            Err(DeployError::Governance(error)) => assert!(fault(&error), "{error}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(ledger.newest_final().await.unwrap().header.number, 0);

    let genesis = Genesis { chain_id: 5, ..Genesis::development(GENESIS_TIME) };
    let elsewhere = Ledger::in_memory(genesis).unwrap();
    assert!(matches!(
        Deployment::deploy(&sender(&elsewhere, DEPLOYER), Profile::Development).await,
        Err(DeployError::Governance(GovernanceError::Chain(_)))
    ));
}

#[tokio::test]
async fn a_record_that_does_not_fit_the_chain_is_refused() {
    let ledger = chain();
    let deployment = production(&ledger).await;
    let wrong = |change: fn(&mut Deployment)| {
        let mut deployment = deployment.clone();
        change(&mut deployment);
        deployment
    };
    let fault = wrong(|d| d.chain_id = 1).check(&ledger).await.unwrap_err();
    assert!(matches!(fault, DeploymentFault::ChainId { expected: 1, got: 31_337 }));
    let fault = wrong(|d| d.anchors.code_hash = B256::ZERO).check(&ledger).await.unwrap_err();
    assert!(matches!(fault, DeploymentFault::Code { contract: "anchors", .. }));
    let fault = wrong(|d| d.access_manager.address = d.anchors.address).check(&ledger).await.unwrap_err();
    assert!(matches!(fault, DeploymentFault::Code { contract: "access manager", .. }));
    let fault = wrong(|d| d.registry.address = d.implementation.address).check(&ledger).await.unwrap_err();
    assert!(matches!(fault, DeploymentFault::Implementation { .. }));
    let fault = wrong(|d| d.block_number = 99).check(&ledger).await.unwrap_err();
    assert!(matches!(fault, DeploymentFault::TooEarly { expected: 99, got: 5 }));

    let reset = Ledger::in_memory(Genesis::development(GENESIS_TIME + 1)).unwrap();
    production(&reset).await;
    let fault = deployment.check(&reset).await.unwrap_err();
    assert!(matches!(fault, DeploymentFault::OtherChain { number: 5, .. }));
}

#[tokio::test]
async fn every_step_of_writing_a_record_that_fails_leaves_none_or_a_whole_one() {
    let deployment = production(&chain()).await;
    let steps = faults::each(|plan| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deployment.json");
        let saved = deployment.save(&path);
        faults::end();
        match (saved, plan) {
            (Ok(()), None) => assert_eq!(Deployment::load(&path).unwrap(), deployment),
            (Err(RecordError::Write(error)), Some(_)) => {
                assert!(error.is_disk_full(), "{plan:?}: {error}");
                match error.step {
                    Step::SyncFolder => assert_eq!(Deployment::load(&path).unwrap(), deployment),
                    _ => assert!(!path.exists(), "{plan:?}: {error}"),
                }
            }
            (other, _) => panic!("{plan:?}: {other:?}"),
        }
    });
    assert!(steps >= 5, "{steps}");
}

#[tokio::test]
async fn a_damaged_record_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deployment.json");
    assert!(matches!(Deployment::load(&path), Err(RecordError::Io { .. })));
    production(&chain()).await.save(&path).unwrap();
    let good = std::fs::read_to_string(&path).unwrap();
    for bad in [
        String::new(),
        good[..good.len() / 2].to_owned(),
        good.replace("averment-deployment/1", "averment-deployment/2"),
        good.replace("\"chainId\"", "\"chainid\""),
        good.replacen('{', "{\"more\":1,", 1),
        good.replace("0x", "0y"),
        " ".repeat(100_000),
    ] {
        std::fs::write(&path, &bad).unwrap();
        assert!(Deployment::load(&path).is_err(), "{}", &bad[..bad.len().min(40)]);
    }
}

#[tokio::test]
async fn prices_are_shown_before_anything_is_sent_and_poor_accounts_are_refused() {
    let ledger = chain();
    let shown = Arc::new(AtomicUsize::new(0));
    let count = shown.clone();
    let careful = sender(&ledger, DEPLOYER).confirm(move |quote| {
        count.fetch_add(1, Ordering::Relaxed);
        assert_eq!((quote.chain_id, quote.from, quote.to), (31_337, key(DEPLOYER).address(), None));
        assert!(quote.gas > 21_000 && quote.gas_limit > quote.gas);
        assert!(quote.expected_fee() > U256::ZERO && quote.expected_fee() <= quote.largest_fee());
        false
    });
    let error = careful.create("create", ModelRegistry::BYTECODE.clone()).await.unwrap_err();
    assert!(matches!(error, SendError::Declined { .. }));
    assert_eq!(shown.load(Ordering::Relaxed), 1);
    assert_eq!(ledger.newest_final().await.unwrap().header.number, 0);

    let folder = averment_ledger::keys::KeyFolder::new(tempfile::tempdir().unwrap().path().join("keys"));
    let password = averment_ledger::keys::Password::new(b"p".to_vec().into()).unwrap();
    let poor = folder.create_account("poor", &password, averment_ledger::keys::Cost::Light).unwrap();
    let error = Sender::new(&ledger, poor).create("create", ModelRegistry::BYTECODE.clone()).await;
    match error {
        Err(SendError::Funds { got, needed, .. }) => assert!(got.is_zero() && needed > got),
        other => panic!("{other:?}"),
    }
}
