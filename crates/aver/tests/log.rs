//! The life of a log through the program: opened, appended to, anchored, proved, verified, erased from; and what is
//! refused, with which exit code and words.

mod sandbox;

use averment_storage::log::{Log, StoredRecord};
use sandbox::{OWNER, Run, Sandbox};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::Stdio,
};

const ORIGIN: &str = "clinic.example/decisions";
const VERSION: &str = "0x1111111111111111111111111111111111111111111111111111111111111111";

/// A sandbox with an open log and `count` decisions in it.
fn opened(count: u64) -> Sandbox {
    let sandbox = Sandbox::deployed();
    sandbox.log_key("log");
    sandbox.by(OWNER, &["log", "open", ORIGIN, "--cadence", "3600"]).done();
    if count > 0 {
        append(&sandbox, 0..count).done();
    }
    sandbox
}

fn append(sandbox: &Sandbox, numbers: std::ops::Range<u64>) -> Run {
    let lines: String =
        numbers.map(|n| format!("{{\"patient\":\"secret-{n:04}\",\"at\":1700000000}}\n")).collect();
    fs::write(sandbox.path().join("decisions.jsonl"), lines).unwrap();
    sandbox.by(OWNER, &["log", "append", "--about", VERSION, "decisions.jsonl"])
}

fn folder(sandbox: &Sandbox) -> PathBuf {
    sandbox.path().join(".averment/log")
}

/// Lets the present epoch pass on the chain.
fn next_epoch(sandbox: &Sandbox) {
    sandbox.pass(3600);
}

#[test]
fn records_are_anchored_proved_verified_and_erased() {
    let sandbox = opened(0);
    let appended = append(&sandbox, 0..300).done().json();
    assert_eq!((appended["first"].as_u64(), appended["size"].as_u64()), (Some(0), Some(300)));

    // Not anchored yet: the proof leads to the newest checkpoint.
    let proof = sandbox.run(&["log", "prove", "7", "-o", "early.proof", "--json"]).done().json();
    assert_eq!((proof["size"].as_u64(), proof["anchor"].is_null()), (Some(300), true));

    let anchored = sandbox.by(OWNER, &["log", "anchor"]).done();
    assert!(
        anchored.stderr.contains("anchor the log: about"),
        "the cost is shown first: {}",
        anchored.stderr
    );
    let anchored = anchored.json();
    assert_eq!((anchored["epoch"].as_u64(), anchored["size"].as_u64()), (Some(0), Some(301)));
    sandbox.by(OWNER, &["log", "anchor"]).refused(1, "epoch 0 is anchored already");

    append(&sandbox, 301..310).done();
    let proof = sandbox.run(&["log", "prove", "7", "-o", "seven.proof", "--json"]).done().json();
    assert_eq!(proof["root"], anchored["root"]);
    assert_eq!(proof["anchor"]["transaction"], anchored["transaction"]);
    let key = proof["key"].as_str().unwrap();
    sandbox.run(&["log", "prove", "9", "-o", "nine.proof"]).done();
    sandbox.run(&["log", "prove", "8", "--withhold", "-o", "eight.proof"]).done();

    // Anywhere, with nothing but the key.
    let elsewhere = Sandbox::empty();
    for name in ["early.proof", "seven.proof", "eight.proof", "nine.proof"] {
        fs::copy(sandbox.path().join(name), elsewhere.path().join(name)).unwrap();
    }
    let verify = |name: &str| elsewhere.run(&["log", "verify", name, "--key", key, "--json"]);
    let seven = verify("seven.proof").done().json();
    assert_eq!((&seven["record"]["patient"], &seven["root"]), (&"secret-0007".into(), &anchored["root"]));
    verify("early.proof").done();
    assert!(verify("eight.proof").done().json()["record"].is_null());
    // Whose key is not known is asked for; one in the configuration is known.
    elsewhere.run(&["log", "verify", "seven.proof", "--json"]).refused(2, "--key");
    fs::write(elsewhere.path().join("averment.toml"), format!("[trust]\nlog_keys = [{key:?}]\n")).unwrap();
    elsewhere.run(&["log", "verify", "seven.proof"]).done();

    let erased = sandbox.by(OWNER, &["log", "erase", "7"]).done().json();
    assert_eq!((erased["erased"].as_u64(), erased["recorded"].as_u64()), (Some(7), Some(310)));
    // The proof of another record, made before, still holds; so does one made now; so does the erased one's leaf.
    verify("nine.proof").done();
    let nine = sandbox.run(&["log", "prove", "9", "--json"]).done().json();
    fs::write(elsewhere.path().join("now.proof"), nine["proof"].as_str().unwrap()).unwrap();
    assert_eq!(verify("now.proof").done().json()["record"]["patient"], "secret-0009");
    sandbox.run(&["log", "prove", "7", "-o", "leaf.proof"]).done();
    let leaf = sandbox.run(&["log", "verify", "leaf.proof", "--json"]).done().json();
    assert!(leaf["record"].is_null());
    assert_eq!(leaf["leaf"], seven["leaf"]);

    next_epoch(&sandbox);
    let later = sandbox.by(OWNER, &["log", "anchor"]).done().json();
    assert!(later["epoch"].as_u64().unwrap() >= 1);
    let checked = sandbox.run(&["log", "verify", "--json"]).done().json();
    assert_eq!((checked["size"].as_u64(), checked["erased"].as_u64()), (Some(312), Some(1)));
    assert_eq!(checked["chain"]["confirmed"], 2);
    assert_eq!(checked["records"]["decision"], 308);
    let words = sandbox.run(&["log", "verify"]).done();
    assert!(words.stdout.contains("2 anchors stand on the chain"), "{}", words.stdout);
}

