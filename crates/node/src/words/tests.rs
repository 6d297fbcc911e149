//! Words of a committee of three, and every way in which they may be wrong.

use super::*;
use crate::machine::Promise;
use alloy_primitives::Bytes;
use averment_ledger::keys::{AccountKey, development};

pub(crate) const ID: B256 = B256::repeat_byte(3);
pub(crate) const DOMAIN: Domain = Domain { chain_id: 31337, staking: Address::repeat_byte(2) };
const SALT: B256 = B256::repeat_byte(5);
const OUTPUTS: [i64; 2] = [7, -1];

fn keys() -> Vec<AccountKey> {
    development::accounts(31337).unwrap()
}

pub(crate) fn committee() -> Committee {
    Committee {
        threshold: 2,
        tolerance: 0,
        since: 0,
        commit_until: 120,
        reveal_until: 240,
        members: vec![11, 12, 13],
        signers: keys()[..3].iter().map(AccountKey::address).collect(),
        body: Bytes::new(),
    }
}

fn sign(seat: u8, digest: B256) -> ShortSignature {
    ShortSignature::new(&keys()[usize::from(seat)], &digest).unwrap()
}

pub(crate) fn promise(seat: u8) -> Promise {
    let digest = commitment(ID, keys()[usize::from(seat)].address(), &OUTPUTS, SALT);
    Promise { digest, signature: sign(seat, DOMAIN.commit(ID, digest)) }
}

/// The list of the first two, by who leads the first round: 3 mod 3 is the first.
fn list(promises: Vec<Option<Promise>>) -> SignedList {
    let commits = list_digest(&commits_of(&promises));
    SignedList {
        round: 0,
        commits,
        promises: Some(promises),
        signature: sign(0, DOMAIN.list(ID, 0, commits)),
    }
}

fn promises() -> Vec<Option<Promise>> {
    vec![Some(promise(0)), Some(promise(1)), None]
}

/// All that the first member may say.
pub(crate) fn words() -> Words {
    let commits = commits_of(&promises());
    let listed = DOMAIN.list(ID, 0, list_digest(&commits));
    let certificate = Certificate {
        round: 0,
        commits: commits.clone(),
        signatures: vec![(0, sign(0, listed)), (1, sign(1, listed))],
    };
    let voice = Voice {
        certificate,
        outputs: OUTPUTS.to_vec(),
        salt: SALT,
        signature: sign(0, DOMAIN.agreement(ID, &OUTPUTS, &commits)),
    };
    Words { promise: promise(0), list: Some(list(promises())), voice: Some(voice) }
}

fn check(seat: u8, words: &Words) -> Result<(), WordsError> {
    Check { domain: DOMAIN, request: ID, committee: &committee() }.words(seat, words)
}

fn changed(change: impl FnOnce(&mut Words, &mut SignedList, &mut Voice)) -> WordsError {
    let mut all = words();
    let (mut list, mut voice) = (all.list.take().unwrap(), all.voice.take().unwrap());
    change(&mut all, &mut list, &mut voice);
    (all.list, all.voice) = (Some(list), Some(voice));
    check(0, &all).unwrap_err()
}

fn of(error: WordsError) -> &'static str {
    match error {
        WordsError::Signature { what, .. } => what,
        other => panic!("{other}"),
    }
}

#[test]
fn a_members_own_words_check_and_travel() {
    check(0, &words()).unwrap();
    let message = Message::new(ID, 0, Some(words()));
    assert_eq!(Message::decode(&message.encode()).unwrap(), message);
    let few = Words { list: None, voice: None, ..words() };
    check(0, &few).unwrap();
}

