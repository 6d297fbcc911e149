//! Weights certificates ([8.1]): good ones, proofs of false ones, and descriptors that break one rule of [10.4] each.

use super::{
    Call, Certified, INPUTS, ITEMS, PARTS, SCHEMA, abi,
    cases::{clamp, perceptron, windows},
    certified::{self, Bench, False, uniform},
    descriptors::{Attack, moved, resized},
    make, networks, vectors,
};
use alloy_primitives::hex;
use ark_ec::AffineRepr;
use ark_ff::Field;
use averment_plan::Plan;
use averment_prover::{Engine, certify::Certifier, model::Committed, reference::Honest};
use averment_verifier::{
    Registered,
    descriptor::{
        Axis, Coefficient, Constant, Descriptor, Kind, LookupBlock, Options, Product, Relation, Table,
        ValidDescriptor,
    },
    field::Fr,
    point::{self, G1Affine},
    proof::Proof,
    statement::Mode,
};
use serde_json::{Value, json};

fn parts(
    bench: &Bench,
    descriptor: &ValidDescriptor,
    registered: &Registered,
    proof: &Proof,
) -> [Vec<u8>; 5] {
    [
        descriptor.bytes().to_vec(),
        abi(&bench.statement(registered)),
        point::to_bytes(registered.committed()),
        proof.encode(),
        point::to_bytes(registered.tables()),
    ]
}

/// A certificate by the real prover.
fn certified(bench: &Bench) -> Certified {
    let committed = bench.committed();
    let certifier = Certifier::new(&committed, &bench.model).unwrap();
    let registered = certifier.registered().unwrap();
    let statement = bench.statement(&registered);
    // Byte for byte what it is by definition, and done sooner for a network.
    let engine = Engine::new(&bench.setup, certifier.descriptor().layout.chunk_bits).unwrap();
    let proof = certifier.prove(&engine, &registered, &statement, &mut uniform(3)).unwrap();
    let call = Call {
        tau: averment_verifier::setup::tau_words(&bench.setup.tau()),
        setup: bench.setup.digest(),
        parts: parts(bench, certifier.descriptor(), &registered, &proof),
    };
    Certified { decision: committed.descriptor().bytes().to_vec(), decision_tables: None, call }
}

/// Vectors by name: what they are about, and what they are made of.
fn made() -> Vec<(String, &'static str, Bench)> {
    let mut vectors = Vec::new();
    for (suffix, mode) in [("transparent", Mode::Transparent), ("zk", Mode::ZeroKnowledge)] {
        let narrow = "Weights of 4 bits and biases of 6, all looked up as they stand.";
        let wide = "Weights of 4 bits looked up as they stand, biases of 20 in limbs.";
        for (name, about, model) in
            [("narrow", narrow, certified::narrow()), ("wide", wide, certified::wide())]
        {
            vectors.push((format!("certificate_{name}_{suffix}"), about, Bench::new(model, mode)));
        }
    }
    if super::writes_all() {
        for (name, about, model) in networks::all() {
            if ["perceptron", "lenet"].contains(&name) {
                vectors.push((
                    format!("certificate_{name}_zk"),
                    about,
                    Bench::new(model, Mode::ZeroKnowledge),
                ));
            }
        }
    }
    vectors
}

/// Writes everything.
pub fn write(save: &impl Fn(String, Value)) {
    for (name, about, bench) in made() {
        let own = certified(&bench);
        assert_eq!(own.verdict(), Ok(()), "{name}");
        let mut file = super::write(&own.call, about);
        file["decision"] = hex::encode_prefixed(&own.decision).into();
        save(format!("ok_{name}.json"), file);
        if !["certificate_narrow_transparent", "certificate_wide_zk"].contains(&name.as_str()) {
            continue;
        }
        let cases: Vec<Value> = attacks(&bench, &own)
            .into_iter()
            .map(|mut case| {
                let error = own.case(&case).verdict().expect_err(&case.to_string());
                case["error"] = error.into();
                case
            })
            .collect();
        let bad = json!({
            "format": "averment-vectors-bad-certificate/1",
            "about": "Changes of the other file: a part cut or grown to `length`, then `bytes` written at `at`; if there is a \
                      `decision`, that one, and if there are `decisionTables`, registered with these points. `error` is the \
                      Rust verifier's; the contract reverts, with OtherPlan and the same name, or NotProved.",
            "of": format!("ok_{name}.json"),
            "count": cases.len(),
            "cases": cases,
        });
        save(format!("bad_{name}.json"), bad);
    }
}