/// Nobody else can read what was said: not in what is served, not in what the program prints.
#[test]
fn what_a_record_says_stays_private() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = opened(20);
    let anchored = sandbox.by(OWNER, &["log", "anchor"]).done();
    sandbox.run(&["log", "prove", "3", "-o", "three.proof"]).done();
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(sandbox.path().join("three.proof")), 0o600);
    assert_eq!(mode(folder(&sandbox).join("private")), 0o700);
    assert!(!format!("{anchored:?}").contains("secret"));
    let public = fs::read(folder(&sandbox).join("public/tile/entries/000.p/21")).unwrap();
    assert!(!public.windows(6).any(|window| window == b"secret"));
}

#[test]
fn what_is_typed_wrong_is_said_with_what_to_do() {
    let sandbox = Sandbox::deployed();
    sandbox.run(&["log", "verify", "--json"]).refused(2, "`aver log open` makes one");
    sandbox.by(OWNER, &["log", "open", ORIGIN]).refused(2, "aver keys new log --kind log");
    sandbox.log_key("log");
    sandbox.by(OWNER, &["log", "open", "two words"]).refused(2, "neither spaces");
    sandbox.by(OWNER, &["log", "open", ORIGIN, "--cadence", "59"]).refused(2, "60");
    sandbox.by(OWNER, &["log", "open", ORIGIN]).done();
    sandbox.by(OWNER, &["log", "open", ORIGIN]).refused(2, "is open already");
    sandbox.by(OWNER, &["log", "open", "other.example/log"]).refused(2, "holds log clinic.example/decisions");

    let lines = "{\"a\":1}\n{\"a\":1,\"a\":2}\n";
    fs::write(sandbox.path().join("twice.jsonl"), lines).unwrap();
    let message =
        sandbox.by(OWNER, &["log", "append", "--about", VERSION, "twice.jsonl"]).refused(2, "line 2");
    assert!(message.contains("nothing was appended"), "{message}");
    sandbox.by(OWNER, &["log", "append", "twice.jsonl"]).refused(2, "--about");
    sandbox.by(OWNER, &["log", "append", "nowhere.jsonl"]).refused(3, "nowhere.jsonl");
    sandbox.run(&["log", "prove", "0", "--json"]).refused(2, "there is none with index 0");
    sandbox.by(OWNER, &["log", "erase", "0"]).refused(2, "there is none with index 0");
    let unasked = sandbox.run(&["log", "erase", "0", "--json"]);
    unasked.refused(2, "--yes");

    append(&sandbox, 0..2).done();
    sandbox.by(OWNER, &["log", "erase", "1"]).done();
    sandbox.by(OWNER, &["log", "erase", "1"]).refused(1, "erased already");
    sandbox.by(OWNER, &["log", "erase", "2"]).refused(1, "of kind erasure");
    let stranger = "stranger";
    sandbox.key(stranger);
    sandbox.by(stranger, &["log", "anchor"]).refused(1, "may anchor log");
}

