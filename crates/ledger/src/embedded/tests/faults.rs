//! Every write, flush and truncation fails once; the disk fills up halfway through a record.

use super::*;
use crate::embedded::{EmbeddedError, JournalError, journal::Medium};
use alloy::primitives::B256;
use std::{
    io,
    sync::{Arc, Mutex},
};

/// Which operations fail, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    Never,
    Once(usize),
    From(usize),
}

struct Faulty {
    file: File,
    plan: Plan,
    count: Arc<Mutex<usize>>,
}

impl Faulty {
    fn fails(&self) -> bool {
        let mut count = self.count.lock().unwrap();
        *count += 1;
        match self.plan {
            Plan::Never => false,
            Plan::Once(at) => *count - 1 == at,
            Plan::From(at) => *count > at,
        }
    }
}

impl Medium for Faulty {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if self.fails() {
            // A disk that fills up takes a part first.
            self.file.write_at(offset, &bytes[..bytes.len() / 2])?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.file.write_at(offset, bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        if self.fails() { Err(io::ErrorKind::StorageFull.into()) } else { self.file.sync() }
    }
    fn truncate(&mut self, length: u64) -> io::Result<()> {
        if self.fails() { Err(io::ErrorKind::StorageFull.into()) } else { self.file.truncate(length) }
    }
}

/// What a chain shows of itself.
fn shown(chain: &Embedded) -> (u64, B256, B256) {
    let (hash, header) = chain.latest().unwrap();
    (header.number, hash, header.state_root)
}

type Action = fn(&Embedded) -> Result<(), EmbeddedError>;

/// Blocks, a rewind and a reorganisation: all that writes.
const ACTIONS: [Action; 4] = [
    |chain| chain.submit(&signed(transfer(0))).map(drop),
    |chain| chain.mine().map(drop),
    |chain| {
        let snapshot = chain.snapshot()?;
        chain.mine()?;
        chain.revert(snapshot).map(drop)
    },
    |chain| chain.reorganise(1, &[vec![], vec![signed(transfer(1))]]).map(drop),
];

/// Runs all actions on a chain whose disk fails by `plan`; gives the number of operations.
fn run(plan: Plan) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.journal");
    let count = Arc::new(Mutex::new(0));
    let medium = |file| -> Box<dyn Medium> { Box::new(Faulty { file, plan, count: count.clone() }) };
    match open_on(&path, medium) {
        Ok(chain) => {
            for action in ACTIONS {
                let before = shown(&chain);
                let error = match action(&chain) {
                    Ok(()) => continue,
                    Err(error) => error,
                };
                let EmbeddedError::Journal(fault) = &error else { panic!("{plan:?}: {error}") };
                if !matches!(fault, JournalError::Unusable { .. }) {
                    assert!(fault.is_disk_full(), "{plan:?}: {error}");
                    assert_ne!(plan, Plan::Never);
                }
                let after = shown(&chain);
                drop(chain);
                // Actions of several steps may have done some of them; what is shown is what is on the disk,
                // unless the disk would not even take back what it had taken.
                let again = shown(&open(&path).unwrap());
                match plan {
                    Plan::Once(_) => assert_eq!(again, after, "{plan:?}"),
                    _ => assert!(again == after || again.0.abs_diff(after.0) == 1, "{plan:?}"),
                }
                if std::ptr::fn_addr_eq(action, ACTIONS[0]) || std::ptr::fn_addr_eq(action, ACTIONS[1]) {
                    assert_eq!(after, before, "{plan:?}: a failed action left a trace");
                }
                break;
            }
        }
        Err(OpenError::Journal(fault)) => assert!(fault.is_disk_full(), "{plan:?}: {fault}"),
        Err(other) => panic!("{plan:?}: {other}"),
    }
    // Whatever happened, the chain opens and goes on.
    let chain = open(&path).unwrap();
    chain.mine().unwrap();
    let expected = shown(&chain);
    drop(chain);
    assert_eq!(shown(&open(&path).unwrap()), expected);
    Arc::into_inner(count).unwrap().into_inner().unwrap()
}

#[test]
fn every_operation_that_fails_leaves_the_chain_as_it_was() {
    let operations = run(Plan::Never);
    assert!(operations >= 16, "{operations}");
    for at in 0..operations {
        run(Plan::Once(at));
        run(Plan::From(at));
    }
}

#[test]
fn chain_goes_on_after_a_full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.journal");
    let count = Arc::new(Mutex::new(0));
    // Head: write, flush; genesis: write, flush; then the first block's write.
    let chain = open_on(&path, |file| Box::new(Faulty { file, plan: Plan::Once(4), count })).unwrap();
    let before = shown(&chain);
    let raw = signed(transfer(0));
    let error = chain.submit(&raw).unwrap_err();
    assert!(matches!(&error, EmbeddedError::Journal(fault) if fault.is_disk_full()), "{error}");
    assert_eq!(shown(&chain), before);
    // The same transaction is taken once there is room.
    chain.submit(&raw).unwrap();
    let after = shown(&chain);
    assert_eq!(after.0, 1);
    drop(chain);
    assert_eq!(shown(&open(&path).unwrap()), after);
}
