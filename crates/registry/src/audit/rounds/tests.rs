//! Rounds as they should be verify; a changed, missing or foreign one, other points and another beginning do not. Curve and rules are not
//! computed here: points are bytes, and whoever computes says yes or no.

use super::*;
use crate::{
    audit::{
        DecisionFault, StepsEvidence, ToldEvidence, TrustPolicy,
        decision::{DisclosedInput, InputsEvidence, Mathematics, ProofEvidence, ProofStanding, Question},
    },
    federated::{
        FACTORY_SLOT, event::typed::Told as events, factory_slots, history_after, outcome_digest,
        task::typed, task_slots,
    },
    manifest::{AdoptionRecord, FederatedRounds, FinalRound},
    settlement::Log,
    state::{AccountProof, Header, IMPLEMENTATION_SLOT, StorageProof},
    testing::world::{NUMBER, header, trie},
    version::VersionContent,
};
use alloy_primitives::U256;
use alloy_sol_types::{SolEvent, SolValue};
use alloy_trie::TrieAccount;
use averment_primitives::{Address, B256, Bytes, VersionId, keccak256};
use std::collections::BTreeMap;

const FACTORY: Address = Address::repeat_byte(0x11);
const FACTORY_CODE: Address = Address::repeat_byte(0x12);
const TASK: Address = Address::repeat_byte(0x21);
const RUNS: Address = Address::repeat_byte(0x22);
const OTHER: Address = Address::repeat_byte(0x31);
const FIRST: VersionId = VersionId(B256::repeat_byte(1));
const MADE: VersionId = VersionId(B256::repeat_byte(2));
const PREFIX: &[u8] = b"prefix";
const TIME: u64 = 1_800_000_000;
const REWARD: u128 = 1 << 20;

type Storage = BTreeMap<B256, B256>;

/// Accounts with code of their own.
struct Chain(BTreeMap<Address, (Vec<u8>, Storage)>);

fn leaves_of(storage: &Storage) -> BTreeMap<B256, Vec<u8>> {
    let leaf = |(key, word): (&B256, &B256)| (keccak256(key), alloy_rlp::encode(U256::from_be_bytes(word.0)));
    storage.iter().map(leaf).collect()
}

impl Chain {
    fn leaves(&self) -> BTreeMap<B256, Vec<u8>> {
        let leaf = |(address, (code, storage)): (&Address, &(Vec<u8>, Storage))| {
            let root = trie(&leaves_of(storage), None).0;
            (keccak256(address), alloy_rlp::encode(TrieAccount::new(1, U256::ZERO, root, keccak256(code))))
        };
        self.0.iter().map(leaf).collect()
    }

    fn prove(&self, address: Address, slots: &[B256]) -> AccountProof {
        let storage = leaves_of(&self.0[&address].1);
        let one = |&key: &B256| StorageProof { key, proof: trie(&storage, Some(keccak256(key))).1 };
        AccountProof {
            address,
            account_proof: trie(&self.leaves(), Some(keccak256(address))).1,
            storage_proof: slots.iter().map(one).collect(),
        }
    }
}

/// A task with two final rounds, a void one between them, and a slash; before it is proved.
#[derive(Clone)]
struct Script {
    rounds: Vec<(u16, Vec<u8>, Vec<Address>)>,
    initial: Vec<u8>,
    stored_finals: u16,
    phase: u8,
    provenance: Address,
    ended_as: VersionId,
}

fn points(n: u8) -> Vec<u8> {
    vec![n; 64]
}

fn who(n: u8) -> Address {
    Address::repeat_byte(0xa0 + n)
}

