//! The targets on any toolchain: their seeds, and changed ones.

use super::*;

/// Changed inputs a seed.
const CHANGES: usize = 300;

/// xorshift64*: the same inputs on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit.max(1)
    }
}

/// What a disk, a line or a stranger does to bytes.
fn changed(seed: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(3) {
        let place = random.below(bytes.len());
        match random.below(6) {
            0 => bytes.truncate(place),
            1 => bytes.insert(place.min(bytes.len()), random.below(256) as u8),
            2 if !bytes.is_empty() => drop(bytes.remove(place)),
            3 if !bytes.is_empty() => bytes[place] ^= 1 << random.below(8),
            4 if !bytes.is_empty() => bytes[place] = [0, 255, b'0', b'"', b'\n', b'x'][random.below(6)],
            _ => {
                let end = (place + random.below(40)).min(bytes.len());
                let part = bytes[place.min(end)..end].to_vec();
                let at = random.below(bytes.len());
                bytes.splice(at..at, part);
            }
        }
    }
    bytes
}

#[test]
fn every_target_accepts_its_seeds() {
    for target in TARGETS {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        for (place, seed) in seeds.iter().enumerate() {
            assert!((target.run)(seed), "{} refuses its seed {place}", target.name);
        }
    }
}

#[test]
fn no_target_breaks_on_changed_seeds() {
    for target in TARGETS {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let seeds = (target.seeds)();
        let mut refused = 0;
        for number in 0..CHANGES {
            let input = changed(&seeds[number % seeds.len()], &mut random);
            refused += usize::from(!(target.run)(&input));
        }
        assert!(refused > 0, "{} accepts everything", target.name);
    }
}

/// Inputs that once broke a promise, kept as `fuzz/regressions/TARGET/NAME`.
#[test]
fn what_was_found_once_stays_found() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/regressions");
    for folder in std::fs::read_dir(folder).expect("a folder") {
        let folder = folder.expect("a folder").path();
        let name = folder.file_name().and_then(|name| name.to_str()).expect("a target's name");
        let target = target(name).unwrap_or_else(|| panic!("{name} is no target"));
        for file in std::fs::read_dir(&folder).expect("a folder") {
            (target.run)(&std::fs::read(file.expect("a file").path()).expect("bytes"));
        }
    }
}

#[test]
fn names_are_different() {
    let mut names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
}
