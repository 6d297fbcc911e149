//! The machine without a chain: committees, liars, silence, time, and the same events again.

use super::*;
use crate::signing::ShortSignature;
use proptest::prelude::*;

const ME: u32 = 3;
const VERSION: B256 = B256::repeat_byte(9);
const ID: B256 = B256::repeat_byte(1);
const ACCOUNT: Address = Address::repeat_byte(0x33);

fn settings() -> Settings {
    Settings {
        operator: ME,
        account: ACCOUNT,
        versions: BTreeSet::from([VERSION]),
        challenges: true,
        earns: Default::default(),
        agrees: false,
        settling: 0,
        margin: 10,
        stagger: 5,
    }
}

fn asked(mode: Mode) -> Event {
    let asked = Asked {
        id: ID,
        requester: Address::repeat_byte(0x44),
        version: VERSION,
        offer: B256::repeat_byte(8),
        inputs: B256::repeat_byte(7),
        items: 1,
        mode,
        deadline: 1_000,
        fee: 10,
        bond: 100,
        public_inputs: Vec::new(),
        body: Bytes::from_static(b"request"),
    };
    Event::Requested { asked: Box::new(asked), time: 100 }
}

fn drawn(members: &[u32]) -> Event {
    let committee = Committee {
        threshold: 1 + members.len() as u8 / 2,
        tolerance: 0,
        since: 104,
        signers: members.iter().map(|member| Address::repeat_byte(*member as u8)).collect(),
        commit_until: 200,
        reveal_until: 300,
        members: members.to_vec(),
        body: Bytes::from_static(b"committee"),
    };
    Event::Drawn { id: ID, committee: Box::new(committee) }
}

fn committed(operator: u32) -> Event {
    Event::Committed { id: ID, operator }
}

fn revealed(operator: u32, outputs: &[i64]) -> Event {
    Event::Revealed { id: ID, operator, outputs: outputs.to_vec() }
}

fn decided(outputs: &[i64]) -> Event {
    Event::Decided { id: ID, outputs: outputs.to_vec() }
}

fn at(time: u64) -> Event {
    Event::Settled { time }
}

fn after(events: impl IntoIterator<Item = Event>) -> Machine {
    let mut machine = Machine::new(settings());
    events.into_iter().for_each(|event| machine.apply(event));
    machine
}

#[test]
fn a_seat_is_computed_committed_revealed_and_closed() {
    let mut machine = after([asked(Mode::Quorum), drawn(&[1, 2, ME, 4, 5]), at(110)]);
    assert_eq!(machine.wanted(), [Action::Compute { id: ID }]);
    machine.apply(decided(&[7]));
    let commit = Action::Commit { id: ID, seat: 2, outputs: vec![7] };
    assert_eq!(machine.wanted(), std::slice::from_ref(&commit));
    // Sent is not settled: it stays wanted.
    machine.apply(at(150));
    assert_eq!(machine.wanted(), [commit]);
    machine.apply(committed(ME));
    assert_eq!(machine.wanted(), []);
    // Not in the last second of commitments.
    machine.apply(at(200));
    assert_eq!(machine.wanted(), []);
    machine.apply(at(201));
    assert_eq!(machine.wanted(), [Action::Reveal { id: ID, seat: 2, outputs: vec![7] }]);
    machine.apply(revealed(ME, &[7]));
    assert_eq!(machine.wanted(), []);
    for operator in [1, 2, 4] {
        machine.apply(revealed(operator, &[7]));
    }
    machine.apply(at(301));
    // (3 + 1) mod 5 others go first.
    assert_eq!(machine.wanted(), []);
    machine.apply(at(300 + 4 * 5 + 1));
    let heard = vec![vec![7], vec![7], vec![7], vec![7], vec![]];
    assert_eq!(machine.wanted(), [Action::Close { id: ID, heard }]);
    machine.apply(Event::Ended { id: ID });
    assert_eq!(machine.wanted(), []);
    machine.apply(Event::Closed { id: ID });
    assert_eq!((machine.open(), machine.seats(), machine.missed()), (0, 0, 0));
}

