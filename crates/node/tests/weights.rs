//! Secret weights, sealed to members: those behind a commitment come out for each of them, anything else is refused.

mod perceptron;

use alloy_primitives::B256;
use averment_node::{
    seal::{About, UnsealError, file_name, seal as seal_bytes},
    weights::{OpenedWeights, SEALED_BYTES, WeightsError, open, read, seal},
};
use averment_plan::{Model, Weights, WeightsDecodeError};
use averment_primitives::{DecodeError, Salt};
use averment_prover::{Setup, model::Committed, registered::WeightsSecret};
use averment_verifier::{commitment::WeightsCommitment, descriptor::Options};
use perceptron::{Bench, key};
use std::{fs, io::ErrorKind};

/// A model whose weights are committed to.
struct Owner {
    bench: Bench,
    commitment: WeightsCommitment,
    secret: WeightsSecret,
}

impl Owner {
    fn new() -> Self {
        let bench = Bench::new();
        let (commitment, secret) = committed(&bench.setup, &bench.model, 5);
        Self { bench, commitment, secret }
    }

    fn open(&self, sealed: &[u8]) -> Result<OpenedWeights, WeightsError> {
        open(sealed, &key(1), self.bench.model.plan().clone(), &self.commitment, &self.bench.setup)
    }

    /// What comes of other bytes that somebody sealed as these weights.
    fn forged(&self, plain: &[u8]) -> WeightsError {
        let about = About::Weights(self.commitment.identity());
        self.open(&seal_bytes(&key(1).public(), about, plain).unwrap()).unwrap_err()
    }
}

fn committed(setup: &Setup, model: &Model, salt: u8) -> (WeightsCommitment, WeightsSecret) {
    let options = Options { chunk_bits: Some(10), ..Options::default() };
    let salt = Salt::from_random([salt; 32]);
    let (commitment, secret) = Committed::register(setup, model, options, Some(&salt)).unwrap();
    (commitment, secret.unwrap())
}

/// The same plan with a weight that is another by one.
fn changed(model: &Model) -> Model {
    let mut tensors = model.weights().tensors().to_vec();
    tensors[0][0] += if tensors[0][0] > 0 { -1 } else { 1 };
    Model::new(model.plan().clone(), Weights::new(model.plan(), tensors).unwrap()).unwrap()
}

#[test]
fn each_member_opens_its_own_and_nobody_another_s() {
    let owner = Owner::new();
    let Owner { bench, commitment, secret } = &owner;
    let (folder, identity) = (bench.folder.path(), commitment.identity());
    for byte in [1, 2] {
        let to = key(byte).public();
        let sealed = seal(&to, &bench.model, secret).unwrap();
        assert!(!sealed.windows(32).any(|part| part == secret.salt().expose()));
        fs::write(folder.join(file_name(&identity, &to)), sealed).unwrap();
    }
    let reads = |byte| read(folder, &key(byte), bench.model.plan().clone(), commitment, &bench.setup);
    for byte in [1, 2] {
        let opened = reads(byte).unwrap();
        assert_eq!(opened.model.weights(), bench.model.weights());
        assert_eq!(&opened.secret, secret);
    }
    let nothing = reads(3).unwrap_err();
    assert!(
        matches!(&nothing, WeightsError::Read { source, .. } if source.kind() == ErrorKind::NotFound),
        "{nothing}"
    );
    // A file under the name of another.
    let of = |byte| folder.join(file_name(&identity, &key(byte).public()));
    fs::copy(of(1), of(3)).unwrap();
    let wrong = reads(3).unwrap_err();
    let expected = UnsealError::Recipient { expected: key(3).public(), got: key(1).public() };
    assert!(matches!(&wrong, WeightsError::Sealed { source, .. } if *source == expected), "{wrong}");
    // One that is too long is not read; this one takes no room on the disk.
    fs::File::create(of(3)).unwrap().set_len(SEALED_BYTES + 1).unwrap();
    let long = reads(3).unwrap_err();
    assert!(
        matches!(&long, WeightsError::Read { source, .. } if source.kind() == ErrorKind::FileTooLarge),
        "{long}"
    );
}

