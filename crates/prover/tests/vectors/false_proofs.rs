//! Proofs of what is not so, each by the real prover with a fresh transcript; stored as changes of a good call.

use super::{
    COUNT, Call, PARTS, abi, cases,
    lies::{
        MANNERS, Manner,
        bench::{Bench, Claimed, Falsehood},
        plus_order,
        witness::{Force, Part},
    },
    slotted, write,
};
use alloy_primitives::{B256, U256, hex};
use averment_verifier::{
    absorb,
    descriptor::Options,
    field::Fr,
    point,
    statement::{Mode, Statement},
    transcript::Oracle,
};
use serde_json::{Value, json};

/// A bench and the call of its honest proof.
pub struct Base {
    pub bench: Bench,
    pub call: Call,
}

/// Counts what a transcript is told.
#[derive(Default)]
struct Count(usize);

impl Oracle for Count {
    fn word(&mut self, _: &B256) {
        self.0 += 1;
    }

    fn draw(&mut self) -> Fr {
        Fr::default()
    }
}

fn coordinates() -> U256 {
    U256::from_str_radix(super::COORDINATES, 16).unwrap()
}

/// Another number that is taken for a coordinate by who subtracts it from the coordinates' order in 256 bits.
fn wrapped(word: B256) -> B256 {
    B256::from(U256::from_be_bytes(word.0).wrapping_sub(coordinates() * U256::from(4)))
}

impl Base {
    pub fn new(model: averment_plan::Model, options: Options) -> Self {
        let bench = Bench::of(model, options, 1, 5);
        let honest = bench.prove(Falsehood::None, Manner::Plain).unwrap();
        let call = Call {
            tau: averment_verifier::setup::tau_words(&bench.setup.tau()),
            setup: bench.setup.digest(),
            parts: parts(&bench, &honest),
        };
        Self { bench, call }
    }

    /// The file of the honest call.
    pub fn file(&self) -> Value {
        write(&self.call, "The base of false proofs: an honest one of the same model.")
    }

    /// The changes that make a claim's call of the honest one.
    fn patches(&self, claimed: &Claimed) -> Vec<Value> {
        let own = parts(&self.bench, claimed);
        let changed = PARTS.iter().zip(own).zip(&self.call.parts).filter(|((_, own), base)| own != *base);
        changed.map(|((part, own), _)| replaced(part, &own)).collect()
    }

    /// What a model shows, with names.
    pub fn cases(&self, shows: Shows) -> Vec<Value> {
        let mut cases = Vec::new();
        let mut add = |name: String, patches: Vec<Value>| {
            cases.push(json!({ "name": name, "count": patches.len(), "patches": patches }));
        };
        if shows == Shows::Rounds {
            self.longest_round(&mut add);
            return cases;
        }
        let whole = shows == Shows::Everything;
        for (falsehood, manner) in falsehoods(whole) {
            if let Some(claimed) = self.bench.prove(falsehood, manner) {
                add(format!("{falsehood:?}, {manner:?}"), self.patches(&claimed));
            }
        }
        type Change = fn(&mut Statement);
        let statements: [(&str, Change, bool); 3] = [
            ("one public value more than the plan has", |own| own.public.push(0), false),
            ("one public value less than the plan has", |own| _ = own.public.pop(), false),
            ("without masks for a plan that has room for them", |own| own.mode = Mode::Transparent, true),
        ];
        for (name, change, any_mode) in statements {
            if !any_mode || self.bench.mode.masked() {
                add(name.into(), self.patches(&self.bench.stating(change, any_mode)));
            }
        }
        if whole {
            self.misheard(&mut add);
            self.points(&mut add);
        }
        cases
    }

    /// How many words the transcript is told before the proof's.
    fn before(&self) -> usize {
        let mut before = Count::default();
        absorb(&mut before, self.bench.descriptor(), &self.bench.registered, &self.bench.statement);
        before.0
    }

