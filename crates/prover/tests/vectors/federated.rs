//! Updates and rounds of federated tasks ([10.5], [10.6]): good ones, proofs of false ones, and descriptors that break one rule each.

use super::{
    Call, ITEMS, PARTS, SCHEMA, WEIGHTS, abi, bad_file,
    chain::Chain,
    descriptors::Attack,
    task::{Round, Task, uniform},
    vectors,
};
use alloy_primitives::hex;
use averment_prover::{Engine, federated::prove_round, reference::Honest};
use averment_verifier::{
    Registered,
    descriptor::{Axis, Coefficient, Constant, Descriptor, Kind, Term, ValidDescriptor},
    point,
    proof::Proof,
    statement::{Mode, Statement},
};
use serde_json::{Value, json};

fn call(
    task: &Task,
    descriptor: &ValidDescriptor,
    registered: &Registered,
    statement: &Statement,
    proof: &Proof,
) -> Call {
    Call {
        tau: averment_verifier::setup::tau_words(&task.setup.tau()),
        setup: task.setup.digest(),
        parts: [
            descriptor.bytes().to_vec(),
            abi(statement),
            point::to_bytes(registered.committed()),
            proof.encode(),
            Vec::new(),
        ],
    }
}

/// A case that replaces all parts of a call but the descriptor.
fn instead(name: &str, call: &Call) -> Value {
    let patch = |(part, bytes): (&&str, &Vec<u8>)| json!({ "part": part, "length": bytes.len(), "at": 0, "bytes": hex::encode_prefixed(bytes) });
    let patches: Vec<Value> = PARTS.iter().zip(&call.parts).skip(1).take(3).map(patch).collect();
    json!({ "name": name, "count": patches.len(), "patches": patches })
}

/// One bit of a word of every kind.
fn bits(own: &Call) -> Vec<Value> {
    let mut cases = Vec::new();
    for (part, from, step) in [("statement", 1, 1), ("points", 0, 3), ("proof", 0, 5)] {
        let bytes = &own.parts[PARTS.iter().position(|name| *name == part).unwrap()];
        for place in (from..bytes.len() / 32).step_by(step) {
            // Where the list begins is no word of the statement, and where it is read from is its encoding's business.
            if part == "statement" && [vectors::PUBLIC, vectors::COUNT].contains(&place) {
                continue;
            }
            let byte = bytes[place * 32 + 31] ^ 1;
            let patch = json!({ "part": part, "at": place * 32 + 31, "bytes": hex::encode_prefixed([byte]) });
            cases.push(json!({ "name": format!("word {place} of the {part}, one bit"), "count": 1, "patches": [patch] }));
        }
    }
    cases
}