fn code() -> Vec<u8> {
    let terms = typed::Terms {
        version: FIRST.0,
        plan: B256::repeat_byte(3),
        updateKind: B256::ZERO,
        roundKind: B256::ZERO,
        bound: 1000,
        rule: typed::Rule { kind: 0, faults: 0, clip: false, mix: false, norm: 0, radius: 0, history: false },
        size: typed::Size { minimum: 2, maximum: 9, perRound: 9, rounds: 4, maximumVoid: 2, strikes: 2 },
        times: typed::Times { phases: [60; 11] },
        money: typed::Money {
            stake: 400,
            bond: 10,
            reward: REWARD,
            fee: 7,
            validatorFee: 0,
            validatorStake: 0,
        },
        validators: 0,
        aggregator: Address::ZERO,
        root: Address::ZERO,
        gate: Address::ZERO,
        privacy: 0,
    };
    let origin = typed::Origin {
        factory: FACTORY,
        sponsor: who(9),
        chunks: U256::ONE,
        chunkBits: U256::from(4),
        prefixHash: keccak256(PREFIX),
    };
    let clone = alloy_primitives::hex!("363d3d373d3d3d363d73");
    let tail = alloy_primitives::hex!("5af43d82803e903d91602b57fd5bf3");
    [&clone[..], RUNS.as_slice(), &tail, &typed::Code { terms, origin }.abi_encode()].concat()
}

fn log(event: &impl SolEvent) -> Log {
    let data = event.encode_log_data();
    Log { address: TASK, topics: data.topics().to_vec(), data: data.data.clone() }
}

fn difference(round: u16) -> B256 {
    keccak256([b"difference".as_slice(), &round.to_be_bytes()].concat())
}

impl Script {
    fn new() -> Self {
        Self {
            rounds: vec![(1, points(5), vec![who(1), who(2)]), (3, points(6), vec![who(1), who(3)])],
            initial: points(4),
            stored_finals: 2,
            phase: 12,
            provenance: TASK,
            ended_as: MADE,
        }
    }

    /// What the contract stores after these rounds.
    fn stored(&self) -> Storage {
        let mut head = B256::ZERO;
        for (round, after, accounts) in &self.rounds {
            let matrix = keccak256(round.to_be_bytes());
            let digest = outcome_digest(keccak256(after), difference(*round), matrix, accounts);
            head = history_after(head, *round, digest);
        }
        let mut standing = [0; 32];
        standing[31] = self.phase;
        standing[31 - 21 - 1..=31 - 21].copy_from_slice(&self.stored_finals.to_be_bytes());
        let model = self.rounds.last().map_or(self.initial.clone(), |(_, after, _)| after.clone());
        let words = [standing.into(), keccak256(model), head, self.ended_as.0];
        task_slots().into_iter().zip(words).collect()
    }

    fn logs(&self) -> Vec<Log> {
        let mut logs = Vec::new();
        for (round, after, accounts) in &self.rounds {
            let round = *round;
            if round == 3 {
                logs.push(log(&events::Voided { round: 2 }));
                let burned = U256::from(200);
                logs.push(log(&events::Slashed { round: 2, account: who(2), accuser: who(1), burned }));
            }
            for account in accounts {
                let word = B256::repeat_byte(0x77);
                logs.push(log(&events::UpdateRevealed {
                    round,
                    account: *account,
                    proofHash: word,
                    contentHash: word,
                    points: points(0x70).into(),
                    cumulative: B256::ZERO,
                }));
            }
            let half = U256::from(1_u64 << 15);
            logs.push(log(&events::Aggregated {
                round,
                aggregator: who(1),
                contentHash: B256::ZERO,
                points: after.clone().into(),
                accounts: accounts.clone(),
                weights: vec![half, half, U256::ZERO],
                matrix: round.to_be_bytes().to_vec().into(),
            }));
            logs.push(log(&events::Rated { round, qualities: vec![half, half / U256::from(2)] }));
            let payments = vec![U256::from(REWARD / 2), U256::from(REWARD / 4)];
            logs.push(log(&events::Settled { round, model: keccak256(after), payments }));
        }
        logs.push(log(&events::Finished { version: self.ended_as.0 }));
        logs
    }