/// False certificates, each by the real prover; proofs for other points and plans; words that are changed.
fn attacks(bench: &Bench, own: &Certified) -> Vec<Value> {
    let mut cases = Vec::new();
    let write = |part: &str, at: usize, bytes: &[u8]| json!({ "part": part, "at": at, "bytes": hex::encode_prefixed(bytes) });
    let mut add = |name: String, patches: Vec<Value>| {
        cases.push(json!({ "name": name, "count": patches.len(), "patches": patches }));
    };
    let committed = bench.committed();
    let certifier = Certifier::new(&committed, &bench.model).unwrap();
    for (place, block) in committed.descriptor().covered().into_iter().enumerate() {
        let half = 1_i64 << (block.width - 1);
        let last = block.base + (1 << block.bits) - 1;
        for (what, address, committed) in [
            ("above its range", block.base, Fr::from(half)),
            ("below its range", block.base, Fr::from(-half - 1)),
            ("1/2", block.base, Fr::from(2_u64).inverse().unwrap()),
            ("1, where there is padding", last, Fr::from(1_u64)),
        ] {
            // The last bias has no padding, and function tables have none.
            let padding = what.ends_with("padding");
            if padding && place > 2 {
                continue;
            }
            let lie = False { address, committed, claimed: padding.into() };
            let (registered, proof) = bench.lie(lie, &mut Honest).unwrap();
            let parts = parts(bench, certifier.descriptor(), &registered, &proof);
            let patches = PARTS.iter().zip(&parts).skip(1).map(|(part, bytes)| write(part, 0, bytes));
            add(format!("a cell of block {place} is {what}"), patches.collect());
        }
    }

    // The proof of these points, with those of another version: by their own name, and by the old one.
    let other = Committed::new(&bench.setup, &bench.model, bench.options(), &mut uniform(9)).unwrap();
    let other = Certifier::new(&other, &bench.model).unwrap().registered().unwrap();
    let (mut other, tables) = (other.committed().copied().collect::<Vec<_>>(), other.tables().to_vec());
    if !bench.mode.masked() {
        // Nothing is blinded, so it is weights that differ.
        other[0] = bench.setup.chunk(vec![Fr::from(1_u64)], Fr::from(0_u64)).point;
    }
    let registered = bench.registered(certifier.descriptor(), other.clone(), &tables);
    let statement = abi(&bench.statement(&registered));
    add(
        "another version's points".into(),
        vec![write("points", 0, &point::to_bytes(&other)), write("statement", 0, &statement)],
    );
    let points = write("points", 0, &point::to_bytes(&other));
    add("another version's points, by the name of these".into(), vec![points]);
    add("the same points by another name".into(), vec![write("statement", 0, &statement)]);
    add("another function table".into(), vec![write("tables", 0, &point::to_bytes(&other[..1]))]);
    for place in 0..own.call.parts[3].len() / 32 {
        let byte = own.call.parts[3][place * 32 + 31] ^ 1;
        add(format!("word {place} of the proof, one bit"), vec![write("proof", place * 32 + 31, &[byte])]);
    }
    let registered = certifier.registered().unwrap();
    for (word, what) in [(SCHEMA, "a schema"), (INPUTS, "inputs"), (ITEMS, "items")] {
        let patch = write("statement", word * 32 + 31, &[1]);
        add(format!("the statement names {what}"), vec![patch.clone()]);
        // A prover that says so, too.
        let mut named = own.call.parts[1].clone();
        named[word * 32 + 31] = 1;
        let named = vectors::statement(&named, bench.setup.digest());
        let proof = certifier.prove_by_definition(&registered, &named, &mut uniform(3)).unwrap();
        add(
            format!("the statement names {what}, and is proved"),
            vec![patch, write("proof", 0, &proof.encode())],
        );
    }
    cases.extend(other_plans(bench, own));
    cases
}