#[test]
fn every_part_has_to_be_the_members_own() {
    assert_eq!(of(check(1, &words()).unwrap_err()), "the commitment");
    assert_eq!(check(3, &words()), Err(WordsError::Seat { got: 3, members: 3 }));
    assert_eq!(of(changed(|words, _, _| words.promise.digest = B256::ZERO)), "the commitment");
    assert_eq!(of(changed(|_, list, _| list.commits = B256::ZERO)), "the list");
    assert_eq!(of(changed(|_, list, _| list.round = 1)), "the list");
    assert_eq!(of(changed(|_, _, voice| voice.outputs = vec![8])), "the answer");
    assert_eq!(of(changed(|_, _, voice| voice.signature = sign(1, B256::ZERO))), "the answer");
    let foreign = |_: &mut Words, list: &mut SignedList, _: &mut Voice| {
        let mut promises = promises();
        promises[1] = Some(promise(0));
        *list = super::tests::list(promises);
    };
    assert_eq!(of(changed(foreign)), "a commitment in the list");
    assert_eq!(of(changed(|_, _, voice| voice.certificate.signatures[1].0 = 2)), "the certificate");
    assert_eq!(of(changed(|_, _, voice| voice.certificate.round = 1)), "the certificate");
    let elsewhere = Check { domain: Domain { chain_id: 1, ..DOMAIN }, request: ID, committee: &committee() };
    assert_eq!(of(elsewhere.words(0, &words()).unwrap_err()), "the commitment");
    let another = Check { domain: DOMAIN, request: B256::ZERO, committee: &committee() };
    assert_eq!(of(another.words(0, &words()).unwrap_err()), "the commitment");
}

#[test]
fn lists_are_made_by_who_leads_and_have_enough_in_them() {
    let wrong = |list: SignedList| changed(|_, old, _| *old = list);
    // The second leads the second round.
    let round = |round: u8| {
        let list = list(promises());
        let signature = sign(0, DOMAIN.list(ID, round, list.commits));
        SignedList { round, signature, ..list }
    };
    for bad in [1, ROUNDS] {
        assert_eq!(wrong(round(bad)), WordsError::Round { seat: 0, round: bad });
    }
    let few = |got, seats| WordsError::List { got, seats, threshold: 2 };
    assert_eq!(wrong(list(vec![Some(promise(0)), None, None])), few(1, 3));
    assert_eq!(wrong(list(vec![Some(promise(0)), Some(promise(1))])), few(2, 2));
    assert_eq!(wrong(list(vec![None, Some(promise(1)), Some(promise(2))])), few(2, 3));
    let digest = wrong(SignedList {
        promises: Some(vec![Some(promise(0)), Some(promise(1)), Some(promise(2))]),
        ..list(promises())
    });
    assert!(matches!(digest, WordsError::Digest { .. }), "{digest}");
}

#[test]
fn who_speaks_opens_its_commitment_and_shows_why_it_may() {
    // A copier: its signature is good, its commitment is somebody else's.
    let copied = changed(|_, _, voice| voice.salt = B256::ZERO);
    assert_eq!(copied, WordsError::NotOpened { seat: 0 });
    let alone = changed(|_, _, voice| voice.certificate.signatures.truncate(1));
    assert_eq!(alone, WordsError::Certificate { expected: 2, got: 1 });
    let twice = changed(|_, _, voice| voice.certificate.signatures[1] = voice.certificate.signatures[0]);
    assert_eq!(twice, WordsError::Certificate { expected: 2, got: 2 });
    let many = changed(|_, _, voice| voice.outputs = vec![0; MAX_OUTPUTS + 1]);
    assert_eq!(many, WordsError::Outputs { got: MAX_OUTPUTS + 1 });
}

#[test]
fn what_is_no_message_is_refused() {
    let long = vec![b' '; LIMIT + 1];
    assert_eq!(Message::decode(&long), Err(WordsError::TooLong { got: LIMIT + 1 }));
    let other = Message { format: "averment-operator-words/2".to_owned(), ..Message::new(ID, 0, None) };
    let text = String::from_utf8(Message::new(ID, 0, Some(words())).encode()).unwrap();
    let more = text.replacen('{', "{\"more\":1,", 1);
    for bad in
        [b"".as_slice(), b"{}", b"[]", &other.encode(), more.as_bytes(), &text.as_bytes()[..text.len() - 1]]
    {
        assert!(matches!(Message::decode(bad), Err(WordsError::Format { .. })));
    }
    // The longest that may be said fits.
    let mut longest = words();
    longest.voice.as_mut().unwrap().outputs = vec![i64::MIN; MAX_OUTPUTS];
    assert!(Message::new(ID, 0, Some(longest)).encode().len() < LIMIT * 3 / 4);
}
