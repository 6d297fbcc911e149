//! Every file that can be named on the command line, given as nothing, rubbish, a folder and a file without end: one
//! JSON object with an exit code that is documented, in bounded memory and time.

mod sandbox;

use sandbox::{OWNER, Sandbox};
use std::{
    fs,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

/// Address space of a run, in KiB: far more than any command needs, far less than a file without end.
const MEMORY: u32 = 4 << 20;

/// The command lines that read a file, `FILE` standing for it.
const COMMANDS: [&[&str]; 12] = [
    &["audit", "verify", "FILE", "--block-hash", HASH],
    &["log", "verify", "FILE", "--key", LOG_KEY],
    &["log", "append", "FILE", "--kind", "run"],
    &["register", "FILE", "--account", OWNER],
    &["register", "FILE", "--dry-run"],
    &["approve", "submit", "FILE", "--account", OWNER],
    &["keys", "import", "taken", "FILE"],
    &["import", "oms", ".", "--signature", "FILE", "--key", "signer.pem"],
    &["import", "oms", ".", "--signature", "password", "--key", "FILE"],
    &["--config", "FILE", "keys", "list"],
    &["--password-file", "FILE", "keys", "new", "fresh"],
    &["fingerprint", "password", "--cache", "FILE"],
];
const HASH: &str = "0x1111111111111111111111111111111111111111111111111111111111111111";
/// From the C2SP signed-note specification.
const LOG_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

/// What is there instead of the file that is expected.
fn rubbish(sandbox: &Sandbox) -> Vec<PathBuf> {
    let folder = sandbox.path().join("rubbish");
    fs::create_dir(&folder).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    vec![
        write("empty", b""),
        write("not-utf8", &[0xff; 100]),
        write("deep", "[".repeat(100_000).as_bytes()),
        write("other-json", b"{\"format\":\"something/1\"}"),
        write("long-line", "x".repeat(3 << 20).as_bytes()),
        folder.join("missing"),
        PathBuf::from("/dev/zero"),
        folder.clone(),
    ]
}

#[test]
fn no_file_on_the_command_line_can_crash_or_stall_the_program() {
    let sandbox = Sandbox::deployed();
    sandbox.log_key("log");
    let signer = include_str!("../../storage/tests/fixtures/oms/signer.pub.pem");
    fs::write(sandbox.path().join("signer.pem"), signer).unwrap();
    let (files, mut fine) = (rubbish(&sandbox), Vec::new());
    for file in &files {
        let file = file.to_str().unwrap();
        for command in COMMANDS {
            let arguments = command.iter().map(|word| if *word == "FILE" { file } else { word });
            let plain = sandbox.command(&[]);
            let mut limited = Command::new("sh");
            limited
                .args(["-c", &format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_aver")])
                .args(arguments)
                .args(["--yes", "--json"])
                .current_dir(sandbox.path())
                .stdin(std::process::Stdio::null());
            for (name, value) in plain.get_envs() {
                match value {
                    Some(value) => limited.env(name, value),
                    None => limited.env_remove(name),
                };
            }
            let begun = Instant::now();
            let output = limited.output().unwrap();
            let shown = format!("{command:?} with {file}: {output:?}");
            assert!(begun.elapsed() < Duration::from_secs(120), "{shown}");
            assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{shown}");
            let code = output.status.code().unwrap_or_else(|| panic!("killed: {shown}"));
            let answer: serde_json::Value =
                serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {shown}"));
            if code == 0 {
                fine.push((command[0], file.rsplit('/').next().unwrap().to_owned()));
                continue;
            }
            assert!((1..=3).contains(&code), "{shown}");
            assert_eq!(answer["error"]["exit"], code, "{shown}");
            assert!(!answer["error"]["message"].as_str().unwrap().is_empty(), "{shown}");
        }
    }
    // An empty configuration sets nothing, a password is any bytes, and a cache is made if there is none.
    let expected = [("--config", "empty"), ("--password-file", "not-utf8"), ("fingerprint", "missing")];
    assert_eq!(fine, expected.map(|(command, file)| (command, file.to_owned())));
    let lengths = ["empty", "not-utf8", "deep", "other-json", "long-line"]
        .map(|name| fs::metadata(sandbox.path().join("rubbish").join(name)).unwrap().len());
    assert_eq!(lengths, [0, 100, 100_000, 24, 3 << 20], "a file was written over");
}