    /// A word of the proof that is not canonical and was heard so, as the transcript's `heard`th behind those before.
    fn word_misheard(
        &self,
        before: usize,
        place: usize,
        heard: usize,
        add: &mut impl FnMut(String, Vec<Value>),
    ) {
        let mut proof = self.bench.misheard(before + heard, plus_order).encode();
        let word = &mut proof[place * 32..][..32];
        let changed = plus_order(B256::from_slice(word));
        word.copy_from_slice(changed.as_slice());
        add(
            format!("word {place} of the proof plus the field's order, and heard so"),
            vec![replaced("proof", &proof)],
        );
    }

    /// In the same way each coefficient of the first of the longest rounds, and of the masks' round.
    fn longest_round(&self, add: &mut impl FnMut(String, Vec<Value>)) {
        let proof = self.bench.prove(Falsehood::None, Manner::Plain).unwrap().proof;
        // c_0 and c_2 to c_6.
        let longest = proof.main.iter().map(Vec::len).max().unwrap();
        assert_eq!(longest, 6);
        let masks = proof.masks.is_some();
        // Points, the masks' two sums and s.
        let points = proof.witness1.len() + proof.witness2.len() + usize::from(masks);
        let mut first = 2 * points + 2 * usize::from(masks) + 1;
        let mut rounds = Vec::new();
        for round in &proof.main {
            rounds.push(first..first + round.len());
            first += round.len();
        }
        let last = masks.then(|| rounds.last().unwrap().clone());
        let wanted = rounds.into_iter().find(|round| round.len() == longest).into_iter().chain(last);
        for place in wanted.flatten() {
            self.word_misheard(self.before(), place, place, add);
        }
    }

    /// Words that are not canonical, from a prover that gave them to the transcript as they are: without a check of its
    /// own for each, a verifier would take two proofs for one.
    fn misheard(&self, add: &mut impl FnMut(String, Vec<Value>)) {
        let Bench { statement, mode, .. } = &self.bench;
        let before = self.before();
        let words = self.call.parts[3].len() / 32;
        // v, R and v_R are heard as v, v_R, R; the opening comes behind them.
        let opening = words - if mode.masked() { 22 } else { 20 };
        // Some of the rounds' coefficients stand for the others: rounds have 2, 3 and 6.
        let ends = |place: usize| place < 16 || place + 36 > words;
        for place in (0..words).filter(|place| ends(*place) || place % 5 == 0) {
            let heard = match opening.wrapping_sub(place) {
                1 if mode.masked() => place - 2,
                2 | 3 if mode.masked() => place + 1,
                _ => place,
            };
            self.word_misheard(before, place, heard, add);
        }
        // The opening's quotient is negated, so its y is one that another number gives as well.
        let place = words - 3;
        let mut changed = self.bench.misheard(before + place, wrapped).encode();
        let word = B256::from_slice(&changed[place * 32..][..32]);
        changed[place * 32..][..32].copy_from_slice(wrapped(word).as_slice());
        add("another y with the same negative, and heard so".into(), vec![replaced("proof", &changed)]);
        // A point more than there are chunks, behind those of weights and inputs.
        let points = [&self.call.parts[2][..], &[0; 64]].concat();
        let proof = self.bench.overheard(before).encode();
        add(
            "a point more, and heard so".into(),
            vec![replaced("points", &points), replaced("proof", &proof)],
        );
        // The consumer and the beneficiary, with more than an address has.
        for (word, heard) in [(1, 3), (3, 5)] {
            let proof = self.bench.misheard(heard, |word| word | B256::right_padding_from(&[1]));
            let mut statement = self.call.parts[1].clone();
            statement[word * 32] |= 1;
            let patches = vec![replaced("statement", &statement), replaced("proof", &proof.encode())];
            add(format!("word {word} of the statement is wider than an address, and heard so"), patches);
        }
        // A public value that is its residue: a negative one as it is heard, another plus the order.
        for (place, value) in statement.public.iter().enumerate() {
            let first = 13;
            let at = (COUNT + 1 + place) * 32;
            let mut words = self.call.parts[1].clone();
            let residue = averment_verifier::field::to_word(&Fr::from(*value));
            let (word, proof) = match value {
                ..0 => (residue, self.call.parts[3].clone()),
                _ => (plus_order(residue), self.bench.misheard(first + place, plus_order).encode()),
            };
            words[at..][..32].copy_from_slice(word.as_slice());
            let patches = vec![replaced("statement", &words), replaced("proof", &proof)];
            add(
                format!("public value {place} is another integer of the same residue, and heard so"),
                patches,
            );
        }
    }

