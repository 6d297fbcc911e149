//! A task on the embedded chain with the real contracts, but for the proof verifier, which believes everything; and a craft whose
//! vectors are one number, committed to as that multiple of the generator. What the contract forms, it checks: the weighted sum, the
//! matrix, the weights.

use alloy::{eips::BlockNumberOrTag, providers::Provider, sol, sol_types::SolCall};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use averment_federated::{
    gram::{Gram, Limits, Shape},
    rules::{Kind, Rule},
};
use averment_ledger::{
    Finality, Ledger, Remote, Source,
    contracts::{
        Deployment, DevelopmentToken, Profile, ProofContracts, Sender, SettlementTerms, TaskContracts,
        TaskSurroundings,
    },
    embedded::{ChainServer, Embedded, Genesis, ServeLimits, SystemClock},
    federated::{Book, Event, Posted, TaskClient, TaskMoney, TaskRule, TaskSize, TaskTimes, Terms},
    keys::{AccountKey, development},
    registry::{PolicyTerms, RegistryClient},
};
use averment_node::federated::{
    craft::{About, Craft, CraftError, Integers, NewModel, Row, Update, UpdateFault, Work},
    machine::Settings,
    points,
    service::{Plan, Service},
    transfers::{Patience, Place, TransferServer},
};
use averment_plan::vector::VectorKind;
use averment_primitives::{ModelId, VersionId};
use averment_registry::version::VersionContent;
use averment_verifier::Key;
use serde_json::Value;
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;

/// Where D is one.
const ONE: i64 = 1 << 16;
/// The initial model.
pub const FIRST: i64 = 1_000_003;
/// Seconds of every phase.
pub const SECONDS: u32 = 100;
/// The named aggregator's account; participants are the ones before.
pub const AGGREGATOR: usize = 6;
/// Accounts that may be validators.
pub const VALIDATORS: [usize; 3] = [7, 8, 9];
/// Longest file of a transfer.
const FILE: u64 = 1 << 20;
/// What rounds' proofs are about where cumulative updates are compared.
const COMPARED: &str = "round with histories";
const GENESIS_TIME: u64 = 1_700_000_000;

sol! {
    function descriptors() external view returns (address);
    function codeOf(bytes32 digest) external view returns (address);
}

/// A descriptor of one-chunk vectors, of which there is as much as the factory reads, as the code of a contract that creates it.
fn descriptor_code(name: &str, public_values: u32, weight_chunks: u16, row_chunks: u16) -> Vec<u8> {
    let mut head = [0; 96];
    head[..name.len()].copy_from_slice(name.as_bytes());
    (head[36], head[41]) = (4, 6);
    head[60..64].copy_from_slice(&public_values.to_be_bytes());
    head[66..68].copy_from_slice(&weight_chunks.to_be_bytes());
    head[74..76].copy_from_slice(&row_chunks.to_be_bytes());
    let create = alloy_primitives::hex!("600b5981380380925939f300");
    [&create[..], &head].concat()
}

/// Creates a contract that is its own registry of two descriptors, and says yes to everything else; its setup is 1.
fn believer_code() -> Bytes {
    let selectors = [descriptorsCall::SELECTOR, codeOfCall::SELECTOR];
    let jumps = [33_u8, 41].iter().zip(selectors);
    let jumps = jumps.flat_map(|(to, own)| [&[0x80, 0x63][..], &own, &[0x14, 0x60, *to, 0x57]].concat());
    let choose: Vec<u8> = [0x5f, 0x35, 0x60, 0xe0, 0x1c].into_iter().chain(jumps).collect();
    let said = [0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3];
    // One; itself; what is stored under the word that is asked about.
    let (yes, own, known) = ([0x60, 1], [0x5b, 0x30], [0x5b, 0x60, 4, 0x35, 0x54]);
    let code = [&choose[..], &yes, &said, &own, &said, &known, &said].concat();
    assert_eq!((code[33], code[41]), (0x5b, 0x5b), "where it jumps to");
    let update = descriptor_code("averment-update/1", 1, 1, 0);
    let round = descriptor_code("averment-round/1", 1, 2, 16);
    let compared = descriptor_code("averment-round/1", 2, 2, 32);

    // Creates them, stores where they are, and returns the code; all of it lies behind.
    let length = 3 * 46 + 11;
    let mut place = length;
    let mut create = Vec::new();
    for (name, own) in [("update", &update), ("round", &round), (COMPARED, &compared)] {
        let size = own.len() as u8;
        let [high, low] = (place as u16).to_be_bytes();
        create.extend([0x60, size, 0x61, high, low, 0x5f, 0x39, 0x60, size, 0x5f, 0x5f, 0xf0, 0x7f]);
        create.extend(keccak256(name));
        create.push(0x55);
        place += own.len();
    }
    create.extend([0x60, code.len() as u8, 0x61]);
    create.extend((place as u16).to_be_bytes());
    create.extend([0x5f, 0x39, 0x60, code.len() as u8, 0x5f, 0xf3]);
    assert_eq!(create.len(), length);
    [create, update, round, compared, code].concat().into()
}