/// Writes everything.
pub fn write(save: &impl Fn(String, Value)) {
    for (name, about, task, mode) in [
        (
            "narrow_transparent",
            "An update that is looked up as it stands.",
            Task::narrow(),
            Mode::Transparent,
        ),
        ("wide_zk", "An update whose biases are looked up in limbs.", Task::wide(), Mode::ZeroKnowledge),
    ] {
        let own = task.update_descriptor(mode);
        let update = task.update(1);
        let norm = i64::try_from(update.product(&update, &own.exponents)).unwrap();
        let made = |lie| {
            let (registered, statement, proof) = task.lie(&own, lie, &mut Honest).unwrap();
            call(&task, &own.descriptor, &registered, &statement, &proof)
        };
        let good = made(task.honest(norm));
        assert_eq!(vectors::verdict(&good), Ok(()), "{name}");
        save(format!("ok_update_{name}.json"), vectors::write(&good, about));
        let mut cases: Vec<Value> = bits(&good);
        if name == "narrow_transparent" {
            cases.extend(
                task.falsehoods(norm, &own.exponents)
                    .into_iter()
                    .map(|(what, lie)| instead(what, &made(lie))),
            );
        }
        save(format!("bad_update_{name}.json"), bad_file(&format!("update_{name}"), &good, cases));
    }
    for (name, about, task, mode, half_bits, halves) in [
        (
            "one_half_transparent",
            "A round: four rows, room for eight; vectors of three chunks.",
            Task::three_chunks(),
            Mode::Transparent,
            3,
            1,
        ),
        (
            "two_halves_zk",
            "A round: four rows of updates and references, two of cumulative updates.",
            Task::wide(),
            Mode::ZeroKnowledge,
            2,
            2,
        ),
    ] {
        let round = Round::new(&task, mode, half_bits, halves);
        let good = honest(&task, &round);
        assert_eq!(vectors::verdict(&good), Ok(()), "{name}");
        save(format!("ok_round_{name}.json"), vectors::write(&good, about));
        let mut cases = attacks(&task, &round);
        cases.extend(bits(&good));
        save(format!("bad_round_{name}.json"), bad_file(&format!("round_{name}"), &good, cases));
    }
    // What 20 updates and a reference in one half and 20 sums in the other cost, of one chunk a row and of two.
    for (name, chunk_bits) in [("20_one_chunk_zk", 17), ("20_two_chunks_zk", 16)] {
        let task = Task::digits(chunk_bits);
        let round = Round::many(&task, 20);
        let registered = round.registered();
        let statement = round.own.statement(&registered, &task.about(), &round.triangles);
        let engine = Engine::new(&task.setup, task.chunk_bits).unwrap();
        let proof = prove_round(
            &engine,
            &round.own,
            &round.vectors(),
            &task.about(),
            &round.triangles,
            &mut uniform(3),
        );
        let good = call(&task, &round.own.descriptor, &registered, &statement, &proof.unwrap());
        assert_eq!(vectors::verdict(&good), Ok(()), "{name}");
        let about = "A round of 20 updates of 100,234 parameters, one reference and 20 cumulative updates, for what it costs.";
        save(format!("gas_round_{name}.json"), vectors::write(&good, about));
    }
}

/// A round of 100 updates, a reference and 100 cumulative updates, of one chunk each, fits a transaction on every chain.
#[test]
fn a_round_of_a_hundred_is_verified_in_one_transaction() {
    let task = Task::large(14);
    let round = Round::many(&task, 100);
    let registered = round.registered();
    let statement = round.own.statement(&registered, &task.about(), &round.triangles);
    let engine = Engine::new(&task.setup, task.chunk_bits).unwrap();
    let (rows, about) = (round.vectors(), task.about());
    let proof = prove_round(&engine, &round.own, &rows, &about, &round.triangles, &mut uniform(3)).unwrap();
    let good = call(&task, &round.own.descriptor, &registered, &statement, &proof);
    assert_eq!(vectors::verdict(&good), Ok(()));
    let mut chain = Chain::new(&good);
    assert!(chain.register(&good));
    let gas = chain.gas(&good);
    // `docs/benchmarks.md` has the number; the transaction's calldata come on top.
    assert!(gas.abs_diff(3_050_000) < 50_000, "{gas}");
}

fn honest(task: &Task, round: &Round) -> Call {
    let registered = round.registered();
    let (statement, proof) = round.proved(task, &registered);
    call(task, &round.own.descriptor, &registered, &statement, &proof)
}