    fn prove(&self) -> (RoundsEvidence, Header) {
        let [created, made] = factory_slots(TASK, MADE);
        let factory = BTreeMap::from([
            (IMPLEMENTATION_SLOT, FACTORY_CODE.into_word()),
            (created, B256::with_last_byte(1)),
            (made, self.provenance.into_word()),
            (FACTORY_SLOT, B256::with_last_byte(9)),
        ]);
        let chain = Chain(BTreeMap::from([
            (FACTORY, (b"proxy".to_vec(), factory)),
            (FACTORY_CODE, (b"factory".to_vec(), BTreeMap::new())),
            (TASK, (code(), self.stored())),
            (RUNS, (b"runs".to_vec(), BTreeMap::new())),
        ]));
        let root = trie(&chain.leaves(), None).0;
        let header = Header::decode(&header(root, TIME, false).0).unwrap();
        let told = self.logs().into_iter().zip(0..).map(|(log, index)| ToldEvidence {
            block: NUMBER - 100,
            timestamp: TIME - 1000,
            index,
            log,
        });
        let steps = StepsEvidence { block_hashes: None, blocks: Vec::new(), told: told.collect() };
        let evidence = RoundsEvidence {
            version: MADE,
            factory: chain.prove(FACTORY, &RoundsEvidence::factory_slots(TASK, MADE)),
            implementation: chain.prove(FACTORY_CODE, &[]),
            task: chain.prove(TASK, &RoundsEvidence::task_slots()),
            runs: chain.prove(RUNS, &[]),
            code: code().into(),
            prefix: PREFIX.to_vec().into(),
            points: self.initial.clone().into(),
            differences: self.rounds.iter().map(|(round, ..)| difference(*round)).collect(),
            steps,
            vectors: None,
            proofs: Vec::new(),
            adoption: None,
            token: None,
        };
        (evidence, header)
    }
}

fn content(points: &[u8], parents: &[VersionId]) -> VersionContent {
    VersionContent {
        manifest_digest: B256::ZERO,
        artifacts_root: B256::ZERO,
        weights_commitment: keccak256([PREFIX, points].concat()),
        plan_digest: B256::ZERO,
        parents: parents.to_vec(),
    }
}

/// Takes every round for right, but one whose matrix is this.
struct Computes(Option<u16>);

impl Mathematics for Computes {
    fn proof(&self, _: &Question<'_>, _: &ProofEvidence) -> Result<ProofStanding, String> {
        Ok(ProofStanding::Unchecked)
    }

    fn inputs(&self, _: &Question<'_>, _: &InputsEvidence) -> Result<Option<Vec<DisclosedInput>>, String> {
        Ok(None)
    }

    fn round(&self, question: &RoundQuestion<'_>) -> Result<RoundStanding, String> {
        assert_eq!(question.before.len(), question.after.len());
        match self.0 {
            Some(round) if question.matrix == round.to_be_bytes() => Err("other weights".to_owned()),
            _ => Ok(RoundStanding::Computed),
        }
    }
}

fn check_with(
    (evidence, header): &(RoundsEvidence, Header),
    made: &VersionContent,
    first: &VersionContent,
    policy: &TrustPolicy,
    computes: &Computes,
) -> Result<VerifiedRounds, RoundsFault> {
    let ancestor = |id: VersionId| (id == FIRST).then_some(first);
    let about = About { chain_id: 1, registrant: who(9), claim: None, content: made, ancestor: &ancestor };
    verify(evidence, &about, header, policy, computes)
}

fn check(given: &(RoundsEvidence, Header)) -> Result<VerifiedRounds, RoundsFault> {
    let (made, first) = (content(&points(6), &[FIRST]), content(&points(4), &[]));
    check_with(given, &made, &first, &TrustPolicy::default(), &Computes(None))
}

fn fault(change: impl FnOnce(&mut Script)) -> RoundsFault {
    let mut script = Script::new();
    change(&mut script);
    check(&script.prove()).unwrap_err()
}

fn forged(change: impl FnOnce(&mut RoundsEvidence)) -> RoundsFault {
    let (mut evidence, header) = Script::new().prove();
    change(&mut evidence);
    check(&(evidence, header)).unwrap_err()
}