/// The bytes of a commitment before its points: setup 1, sixteen cells a chunk, one block.
pub fn prefix() -> Vec<u8> {
    let setup = B256::with_last_byte(1);
    [&b"averment-commitment/1\n\x01"[..], setup.as_slice(), &[4], &1_u32.to_be_bytes(), &[4]].concat()
}

/// That multiple of the generator.
pub fn point(number: i64) -> Vec<u8> {
    let mut generator = vec![0; points::POINT];
    (generator[31], generator[63]) = (1, 2);
    let (mut sum, mut power) = (vec![0; points::POINT], generator);
    let mut left = number.unsigned_abs();
    while left > 0 {
        if left & 1 == 1 {
            sum = points::sum([&sum[..], &power]).unwrap();
        }
        power = points::sum([&power[..], &power]).unwrap();
        left >>= 1;
    }
    match number < 0 {
        true => points::difference(&[0; points::POINT], &sum).unwrap(),
        false => sum,
    }
}

pub fn package(number: i64) -> Vec<u8> {
    [&b"toy"[..], &number.to_le_bytes()].concat()
}

pub fn number(package: &[u8]) -> Result<i64, CraftError> {
    let bytes = package.strip_prefix(b"toy").and_then(|rest| rest.first_chunk());
    bytes.copied().map(i64::from_le_bytes).ok_or_else(|| CraftError::new("reading a package", "it is none"))
}

/// Another one each time, as a salt makes it.
fn salted(number: i64) -> Vec<u8> {
    static SALT: AtomicU64 = AtomicU64::new(0);
    [package(number), SALT.fetch_add(1, Ordering::Relaxed).to_le_bytes().to_vec()].concat()
}

/// What somebody does with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// What it should.
    Honest,
    /// Commits to points of another update than it delivers.
    OtherPoints,
    /// What it should, with cells too narrow for the first model.
    Narrow,
}

/// Vectors of one number; an update is always the same.
#[derive(Debug, Clone, Copy)]
pub struct Toy {
    pub update: i64,
    pub deed: Deed,
}

impl Craft for Toy {
    fn prefix(&self) -> Vec<u8> {
        prefix()
    }

    fn model_points(&self, package: &[u8]) -> Result<Vec<u8>, CraftError> {
        Ok(point(number(package)?))
    }

    fn check_room(&self, terms: &Terms, initial: &[u8]) -> Result<(), String> {
        let least = i64::from(terms.bound) * i64::from(terms.size.rounds);
        let first = number(initial).map_err(|error| error.to_string())?;
        if self.deed != Deed::Narrow || first < least { Ok(()) } else { Err(format!("{first} is long")) }
    }

    fn train(&self, about: &About, model: &[u8]) -> Result<Update, CraftError> {
        number(model)?;
        let committed = match self.deed {
            Deed::Honest | Deed::Narrow => self.update,
            Deed::OtherPoints => self.update + 1,
        };
        let proof = [about.party.as_slice(), &about.round.to_be_bytes()].concat();
        Ok(Update { package: package(self.update), points: point(committed), proof })
    }

