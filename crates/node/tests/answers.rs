//! Answers: the breast-cancer perceptron on inputs that are what was committed to, and on those that are not.

mod perceptron;

use alloy_primitives::{Address, B256, hex};
use averment_node::{
    answers::{AnswerError, Answers, Versions},
    inputs::{InputFolder, InputsError},
    machine::Asked,
    proofs::{ProofError, Proofs, Proved, Wanted},
    seal::{About, UnsealError, file_name, seal},
};
use averment_primitives::Salt;
use averment_prover::model::{Committed, tables};
use averment_verifier::{
    commitment::{Inputs, WeightsCommitment},
    descriptor::{Descriptor, Options},
    file::{Known, ProofFile},
    statement::Statement,
};
use perceptron::{Bench, asked, key, rows};
use std::time::Instant;

#[test]
fn an_answer_is_what_a_proof_would_state() {
    let bench = Bench::new();
    let rows = rows();
    let inputs = bench.inputs();
    let derived = Descriptor::derive(bench.model.plan(), Default::default()).unwrap();
    let mut said = [0; 2];
    for row in &rows[..20] {
        let asked = bench.publish(&bench.committed(std::slice::from_ref(row)));
        let answer = bench.served.answer(&asked, &inputs).unwrap();
        let trace = bench.model.run(&[&bench.quantised(row)], 1).unwrap();
        assert_eq!(answer, derived.public_values(bench.model.plan(), &trace));
        let [class] = answer[..] else { panic!("{answer:?}") };
        said[class as usize] += 1;
    }
    assert!(said.iter().all(|count| *count > 0), "{said:?}");
    // Several, each with a commitment of its own: padded as a proof pads them.
    let asked = bench.publish(&bench.committed(&rows[..3]));
    let answer = bench.served.answer(&asked, &inputs).unwrap();
    assert_eq!((answer.len(), answer[2]), (4, answer[3]));
}

#[test]
fn other_inputs_than_were_committed_to_are_refused() {
    let bench = Bench::new();
    let rows = rows();
    let inputs = bench.inputs();
    let committed = bench.committed(&rows[..2]);
    let error = |asked: &Asked| match bench.served.answer(asked, &inputs).unwrap_err() {
        AnswerError::Inputs(error) => error,
        other => panic!("{other}"),
    };
    let (first, second) = (&committed[..1], &committed[1..]);
    let nowhere = error(&asked(first[0].0.identity(), 1));
    assert!(matches!(nowhere, InputsError::Read { .. }), "{nowhere}");

    let good = bench.publish(first);
    let name = hex::encode(good.inputs);
    assert!(matches!(error(&Asked { items: 2, ..good.clone() }), InputsError::Items { expected: 2, got: 1 }));
    bench.write(&name, &second[0].0.encode());
    assert!(matches!(error(&good), InputsError::Other { .. }));
    bench.write(&name, b"nonsense");
    assert!(matches!(error(&good), InputsError::Commitments { .. }));

    bench.publish(first);
    bench.write(&format!("{name}.opening"), &second[0].1.encode());
    assert!(matches!(error(&good), InputsError::Opening { .. }));
    // The last value one higher, as somebody would try who wants another decision.
    let mut changed = first[0].1.encode().to_vec();
    *changed.last_mut().unwrap() ^= 1;
    let low = changed.len() - 4;
    changed[low] ^= 1;
    bench.write(&format!("{name}.opening"), &changed);
    let refused = error(&good);
    assert!(matches!(refused, InputsError::NotOpened { .. } | InputsError::Opening { .. }), "{refused}");
    let mut changed = first[0].1.encode().to_vec();
    changed[low] ^= 1;
    bench.write(&format!("{name}.opening"), &changed);
    assert!(matches!(error(&good), InputsError::NotOpened { .. }));

    bench.publish(first);
    let version = B256::repeat_byte(8);
    let refused = bench.served.answer(&Asked { version, ..good.clone() }, &inputs).unwrap_err();
    assert!(matches!(refused, AnswerError::Version { .. }), "{refused}");
    bench.served.answer(&good, &inputs).unwrap();
}