#[test]
fn evidence_that_does_not_hold_is_refused() {
    let sandbox = opened(40);
    sandbox.by(OWNER, &["log", "anchor"]).done();
    let proof = sandbox.run(&["log", "prove", "5", "-o", "five.proof", "--json"]).done().json();
    let text = fs::read_to_string(sandbox.path().join("five.proof")).unwrap();
    for (name, changed, reason) in [
        ("index", text.replacen("index 5", "index 6", 1), "the leaf's place in the log"),
        ("size", text.replacen("\n41\n", "\n42\n", 1), "does not hold for this text"),
        ("cut", text[..text.len() / 2].to_owned(), "the proof"),
        ("other", "hello".to_owned(), "the proof"),
    ] {
        assert_ne!(changed, text, "{name}");
        fs::write(sandbox.path().join(name), changed).unwrap();
        sandbox.run(&["log", "verify", name, "--json"]).refused(1, reason);
    }
    let key = proof["key"].as_str().unwrap();
    let other = "clinic.example/decisions+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    sandbox.run(&["log", "verify", "five.proof", "--key", other, "--json"]).refused(2, "key");
    let elsewhere = Sandbox::empty();
    elsewhere.run(&["log", "verify", key, "--json"]).refused(3, key);

    // A record that somebody changed, a tile, the head; each is put back.
    for (file, place) in
        [("private/records/000", 100), ("public/tile/0/000.p/41", 7), ("public/checkpoint", 30)]
    {
        let path = folder(&sandbox).join(file);
        let whole = fs::read(&path).unwrap();
        let mut changed = whole.clone();
        changed[place] ^= 1;
        fs::write(&path, changed).unwrap();
        sandbox.run(&["log", "verify", "--json"]).refused(1, "");
        fs::write(&path, whole).unwrap();
    }
    // An anchor that the chain does not have.
    let path = folder(&sandbox).join("private/anchors/000.json");
    let anchor = fs::read_to_string(&path).unwrap();
    fs::write(&path, anchor.replace("\"epoch\":0", "\"epoch\":1")).unwrap();
    sandbox.run(&["log", "verify", "--json"]).refused(1, "it stores nothing");
    sandbox.run(&["log", "verify", "--offline", "--json"]).done();
    // A log that was rolled back is not written to.
    fs::write(&path, anchor).unwrap();
    let head = folder(&sandbox).join("public/checkpoint");
    let newest = fs::read(&head).unwrap();
    append(&sandbox, 41..50).done();
    next_epoch(&sandbox);
    sandbox.by(OWNER, &["log", "anchor"]).done();
    fs::write(&head, newest).unwrap();
    append(&sandbox, 50..51).refused(1, "rolled back");
}

/// A crash between sending an anchor and noting it: the chain tells, and nothing is anchored twice.
#[test]
fn an_anchor_whose_confirmation_was_lost_is_found_on_the_chain() {
    let sandbox = opened(3);
    let anchored = sandbox.by(OWNER, &["log", "anchor"]).done().json();
    let path = folder(&sandbox).join("private/anchors/000.json");
    let known = fs::read_to_string(&path).unwrap();
    let mut forgotten: Value = serde_json::from_str(&known).unwrap();
    forgotten.as_object_mut().unwrap().remove("confirmation").unwrap();
    fs::write(&path, forgotten.to_string()).unwrap();
    assert!(sandbox.run(&["log", "prove", "1", "--json"]).done().json()["anchor"].is_null());
    let words = sandbox.run(&["log", "verify"]).done().stdout;
    assert!(words.contains("the chain has 1 that are not known here"), "{words}");
    sandbox.by(OWNER, &["log", "anchor"]).refused(1, "anchored already");
    assert_eq!(fs::read_to_string(&path).unwrap(), known);
    let proof = sandbox.run(&["log", "prove", "1", "--json"]).done().json();
    assert_eq!(proof["anchor"]["transaction"], anchored["transaction"]);
}