    fn check_update(&self, about: &About, update: &Update) -> Result<(), UpdateFault> {
        if point(number(&update.package)?) != update.points {
            return Err(UpdateFault::Package("other points".to_owned()));
        }
        match update.proof == [about.party.as_slice(), &about.round.to_be_bytes()].concat() {
            true => Ok(()),
            false => Err(UpdateFault::Proof("other words".to_owned())),
        }
    }

    fn sum(&self, packages: &[Vec<u8>]) -> Result<Vec<u8>, CraftError> {
        let numbers = packages.iter().map(|package| number(package));
        Ok(package(numbers.sum::<Result<i64, _>>()?))
    }

    fn gathered(&self, _: &Posted, _: Option<&[u8]>) -> Result<Vec<u8>, CraftError> {
        Err(CraftError::new("reading what was posted", "nobody here posts one number"))
    }

    fn check_opening(&self, opening: &[u8], points: &[u8]) -> Result<(), UpdateFault> {
        match point(number(opening)?) == points {
            true => Ok(()),
            false => Err(UpdateFault::Package("another sum".to_owned())),
        }
    }

    fn aggregate(&self, work: &Work) -> Result<NewModel, CraftError> {
        let updates: Vec<i64> =
            work.rows.iter().map(|row| number(&row.update.package)).collect::<Result<_, _>>()?;
        let old = number(&work.model)?;
        // What the last round added is a row, too, that the average does not weigh.
        let older = work.older.as_deref().map(number).transpose()?;
        let previous = older.map_or(0, |older| old - older);
        let mut halves = vec![[&updates[..], &[previous]].concat()];
        let terms = &work.about.terms;
        if terms.rule.history {
            let before = |row: &Row| row.before.iter().chain(&row.sum).map(|own| number(own)).sum();
            let before: Vec<i64> = work.rows.iter().map(before).collect::<Result<_, _>>()?;
            halves.push(updates.iter().zip(before).map(|(own, before)| own + before).collect());
        }
        let triangle = |all: &Vec<i64>| -> Vec<i64> {
            all.iter().enumerate().flat_map(|(at, one)| all[at..].iter().map(move |o| one * o)).collect()
        };
        let triangles: Vec<i64> = halves.iter().flat_map(triangle).collect();
        let shape =
            Shape { updates: updates.len(), previous: true, root: false, history: terms.rule.history };
        let failed = |error: String| CraftError::new("weighing updates", error);
        let gram = Gram::new(shape, Limits { update: 1 << 40, history: 1 << 40 }, &triangles);
        let gram = gram.map_err(|error| failed(error.to_string()))?;
        let weights = Rule::of(Kind::Average).weights(&gram).map_err(|error| failed(error.to_string()))?;
        let weighted = updates.iter().zip(weights.all()).map(|(own, weight)| own * i64::from(*weight));
        let sum: i64 = weighted.sum();
        let new = old + sum.div_euclid(ONE);
        let rows: Vec<u8> = halves.iter().flatten().flat_map(|row| point(*row)).collect();
        let points = [point(new), point(sum.rem_euclid(ONE)), rows].concat();
        let matrix = gram.encode();
        Ok(NewModel {
            package: salted(new),
            points: points.into(),
            model: point(old).into(),
            root_cumulative: Bytes::new(),
            matrix: matrix.into(),
            weights: B256::ZERO,
            inputs: B256::ZERO,
            proof: Bytes::new(),
        })
    }

    fn integers(&self, _: VectorKind, _: &[u8]) -> Result<Integers, CraftError> {
        Err(CraftError::new("answering", "nobody here believes one number"))
    }

    fn score(&self, work: &Work) -> Result<Vec<u32>, CraftError> {
        Ok(vec![averment_ledger::federated::WHOLE; work.rows.len()])
    }
}

/// A chain with the contracts, and accounts with money.
pub struct Ground {
    pub folder: TempDir,
    pub ledger: Ledger,
    pub accounts: Vec<AccountKey>,
    pub deployment: Deployment,
    pub contracts: TaskContracts,
    pub model: ModelId,
}

