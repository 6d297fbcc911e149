//! Journals that were cut off, damaged, or written by someone else.

use super::*;
use crate::embedded::{
    BlockFault, JournalError, TransactionError,
    journal::{Journal, Kind},
};
use alloy::{
    consensus::Block,
    primitives::{B256, keccak256},
};
use alloy_rlp::Decodable;
use std::fs;

/// Where each record ends, the first line counted as one.
fn ends(bytes: &[u8]) -> Vec<usize> {
    let mut ends = vec![19];
    while let Some(at) = ends.last().copied().filter(|at| *at < bytes.len()) {
        let length = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        ends.push(at + 8 + length + 32);
    }
    ends
}

#[test]
fn journal_cut_anywhere_opens_with_the_blocks_that_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.journal");
    drop(chain_of(&path, 2));
    let bytes = fs::read(&path).unwrap();
    let ends = ends(&bytes);
    assert_eq!(ends.len(), 4);
    for cut in (0..bytes.len()).step_by(13).chain(ends.iter().flat_map(|end| [end - 1, *end])) {
        fs::write(&path, &bytes[..cut]).unwrap();
        let chain = open(&path).unwrap();
        let blocks = ends[1..].iter().filter(|end| **end <= cut).count().saturating_sub(1) as u64;
        assert_eq!(chain.latest().unwrap().1.number, blocks, "cut at {cut}");
        let whole = ends.iter().filter(|end| **end <= cut).max().copied().unwrap_or(0);
        assert_eq!(chain.dropped_on_opening().unwrap(), (cut - whole) as u64);
        // And it goes on from there.
        chain.submit(&signed(transfer(blocks))).unwrap();
        let latest = chain.latest().unwrap();
        drop(chain);
        assert_eq!(open(&path).unwrap().latest().unwrap(), latest);
    }
}

#[test]
fn every_changed_byte_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.journal");
    drop(chain_of(&path, 2));
    let bytes = fs::read(&path).unwrap();
    let ends = ends(&bytes);
    let around = ends.iter().flat_map(|end| end.saturating_sub(3)..(end + 10).min(bytes.len()));
    for at in (0..bytes.len()).step_by(11).chain(around) {
        for bit in [0x01, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= bit;
            fs::write(&path, &changed).unwrap();
            let error = open(&path).map(|chain| chain.latest().unwrap().1.number).unwrap_err();
            match error {
                OpenError::Journal(JournalError::UnknownFormat { .. }) => assert!(at < 19),
                OpenError::Journal(JournalError::Corrupt { offset, .. }) => {
                    assert!(ends.contains(&(offset as usize)) && offset as usize <= at, "{at}: {error}");
                }
                other => panic!("byte {at}: {other}"),
            }
            assert_eq!(fs::read(&path).unwrap(), changed, "a damaged journal was written to");
        }
    }
}

#[test]
fn sectors_that_never_reached_the_disk_are_a_torn_tail_and_damage_before_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.journal");
    let chain = open(&path).unwrap();
    for nonce in 0..2 {
        let long = TxEip1559 { input: vec![7; 3_000].into(), gas_limit: 500_000, ..transfer(nonce) };
        chain.submit(&signed(long)).unwrap();
    }
    drop(chain);
    let bytes = fs::read(&path).unwrap();
    let ends = ends(&bytes);
    let (start, end) = (ends[2], ends[3]);
    let sector = start.next_multiple_of(512);
    assert!(sector + 512 <= end);
    let hole = |from: usize, to: usize| {
        let mut torn = bytes.clone();
        torn[from..to].fill(0);
        torn
    };
    let number = |journal: &[u8]| {
        fs::write(&path, journal).unwrap();
        open(&path).map(|chain| chain.latest().unwrap().1.number)
    };
    assert_eq!(number(&hole(sector, sector + 512)).unwrap(), 1);
    assert_eq!(number(&hole(start, end)).unwrap(), 1);
    assert_eq!(number(&[&bytes[..], &[0; 3000]].concat()).unwrap(), 2);
    // The same hole one record earlier is damage: what follows it was written later.
    let earlier = ends[1].next_multiple_of(512);
    assert!(earlier + 512 <= start);
    assert!(matches!(
        number(&hole(earlier, earlier + 512)),
        Err(OpenError::Journal(JournalError::Corrupt { record: 1, .. }))
    ));
    // So is anything that no crash leaves.
    assert!(matches!(
        number(&[&bytes[..], &[7; 20]].concat()),
        Err(OpenError::Journal(JournalError::Corrupt { record: 3, .. }))
    ));
    let swapped = [&bytes[..ends[1]], &bytes[start..end], &bytes[ends[1]..start]].concat();
    assert!(matches!(number(&swapped), Err(OpenError::Journal(JournalError::Corrupt { record: 1, .. }))));
}

