//! Answers: the breast-cancer perceptron on inputs that are what was committed to, and on those that are not.

mod perceptron;

use alloy_primitives::{B256, hex};
use averment_node::{
    answers::AnswerError,
    inputs::{InputFolder, InputsError},
    machine::Asked,
    seal::{About, UnsealError, file_name, seal},
};
use averment_verifier::descriptor::Descriptor;
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
