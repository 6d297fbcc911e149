//! A fresh folder with a configuration, keys and contracts in it, for tests that run the program itself.
//!
//! Contracts are deployed once a test program, by `aver contracts deploy`; every sandbox is a copy of that folder.
//! Keys are made with the light cost, because the standard one is meant to take long.
#![allow(dead_code, reason = "each test program uses a part of it")]

pub mod digits;
pub mod serving;

use averment_ledger::{
    Ledger,
    embedded::{Genesis, SystemClock},
    keys::{AccountKey, Cost, Identity, KeyFolder, Password},
};
use averment_primitives::Address;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};
use tempfile::TempDir;

/// The keys' password; the first line of [`Sandbox::password_file`].
pub const PASSWORD: &str = "correct horse";

/// The account that deployed the contracts.
pub const OWNER: &str = "owner";

/// A folder to run the program in; removed at the end.
pub struct Sandbox {
    folder: TempDir,
}

/// What a run of the program left.
#[derive(Debug)]
pub struct Run {
    /// Its arguments, for messages.
    pub arguments: String,
    /// Its exit code.
    pub code: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Sandbox {
    /// An empty folder: no configuration, only a password file.
    pub fn empty() -> Self {
        let sandbox = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(sandbox.password_file(), format!("{PASSWORD}\n")).unwrap();
        sandbox
    }

    /// What `aver init` makes.
    pub fn configured() -> Self {
        let sandbox = Self::empty();
        sandbox.run(&["init"]).done();
        sandbox
    }

    /// An embedded chain with the contracts on it, and the key [`OWNER`].
    pub fn deployed() -> Self {
        static TEMPLATE: OnceLock<Sandbox> = OnceLock::new();
        let template = TEMPLATE.get_or_init(|| {
            let sandbox = Self::configured();
            sandbox.key(OWNER);
            sandbox.by(OWNER, &["contracts", "deploy", "--profile", "development"]).done();
            sandbox
        });
        template.copy()
    }

    /// Another sandbox with everything that is in this one.
    pub fn copy(&self) -> Self {
        let sandbox = Self { folder: tempfile::tempdir().unwrap() };
        copy(self.path(), sandbox.path());
        sandbox
    }

    /// Lets `seconds` pass on the embedded chain, which mines a block for it. The chain is then ahead of the system's
    /// clock; until that catches up, each block is a second after its parent.
    pub fn pass(&self, seconds: u64) {
        let ledger = self.ledger();
        let chain = ledger.embedded().unwrap();
        let latest = chain.latest().unwrap().1.timestamp;
        chain.set_next_timestamp(latest + seconds).unwrap();
        chain.mine().unwrap();
    }

    /// Copies a folder of the repository's examples into the sandbox.
    pub fn example(&self, name: &str) -> PathBuf {
        let target = self.path().join(name);
        fs::create_dir_all(&target).unwrap();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name), &target);
        target
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The file with the keys' password.
    pub fn password_file(&self) -> PathBuf {
        self.path().join("password")
    }

    /// The folder of key files.
    pub fn keys(&self) -> KeyFolder {
        KeyFolder::new(self.path().join(".averment/keys"))
    }

    /// Makes a key for an account.
    pub fn key(&self, name: &str) -> Address {
        self.keys().create_account(name, &password(), Cost::Light).unwrap().address()
    }

    /// Makes a key that signs a log's checkpoints.
    pub fn log_key(&self, name: &str) {
        self.keys().create_log_key(name, &password(), Cost::Light).unwrap();
    }

    /// The account called `name`, opened.
    pub fn account(&self, name: &str) -> AccountKey {
        self.keys().account(name, &password()).unwrap()
    }

    /// The address of the account called `name`.
    pub fn address(&self, name: &str) -> Address {
        match self.keys().info(name).unwrap().identity {
            Some(Identity::Account(address)) => address,
            other => panic!("{name} is no account: {other:?}"),
        }
    }

    /// The embedded chain, opened in this process; the program cannot run while it is held.
    pub fn ledger(&self) -> Ledger {
        let journal = self.path().join(".averment/chain/journal");
        Ledger::open_embedded(&journal, Genesis::development(0), SystemClock).unwrap()
    }

    /// The program with these arguments, not started yet. It sees no configuration but the sandbox's, and no
    /// terminal.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aver"));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        for name in ["CONFIG", "CHAIN", "CHAIN_ID", "ACCOUNT"] {
            command.env_remove(format!("AVERMENT_{name}"));
        }
        command.env("AVERMENT_PASSWORD_FILE", self.password_file());
        command
    }

    /// Runs the program with exactly these arguments.
    pub fn run(&self, arguments: &[&str]) -> Run {
        let output = self.command(arguments).output().unwrap();
        Run {
            arguments: arguments.join(" "),
            code: output.status.code().expect("the program was not killed"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs the program as `account`, agreeing to everything, with JSON as its answer.
    pub fn by(&self, account: &str, arguments: &[&str]) -> Run {
        self.run(&[arguments, &["--account", account, "--yes", "--json"]].concat())
    }
}

impl Run {
    /// Standard output as the one JSON object that it must be with `--json`.
    pub fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{}: not one JSON value ({error}): {self:?}", self.arguments));
        assert!(value.is_object(), "{}: not an object: {value}", self.arguments);
        value
    }

    /// The run, which must have ended well, with one JSON object if that was asked for.
    #[track_caller]
    pub fn done(self) -> Self {
        assert_eq!(self.code, 0, "{}\n{}{}", self.arguments, self.stdout, self.stderr);
        if self.arguments.contains("--json") && !self.arguments.contains("--help") {
            self.json();
        }
        self
    }

    /// Asserts that the run ended with `code` and one JSON object whose message holds `words`; returns the message.
    #[track_caller]
    pub fn refused(&self, code: i32, words: &str) -> String {
        assert_eq!(self.code, code, "{}\n{}{}", self.arguments, self.stdout, self.stderr);
        let error = &self.json()["error"];
        assert_eq!(error["exit"], code, "{error}");
        let causes = error["causes"].as_array().unwrap().iter();
        let message: Vec<&str> =
            [&error["message"]].into_iter().chain(causes).map(|text| text.as_str().unwrap()).collect();
        let message = message.join(": ");
        assert!(message.contains(words), "{}\nexpected {words:?} in {message:?}", self.arguments);
        message
    }
}

fn password() -> Password {
    Password::new(PASSWORD.as_bytes().to_vec().into()).unwrap()
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