#[test]
fn everybody_heard_is_closed_before_the_time_is_over() {
    let mut machine = after([asked(Mode::Quorum), drawn(&[ME, 4]), at(110), decided(&[7]), committed(ME)]);
    machine.apply(revealed(ME, &[7]));
    machine.apply(revealed(4, &[8]));
    machine.apply(at(250));
    let heard = vec![vec![7], vec![8]];
    assert_eq!(machine.wanted(), [Action::Close { id: ID, heard }]);
}

#[test]
fn nothing_is_revealed_before_commitments_are_over_or_after_reveals_are() {
    let events = [asked(Mode::Quorum), drawn(&[ME, 4]), decided(&[7]), committed(ME)];
    for time in 0..=200 {
        assert!(after(events.clone().into_iter().chain([at(time)])).wanted().is_empty());
    }
    let late = after(events.into_iter().chain([at(301)]));
    assert!(late.wanted().iter().all(|action| action.name() == "close"));
    assert_eq!(late.missed(), 1);
}

#[test]
fn who_has_no_answer_says_so_in_time() {
    let mut machine = after([asked(Mode::Quorum), drawn(&[ME]), at(189)]);
    assert_eq!(machine.wanted(), [Action::Compute { id: ID }]);
    machine.apply(at(190));
    assert_eq!(machine.wanted(), [Action::GiveUp { id: ID }]);
    machine.apply(decided(&[]));
    assert_eq!(machine.wanted(), [Action::Commit { id: ID, seat: 0, outputs: vec![] }]);
    // It is too late to find an answer now.
    machine.apply(decided(&[7]));
    assert_eq!(machine.wanted(), [Action::Commit { id: ID, seat: 0, outputs: vec![] }]);
}

#[test]
fn a_lost_journal_is_made_good_by_computing_again() {
    let machine = after([asked(Mode::Quorum), drawn(&[ME, 4]), committed(ME), at(250)]);
    assert_eq!(machine.wanted(), [Action::Compute { id: ID }]);
}

#[test]
fn who_was_away_has_missed_once_and_does_nothing() {
    let mut machine = after([asked(Mode::Quorum), drawn(&[ME, 4]), at(250), at(260)]);
    assert_eq!((machine.wanted(), machine.missed()), (vec![], 1));
    machine.apply(at(400));
    assert_eq!((machine.wanted()[0].name(), machine.missed()), ("close", 1));
}

#[test]
fn draws_are_staggered_and_end_with_the_deadline() {
    let mut machine = after([asked(Mode::Quorum), at(100)]);
    // (3 + 1) mod 4 others go first.
    assert_eq!(machine.wanted(), [Action::Draw { id: ID }]);
    machine.apply(at(1_001));
    assert_eq!(machine.wanted(), []);
    machine.apply(drawn(&[1, 2]));
    assert_eq!((machine.wanted(), machine.seats()), (vec![], 0));
}

#[test]
fn wrong_answers_are_challenged_and_right_ones_left_alone() {
    let answer = |answerer, outputs: &[i64]| Event::Answered {
        id: ID,
        answerer,
        until: 200,
        outputs: outputs.to_vec(),
    };
    let other = Address::repeat_byte(0x55);
    let begun = [asked(Mode::Optimistic), answer(other, &[8]), at(150)];
    let mut machine = after(begun.clone());
    assert_eq!(machine.wanted(), [Action::Compute { id: ID }]);
    machine.apply(decided(&[7]));
    let challenge = Action::Challenge { id: ID, answerer: other, outputs: vec![8] };
    assert_eq!(machine.wanted(), [challenge]);

    // The same answer, or none of our own: nobody is accused.
    for own in [&[8][..], &[]] {
        assert_eq!(after(begun.clone().into_iter().chain([decided(own)])).wanted(), []);
    }
    // Neither after the window nor of our own answers.
    assert_eq!(after(begun.into_iter().chain([decided(&[7]), at(201)])).wanted(), []);
    assert_eq!(after([asked(Mode::Optimistic), answer(ACCOUNT, &[8]), at(150)]).wanted(), []);

    machine.apply(Event::Challenged { id: ID, challenger: ACCOUNT, until: 300 });
    assert_eq!(machine.wanted(), []);
    machine.apply(at(301));
    assert_eq!(machine.wanted(), [Action::Forfeit { id: ID, answerer: other, outputs: vec![8] }]);
    machine.apply(Event::Reopened { id: ID });
    assert_eq!(machine.wanted(), []);
    // The next liar.
    machine.apply(Event::Answered { id: ID, answerer: other, until: 500, outputs: vec![9] });
    let challenge = Action::Challenge { id: ID, answerer: other, outputs: vec![9] };
    assert_eq!(machine.wanted(), [challenge]);
}