#[test]
fn what_is_sealed_to_a_member_is_opened_by_it_alone() {
    let bench = Bench::new();
    let committed = bench.committed(&rows()[..1]);
    let (commitment, opening) = &committed[0];
    let identity = commitment.identity();
    bench.write(&hex::encode(identity), &commitment.encode());
    let sealed = seal(&key(1).public(), About::Input(identity), &opening.encode()).unwrap();
    bench.write(&file_name(&identity, &key(1).public()), &sealed);
    bench.served.answer(&asked(identity, 1), &bench.inputs()).unwrap();

    let stranger = InputFolder::new(bench.folder.path(), key(2));
    let refused = bench.served.answer(&asked(identity, 1), &stranger).unwrap_err();
    assert!(matches!(refused, AnswerError::Inputs(InputsError::Read { .. })), "{refused}");
    bench.write(&file_name(&identity, &key(2).public()), &sealed);
    let refused = bench.served.answer(&asked(identity, 1), &stranger).unwrap_err();
    let AnswerError::Inputs(InputsError::Sealed { source, .. }) = refused else { panic!("{refused}") };
    assert!(matches!(source, UnsealError::Recipient { .. }));
}

/// What the perceptron registers, and an operator that can prove it.
fn proving(bench: &Bench) -> (Versions, WeightsCommitment) {
    let salt = Salt::from_random([7; 32]);
    let options = Options { chunk_bits: Some(bench.schema.chunk_bits()), ..Options::default() };
    let (weights, _) = Committed::register(&bench.setup, &bench.model, options, Some(&salt)).unwrap();
    let served = Bench::new().served.with_weights(weights.clone(), Some(salt));
    (Versions::new([served], bench.inputs()), weights)
}

/// What a request asks to have proved, whose offer is of this bench.
fn wanted(bench: &Bench, weights: &WeightsCommitment, asked: &Asked, outputs: &[i64]) -> Wanted {
    let public_inputs = !asked.public_inputs.is_empty();
    let options =
        Options { chunk_bits: Some(bench.schema.chunk_bits()), public_inputs, ..Options::default() };
    let derived = Descriptor::derive(bench.model.plan(), options).unwrap();
    let points: Vec<_> = tables(&bench.setup, &derived).iter().map(|table| table.point).collect();
    let statement = Statement {
        request: asked.id,
        version: asked.version,
        weights: weights.identity(),
        plan: bench.model.plan().digest(),
        schema: bench.schema.digest(),
        inputs: asked.inputs,
        items: asked.items,
        public: [&asked.public_inputs, outputs].concat(),
        ..Statement::default()
    };
    Wanted { asked: asked.clone(), statement, descriptor: derived.descriptor.digest(&points) }
}

/// Whether a proof is good for whoever knows what is registered.
fn is_proved(
    bench: &Bench,
    weights: &WeightsCommitment,
    wanted: &Wanted,
    proved: &Proved,
    input: Inputs,
) -> bool {
    let statement = Statement { setup: bench.setup.digest(), ..wanted.statement.clone() };
    let file = ProofFile { statement, input, proof: proved.proof.to_vec() };
    let plan = bench.model.plan();
    let options = file.options(plan, bench.schema.chunk_bits());
    let derived = Descriptor::derive(plan, options).unwrap();
    let tables: Vec<_> = tables(&bench.setup, &derived).iter().map(|table| table.point).collect();
    let key = bench.setup.key();
    let known = Known { plan, schema: &bench.schema, weights, tables: &tables, key: &key };
    file.verify(&known).is_ok()
}