/// Decisions that the certificate is not for.
fn other_plans(bench: &Bench, own: &Certified) -> Vec<Value> {
    let derive = |plan: &Plan, change: &dyn Fn(&mut Options)| {
        let mut options = bench.options();
        options.chunk_bits = Some(bench.chunk_bits());
        change(&mut options);
        let descriptor = Descriptor::derive(plan, options).unwrap().descriptor;
        let tables = vec![G1Affine::generator(); descriptor.layout.tables.len()];
        (descriptor.bytes().to_vec(), point::to_bytes(&tables))
    };
    let same = |_: &mut Options| ();
    let other = |bits: u8, change: &dyn Fn(&mut averment_plan::Draft)| {
        let (mut draft, _) = perceptron();
        draft.weights[1].bits = bits;
        draft.weights[3].bits = bits;
        change(&mut draft);
        Plan::new(draft).unwrap()
    };
    let bits = bench.model.plan().weights()[1].bits;
    [
        ("the certificate is for itself", (own.call.parts[0].clone(), own.call.parts[4].clone())),
        ("the same plan with other points of its tables", derive(bench.model.plan(), &same)),
        ("a plan that declares wider biases", derive(&other(bits + 1, &|_| ()), &same)),
        ("a plan that declares narrower biases", derive(&other(bits - 1, &|_| ()), &same)),
        ("a plan with other weights", derive(windows().plan(), &same)),
        (
            "larger chunks",
            derive(bench.model.plan(), &|options| options.chunk_bits = Some(bench.chunk_bits() + 1)),
        ),
        (
            "a plan with a table of wider outputs",
            derive(&other(bits, &|draft| draft.tables[0] = clamp(8, -32, 127)), &same),
        ),
        (
            "a plan with a larger table",
            derive(&other(bits, &|draft| draft.tables[0] = clamp(9, 0, 31)), &same),
        ),
    ]
    .map(|(name, (decision, tables))| for_decision(name, &decision, &tables, vec![]))
    .into_iter()
    .chain(OTHERS.iter().map(|(name, change)| {
        let mut descriptor = Descriptor::decode(&own.decision).unwrap();
        change(&mut descriptor);
        let descriptor = descriptor.validate().unwrap();
        let tables = &own.call.parts[4];
        assert_eq!(descriptor.layout.tables.len() * point::BYTES, tables.len(), "{name}");
        for_decision(name, descriptor.bytes(), tables, vec![])
    }))
    .chain([{
        // Accepted, but of a decision.
        let call = make::Made::new(bench.model.clone(), bench.mode, 1).call(|_| ());
        let patch = |(part, bytes): (&&str, &Vec<u8>)| json!({ "part": part, "length": bytes.len(), "at": 0, "bytes": hex::encode_prefixed(bytes) });
        let patches = PARTS.iter().zip(&call.parts).map(patch).collect();
        for_decision("a decision's proof", &call.parts[0], &call.parts[4], patches)
    }])
    .collect()
}

/// A case of a certificate for another decision's descriptor, registered with these points.
fn for_decision(name: &str, decision: &[u8], tables: &[u8], patches: Vec<Value>) -> Value {
    json!({
        "name": name,
        "count": patches.len(),
        "patches": patches,
        "decision": hex::encode_prefixed(decision),
        "decisionTables": hex::encode_prefixed(tables),
    })
}

