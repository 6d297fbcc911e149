//! Selectors and topics against the artifacts; digests, the draw and the book by themselves. What the chain says of it all is asked
//! where services run.

use super::{
    book::shuffled,
    steps::{create_signature, created_signature},
    *,
};
use crate::contracts::{
    FederatedTask::{FederatedTaskCalls, FederatedTaskErrors, FederatedTaskEvents},
    FederatedTasks::{FederatedTasksCalls, FederatedTasksErrors},
    federated::{TASK, TASKS},
};
use alloy::{json_abi::JsonAbi, sol_types::SolInterface};
use std::collections::BTreeSet;

fn abi(artifact: &str) -> JsonAbi {
    let artifact: serde_json::Value = serde_json::from_str(artifact).unwrap();
    serde_json::from_value(artifact["abi"].clone()).unwrap()
}

/// The interfaces are written out: each of their functions, events and errors is the contracts'.
#[test]
fn what_is_written_out_is_what_the_contracts_have() {
    let (task, tasks) = (abi(TASK), abi(TASKS));
    let selectors = |abi: &JsonAbi| abi.functions().map(|f| f.selector().0).collect::<BTreeSet<_>>();
    let errors = |abi: &JsonAbi| abi.errors().map(|e| e.selector().0).collect::<BTreeSet<_>>();
    let topics = |abi: &JsonAbi| abi.events().map(|e| e.selector()).collect::<BTreeSet<_>>();
    let has = selectors(&task);
    assert!(FederatedTaskCalls::selectors().all(|selector| has.contains(&selector)));
    let has = errors(&task);
    // Parts have errors that the whole does not name.
    let known = FederatedTaskErrors::selectors().filter(|selector| has.contains(selector)).count();
    assert!(known > 10 && FederatedTaskErrors::selectors().count() >= known);
    // What answers post is asked for by itself.
    let posted = FederatedTaskEvents::SELECTORS.iter();
    let events: BTreeSet<_> = Event::TOPICS.iter().chain(posted).copied().map(B256::from).collect();
    assert_eq!(topics(&task), events, "the decoders have each event of a task and no other");
    let has = selectors(&tasks);
    for selector in FederatedTasksCalls::selectors() {
        assert!(has.contains(&selector), "{}", hex_of(&selector));
    }
    assert!(FederatedTasksErrors::selectors().count() > 5);
    let create = keccak256(create_signature().replace(' ', ""));
    assert!(has.contains(&create[..4]) && !create_signature().contains(' '));
    assert!(topics(&tasks).contains(&keccak256(created_signature())));
}

fn hex_of(bytes: &[u8]) -> String {
    averment_primitives::hex::encode(bytes)
}

#[test]
fn a_draw_is_a_permutation() {
    for (seed, count) in [(1, 1), (2, 2), (3, 7), (4, 64), (5, 1_000)] {
        let seed = B256::repeat_byte(seed);
        let all: BTreeSet<u64> = (0..count).map(|place| shuffled(seed, place, count)).collect();
        assert_eq!(all, (0..count).collect());
    }
    let [one, other] = [1, 2].map(|seed| {
        let seed = B256::repeat_byte(seed);
        (0..64).map(|place| shuffled(seed, place, 64)).collect::<Vec<_>>()
    });
    assert_ne!(one, other);
}

/// Terms of a task for four members of whom three are drawn.
pub(super) fn terms() -> Terms {
    Terms {
        version: B256::repeat_byte(1),
        plan: B256::repeat_byte(2),
        updateKind: B256::repeat_byte(3),
        roundKind: B256::repeat_byte(4),
        bound: 1_000,
        rule: TaskRule { kind: 0, faults: 0, clip: false, mix: false, norm: 0, radius: 0, history: true },
        size: TaskSize { minimum: 2, maximum: 9, perRound: 3, rounds: 5, maximumVoid: 2, strikes: 2 },
        times: TaskTimes {
            idle: 100,
            select: 100,
            commit: 100,
            reveal: 100,
            check: 100,
            answer: 100,
            aggregate: 100,
            takeover: 100,
            score: 100,
            disclose: 100,
            settle: 100,
        },
        money: TaskMoney { stake: 100, bond: 10, reward: 50, fee: 5, validatorFee: 1, validatorStake: 9 },
        validators: 0,
        aggregator: Address::repeat_byte(9),
        root: Address::ZERO,
        gate: Address::ZERO,
        privacy: 0,
    }
}

fn who(at: u8) -> Address {
    Address::repeat_byte(at)
}

fn phase(round: u16, phase: Phase, until: u64) -> Event {
    Event::Phase { round, phase, until }
}