#[test]
fn what_is_not_ours_is_passed_over() {
    let foreign = Event::Requested {
        asked: Box::new(Asked {
            id: ID,
            requester: ACCOUNT,
            version: B256::repeat_byte(0xee),
            offer: B256::ZERO,
            inputs: B256::ZERO,
            items: 1,
            mode: Mode::Quorum,
            deadline: 1_000,
            fee: 10,
            bond: 100,
            public_inputs: Vec::new(),
            body: Bytes::new(),
        }),
        time: 100,
    };
    let machine = after([foreign, drawn(&[ME]), committed(ME), revealed(ME, &[1]), decided(&[1]), at(500)]);
    assert_eq!((machine.open(), machine.wanted()), (0, vec![]));
    let unknown = after([drawn(&[ME]), Event::Closed { id: ID }, Event::Reopened { id: ID }]);
    assert_eq!((unknown.open(), unknown.wanted()), (0, vec![]));
}

fn any_event() -> impl Strategy<Value = Event> {
    let outputs = || prop::collection::vec(0_i64..3, 0..2);
    prop_oneof![
        Just(asked(Mode::Quorum)),
        Just(asked(Mode::Optimistic)),
        Just(drawn(&[1, ME, 5])),
        (0_u32..6).prop_map(committed),
        (0_u32..6, outputs()).prop_map(|(operator, outputs)| revealed(operator, &outputs)),
        outputs().prop_map(|outputs| decided(&outputs)),
        (0_u64..400).prop_map(at),
        (outputs(), 100_u64..300).prop_map(|(outputs, until)| Event::Answered {
            id: ID,
            answerer: Address::repeat_byte(0x55),
            until,
            outputs
        }),
        (100_u64..300).prop_map(|until| Event::Challenged { id: ID, challenger: ACCOUNT, until }),
        Just(Event::Reopened { id: ID }),
        Just(Event::Ended { id: ID }),
        Just(Event::Closed { id: ID }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever comes in whatever order: one request is answered in one way only, from the first decision until it closes,
    /// and nothing is revealed that was not committed before.
    #[test]
    fn nothing_is_said_in_two_ways(events in prop::collection::vec(any_event(), 0..40)) {
        let mut machine = Machine::new(settings());
        let mut said: Option<Vec<i64>> = None;
        let mut on_chain = false;
        for event in events {
            match &event {
                Event::Closed { .. } => (said, on_chain) = (None, false),
                Event::Drawn { .. } => on_chain = false,
                Event::Committed { operator: ME, .. } => on_chain = true,
                _ => {}
            }
            machine.apply(event);
            for action in machine.wanted() {
                match action {
                    Action::Commit { outputs, .. } => {
                        prop_assert!(machine.time() <= 200);
                        prop_assert_eq!(said.get_or_insert(outputs.clone()), &outputs);
                    }
                    Action::Reveal { outputs, .. } => {
                        prop_assert!(on_chain && machine.time() > 200 && machine.time() <= 300);
                        prop_assert_eq!(said.get_or_insert(outputs.clone()), &outputs);
                    }
                    _ => {}
                }
            }
        }
    }

    /// A crash between any two events changes nothing: the journal is read again, and what the chain says after it.
    #[test]
    fn the_same_events_want_the_same(events in prop::collection::vec(any_event(), 0..40), cut in 0_usize..40) {
        let whole = after(events.clone());
        let cut = cut.min(events.len());
        let mut again = after(events[..cut].to_vec());
        let written: Vec<Event> = events[cut..]
            .iter()
            .map(|event| serde_json::from_slice(&serde_json::to_vec(event).unwrap()).unwrap())
            .collect();
        written.into_iter().for_each(|event| again.apply(event));
        prop_assert_eq!(whole.wanted(), again.wanted());
    }
}

#[test]
fn operators_take_turns() {
    let machine = after([asked(Mode::Quorum)]);
    let turns: BTreeSet<u64> = (1..=4)
        .map(|operator| {
            let open = machine.open.get(&ID).unwrap();
            open.turn(&Settings { operator, ..settings() }, 4)
        })
        .collect();
    assert_eq!(turns, BTreeSet::from([0, 5, 10, 15]));
}

#[test]
fn what_the_chain_is_too_slow_for_is_not_served() {
    let offered = |commit, reveal, proof| Event::Offered {
        offer: B256::repeat_byte(8),
        windows: Windows { commit, reveal, proof },
        body: Bytes::new(),
    };
    let earns = Earning { most_bond: 1_000, least_fee: 0, proves: false };
    let slow = Settings { settling: 50, earns, ..settings() };
    let with = |settings: Settings, offer: Event, mode| {
        let mut machine = Machine::new(settings);
        [offer, asked(mode), at(150)].into_iter().for_each(|event| machine.apply(event));
        machine
    };
    let draw = [Action::Draw { id: ID }];
    // Settling and the margin of 10 seconds; twice that where the others are given half of the time.
    assert_eq!(with(slow.clone(), offered(60, 60, 0), Mode::Quorum).wanted(), draw);
    let agrees = Settings { agrees: true, ..slow.clone() };
    assert_eq!(with(agrees.clone(), offered(120, 60, 0), Mode::Quorum).wanted(), draw);
    for (settings, offer, window, needed, got) in [
        (&slow, offered(59, 60, 0), "commitments", 60, 59),
        (&slow, offered(60, 59, 0), "reveals", 60, 59),
        (&agrees, offered(119, 60, 0), "commitments", 120, 119),
    ] {
        let machine = with(settings.clone(), offer, Mode::Quorum);
        assert_eq!(machine.wanted(), []);
        assert_eq!(machine.refused().collect::<Vec<_>>(), [(ID, TooShort { window, needed, got })]);
    }
    // Who is drawn all the same does what it can.
    let mut machine = with(slow.clone(), offered(59, 59, 0), Mode::Quorum);
    machine.apply(drawn(&[ME, 4]));
    assert_eq!(machine.wanted(), [Action::Compute { id: ID }]);

    for (proof, staked) in [(60, true), (59, false)] {
        let mut machine = with(slow.clone(), offered(0, 0, proof), Mode::Optimistic);
        machine.apply(decided(&[7]));
        let stake = staked.then_some(Action::Stake { id: ID });
        assert_eq!(machine.wanted(), Vec::from_iter(stake));
    }
}

#[test]
fn who_signed_two_answers_is_accused_until_it_is_charged() {
    let signature = ShortSignature { r: B256::ZERO, vs: B256::ZERO };
    let said = |output| {
        let certificate = Certificate { round: 0, commits: vec![B256::ZERO; 3], signatures: Vec::new() };
        let voice = Voice { certificate, outputs: vec![output], salt: B256::ZERO, signature };
        let promise = Promise { digest: B256::ZERO, signature };
        let words = Words { promise, list: None, voice: Some(voice) };
        Event::Heard { id: ID, seat: 2, words: Box::new(words) }
    };
    let settings = Settings { agrees: true, ..settings() };
    let begun =
        [asked(Mode::Quorum), drawn(&[1, ME, 5]), at(110), said(7), said(8), Event::Closed { id: ID }];
    let mut machine = Machine::new(settings);
    begun.into_iter().for_each(|event| machine.apply(event));
    // Also when the request is over; not for ever.
    let names = |machine: &Machine| machine.wanted().iter().map(Action::name).collect::<Vec<_>>();
    assert_eq!((machine.open(), names(&machine)), (0, vec!["accuse"]));
    let mut later = machine.clone();
    later.apply(at(110 + ACCUSED_FOR + 1));
    assert_eq!(later.wanted(), []);
    machine.apply(Event::Charged { id: ID, operator: 1 });
    assert_eq!(names(&machine), ["accuse"]);
    machine.apply(Event::Charged { id: ID, operator: 5 });
    assert_eq!(machine.wanted(), []);
}