#[test]
fn rounds_lead_from_one_version_to_the_other() {
    let found = check(&Script::new().prove()).unwrap();
    assert_eq!((found.task, found.version, found.terms.version), (TASK, MADE, FIRST));
    let numbers: Vec<u16> = found.rounds.iter().map(|round| round.number).collect();
    assert_eq!((numbers, found.voided.as_slice()), (vec![1, 3], [2].as_slice()));
    let [first, second] = found.rounds.as_slice() else { panic!() };
    assert_eq!(first.models, [keccak256(points(4)), keccak256(points(5))]);
    assert_eq!(second.models, [keccak256(points(5)), keccak256(points(6))]);
    assert!(found.computed() && first.updates.iter().all(|update| update.said.is_some()));
    assert_eq!(found.told, (found.told.1, found.told.1));
    let money = found.money();
    assert_eq!(money[&who(1)].earned, U256::from(REWARD));
    assert_eq!((money[&who(1)].fees, money[&who(1)].rounds), (U256::from(14), 2));
    assert_eq!((money[&who(2)].slashed, money[&who(3)].earned), (U256::from(400), U256::from(REWARD / 4)));
}

#[test]
fn a_round_that_was_changed_left_out_or_is_anothers_is_refused() {
    // Whoever made the file changes what the task said of a round.
    let resaid = |change: fn(&mut Script)| {
        let mut script = Script::new();
        change(&mut script);
        let logs = script.logs();
        forged(|evidence| {
            evidence.steps.told = evidence.steps.told.iter().take(logs.len()).cloned().collect();
            evidence.steps.told.iter_mut().zip(logs).for_each(|(told, log)| told.log = log);
        })
    };
    assert!(matches!(resaid(|script| script.rounds[0].1 = points(9)), RoundsFault::History { .. }));
    assert!(matches!(
        resaid(|script| script.rounds[0].2 = vec![who(1), who(4)]),
        RoundsFault::History { .. }
    ));
    assert!(matches!(resaid(|script| script.rounds[1].0 = 4), RoundsFault::History { .. }));
    let missing = |evidence: &mut RoundsEvidence| {
        let settled = events::Settled::SIGNATURE_HASH;
        let at = evidence.steps.told.iter().position(|told| told.log.topics[0] == settled).unwrap();
        evidence.steps.told.remove(at);
    };
    assert!(matches!(forged(missing), RoundsFault::Count { expected: 2, got: 1 }));
    let shorter = |evidence: &mut RoundsEvidence| {
        missing(evidence);
        evidence.differences.pop();
    };
    assert!(matches!(forged(shorter), RoundsFault::Count { expected: 2, got: 1 }));
    assert!(matches!(forged(|evidence| evidence.differences[0] = B256::ZERO), RoundsFault::History { .. }));
    assert!(matches!(
        forged(|evidence| evidence.steps.told[0].log.address = OTHER),
        RoundsFault::Foreign { got: OTHER, .. }
    ));
    assert!(matches!(
        forged(|evidence| evidence.steps.told[0].log.topics[0] = B256::ZERO),
        RoundsFault::Surplus { .. }
    ));
    let later = forged(|evidence| evidence.steps.told[0].block = NUMBER + 1);
    assert!(
        matches!(&later, RoundsFault::Proof(fault) if matches!(**fault, DecisionFault::Order { .. })),
        "{later}"
    );
    // What does not follow from the matrix.
    let (made, first) = (content(&points(6), &[FIRST]), content(&points(4), &[]));
    let wrong =
        check_with(&Script::new().prove(), &made, &first, &TrustPolicy::default(), &Computes(Some(3)));
    assert!(matches!(wrong, Err(RoundsFault::Mathematics { round: 3, .. })));
    // A payment that quality and scores do not come to.
    let paid = forged(|evidence| {
        let settled = events::Settled::SIGNATURE_HASH;
        let told = evidence.steps.told.iter_mut().find(|told| told.log.topics[0] == settled).unwrap();
        let payments = vec![U256::from(REWARD / 2 + 1), U256::from(REWARD / 4)];
        told.log = log(&events::Settled { round: 1, model: keccak256(points(5)), payments });
    });
    assert!(matches!(paid, RoundsFault::Round { round: 1, .. }));
}