#[test]
fn one_model_s_weights_are_not_taken_for_another_s() {
    let owner = Owner::new();
    let Owner { bench, commitment, secret } = &owner;
    let to = key(1).public();
    let other = changed(&bench.model);
    let (other_commitment, other_secret) = committed(&bench.setup, &other, 5);
    // Sealed as what they are, by an owner of both.
    let error = owner.open(&seal(&to, &other, &other_secret).unwrap()).unwrap_err();
    assert!(matches!(error, WeightsError::Sealed { source: UnsealError::Sealed, .. }), "{error}");
    // Sealed as these, each part in turn.
    let plain = |secret: &WeightsSecret, model: &Model| {
        [secret.encode().to_vec(), model.weights().encode(model.plan())].concat()
    };
    let error = owner.forged(&plain(&other_secret, &other));
    let (expected, got) = (commitment.identity(), other_commitment.identity());
    assert!(matches!(error, WeightsError::Other { expected: e, got: g } if (e, g) == (expected, got)));
    let error = owner.forged(&plain(secret, &other));
    assert!(matches!(error, WeightsError::NotOpened { identity } if identity == expected), "{error}");
    // The right weights with another salt.
    let mut salted = plain(secret, &bench.model);
    salted[WeightsSecret::BYTES - 1] ^= 1;
    assert!(matches!(owner.forged(&salted), WeightsError::NotOpened { .. }));
    // Weights that name another plan.
    let mut renamed = plain(secret, &bench.model);
    renamed[WeightsSecret::BYTES + "averment-weights/1\n".len()] ^= 1;
    let error = owner.forged(&renamed);
    assert!(matches!(error, WeightsError::Weights(WeightsDecodeError::OtherPlan { .. })), "{error}");
    // What is an input is no weights.
    let input = seal_bytes(&to, About::Input(expected), &plain(secret, &bench.model)).unwrap();
    assert!(matches!(owner.open(&input), Err(WeightsError::Sealed { .. })));
}

#[test]
fn what_is_cut_off_or_too_much_is_refused() {
    let owner = Owner::new();
    let Owner { bench, secret, .. } = &owner;
    let sealed = seal(&key(1).public(), &bench.model, secret).unwrap();
    assert!(owner.open(&sealed).is_ok());
    for cut in [0, 10, 50, 82, 90, sealed.len() / 2, sealed.len() - 1] {
        assert!(matches!(owner.open(&sealed[..cut]), Err(WeightsError::Sealed { .. })), "cut at {cut}");
    }
    let weights = bench.model.weights().encode(bench.model.plan());
    let plain = [secret.encode().to_vec(), weights].concat();
    for cut in 0..WeightsSecret::BYTES {
        let error = owner.forged(&plain[..cut]);
        assert!(matches!(error, WeightsError::Salt(_)), "cut at {cut}: {error}");
    }
    for cut in [WeightsSecret::BYTES, WeightsSecret::BYTES + 40, plain.len() - 1] {
        let error = owner.forged(&plain[..cut]);
        assert!(
            matches!(error, WeightsError::Weights(WeightsDecodeError::Bytes(_))),
            "cut at {cut}: {error}"
        );
    }
    let more = owner.forged(&[&plain[..], &[0]].concat());
    assert!(matches!(more, WeightsError::Weights(WeightsDecodeError::Bytes(_))), "{more}");
    let long = vec![0; averment_plan::limits::WEIGHTS_BYTES + 1];
    let too_long = Weights::decode(bench.model.plan(), &long).unwrap_err();
    assert!(matches!(too_long, WeightsDecodeError::Bytes(DecodeError::TooLong { .. })), "{too_long}");
    drop(long);
    // Nothing secret is shown.
    let shown = format!("{:?}", owner.open(&sealed).unwrap());
    assert!(!shown.contains(&alloy_primitives::hex::encode(B256::from(*secret.salt().expose()))), "{shown}");
}