/// False rounds, each by the real prover, and lists of rows that are not what was proved.
fn attacks(task: &Task, round: &Round) -> Vec<Value> {
    let good = honest(task, round);
    let mut cases = Vec::new();
    for (half, place) in [(0, 0), (0, 1), (0, 4), (1, 1)] {
        let mut other = round.clone();
        let Some(entry) = other.triangles.get_mut(half).and_then(|own| own.get_mut(place)) else { continue };
        *entry += 1;
        cases.push(instead(&format!("entry {place} of matrix {half} is wrong"), &honest(task, &other)));
    }
    for (what, lie) in round.falsehoods(task) {
        let (registered, statement, proof) = round.lie(task, lie, &mut Honest);
        let own = call(task, &round.own.descriptor, &registered, &statement, &proof);
        cases.push(instead(what, &own));
    }
    // The proof of these rows, for others: exchanged, another one, one more, one less; named as they are.
    let proof = Proof::decode(&good.parts[3], &round.own.descriptor, round.own.mode()).unwrap();
    let mut add = |what: &str, change: &dyn Fn(&mut Round)| {
        let mut other = round.clone();
        change(&mut other);
        let registered = other.registered();
        let statement = other.own.statement(&registered, &task.about(), &other.triangles);
        cases.push(instead(what, &call(task, &other.own.descriptor, &registered, &statement, &proof)));
    };
    add("two rows exchanged", &|round| round.halves[0].swap(0, 1));
    add("another row", &|round| round.halves[0][1] = task.update(30));
    add("another model", &|round| round.model = task.update(31));
    add("model and remainder exchanged", &|round| std::mem::swap(&mut round.model, &mut round.remainder));
    add("a row less", &|round| {
        round.halves[0].pop();
        round.triangles[0] = vec![1; 6];
    });
    if round.halves[0].len() < 1 << round.own.half_bits {
        add("a missing row is a real one", &|round| {
            round.halves[0].push(task.update(32));
            round.triangles[0].extend([0; 5]);
        });
    }
    let write = |part: &str, at: usize, bytes: &[u8]| json!({ "part": part, "at": at, "bytes": hex::encode_prefixed(bytes) });
    for (what, word, number) in [
        ("a schema", SCHEMA, 1),
        ("other items", ITEMS, 1),
        ("no items", ITEMS, 0),
        ("other vectors", WEIGHTS, 9),
        ("no rows", vectors::COUNT + 1, 0),
        ("more rows than there is room for", vectors::COUNT + 1, 200),
    ] {
        let patch = write("statement", word * 32 + 31, &[number]);
        cases.push(json!({ "name": format!("the statement names {what}"), "count": 1, "patches": [patch] }));
    }
    for (what, length) in [("a point less", -64_i64), ("a point more", 64)] {
        let length = i64::try_from(good.parts[2].len()).unwrap() + length;
        let patch = json!({ "part": "points", "length": length });
        cases.push(json!({ "name": what, "count": 1, "patches": [patch] }));
    }
    cases
}