#[test]
fn only_the_tasks_own_points_are_its_model() {
    let given = Script::new().prove();
    let (made, first) = (content(&points(6), &[FIRST]), content(&points(4), &[]));
    let check = |made: &VersionContent, first: &VersionContent| {
        check_with(&given, made, first, &TrustPolicy::default(), &Computes(None)).unwrap_err()
    };
    let other = check(&content(&points(7), &[FIRST]), &first);
    assert!(
        matches!(other, RoundsFault::Points { which: "new", .. }) && other.to_string().contains("adoption")
    );
    assert!(matches!(check(&made, &content(&points(8), &[])), RoundsFault::Points { which: "initial", .. }));
    assert!(matches!(check(&content(&points(6), &[]), &first), RoundsFault::NotAParent(FIRST)));
    assert!(matches!(
        forged(|evidence| evidence.points = points(8).into()),
        RoundsFault::Points { which: "initial", .. }
    ));
    assert!(matches!(forged(|evidence| evidence.prefix = Bytes::new()), RoundsFault::Prefix { .. }));
}

#[test]
fn another_task_or_factory_made_nothing() {
    assert!(matches!(
        fault(|script| script.provenance = OTHER),
        RoundsFault::Provenance { expected: OTHER, .. }
    ));
    assert!(matches!(fault(|script| script.provenance = Address::ZERO), RoundsFault::Provenance { .. }));
    assert!(matches!(fault(|script| script.ended_as = FIRST), RoundsFault::EndedAs { expected: FIRST, .. }));
    assert!(matches!(fault(|script| script.phase = 1), RoundsFault::Open));
    assert!(matches!(fault(|script| script.stored_finals = 3), RoundsFault::Count { expected: 3, got: 2 }));
    assert!(matches!(
        forged(|evidence| evidence.code = [evidence.code.as_ref(), &[0]].concat().into()),
        RoundsFault::CodeHash { .. }
    ));
    assert!(matches!(forged(|evidence| evidence.factory = evidence.task.clone()), RoundsFault::Proof(_)));
    assert!(matches!(
        forged(|evidence| evidence.runs = evidence.implementation.clone()),
        RoundsFault::Runs(_)
    ));
    let (made, first) = (content(&points(6), &[FIRST]), content(&points(4), &[]));
    let given = Script::new().prove();
    let pinned = |policy: TrustPolicy| check_with(&given, &made, &first, &policy, &Computes(None));
    let elsewhere = TrustPolicy { tasks: Some(OTHER), ..TrustPolicy::default() };
    assert!(matches!(pinned(elsewhere), Err(RoundsFault::Factory { expected: OTHER, got: FACTORY })));
    let codes = TrustPolicy { code_hashes: vec![keccak256(b"factory")], ..TrustPolicy::default() };
    assert!(matches!(pinned(codes), Err(RoundsFault::Code { .. })));
    let right = TrustPolicy {
        tasks: Some(FACTORY),
        code_hashes: vec![keccak256(b"factory"), keccak256(b"runs")],
        ..TrustPolicy::default()
    };
    assert!(pinned(right).unwrap().factory.pinned);
}

/// What a manifest says of the script's rounds.
fn claim() -> FederatedRounds {
    let script = Script::new();
    let rounds = script.rounds.iter().map(|(round, after, accounts)| {
        let matrix = keccak256(round.to_be_bytes());
        let outcome = outcome_digest(keccak256(after), difference(*round), matrix, accounts);
        FinalRound { round: *round, outcome }
    });
    FederatedRounds {
        chain_id: 1,
        task: TASK,
        initial: FIRST,
        rounds: rounds.collect(),
        points: keccak256(points(6)),
        adoption: None,
    }
}

fn claimed(
    (evidence, header): &(RoundsEvidence, Header),
    claim: &FederatedRounds,
    made: &VersionContent,
    mathematics: &dyn Mathematics,
) -> Result<VerifiedRounds, RoundsFault> {
    let first = content(&points(4), &[]);
    let ancestor = |id: VersionId| (id == FIRST).then_some(&first);
    let about =
        About { chain_id: 1, registrant: who(9), claim: Some(claim), content: made, ancestor: &ancestor };
    verify(evidence, &about, header, &TrustPolicy::default(), mathematics)
}

