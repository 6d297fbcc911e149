//! Anvil as a child process, from the path in `AVERMENT_ANVIL`.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
};

/// A running anvil; killed when dropped.
pub struct Anvil {
    child: Child,
    pub url: String,
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Anvil {
    /// Starts anvil with the Prague rules and a genesis at `timestamp`; `None`, said loudly, if there is none.
    pub fn start(timestamp: u64) -> Option<Self> {
        Self::start_as(timestamp, &["--hardfork", "prague"])
    }

    /// The same with the rules that `rules` say.
    pub fn start_as(timestamp: u64, rules: &[&str]) -> Option<Self> {
        let Some(path) = std::env::var_os("AVERMENT_ANVIL") else {
            let name = std::thread::current().name().unwrap_or("a test").to_owned();
            // Straight to the terminal: the test harness keeps what a passing test prints to itself.
            let _ = writeln!(
                std::io::stderr(),
                "SKIPPED {name}: AVERMENT_ANVIL names no anvil; `cargo xtask test` sets it"
            );
            return None;
        };
        let mut child = Command::new(&path)
            .args(["--host", "127.0.0.1", "--port", "0", "--timestamp"])
            .arg(timestamp.to_string())
            .args(rules)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("starting {}: {error}", path.display()));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines
            .find_map(|line| line.unwrap().strip_prefix("Listening on ").map(str::to_owned))
            .expect("anvil says where it listens");
        // Anvil logs every request: somebody has to read it.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { child, url: format!("http://{address}") })
    }
}