/// What breaks a rule of [10.5], in the wide update's descriptor.
pub const UPDATES: &[Attack] = &[
    ("the update passes for a certificate", "Size", |d| d.kind = Kind::Certificate),
    ("the update passes for a decision", "LookupInput", |d| d.kind = Kind::Decision),
    ("no norm", "Norm", |d| _ = d.relations.remove(0)),
    ("the norm of fewer blocks", "Norm", |d| _ = d.relations[0].products.pop()),
    ("the norm of one block twice", "Norm", |d| {
        d.relations[0].products[1] = d.relations[0].products[0].clone()
    }),
    ("a norm with coordinates", "Norm", |d| d.relations[0].point_bits = 1),
    ("a norm of no public value", "Norm", |d| {
        d.relations[0].constant = Constant::Number(Coefficient { mantissa: 0, shift: 0 });
    }),
    ("a norm of two public values", "Norm", |d| {
        d.relations[0].constant = Constant::Public { first: 0, count: 2 }
    }),
    ("a product of two blocks", "Norm", |d| {
        let base = d.relations[0].products[2].a[0].base;
        d.relations[0].products[0].b[0].base = base;
    }),
    ("the square of another block", "Norm", |d| {
        let base = d.relations[0].products[2].a[0].base;
        let product = &mut d.relations[0].products[0];
        (product.a[0].base, product.b[0].base) = (base, base);
    }),
    ("the square of half a block", "Norm", |d| {
        let product = &mut d.relations[0].products[0];
        let axes = vec![Axis::Sum { at: 0, bits: product.vars - 1 }, Axis::Fixed { value: 0, bits: 1 }];
        (product.a[0].axes, product.b[0].axes) = (axes.clone(), axes);
    }),
    ("a difference of squares", "Norm", |d| d.relations[0].products[0].b[0].coefficient.mantissa = -1),
    ("twice a square", "Norm", |d| d.relations[0].products[0].a[0].coefficient.mantissa = 2),
    ("another exponent on one side", "Norm", |d| d.relations[0].products[0].a[0].coefficient.shift += 1),
    ("the square of a sum", "Norm", |d| {
        let bits = d.relations[0].products[0].vars;
        d.relations[0].products[0].a[0].axes = vec![Axis::Ones { bits }];
    }),
    ("a sum over fewer variables", "Norm", |d| d.relations[0].products[0].vars -= 1),
    ("a norm that could wrap", "Wraps", |d| {
        d.relations[0].products[0].a[0].coefficient.shift = 130;
        d.relations[0].products[0].b[0].coefficient.shift = 130;
    }),
    ("slack that is taken away", "Norm", |d| d.relations[0].terms[0].coefficient.mantissa = -1),
    ("a limb of slack twice", "Norm", |d| d.relations[0].terms[1].base = d.relations[0].terms[0].base),
    ("slack without a relation", "Free", |d| _ = d.relations[0].terms.pop()),
    ("a second norm", "Public", |d| {
        let mut own = d.relations[0].clone();
        own.products.clear();
        own.terms.clear();
        d.relations.insert(1, own);
    }),
    ("wider cells than their limbs", "Ranged", |d| d.weight_bits[1] += 1),
    ("a block that is not looked up", "Covered", |d| {
        let first = d.lookups.iter().position(|own| own.input.is_some()).unwrap();
        d.lookups.remove(first);
    }),
];

/// Changes both sides of the first half's product.
fn sides(d: &mut Descriptor, change: impl Fn(&mut Vec<Term>)) {
    let product = &mut d.relations[0].products[0];
    change(&mut product.a);
    change(&mut product.b);
}

/// Changes the last term's span.
fn span(side: &mut [Term], change: impl Fn(u32, u32) -> (u32, u32)) {
    if let Some(Axis::Span { first, past, .. }) = side.last_mut().and_then(|term| term.axes.first_mut()) {
        (*first, *past) = change(*first, *past);
    }
}