/// What `open` wrote down before it was interrupted is used, and a log of another deployment is not.
#[test]
fn opening_goes_on_where_it_was_interrupted() {
    let sandbox = Sandbox::deployed();
    sandbox.log_key("log");
    let declined = sandbox.run(&["log", "open", ORIGIN, "--account", OWNER, "--json"]);
    declined.refused(1, "declined to open the log");
    assert!(Log::open(&folder(&sandbox)).is_ok());
    sandbox.by(OWNER, &["log", "anchor"]).refused(2, "run `aver log open`");
    let opened = sandbox.by(OWNER, &["log", "open", ORIGIN]).done().json();
    assert_eq!(
        Log::open(&folder(&sandbox)).unwrap().settings().terms.unwrap().id().to_string(),
        opened["log"]
    );
    sandbox.by(OWNER, &["log", "anchor"]).done();
}

/// Two processes on one log: the second is told, and waits its turn when it follows.
#[test]
fn a_log_that_another_process_writes_is_named() {
    let sandbox = opened(1);
    let lock = fs::File::options().write(true).open(folder(&sandbox).join("private/lock")).unwrap();
    lock.lock().unwrap();
    append(&sandbox, 1..2).refused(3, "another process is writing to this log");
    sandbox.run(&["log", "prove", "0"]).done();
    lock.unlock().unwrap();
    append(&sandbox, 1..2).done();
}

#[test]
fn following_anchors_also_when_nothing_happened() {
    let sandbox = opened(0);
    let mut child = sandbox
        .command(&["log", "anchor", "--follow", "--account", OWNER, "--yes"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    // Nothing is held between two anchors.
    append(&sandbox, 1..4).done();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(first.starts_with("epoch 0: 1 records"), "{first}");
}

#[test]
fn a_hostile_record_is_shown_as_text() {
    let sandbox = opened(0);
    fs::write(sandbox.path().join("one.jsonl"), "{\"note\":\"a\u{9b}2J\u{202e}b\"}").unwrap();
    sandbox.by(OWNER, &["log", "append", "--about", VERSION, "one.jsonl"]).done();
    sandbox.run(&["log", "prove", "0", "-o", "one.proof"]).done();
    let words = sandbox.run(&["log", "verify", "one.proof"]).done().stdout;
    assert!(words.contains("\\u{202e}b") && !words.contains(['\u{9b}', '\u{202e}']), "{words}");
}

/// What passes by itself is waited for.
#[test]
fn following_waits_for_a_log_that_somebody_else_writes() {
    let sandbox = opened(1);
    let lock = fs::File::options().write(true).open(folder(&sandbox).join("private/lock")).unwrap();
    lock.lock().unwrap();
    let mut child = sandbox
        .command(&["log", "anchor", "--follow", "--account", OWNER, "--yes"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stderr.take().unwrap()).lines().next().unwrap().unwrap();
    assert!(said.contains("another process is writing") && said.contains("trying again"), "{said}");
    lock.unlock().unwrap();
    let first = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(first.starts_with("epoch 0: 2 records"), "{first}");
}

/// Anchors of one deployment say nothing on another.
#[test]
fn a_log_that_was_anchored_is_not_opened_elsewhere() {
    let sandbox = opened(1);
    sandbox.by(OWNER, &["log", "anchor"]).done();
    fs::remove_dir_all(sandbox.path().join(".averment/chain")).unwrap();
    fs::remove_file(sandbox.path().join(".averment/deployment.json")).unwrap();
    // Another first transaction, or the new contracts would have the old ones' addresses.
    sandbox.key("other");
    sandbox.by("other", &["contracts", "deploy", "--profile", "development"]).done();
    for command in [&["log", "anchor"][..], &["log", "verify"]] {
        sandbox.by(OWNER, command).refused(2, "the contracts in use are");
    }
    sandbox.by(OWNER, &["log", "open", ORIGIN]).refused(2, "begin a new log");
    sandbox.run(&["log", "verify", "--offline"]).done();
}

/// Standard input, other kinds, and what `--kind` and `--about` do not decide.
#[test]
fn records_come_from_standard_input_too() {
    let sandbox = opened(0);
    let mut child = sandbox
        .command(&["log", "append", "--kind", "event", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = format!("{{\"what\":\"outage\"}}\n{{\"kind\":\"run\",\"version\":\"{VERSION}\",\"at\":5}}\n");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut view = Log::open(&folder(&sandbox)).unwrap().view().unwrap();
    let kinds: Vec<String> = (0..2)
        .map(|index| match view.record(index).unwrap().1 {
            StoredRecord::Kept { record, .. } => record.kind().to_string(),
            StoredRecord::Erased => "erased".to_owned(),
        })
        .collect();
    assert_eq!(kinds, ["event", "run"]);
}