    /// Points that are written otherwise, or are others.
    fn points(&self, add: &mut impl FnMut(String, Vec<Value>)) {
        let order = U256::from_str_radix(super::COORDINATES, 16).unwrap();
        for part in [2, 3] {
            let bytes = &self.call.parts[part];
            let word = |place: usize| B256::from_slice(&bytes[place * 32..][..32]);
            let is_point = |place: usize| {
                place + 1 < bytes.len() / 32 && point::from_words(&[word(place), word(place + 1)]).is_some()
            };
            for place in (0..bytes.len() / 32).filter(|place| is_point(*place) && !word(*place).is_zero()) {
                let [x, y] = [place, place + 1].map(|place| U256::from_be_bytes(word(place).0));
                let own = [
                    ("x plus the coordinates' order", x + order, y),
                    ("y plus the coordinates' order", x, y + order),
                    ("negated", x, order - y),
                    ("off the curve", x, y ^ U256::from(1)),
                    ("nothing", U256::ZERO, U256::ZERO),
                    ("the generator", U256::from(1), U256::from(2)),
                ];
                for (what, x, y) in own {
                    let bytes = [x.to_be_bytes::<32>(), y.to_be_bytes::<32>()].concat();
                    let patch = json!({ "part": PARTS[part], "at": place * 32, "bytes": hex::encode_prefixed(bytes) });
                    add(format!("point {place} of the {}: {what}", PARTS[part]), vec![patch]);
                }
            }
        }
    }
}

/// What is false, and how it is proved: by the protocol, and if `whole` a few in every manner.
fn falsehoods(whole: bool) -> Vec<(Falsehood, Manner)> {
    let force = |relation, cell, part| Falsehood::Cell(Force { relation, cell, part });
    let mut all = Vec::new();
    if whole {
        let few = [
            force(0, 1, Part::High),
            force(1, 1, Part::Rounding),
            Falsehood::Counts(&[1]),
            Falsehood::Public(0),
        ];
        all.extend(few.into_iter().flat_map(|falsehood| MANNERS.map(|manner| (falsehood, manner))));
    }
    let plain = |falsehood| (falsehood, Manner::Plain);
    for relation in 0..3 {
        for part in [Part::High, Part::Low, Part::Rounding, Part::Out] {
            all.extend([0, 3].map(|cell| plain(force(relation, cell, part))));
        }
    }
    let others = [Falsehood::Padding, Falsehood::Counts(&[0, 1, -1]), Falsehood::Range, Falsehood::Input];
    all.extend(others.map(plain));
    all.extend((0..4).map(|tensor| plain(Falsehood::Weight(tensor))));
    all
}

fn parts(bench: &Bench, claimed: &Claimed) -> [Vec<u8>; 5] {
    [
        bench.descriptor().bytes().to_vec(),
        abi(&claimed.statement),
        point::to_bytes(claimed.registered.committed()),
        claimed.proof.encode(),
        point::to_bytes(claimed.registered.tables()),
    ]
}

fn replaced(part: &str, bytes: &[u8]) -> Value {
    json!({ "part": part, "length": bytes.len(), "at": 0, "bytes": hex::encode_prefixed(bytes) })
}

/// What a model is there to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// Falsehoods, and what one model shows for all.
    Everything,
    /// Falsehoods.
    Falsehoods,
    /// The rounds of four slots, which have the highest degree that there is.
    Rounds,
}

/// The models with their names, how many slots they have if that is not chosen by cost, and what they show.
pub fn models() -> [(&'static str, averment_plan::Model, Option<u8>, Shows); 3] {
    [
        ("dense", cases::dense_model(), None, Shows::Everything),
        ("windows", cases::windows(), None, Shows::Falsehoods),
        ("slots", slotted::filling(4).unwrap(), Some(4), Shows::Rounds),
    ]
}