#[test]
fn file_that_is_no_journal_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    for text in ["Dear Sir or Madam, this is a letter.", "averment-journal/2\nrecords of the future", "x"] {
        fs::write(&path, text).unwrap();
        assert!(matches!(open(&path), Err(OpenError::Journal(JournalError::UnknownFormat { .. }))));
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

/// Takes the last record away and gives the journal with its body changed by `change`, checksums made anew.
fn rewritten(kind: Kind, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> OpenError {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.journal");
    drop(chain_of(&path, 2));
    let bytes = fs::read(&path).unwrap();
    let ends = ends(&bytes);
    let body = bytes[ends[2] + 9..ends[3] - 32].to_vec();
    fs::write(&path, &bytes[..ends[2]]).unwrap();
    let opened = Journal::open(&path, &mut |_, _| Ok::<_, JournalError>(()), |file| Box::new(file));
    opened.unwrap().journal.append(kind, &change(body)).unwrap();
    open(&path).unwrap_err()
}

fn block(change: impl FnOnce(&mut Block<TxEnvelope>)) -> BlockFault {
    let error = rewritten(Kind::Block, |body| {
        let mut block = Block::<TxEnvelope>::decode(&mut body.as_slice()).unwrap();
        change(&mut block);
        alloy_rlp::encode(block)
    });
    let OpenError::Block { number: 2, fault } = error else { panic!("{error}") };
    fault
}

#[test]
fn block_that_does_not_replay_is_named() {
    let lie = B256::repeat_byte(7);
    let fault = block(|block| block.header.state_root = lie);
    assert!(matches!(fault, BlockFault::StateRoot { expected, got } if expected == lie && got != lie));
    let fault = block(|block| block.header.receipts_root = lie);
    assert!(matches!(fault, BlockFault::Header { .. }));
    let fault = block(|block| block.header.parent_hash = lie);
    assert!(matches!(fault, BlockFault::Parent { got, .. } if got == lie));
    let fault = block(|block| block.body.transactions.push(block.body.transactions[0].clone()));
    assert!(matches!(fault, BlockFault::Transaction(TransactionError::NonceTooLow { expected: 2, got: 1 })));
    let fault = block(|block| block.body.transactions.clear());
    assert!(matches!(fault, BlockFault::StateRoot { .. }));
    let fault = block(|block| block.header.timestamp = TIME);
    assert!(matches!(fault, BlockFault::Time { .. }), "{fault}");
    let fault = block(|block| block.header.gas_limit = 21_000);
    assert!(matches!(fault, BlockFault::Header { .. }), "{fault}");

    let error = rewritten(Kind::Block, |mut body| {
        body.push(0);
        body
    });
    assert!(matches!(error, OpenError::Block { fault: BlockFault::Trailing { left: 1 }, .. }));
    let error = rewritten(Kind::Block, |body| keccak256(body).to_vec());
    assert!(matches!(error, OpenError::Block { fault: BlockFault::Rlp(_), .. }));
    let error = rewritten(Kind::Rewind, |_| 9u64.to_le_bytes().to_vec());
    assert!(matches!(error, OpenError::Rewind { head: 1 }));
    let error = rewritten(Kind::Rewind, |_| vec![1]);
    assert!(matches!(error, OpenError::Rewind { head: 1 }));
    let error = rewritten(Kind::Genesis, |_| b"{}".to_vec());
    assert!(matches!(error, OpenError::MisplacedGenesis));
}