impl Ground {
    /// With the verifier of a setup's proofs, or without with one that believes everything.
    pub async fn new(key: Option<&Key>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chain");
        let ledger = Ledger::open_embedded(&path, Genesis::development(GENESIS_TIME), SystemClock).unwrap();
        let accounts = development::accounts(ledger.chain_id()).unwrap();
        let sender = |at: usize| Sender::new(&ledger, accounts[at].clone());
        let proofs = match key {
            Some(key) => Some(ProofContracts::deploy(&sender(0), key).await.unwrap().0),
            None => None,
        };
        let terms = SettlementTerms::DEVELOPMENT;
        let (deployment, _) =
            Deployment::deploy_all(&sender(0), Profile::Development, proofs, Some(&terms)).await.unwrap();
        let settlement = deployment.settlement.unwrap();
        let around = match TaskSurroundings::of(&deployment, Address::ZERO, 0) {
            Some(around) => around,
            None => {
                let verifier = sender(0).create("create a believer", believer_code()).await.unwrap();
                TaskSurroundings {
                    token: settlement.token,
                    registry: deployment.registry.address,
                    verifier: verifier.receipt.contract_address.unwrap(),
                    randomness: settlement.randomness.address,
                    uptime: Address::ZERO,
                    grace: 0,
                    authority: deployment.access_manager.address,
                }
            }
        };
        let (contracts, _) = TaskContracts::deploy(&sender(0), &around).await.unwrap();
        contracts.check(&ledger).await.unwrap();
        let registry = RegistryClient::open(&ledger, &deployment).await.unwrap();
        let policy = PolicyTerms { roles: vec![("risk".to_owned(), accounts[9].address())], threshold: 1 };
        let (model, _) = registry.create_model(&sender(0), "model", &policy).await.unwrap();
        registry.set_registrar(&sender(0), model, accounts[8].address(), true).await.unwrap();
        let ground = Self { folder, ledger, accounts, deployment, contracts, model };
        for at in 0..10 {
            ground.give_money(at).await;
        }
        ground
    }

    pub async fn give_money(&self, at: usize) {
        let mint =
            DevelopmentToken::mintCall { to: self.accounts[at].address(), amount: U256::from(1_000_000) };
        let token = self.deployment.settlement.unwrap().token;
        self.sender(at).call("get money", token, &mint).await.unwrap();
    }

    pub fn sender(&self, at: usize) -> Sender {
        Sender::new(&self.ledger, self.accounts[at].clone())
    }

    /// Registers a version with these weights and this plan.
    pub async fn register(
        &self,
        name: &str,
        weights: B256,
        plan: B256,
        parents: Vec<VersionId>,
    ) -> VersionId {
        let content = VersionContent {
            manifest_digest: keccak256([b"manifest", name.as_bytes()].concat()),
            artifacts_root: keccak256([b"artifacts", name.as_bytes()].concat()),
            weights_commitment: weights,
            plan_digest: plan,
            parents,
        };
        let registry = RegistryClient::open(&self.ledger, &self.deployment).await.unwrap();
        registry.register_version(&self.sender(8), self.model, &content).await.unwrap().0
    }

    /// The task of these terms, which these accounts join.
    pub async fn create(
        self,
        terms: Terms,
        prefix: Vec<u8>,
        points: Vec<u8>,
        joining: impl IntoIterator<Item = usize>,
    ) -> World {
        let sponsor = self.sender(0);
        let (factory, salt) = (self.contracts.tasks.address, B256::ZERO);
        let created = TaskClient::create(&sponsor, factory, &terms, salt, prefix.into(), points.into());
        let created = created.await.unwrap();
        let from = self.contracts.block_number;
        let client = TaskClient::open(&self.ledger, created.task, from).await.unwrap();
        assert_eq!(client.terms(), &terms);
        assert_eq!(client.code().implementation, self.contracts.task.address);
        assert_eq!(client.code().factory, factory);
        for at in joining {
            client.join(&self.sender(at), Bytes::new()).await.unwrap();
        }
        World { ground: self, client, far: None, carried: false, again_after: Duration::ZERO }
    }