#[test]
fn a_manifest_claims_the_tasks_rounds_and_no_others() {
    let made = content(&points(6), &[FIRST]);
    let given = Script::new().prove();
    let found = claimed(&given, &claim(), &made, &Computes(None)).unwrap();
    assert!(found.claimed && found.concluded && found.adoption.is_none());
    // The sponsor need not have said so on the chain; without a claim nothing else names the task.
    for silent in [Address::ZERO, OTHER] {
        let mut script = Script::new();
        (script.provenance, script.ended_as) = (silent, FIRST);
        let given = script.prove();
        assert!(matches!(check(&given), Err(RoundsFault::Provenance { .. })));
        match claimed(&given, &claim(), &made, &Computes(None)) {
            Ok(found) => assert!(silent.is_zero() && !found.concluded),
            Err(fault) => assert!(!silent.is_zero() && matches!(fault, RoundsFault::Provenance { .. })),
        }
    }
    type Change = fn(&mut FederatedRounds);
    let changes: [(&str, Change); 7] = [
        ("the chain", |own| own.chain_id = 2),
        ("the task", |own| own.task = OTHER),
        ("the initial version", |own| own.initial = MADE),
        ("the rounds", |own| own.rounds[0].outcome = B256::ZERO),
        ("the rounds", |own| own.rounds[1].round = 2),
        ("the rounds", |own| own.rounds.truncate(1)),
        ("the points", |own| own.points = B256::ZERO),
    ];
    for (expected, change) in changes {
        let mut other = claim();
        change(&mut other);
        let fault = claimed(&given, &other, &made, &Computes(None)).unwrap_err();
        assert!(
            matches!(&fault, RoundsFault::Claim { what, .. } if *what == expected),
            "{expected}: {fault}"
        );
    }
    // Points that are not the task's.
    let fault = claimed(&given, &claim(), &content(&points(7), &[FIRST]), &Computes(None)).unwrap_err();
    assert!(matches!(fault, RoundsFault::Points { which: "new", .. }));
}

/// Says what it is told to of proofs and adoptions.
struct Judges(Result<(), String>);

impl Mathematics for Judges {
    fn proof(&self, _: &Question<'_>, _: &ProofEvidence) -> Result<ProofStanding, String> {
        Ok(ProofStanding::Unchecked)
    }

    fn inputs(&self, _: &Question<'_>, _: &InputsEvidence) -> Result<Option<Vec<DisclosedInput>>, String> {
        Ok(None)
    }

    fn round(&self, question: &RoundQuestion<'_>) -> Result<RoundStanding, String> {
        let Some(proof) = &question.proof else { return Ok(RoundStanding::Computed) };
        assert_eq!(proof.older.is_none(), question.round == 1);
        assert_eq!(proof.updates, [points(0x70), points(0x70)]);
        self.0.clone().map(|()| RoundStanding::Proved)
    }

    fn adoption(&self, question: &AdoptionQuestion<'_>) -> Result<ProofStanding, String> {
        assert_eq!((question.points, question.registrant), (points(6).as_slice(), who(9)));
        self.0.clone().map(|()| ProofStanding::Verified)
    }
}

fn bytes(text: &[u8]) -> Bytes {
    Bytes::copy_from_slice(text)
}

#[test]
fn proofs_of_rounds_are_for_all_of_them_and_for_what_was_revealed() {
    let made = content(&points(6), &[FIRST]);
    let proved = |change: &dyn Fn(&mut RoundsEvidence), verdict: Result<(), String>| {
        let (mut evidence, header) = Script::new().prove();
        evidence.vectors = Some(VectorsEvidence { plan: bytes(b"plan"), layout: bytes(b"layout") });
        let own = RoundProofEvidence {
            remainder: points(1).into(),
            cumulatives: Bytes::new(),
            proof: bytes(b"proof"),
        };
        evidence.proofs = vec![own.clone(), own];
        change(&mut evidence);
        claimed(&(evidence, header), &claim(), &made, &Judges(verdict))
    };
    let found = proved(&|_| {}, Ok(())).unwrap();
    assert_eq!(found.proved(), ProofStanding::Verified);
    let none = proved(&|own| own.proofs.clear(), Ok(())).unwrap();
    assert_eq!((none.proved(), none.computed()), (ProofStanding::Unchecked, true));
    let fault = proved(&|_| {}, Err("no sum".to_owned())).unwrap_err();
    assert!(matches!(fault, RoundsFault::Mathematics { round: 1, .. }));
    let one = proved(&|own| own.proofs.truncate(1), Ok(())).unwrap_err();
    assert!(matches!(one, RoundsFault::Proofs { rounds: 2, proofs: 1, vectors: true }));
    let nothing = proved(&|own| own.vectors = None, Ok(())).unwrap_err();
    assert!(matches!(nothing, RoundsFault::Proofs { vectors: false, .. }));
    let more = proved(&|own| own.proofs[0].cumulatives = points(2).into(), Ok(())).unwrap_err();
    assert!(matches!(more, RoundsFault::Round { round: 1, .. }));
    let hidden = |own: &mut RoundsEvidence| {
        let revealed = events::UpdateRevealed::SIGNATURE_HASH;
        let at = own.steps.told.iter().position(|told| told.log.topics[0] == revealed).unwrap();
        own.steps.told.remove(at);
    };
    assert!(matches!(proved(&hidden, Ok(())), Err(RoundsFault::Round { round: 1, .. })));
}