/// What makes a decision's descriptor differ from the certified one in one thing, with as many points of tables.
type Other = (&'static str, fn(&mut Descriptor));

/// All of them.
const OTHERS: &[Other] = &[
    ("the same in larger chunks", |d| moved(d, |sizes| sizes.chunk_bits += 1)),
    ("a larger block of weights", |d| {
        // What nobody reads may have any size.
        let base = d.layout.weight_blocks[1];
        d.relations.iter_mut().for_each(|own| own.terms.retain(|term| term.base != base));
        moved(d, |sizes| sizes.weights[1] += 1);
    }),
    ("wider weights", |d| d.weight_bits[0] += 1),
    ("wider outputs of a function", |d| d.tables[0].out_bits += 1),
    ("more room for functions", |d| {
        moved(d, |sizes| {
            let bits = sizes.function_bits.map(|bits| bits + 1);
            (sizes.function_bits, sizes.table_bits) = (bits, sizes.table_bits.max(bits.unwrap_or(0)));
        });
    }),
];

/// A change of the relation that ties a block to its limbs.
fn ranged(d: &mut Descriptor, change: impl FnOnce(&mut Relation)) {
    change(d.relations.iter_mut().find(|own| own.terms.len() > 1).unwrap());
}

/// A change of the first relation of padding.
fn padding(d: &mut Descriptor, change: impl FnOnce(&mut Relation)) {
    change(d.relations.iter_mut().find(|own| own.terms.len() == 1).unwrap());
}

/// The first lookup block that is a part.
fn part(d: &Descriptor) -> usize {
    d.lookups.iter().position(|own| own.input.is_some()).unwrap()
}

/// A limb more, like another of the first ones, in rows that are free. Its first cell.
fn limb(d: &mut Descriptor, like: usize, row: u64) -> u64 {
    let own = LookupBlock { row, ..d.lookups[like] };
    d.lookups.insert(part(d), own);
    d.layout.slots[usize::from(own.slot)].0.unwrap() + row
}

/// Rows that nothing is looked up in, in each slot of the wide model's certificate.
const FREE: u64 = 576;

/// What breaks a rule of [10.4], in the certificate of the wide model: its biases have limbs, all else is in parts.
pub const ATTACKS: &[Attack] = &[
    ("the certificate passes for a decision", "LookupInput", |d| d.kind = Kind::Decision),
    ("an input", "Size", |d| resized(d, |sizes| sizes.inputs.push(3))),
    ("a product", "Size", |d| {
        let term = d.relations[0].terms[0].clone();
        let (a, b) = (vec![term.clone()], vec![term]);
        d.relations[0].products.push(Product { vars: 2, grouped: 0, group_point: 0, a, b });
    }),
    ("something public", "Public", |d| {
        padding(d, |own| own.constant = Constant::Public { first: 0, count: 1 });
    }),
    ("a limb without a relation", "Free", |d| {
        let last = d.relations.iter().rposition(|own| own.terms.len() > 1).unwrap();
        d.relations.remove(last);
    }),
    ("a block and no limbs", "Ranged", |d| ranged(d, |own| own.terms.truncate(1))),
    ("nothing and its limbs", "Ranged", |d| ranged(d, |own| own.terms.clear())),
    ("a limb less", "Ranged", |d| ranged(d, |own| _ = own.terms.pop())),
    ("a limb twice", "Ranged", |d| ranged(d, |own| own.terms[2].base = own.terms[1].base)),
    ("limbs in another order", "Ranged", |d| ranged(d, |own| own.terms[1..].rotate_left(1))),
    ("a limb that is shifted", "Ranged", |d| ranged(d, |own| own.terms[1].coefficient.shift = 1)),
    ("a limb with another sign", "Ranged", |d| ranged(d, |own| own.terms[1].coefficient.mantissa = 1)),
    ("a limb that is not looked up", "Ranged", |d| {
        let base = d.layout.multiplicities;
        ranged(d, |own| own.terms[1].base = base);
    }),
    ("a limb of another block's size", "Ranged", |d| {
        let limb = d.lookups.iter_mut().find(|own| own.input.is_none()).unwrap();
        limb.bits -= 1;
    }),
    ("a limb that may be negative", "Ranged", |d| {
        let tag = d.lookups[0].tag;
        d.tables.iter_mut().find(|table| table.tag == tag).unwrap().first = -1;
    }),
    ("a limb summed up", "Ranged", |d| {
        ranged(d, |own| own.terms[1].axes = vec![Axis::Ones { bits: own.point_bits }])
    }),
    ("twice the block", "Ranged", |d| ranged(d, |own| own.terms[0].coefficient.mantissa = 2)),
    ("the block shifted", "Ranged", |d| ranged(d, |own| own.terms[0].coefficient.shift = 1)),
    ("the block summed up", "Ranged", |d| {
        ranged(d, |own| own.terms[0].axes = vec![Axis::Ones { bits: own.point_bits }])
    }),
    ("a block that nobody committed to", "Ranged", |d| {
        let base = d.layout.helper;
        ranged(d, |own| own.terms[0].base = base);
    }),
    ("half of a block", "Ranged", |d| ranged(d, |own| own.point_bits -= 1)),
    ("a block whose limbs are known already", "Ranged", |d| {
        let known = d.relations.iter().position(|own| own.terms.len() > 1).unwrap();
        d.relations.insert(known + 1, d.relations[known].clone());
    }),
    ("a larger offset", "Ranged", |d| {
        ranged(d, |own| own.constant = Constant::Number(Coefficient { mantissa: 3, shift: 18 }));
    }),
    ("a smaller offset", "Ranged", |d| {
        ranged(d, |own| own.constant = Constant::Number(Coefficient { mantissa: 1, shift: 18 }));
    }),
    ("a wider bias than its limbs", "Ranged", |d| d.weight_bits[1] += 1),
    ("padding of two blocks", "Padding", |d| {
        padding(d, |own| own.terms.push(own.terms[0].clone()));
    }),
    ("padding of nothing", "Padding", |d| padding(d, |own| own.terms.clear())),
    ("padding with a constant", "Padding", |d| {
        padding(d, |own| own.constant = Constant::Number(Coefficient { mantissa: 0, shift: 1 }));
    }),
    ("no times the padding", "Padding", |d| padding(d, |own| own.terms[0].coefficient.mantissa = 0)),
    ("padding shifted", "Padding", |d| padding(d, |own| own.terms[0].coefficient.shift = 1)),
    ("the sum of padding", "Padding", |d| padding(d, |own| own.terms[0].axes = vec![Axis::Ones { bits: 5 }])),
    ("padding along the same coordinates twice", "Padding", |d| {
        padding(d, |own| {
            own.terms[0].axes = vec![Axis::Point { at: 0, bits: 2 }, Axis::Point { at: 0, bits: 3 }];
            own.point_bits = 5;
        });
    }),
    ("padding along fewer coordinates", "Padding", |d| padding(d, |own| own.point_bits += 1)),
    ("padding behind its axis", "Padding", |d| {
        padding(d, |own| {
            for axis in &mut own.terms[0].axes {
                if let Axis::Fixed { value, bits } = axis {
                    *value = 1 << *bits;
                }
            }
        });
    }),
    ("padding of half a block", "Padding", |d| {
        padding(d, |own| own.terms[0].axes = vec![Axis::Point { at: 0, bits: own.point_bits }]);
    }),
    ("padding of what nobody committed to", "Padding", |d| {
        let base = d.layout.helper;
        padding(d, |own| own.terms[0].base = base);
    }),
    ("a block that is not looked up", "Covered", |d| _ = d.lookups.remove(part(d))),
    ("the last table is not looked up", "Covered", |d| _ = d.lookups.pop()),
    ("half of a block is looked up", "Covered", |d| {
        let first = part(d);
        d.lookups[first].bits -= 1;
    }),
    ("more than a block is looked up", "Covered", |d| {
        let first = d.lookups.iter().rposition(|own| own.input.is_some() && own.bits == 4).unwrap();
        (d.lookups[first].row, d.lookups[first].bits) = (FREE, 5);
    }),
    ("a block is looked up twice", "Covered", |d| {
        let first = d.lookups[part(d)];
        d.lookups.iter_mut().last().unwrap().input = first.input;
    }),
    ("blocks in another order", "Covered", |d| {
        let first = part(d);
        d.lookups.swap(first, first + 1);
    }),
    ("another block", "Covered", |d| {
        let first = part(d);
        d.lookups[first].input = Some(d.layout.helper);
    }),
    ("a block in a wider range", "Covered", |d| {
        let first = part(d);
        d.lookups[first].tag = d.lookups.last().unwrap().tag;
    }),
    ("a block in a range from elsewhere", "Covered", |d| {
        let tag = d.lookups[part(d)].tag;
        d.tables.iter_mut().find(|table| table.tag == tag).unwrap().first += 1;
    }),
    ("narrower weights than the range", "Covered", |d| d.weight_bits[0] -= 1),
    ("narrower outputs than the range", "Covered", |d| d.tables[0].out_bits -= 1),
    ("two parts in the same rows", "LookupPlace", |d| {
        let first = part(d);
        (d.lookups[first + 1].slot, d.lookups[first + 1].row) = (d.lookups[first].slot, d.lookups[first].row);
    }),
    ("a part in a function", "LookupTable", |d| {
        let first = part(d);
        d.lookups[first].tag = d.tables[0].tag;
    }),
    ("a part over limbs", "LookupPlace", |d| {
        let first = part(d);
        (d.lookups[first].slot, d.lookups[first].row) = (d.lookups[0].slot, 0);
    }),
    ("limbs behind parts", "LookupInput", |d| d.lookups.rotate_left(1)),
    // Each of these breaks its rule and no other.
    ("a decision between no scores", "Public", |d| {
        padding(d, |own| own.constant = Constant::Decision { first: 0, classes: 0, class_bits: 0 });
    }),
    ("a limb that no relation reads", "Free", |d| {
        limb(d, 2, FREE);
    }),
    ("a block that has other limbs already", "Ranged", |d| {
        let mut again = d.relations[0].clone();
        for (term, (like, row)) in again.terms[1..].iter_mut().zip([(2, FREE), (3, FREE + 8), (4, FREE + 16)])
        {
            term.base = limb(d, like, row);
        }
        d.relations.insert(1, again);
    }),
    ("half of a block, and limbs for that", "Ranged", |d| {
        let own = &mut d.relations[0];
        own.point_bits -= 1;
        own.terms.iter_mut().for_each(|term| term.axes = vec![Axis::Point { at: 0, bits: own.point_bits }]);
        d.lookups[2..5].iter_mut().for_each(|limb| limb.bits -= 1);
    }),
    ("the block along other coordinates", "Ranged", |d| {
        ranged(d, |own| own.terms[0].axes = vec![Axis::Point { at: 1, bits: own.point_bits }]);
    }),
    ("a wider bias than its limbs, and its offset", "Ranged", |d| {
        d.weight_bits[1] += 1;
        ranged(d, |own| own.constant = Constant::Number(Coefficient { mantissa: 1, shift: 20 }));
    }),
    ("three times the offset", "Ranged", |d| {
        ranged(d, |own| own.constant = Constant::Number(Coefficient { mantissa: 3, shift: 19 }));
    }),
    ("padding of two blocks at the end", "Padding", |d| {
        let first = d.relations.iter().position(|own| own.terms.len() == 1).unwrap();
        let mut own = d.relations.remove(first);
        own.terms.push(own.terms[0].clone());
        d.relations.push(own);
    }),
    ("the sum of a part of a block", "Padding", |d| {
        let fixed =
            |own: &&mut Relation| matches!(own.terms[0].axes[..], [Axis::Point { .. }, Axis::Fixed { .. }]);
        let own = d.relations.iter_mut().find(fixed).unwrap();
        let bits = own.terms[0].axes[1].bits();
        own.terms[0].axes[1] = Axis::Ones { bits };
    }),
    ("a block in parts that are not aligned", "Covered", |d| {
        let first = d.lookups.iter().rposition(|own| own.input.is_some() && own.bits == 4).unwrap();
        let own = d.lookups[first];
        let parts = [(0, 0, 1), (4, 2, 2), (2, 6, 1), (8, 8, 3)].map(|(row, cell, bits)| LookupBlock {
            row: own.row + row,
            bits,
            input: own.input.map(|input| input + cell),
            ..own
        });
        d.lookups.splice(first..=first, parts);
    }),
    ("a block in a wider range from the same value", "Covered", |d| {
        let first = part(d);
        let own = *d.tables.iter().find(|table| table.tag == d.lookups[first].tag).unwrap();
        let (tag, last) = (d.tables.last().unwrap().tag + 1, *d.tables.last().unwrap());
        let row = (last.row + (1 << last.bits)).next_multiple_of(1 << (own.bits + 1));
        d.tables.push(Table { tag, row, bits: own.bits + 1, ..own });
        d.lookups[first].tag = tag;
    }),
    ("a part more than there is", "Covered", |d| {
        let first = d.lookups.iter().rposition(|own| own.input.is_some() && own.bits == 4).unwrap();
        let own = d.lookups[first];
        d.lookups.push(LookupBlock { row: own.row + (1 << own.bits), ..own });
    }),
];