#[test]
fn an_answer_is_proved_and_nothing_but_what_is_registered() {
    let bench = Bench::new();
    let (versions, weights) = proving(&bench);
    let committed = bench.committed(&rows()[..1]);
    let asked = bench.publish(&committed);
    let input = || Inputs::new(vec![committed[0].0.clone()]).unwrap();
    let outputs = versions.answer(&asked).unwrap();
    let good = wanted(&bench, &weights, &asked, &outputs);
    versions.check(&good).unwrap();
    let proved = versions.prove(&good).unwrap();
    assert!(is_proved(&bench, &weights, &good, &proved, input()));
    // Of another request, or for somebody else, it is worth nothing.
    for other in [
        Statement { request: B256::ZERO, ..good.statement.clone() },
        Statement { beneficiary: Address::repeat_byte(9), ..good.statement.clone() },
    ] {
        let other = Wanted { statement: other, ..good.clone() };
        assert!(!is_proved(&bench, &weights, &other, &proved, input()));
    }

    let refused = |wanted: Wanted| match versions.check(&wanted).unwrap_err() {
        ProofError::Other { what, .. } => what,
        other => panic!("{other}"),
    };
    let with = |statement: Statement| Wanted { statement, ..good.clone() };
    let ours = || good.statement.clone();
    assert_eq!(refused(with(Statement { weights: B256::ZERO, ..ours() })), "weights");
    assert_eq!(refused(with(Statement { plan: B256::ZERO, ..ours() })), "plan");
    assert_eq!(refused(with(Statement { schema: B256::ZERO, ..ours() })), "schema");
    assert_eq!(refused(Wanted { descriptor: B256::ZERO, ..good.clone() }), "descriptor");
    let unable = Versions::new([Bench::new().served], bench.inputs());
    assert!(matches!(unable.check(&good), Err(ProofError::Weights { .. })));
}

#[test]
fn public_inputs_are_those_that_were_committed_to() {
    let bench = Bench::new();
    let (versions, weights) = proving(&bench);
    let row = rows().swap_remove(0);
    let committed = bench.committed(std::slice::from_ref(&row));
    let private = bench.publish(&committed);
    let derived = {
        let options = Options { public_inputs: true, ..Options::default() };
        Descriptor::derive(bench.model.plan(), options).unwrap()
    };
    let trace = bench.model.run(&[&bench.quantised(&row)], 1).unwrap();
    let mut public_inputs = derived.public_values(bench.model.plan(), &trace);
    let outputs = vec![public_inputs.pop().unwrap()];
    let asked = Asked { public_inputs, ..private.clone() };
    assert_eq!(versions.answer(&asked).unwrap(), outputs);
    assert_eq!(versions.answer(&private).unwrap(), outputs);
    let good = wanted(&bench, &weights, &asked, &outputs);
    let proved = versions.prove(&good).unwrap();
    let input = Inputs::new(vec![committed[0].0.clone()]).unwrap();
    assert!(is_proved(&bench, &weights, &good, &proved, input));

    let mut changed = asked.clone();
    changed.public_inputs[0] ^= 1;
    assert!(matches!(versions.answer(&changed), Err(AnswerError::Public { .. })));
    let mut few = asked;
    few.public_inputs.pop();
    assert!(matches!(versions.answer(&few), Err(AnswerError::Public { .. })));
}

/// Answers a second in one thread, from files on disk: `cargo test --release -p averment-node --test answers -- --ignored`.
#[test]
#[ignore = "a measurement"]
#[allow(clippy::print_stdout, reason = "the figure is the result")]
fn answers_a_second() {
    let bench = Bench::new();
    let inputs = bench.inputs();
    let all: Vec<Asked> =
        rows()[..200].iter().map(|row| bench.publish(&bench.committed(std::slice::from_ref(row)))).collect();
    for _ in 0..3 {
        let begun = Instant::now();
        for asked in &all {
            bench.served.answer(asked, &inputs).unwrap();
        }
        println!("{:.0} answers a second", all.len() as f64 / begun.elapsed().as_secs_f64());
    }
}