#[test]
fn the_book_follows_members_phases_and_strikes() {
    let mut book = Book::new(terms());
    let told = |book: &mut Book, event: Event| book.apply(&event).unwrap();
    told(&mut book, phase(0, Phase::Idle, 100));
    for at in 1..=4 {
        told(&mut book, Event::Joined { account: who(at), index: u16::from(at) });
    }
    // Who goes leaves the place to the last one.
    told(&mut book, Event::Left { account: who(1) });
    assert_eq!(book.list, [who(4), who(2), who(3)]);
    told(&mut book, Event::Joined { account: who(1), index: 4 });
    told(&mut book, Event::Opened { round: 1, members: 4, randomness: 7 });
    told(&mut book, phase(1, Phase::Select, 200));
    assert!(!book.is_selected(who(2)));
    let seed = B256::repeat_byte(8);
    told(&mut book, Event::Drawn { round: 1, seed });
    told(&mut book, phase(1, Phase::Commit, 300));
    let drawn: Vec<_> = (1..=4).filter(|at| book.is_selected(who(*at))).collect();
    assert_eq!(drawn.len(), 3);
    // One who joins now takes part later.
    told(&mut book, Event::Joined { account: who(5), index: 5 });
    assert!(!book.is_selected(who(5)) && !book.may_take_over(who(5)));
    assert_eq!(book.phase_at(300), Phase::Commit);
    assert_eq!(book.phase_at(301), Phase::Reveal);
    let word = B256::repeat_byte(6);
    for at in &drawn {
        told(&mut book, Event::Committed { round: 1, account: who(*at), digest: word });
    }
    told(&mut book, phase(1, Phase::Reveal, 400));
    assert!(book.is_too_small());
    assert_eq!(book.phase_at(401), Phase::Reveal);
    for at in &drawn {
        let points = Bytes::from(vec![*at; 64]);
        let event = Event::Revealed {
            round: 1,
            account: who(*at),
            proof: word,
            content: word,
            points,
            cumulative: word,
        };
        told(&mut book, event);
    }
    assert_eq!((book.is_too_small(), book.phase_at(401)), (false, Phase::Check));
    told(&mut book, phase(1, Phase::Check, 500));
    let first = who(drawn[0]);
    let challenged =
        Event::Challenged { round: 1, account: first, contested: Contested::Update, challenger: who(9) };
    told(&mut book, challenged);
    assert_eq!(book.phase_at(501), Phase::Answer);
    told(&mut book, Event::Lapsed { round: 1, account: first, contested: Contested::Update });
    told(&mut book, Event::Excluded { round: 1, account: first });
    told(&mut book, Event::Struck { round: 1, account: first, strikes: 1 });
    assert!(!book.cumulative.contains_key(&first));
    assert_eq!(book.phase_at(501), Phase::Aggregate);
    told(&mut book, phase(1, Phase::Aggregate, 600));
    // The named aggregator's strike is its own, not a member's.
    told(&mut book, Event::Struck { round: 1, account: who(9), strikes: 1 });
    told(&mut book, phase(1, Phase::Takeover, 700));
    assert_eq!(book.aggregator_strikes, 1);
    assert!(!book.members.contains_key(&who(9)));
    told(&mut book, Event::Voided { round: 1 });
    told(&mut book, phase(1, Phase::Idle, 800));
    assert_eq!((book.voids, book.running()), (1, None));
    // As many strikes as put a member out.
    told(&mut book, Event::Struck { round: 1, account: first, strikes: 2 });
    assert!(book.members[&first].out && !book.list.contains(&first));
    // What cannot be is refused.
    assert!(book.apply(&Event::Drawn { round: 2, seed }).is_err());
    assert!(book.apply(&Event::Opened { round: 2, members: 9, randomness: 0 }).is_err());
}

#[test]
fn commits_are_of_one_task_round_and_account() {
    let id = TaskId { chain_id: 31337, task: who(1) };
    let word = B256::repeat_byte(6);
    let what = Commitment { points: word, proof: word, content: word, salt: word };
    let all = BTreeSet::from([
        id.commit(1, who(2), &what),
        id.commit(2, who(2), &what),
        id.commit(1, who(3), &what),
        TaskId { chain_id: 1, ..id }.commit(1, who(2), &what),
        TaskId { task: who(4), ..id }.commit(1, who(2), &what),
        id.commit(1, who(2), &Commitment { salt: B256::ZERO, ..what }),
        id.commit_digest(1, word),
        id.commit_digest(2, word),
        TaskId { task: who(4), ..id }.commit_digest(1, word),
    ]);
    assert_eq!(all.len(), 9);
}

#[test]
fn the_code_of_a_task_has_one_form() {
    let code = TaskCode {
        implementation: who(1),
        terms: terms(),
        factory: who(2),
        sponsor: who(3),
        chunks: 2,
        chunk_bits: 16,
        prefix_hash: B256::repeat_byte(4),
    };
    let bytes = code.encode();
    assert_eq!(TaskCode::decode(&bytes), Ok(code));
    assert!(bytes.len() < 24_576 && TaskCode::decode(&bytes[..bytes.len() - 1]).is_err());
    for (place, byte) in [(0, 0x37), (44, 0), (45 + 4 * 32, 1), (bytes.len() - 33, 29)] {
        let mut other = bytes.clone();
        other[place] = byte;
        assert!(TaskCode::decode(&other).is_err(), "byte {place}");
    }
}