/// What breaks a rule of [10.6], in the descriptor of a round of two halves.
pub const ROUNDS: &[Attack] = &[
    ("the round passes for a decision", "Layout", |d| d.kind = Kind::Decision),
    ("rows of no bits", "Size", |d| d.row_bits[0] = 0),
    ("rows of 63 bits", "Size", |d| d.row_bits[1] = 63),
    ("rows that could wrap", "Wraps", |d| {
        sides(d, |side| side[0].coefficient.shift = 130);
    }),
    ("no inner products", "Gram", |d| _ = d.relations.drain(..2)),
    ("inner products of one half", "Gram", |d| _ = d.relations.remove(1)),
    ("the first half twice", "Gram", |d| d.relations[1] = d.relations[0].clone()),
    ("halves exchanged", "Gram", |d| d.relations.swap(0, 1)),
    ("the second half behind the model's", "Gram", |d| {
        let own = d.relations.remove(1);
        d.relations.push(own);
    }),
    ("rows of the other half", "Gram", |d| {
        let base = d.relations[1].products[0].a[0].base;
        sides(d, |side| side.iter_mut().for_each(|term| term.base = base));
    }),
    ("rows of the other half on one side", "Gram", |d| {
        let base = d.relations[1].products[0].a[0].base;
        d.relations[0].products[0].b.iter_mut().for_each(|term| term.base = base);
    }),
    ("two products", "Gram", |d| {
        let own = d.relations[0].products[0].clone();
        d.relations[0].products.push(own);
    }),
    ("a product less", "Gram", |d| _ = d.relations[0].products.pop()),
    ("a side of nothing", "Gram", |d| sides(d, Vec::clear)),
    ("other spans on one side", "Gram", |d| _ = d.relations[0].products[0].b.pop()),
    ("a last block less", "Gram", |d| sides(d, |side| _ = side.pop())),
    ("a cell less", "Gram", |d| sides(d, |side| span(side, |first, past| (first, past - 1)))),
    ("a cell more", "Gram", |d| sides(d, |side| span(side, |first, past| (first, past + 1)))),
    ("cells read twice", "Gram", |d| sides(d, |side| side.insert(0, side[0].clone()))),
    ("a span of nothing", "Gram", |d| {
        sides(d, |side| {
            side.insert(0, side[0].clone());
            span(&mut side[..1], |first, _| (first, first));
        });
    }),
    ("cells before the first are left out", "Gram", |d| {
        sides(d, |side| span(&mut side[..1], |first, past| (first + 1, past)));
    }),
    ("the sum's cells without their places", "Gram", |d| {
        sides(d, |side| {
            for term in side {
                term.axes[0] = Axis::Sum { at: 0, bits: term.axes[0].bits() };
            }
        });
    }),
    ("another place of rows", "Gram", |d| {
        sides(d, |side| {
            for term in side {
                let bits = term.axes.last().unwrap().bits();
                *term.axes.last_mut().unwrap() = Axis::Point { at: 0, bits };
            }
        });
    }),
    ("a coordinate less", "Gram", |d| d.relations[0].point_bits -= 1),
    ("fewer variables", "Gram", |d| d.relations[0].products[0].vars -= 1),
    ("another sign", "Gram", |d| d.relations[0].products[0].b[0].coefficient.mantissa = -1),
    ("another sign on both sides", "Gram", |d| sides(d, |side| side[0].coefficient.mantissa = -1)),
    ("other exponents on one side", "Gram", |d| d.relations[0].products[0].b[0].coefficient.shift += 1),
    ("one row for all", "Gram", |d| {
        sides(d, |side| {
            for term in side {
                let last = term.axes.len() - 1;
                term.axes[last] = Axis::Fixed { value: 0, bits: term.axes[last].bits() };
            }
        });
    }),
    ("a term beside the products", "Gram", |d| {
        let term = d.relations.last().unwrap().terms[0].clone();
        d.relations[0].terms.push(term);
    }),
    ("a span among a model's limbs", "Ranged", |d| {
        let own = d.relations.iter_mut().find(|own| own.terms.len() > 1).unwrap();
        own.terms[0].axes = vec![Axis::Span { bits: own.point_bits, first: 0, past: 1 << own.point_bits }];
    }),
    ("rows' weights among padding", "Padding", |d| {
        let own = d.relations.last_mut().unwrap();
        own.terms[0].axes.push(Axis::Mixed { bits: 0 });
    }),
    ("fewer rows", "Gram", |d| {
        if let Constant::Gram { row_bits, .. } = &mut d.relations[0].constant {
            *row_bits -= 1;
        }
    }),
    ("a wider model than its limbs", "Ranged", |d| d.weight_bits[1] += 1),
    ("a remainder with an offset", "Ranged", |d| {
        let zero = Constant::Number(Coefficient { mantissa: 0, shift: 0 });
        let own = d.relations.iter_mut().find(|own| own.terms.len() > 1 && own.constant == zero).unwrap();
        own.constant = Constant::Number(Coefficient { mantissa: 1, shift: 15 });
    }),
    ("a limb of a remainder less", "Ranged", |d| {
        let zero = Constant::Number(Coefficient { mantissa: 0, shift: 0 });
        let own = d.relations.iter_mut().find(|own| own.terms.len() > 1 && own.constant == zero).unwrap();
        own.terms.pop();
    }),
    ("a block that is not looked up", "Covered", |d| _ = d.lookups.pop()),
];
