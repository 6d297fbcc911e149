//! The journal when the process that writes it is killed: every block whose hash was reported is there, and
//! none by halves.

use crate::contract::{account, deployment, raw, sign, write};
use alloy::primitives::B256;
use averment_ledger::embedded::{Embedded, Genesis, OpenError};
use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    time::Duration,
};

const JOURNAL: &str = "AVERMENT_CRASH_JOURNAL";
const KILLS: u64 = 200;
/// After so many kills a new chain is begun, so that opening stays quick.
const KILLS_A_CHAIN: u64 = 20;

fn open(path: &Path) -> Result<Embedded, OpenError> {
    Embedded::open(path, Genesis::development(1_700_000_000))
}

/// The child: mines for ever, and reports each block after its receipt could be seen.
#[tokio::test]
#[ignore = "is the child process of the test below"]
async fn mines_until_it_is_killed() {
    let path = std::env::var_os(JOURNAL).expect("the parent names the journal");
    let chain = open(Path::new(&path)).unwrap();
    let (sender, wallet) = account(0);
    let mut out = std::io::stdout();
    for nonce in chain.latest().unwrap().1.number.. {
        let request = if nonce == 0 { deployment() } else { write(sender.create(0), nonce, nonce) };
        chain.submit(&raw(&sign(request, nonce, &wallet).await)).unwrap();
        let (hash, header) = chain.latest().unwrap();
        // Past the harness, which keeps what `println!` says.
        writeln!(out, "\nblock {} {hash:?}", header.number).unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn killed_writers_lose_no_reported_block() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = 0x9e37_79b9_7f4a_7c15u64;
    let mut mined = 0;
    for kill in 0..KILLS {
        let path = folder.path().join(format!("{}.journal", kill / KILLS_A_CHAIN));
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::mines_until_it_is_killed", "--ignored", "--nocapture"])
            .env(JOURNAL, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (report, reports) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| report.send(line)));
        let mut blocks = reports.iter().filter_map(|line| {
            let (number, hash) = line.strip_prefix("block ")?.split_once(' ')?;
            // The last line may be cut off.
            Some((number.parse::<u64>().ok()?, hash.parse::<B256>().ok()?))
        });
        // One in four may be killed while it opens the journal; the others have mined before, however slow that is.
        let least = (kill % 4) as usize;
        let mut reported: Vec<_> = blocks.by_ref().take(least).collect();
        assert_eq!(reported.len(), least, "the child ended before kill {kill}");
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_micros(random >> 40 & 0x7fff));
        child.kill().unwrap();
        child.wait().unwrap();
        reported.extend(blocks);

        let chain = open(&path).unwrap_or_else(|error| panic!("after kill {kill}: {error}"));
        let head = chain.latest().unwrap().1.number;
        for (number, hash) in &reported {
            assert_eq!(chain.block_hash(*number).unwrap(), Some(*hash), "block {number} after kill {kill}");
        }
        if let Some((last, _)) = reported.last() {
            assert!(head - last <= 1, "one block at most was written and not reported");
        }
        mined += reported.len();
    }
    assert!(mined > KILLS as usize, "the children hardly mined: {mined} blocks in {KILLS} kills");
}

#[test]
fn second_writer_is_refused_until_the_first_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/chain.journal");
    let first = open(&path).unwrap();
    first.mine().unwrap();
    assert!(matches!(open(&path), Err(OpenError::Locked { .. })));
    let copy = first.clone();
    drop(first);
    assert!(matches!(open(&path), Err(OpenError::Locked { .. })));
    drop(copy);
    assert_eq!(open(&path).unwrap().latest().unwrap().1.number, 1);
}

#[test]
fn journal_of_another_chain_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.journal");
    drop(open(&path).unwrap());
    let other = Genesis { chain_id: 1337, ..Genesis::development(1_700_000_000) };
    assert!(matches!(
        Embedded::open(&path, other),
        Err(OpenError::ChainId { expected: 1337, got: 31337, .. })
    ));
}
