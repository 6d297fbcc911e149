//! Members without a network: who leads, who is away, who lies; and words that come in any order, or not at all.

use super::*;
use crate::signing::list_digest;
use alloy_primitives::{Address, Bytes};
use proptest::prelude::*;

/// Its last byte is zero: the first seat leads first.
const ID: B256 = B256::ZERO;
const SEATS: u8 = 5;

fn committee() -> Committee {
    Committee {
        threshold: 3,
        tolerance: 0,
        since: 100,
        commit_until: 340,
        reveal_until: 500,
        members: (0..u32::from(SEATS)).collect(),
        signers: vec![Address::ZERO; usize::from(SEATS)],
        body: Bytes::new(),
    }
}

/// Signatures are checked elsewhere; here they are just there.
fn signature() -> ShortSignature {
    ShortSignature { r: B256::ZERO, vs: B256::ZERO }
}

fn promise(seat: u8) -> Promise {
    Promise { digest: B256::repeat_byte(seat + 1), signature: signature() }
}

/// Signs what is wanted, until nothing is; gives what was spoken for.
fn act(one: &mut Agreement, seat: u8, says: i64, now: u64) -> Option<Certificate> {
    let mut spoken = None;
    while let Some(step) = one.next(&ID, &committee(), seat, now) {
        match step {
            Step::Promise => one.promised(seat, promise(seat)),
            Step::List { round, promises } => {
                let leads = leader(&ID, round, usize::from(SEATS)) == Some(seat);
                let commits = list_digest(&commits_of(&promises));
                let shown = leads.then(|| promises.clone());
                let list = SignedList { round, commits, promises: shown, signature: signature() };
                one.listed(seat, list, promises);
            }
            Step::Speak(certificate) => {
                let voice = Voice {
                    certificate: certificate.clone(),
                    outputs: vec![says],
                    salt: B256::ZERO,
                    signature: signature(),
                };
                assert!(spoken.replace(certificate).is_none());
                one.spoken(seat, voice);
            }
        }
    }
    spoken
}

/// Everybody in `here` hears everybody else in it once.
fn exchange(all: &mut [Agreement], here: &[u8]) {
    for from in here {
        let Some(words) = all[usize::from(*from)].words(*from) else { continue };
        for to in here.iter().filter(|to| *to != from) {
            all[usize::from(*to)].hear(&committee(), *from, words.clone());
        }
    }
}

fn members() -> Vec<Agreement> {
    vec![Agreement::default(); usize::from(SEATS)]
}

/// Lets those who are here work from the draw to the half, and gives who spoke, when all of them agreed.
fn work(all: &mut [Agreement], here: &[u8]) -> Option<u64> {
    for now in (100..220).step_by(4) {
        for _ in 0..3 {
            for seat in here {
                act(&mut all[usize::from(*seat)], *seat, 7, now);
            }
            exchange(all, here);
        }
        if here.iter().all(|seat| all[usize::from(*seat)].agreed(&committee()).is_some()) {
            return Some(now);
        }
    }
    None
}

#[test]
fn with_everybody_there_it_takes_four_messages() {
    let mut all = members();
    for now in [100, 101, 102, 103] {
        (0..SEATS).for_each(|seat| drop(act(&mut all[usize::from(seat)], seat, 7, now)));
        assert!(all[1].voices.len() <= 1);
        exchange(&mut all, &[0, 1, 2, 3, 4]);
    }
    for (seat, one) in (0..).zip(&all) {
        let agreed = one.agreed(&committee()).unwrap();
        assert!(agreed.all && agreed.voices.len() == 5 && one.is_complete(&committee()), "{seat}");
    }
}

#[test]
fn who_is_away_costs_its_voice_and_the_rounds_it_leads() {
    // The third and fifth are away: the first leads, and waits a third of its round for them.
    let mut all = members();
    assert_eq!(work(&mut all, &[0, 1, 3]), Some(116));
    // The first two are away: the third leads the third round, and waits for them a third of it.
    let mut all = members();
    assert_eq!(work(&mut all, &[2, 3, 4]), Some(180 + 16));
    // Too few.
    assert_eq!(work(&mut members(), &[0, 1]), None);
}

#[test]
fn nothing_is_signed_when_the_half_is_over_or_without_enough() {
    let mut all = members();
    for now in [99, 220, 300] {
        assert_eq!(all[0].next(&ID, &committee(), 0, now), None);
    }
    (0..SEATS).for_each(|seat| drop(act(&mut all[usize::from(seat)], seat, 7, 100)));
    // Two of five promises, whatever the time.
    exchange(&mut all, &[0, 1]);
    assert_eq!(all[0].next(&ID, &committee(), 0, 139), None);
    // Certificates are not begun late in a round.
    let mut late = members();
    (0..SEATS).for_each(|seat| drop(act(&mut late[usize::from(seat)], seat, 7, 100)));
    for now in [131, 132] {
        exchange(&mut late, &[0, 1, 2, 3, 4]);
        (0..SEATS).for_each(|seat| drop(act(&mut late[usize::from(seat)], seat, 7, now)));
    }
    assert!(late.iter().all(|one| one.voices.is_empty()));
    assert!(late.iter().all(|one| one.own.is_some()));
}