    /// Terms with everything but what the task is about: the average, four rounds.
    pub fn terms(&self, version: VersionId, plan: B256) -> Terms {
        Terms {
            version: version.0,
            plan,
            updateKind: keccak256("update"),
            roundKind: keccak256("round"),
            bound: 1_000,
            rule: TaskRule {
                kind: 0,
                faults: 0,
                clip: false,
                mix: false,
                norm: 0,
                radius: 0,
                history: false,
            },
            size: TaskSize { minimum: 2, maximum: 9, perRound: 9, rounds: 4, maximumVoid: 2, strikes: 3 },
            times: TaskTimes {
                idle: SECONDS,
                select: SECONDS,
                commit: SECONDS,
                reveal: SECONDS,
                check: SECONDS,
                answer: SECONDS,
                aggregate: SECONDS,
                takeover: SECONDS,
                score: SECONDS,
                disclose: SECONDS,
                settle: SECONDS,
            },
            money: TaskMoney {
                stake: 1_000,
                bond: 70,
                reward: 5_000,
                fee: 300,
                validatorFee: 100,
                validatorStake: 500,
            },
            validators: VALIDATORS.len() as u8,
            aggregator: self.accounts[AGGREGATOR].address(),
            root: Address::ZERO,
            gate: Address::ZERO,
            privacy: 0,
        }
    }

    /// Lets seconds pass and mines a block.
    pub async fn pass(&self, seconds: u64) {
        let latest = self.ledger.verified_header(BlockNumberOrTag::Latest).await.unwrap();
        let then = latest.header.timestamp + seconds;
        let provider = self.ledger.provider();
        let _: Value = provider.raw_request("evm_setNextBlockTimestamp".into(), [then]).await.unwrap();
        let _: Value = provider.raw_request("evm_mine".into(), ()).await.unwrap();
    }
}

/// A task with its members.
pub struct World {
    pub ground: Ground,
    pub client: TaskClient,
    /// How members reach the task, if not as tests do.
    far: Option<TaskClient>,
    /// Whether members let the aggregator carry what they say.
    pub carried: bool,
    /// How long they wait before they send again what has not settled.
    pub again_after: Duration,
}

impl World {
    /// With five participants who have joined, and a verifier that believes everything.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// Where cumulative updates are compared.
    pub async fn comparing() -> Self {
        Self::with(|terms| (terms.rule.history, terms.roundKind) = (true, keccak256(COMPARED))).await
    }

    async fn with(change: impl FnOnce(&mut Terms)) -> Self {
        let ground = Ground::new(None).await;
        let weights = keccak256([prefix(), point(FIRST)].concat());
        let version = ground.register("first", weights, keccak256("plan"), Vec::new()).await;
        let mut terms = ground.terms(version, keccak256("plan"));
        change(&mut terms);
        let world = ground.create(terms, prefix(), point(FIRST), 1..AGGREGATOR).await;
        assert_eq!(world.client.code().chunks, 1);
        world
    }

    pub fn address(&self, at: usize) -> Address {
        self.ground.accounts[at].address()
    }

    pub fn chain(&self) -> &Embedded {
        self.ground.ledger.embedded().unwrap()
    }

    /// From now on members reach the chain over HTTP, and believe a block once there are so many after it.
    pub async fn settle_after(&mut self, depth: u64) {
        let local = "127.0.0.1:0".parse().unwrap();
        let server = ChainServer::bind(self.chain().clone(), local, ServeLimits::default()).await.unwrap();
        let poll = Duration::from_millis(5);
        let remote = Remote { finality: Finality::Depth(depth), poll, ..Remote::new(server.url(), 31337) };
        tokio::spawn(server.run(std::future::pending()));
        let ledger = Ledger::open(Source::Remote(remote)).await.unwrap();
        for _ in 0..depth {
            self.ground.pass(1).await;
        }
        let far = TaskClient::open(&ledger, self.client.id().task, self.client.from_block()).await.unwrap();
        self.far = Some(far);
    }

    /// Gives these accounts seats as validators.
    pub async fn seat(&self, validators: &[usize]) {
        for &at in validators {
            self.client.join_as_validator(&self.sender(at), Bytes::new()).await.unwrap();
        }
    }