#[test]
fn an_adoption_is_the_one_that_the_manifest_names() {
    let file = bytes(b"adoption");
    let weights = bytes(b"other weights");
    let mut made = content(&points(6), &[FIRST]);
    made.weights_commitment = keccak256(&weights);
    let named = |digest: B256| {
        let adoption = Some(AdoptionRecord { up: 0, down: 4, digest });
        FederatedRounds { adoption, ..claim() }
    };
    let judged =
        |claim: &FederatedRounds, change: &dyn Fn(&mut RoundsEvidence), verdict: Result<(), String>| {
            let (mut evidence, header) = Script::new().prove();
            evidence.vectors = Some(VectorsEvidence { plan: bytes(b"plan"), layout: bytes(b"layout") });
            evidence.adoption = Some(AdoptionEvidence {
                file: file.clone(),
                plan: bytes(b"own plan"),
                weights: weights.clone(),
                certificate: bytes(b"certificate"),
            });
            change(&mut evidence);
            claimed(&(evidence, header), claim, &made, &Judges(verdict))
        };
    let right = named(keccak256(&file));
    let found = judged(&right, &|_| {}, Ok(())).unwrap();
    assert_eq!(found.adoption, right.adoption.map(|own| (own, ProofStanding::Verified)));
    assert_eq!(judged(&right, &|_| {}, Err("no".to_owned())), Err(RoundsFault::NotAdopted("no".to_owned())));
    let other = judged(&named(B256::ZERO), &|_| {}, Ok(()));
    assert!(matches!(other, Err(RoundsFault::AdoptionDigest { .. })));
    assert_eq!(judged(&claim(), &|_| {}, Ok(())), Err(RoundsFault::Adoption { named: false }));
    assert_eq!(
        judged(&right, &|own| own.adoption = None, Ok(())),
        Err(RoundsFault::Adoption { named: true })
    );
    let foreign = |own: &mut RoundsEvidence| {
        let own = own.adoption.as_mut().unwrap();
        own.weights = bytes(b"of another version");
    };
    assert!(matches!(judged(&right, &foreign, Ok(())), Err(RoundsFault::Points { which: "new", .. })));
    let blind = judged(&right, &|own| own.vectors = None, Ok(()));
    assert!(matches!(blind, Err(RoundsFault::Proofs { vectors: false, .. })));
}

#[test]
fn amounts_are_written_in_tokens_where_somebody_told_their_digits() {
    let mut found = check(&Script::new().prove()).unwrap();
    let amounts = |found: &VerifiedRounds| {
        [0_u64, 5, 1_500_000, 1_234_567_000_000]
            .map(|units| found.amount(U256::from(units)).replace('\u{202f}', " "))
    };
    assert_eq!(amounts(&found), ["0 units", "5 units", "1 500 000 units", "1 234 567 000 000 units"]);
    found.token = Some(TokenTold { symbol: "US\u{202e}D".to_owned(), decimals: 6 });
    assert_eq!(amounts(&found), ["0 USD", "0.000005 USD", "1.5 USD", "1 234 567 USD"]);
    found.token = Some(TokenTold { symbol: "X".to_owned(), decimals: 0 });
    assert_eq!(amounts(&found)[2], "1 500 000 X");
}