#[test]
fn a_list_that_leaves_out_or_changes_our_promise_is_not_signed() {
    for other in [None, Some(promise(4))] {
        let mut all = members();
        (0..SEATS).for_each(|seat| drop(act(&mut all[usize::from(seat)], seat, 7, 100)));
        let mut promises: Vec<_> = (0..SEATS).map(|seat| Some(promise(seat))).collect();
        promises[1] = other;
        let commits = list_digest(&commits_of(&promises));
        let list = SignedList { round: 0, commits, promises: Some(promises), signature: signature() };
        let words = Words { promise: promise(0), list: Some(list), voice: None };
        all[1].hear(&committee(), 0, words.clone());
        assert_eq!(act(&mut all[1], 1, 7, 104), None);
        assert!(all[1].own.is_none());
        all[2].hear(&committee(), 0, words);
        act(&mut all[2], 2, 7, 104);
        assert!(all[2].own.is_some());
    }
}

#[test]
fn whoever_saw_a_certificate_signs_no_other_list() {
    let mut all = members();
    let here = [0, 1, 2];
    for now in [100, 116, 120, 124] {
        here.iter().for_each(|seat| drop(act(&mut all[usize::from(*seat)], *seat, 7, now)));
        exchange(&mut all, &here);
    }
    let words = all[0].words(0).unwrap();
    assert!(words.voice.is_some());
    // The second leads the next round; the fourth was away, and would sign its list.
    act(&mut all[3], 3, 7, 140);
    let mut knows = all[3].clone();
    knows.hear(&committee(), 0, words);
    let promises = vec![Some(promise(0)), Some(promise(1)), Some(promise(2)), Some(promise(3)), None];
    let commits = list_digest(&commits_of(&promises));
    let list = SignedList { round: 1, commits, promises: Some(promises), signature: signature() };
    for one in [&mut all[3], &mut knows] {
        one.hear(&committee(), 1, Words { promise: promise(1), list: Some(list.clone()), voice: None });
    }
    assert!(all[3].next(&ID, &committee(), 3, 144).is_some());
    assert_eq!(knows.next(&ID, &committee(), 3, 144), None);
}

#[test]
fn two_answers_are_kept_as_evidence() {
    let mut all = members();
    assert!(work(&mut all, &[0, 1, 2, 3, 4]).is_some());
    let words = all[1].words(1).unwrap();
    let other = Voice { outputs: vec![8], ..words.voice.clone().unwrap() };
    assert_eq!(all[0].hear(&committee(), 1, words.clone()), None);
    let two = all[0].hear(&committee(), 1, Words { voice: Some(other.clone()), ..words.clone() });
    assert_eq!(two, Some(TwoAnswers { operator: 1, one: words.voice.unwrap(), other }));
    // What it said first still counts, and the agreement stands.
    assert_eq!(all[0].agreed(&committee()).unwrap().voices.len(), 5);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whoever hears whom when: nobody signs two lists in a round or speaks twice (`act` asserts that), nobody speaks without
    /// enough signatures, and an agreement is of voices for one list.
    #[test]
    fn whatever_is_heard_nobody_speaks_twice(
        links in prop::collection::vec((0..SEATS, 0..SEATS, 0_u64..6), 0..300),
    ) {
        let mut all = members();
        let mut spoken: BTreeMap<u8, Certificate> = BTreeMap::new();
        let mut now = 100;
        for (from, to, pause) in links {
            now += pause / 3;
            for seat in [from, to] {
                if let Some(certificate) = act(&mut all[usize::from(seat)], seat, 7, now) {
                    prop_assert!(certificate.signatures.len() >= 3);
                    prop_assert!(spoken.insert(seat, certificate).is_none());
                }
            }
            if let Some(words) = all[usize::from(from)].words(from).filter(|_| from != to) {
                all[usize::from(to)].hear(&committee(), from, words);
            }
        }
        for one in &all {
            for (round, _) in one.signed.keys() {
                prop_assert!(*round < ROUNDS);
            }
            if let Some(agreed) = one.agreed(&committee()) {
                let lists: Vec<_> = agreed.voices.iter().map(|(_, voice)| &voice.certificate.commits).collect();
                prop_assert!(lists.windows(2).all(|pair| pair[0] == pair[1]));
            }
        }
    }
}