    /// What the task said so far.
    pub async fn history(&self) -> Vec<Event> {
        let block = self.ground.ledger.newest_final().await.unwrap();
        self.client.history(&block).await.unwrap().into_iter().map(|happened| happened.event).collect()
    }

    /// What the average of these accounts' updates adds to a model: what a division leaves goes to the lowest accounts, and the sum
    /// is rounded down.
    pub fn mean(&self, updates: &[(usize, i64)]) -> i64 {
        let mut rows: Vec<_> = updates.iter().map(|(at, update)| (self.address(*at), *update)).collect();
        rows.sort();
        let (n, mut sum) = (rows.len() as i64, 0);
        for (at, (_, update)) in rows.iter().enumerate() {
            sum += (ONE / n + i64::from((at as i64) < ONE % n)) * update;
        }
        sum.div_euclid(ONE)
    }

    pub fn sender(&self, at: usize) -> Sender {
        self.ground.sender(at)
    }

    pub fn path(&self, at: usize) -> PathBuf {
        self.ground.folder.path().join(format!("member-{at}"))
    }

    pub async fn book(&self) -> Book {
        let block = self.ground.ledger.newest_final().await.unwrap();
        self.client.book(&block).await.unwrap()
    }

    /// The service of the account at `at`, from its folder.
    fn open(&self, at: usize, craft: Arc<dyn Craft>) -> Service {
        let settings = Settings {
            account: self.address(at),
            trains: at < AGGREGATOR,
            aggregates: true,
            challenges: true,
            bonds: 8,
            carried: self.carried,
            scores: VALIDATORS.contains(&at),
            settling: 0,
            stagger: 10,
        };
        let patience = Patience { times: 2, again: Duration::from_millis(1), ..Patience::default() };
        let again_after = self.again_after;
        let plan = Plan { again_after, patience, file: FILE, ..Plan::new(settings, String::new()) };
        let client = self.far.as_ref().unwrap_or(&self.client).clone();
        let sender = Sender::new(client.ledger(), self.ground.accounts[at].clone());
        Service::open(&self.path(at), plan, client, sender, craft).unwrap()
    }

    /// A member with a toy.
    pub async fn start(&self, at: usize, toy: Toy) -> Member {
        let mut member = self.start_with(at, Arc::new(toy), &package(FIRST), &point(FIRST)).await;
        member.toy = Some(toy);
        member
    }

    /// The service of an account with its server, and with the initial model.
    pub async fn start_with(
        &self,
        at: usize,
        craft: Arc<dyn Craft>,
        initial: &[u8],
        points: &[u8],
    ) -> Member {
        let local = "127.0.0.1:0".parse().unwrap();
        // Its address is known once it listens; the service says it.
        let first = self.open(at, craft);
        first.take_initial(initial, points).unwrap();
        let (desk, store) = (first.desk().clone(), first.store().clone());
        let place = Place { chain_id: self.client.id().chain_id, task: self.client.id().task };
        let limits = TransferServer::limits(FILE);
        let server = TransferServer::bind(
            local,
            limits,
            place,
            Arc::new(desk),
            store.inbox.clone(),
            store.outbox.clone(),
        );
        let server = server.await.unwrap();
        let endpoint = format!("http://{}", server.address());
        let serving = tokio::spawn(server.run(std::future::pending()));
        Member { at, toy: None, service: Some(first.with_endpoint(endpoint)), serving }
    }
}

/// A member at work.
pub struct Member {
    pub at: usize,
    pub toy: Option<Toy>,
    pub service: Option<Service>,
    pub serving: tokio::task::JoinHandle<()>,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Member {
    pub fn service(&mut self) -> &mut Service {
        self.service.as_mut().unwrap()
    }

    /// Turns until nothing is computed any more.
    pub async fn turn(&mut self) {
        // What takes long takes long, on a machine with much to do.
        for _ in 0..20_000 {
            let turn = self.service().turn().await.unwrap();
            if !turn.busy {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it computes for ever");
    }
}
