//! Files of the tool that ceremonies use, and what attackers, disks and mistakes make of them.

use super::{
    coordinates::{G1, G2, g1_bytes},
    ptau::{self, PtauError, Section},
    *,
};
use alloy_primitives::{hex, keccak256};
use ark_bn254::{Bn254, Fq, Fq2, G2Projective};
use ark_ec::{AffineRepr, PrimeGroup, pairing::Pairing};
use ark_ff::{BigInteger, FftField, Field, PrimeField};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Cursor, Read, Seek, SeekFrom},
    path::PathBuf,
};

const HEADER: u32 = 1;
const TAU_G1: u32 = 2;
const TAU_G2: u32 = 3;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ptau")).join(name)
}

fn bytes_of(name: &str) -> Vec<u8> {
    fs::read(fixture(name)).unwrap()
}

/// A stream of field elements; tests need no secrecy.
fn random() -> impl FnMut() -> Fr {
    let mut seed = 0_u64;
    move || {
        seed += 1;
        averment_verifier::field::reduced(&keccak256(seed.to_be_bytes()))
    }
}

fn import(bytes: &[u8], bits: u8) -> Result<Setup, PtauError> {
    ptau::import(&mut Cursor::new(bytes), bits, &mut random())
}

fn refusal(bytes: &[u8]) -> PtauError {
    import(bytes, 4).expect_err("refused")
}

/// Where each section's bytes begin, and how many they are.
fn sections(bytes: &[u8]) -> BTreeMap<u32, (usize, usize)> {
    let mut found = BTreeMap::new();
    let mut at = 12;
    while at < bytes.len() {
        let number = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let size = u64::from_le_bytes(bytes[at + 4..at + 12].try_into().unwrap()) as usize;
        found.insert(number, (at + 12, size));
        at += 12 + size;
    }
    found
}

fn section(bytes: &[u8], number: u32) -> usize {
    sections(bytes)[&number].0
}

fn power_at(bytes: &[u8], power: usize) -> usize {
    section(bytes, TAU_G1) + power * G1
}

/// The file with other bytes at a place.
fn with(bytes: &[u8], at: usize, new: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + new.len()].copy_from_slice(new);
    bytes
}

fn g2_bytes(point: &G2Affine) -> Vec<u8> {
    let (x, y) = point.xy().unwrap_or((Fq2::ZERO, Fq2::ZERO));
    [x.c0, x.c1, y.c0, y.c1].iter().flat_map(|c| c.0.0).flat_map(u64::to_le_bytes).collect()
}

/// A file with powers of a known τ, as a dishonest ceremony would make it.
fn file_of(tau: Fr, power: u32) -> Vec<u8> {
    let points = 1_usize << power;
    let scalars: Vec<Fr> = averment_verifier::field::powers(tau).take(2 * points - 1).collect();
    let g1 = |count: usize| -> Vec<u8> {
        scalars[..count]
            .iter()
            .flat_map(|scalar| g1_bytes(&(G1Projective::generator() * scalar).into_affine()))
            .collect()
    };
    let g2 = |count: usize| -> Vec<u8> {
        scalars[..count]
            .iter()
            .flat_map(|scalar| g2_bytes(&(G2Projective::generator() * scalar).into_affine()))
            .collect()
    };
    let mut header = 32_u32.to_le_bytes().to_vec();
    header.extend(Fq::MODULUS.to_bytes_le());
    header.extend([power.to_le_bytes(), power.to_le_bytes()].concat());
    let sections =
        [header, g1(2 * points - 1), g2(points), g1(points), g1(points), g2(1), 0_u32.to_le_bytes().to_vec()];
    let mut file = b"ptau".to_vec();
    file.extend([1_u32.to_le_bytes(), (sections.len() as u32).to_le_bytes()].concat());
    for (number, bytes) in (1_u32..).zip(sections) {
        file.extend(number.to_le_bytes());
        file.extend((bytes.len() as u64).to_le_bytes());
        file.extend(bytes);
    }
    file
}

#[test]
fn files_of_snarkjs_are_read() {
    let large = import(&bytes_of("pot8.ptau"), 8).unwrap();
    assert_eq!(large.powers().len(), 257);
    for (name, bits) in [("pot4.ptau", 4), ("pot4-final.ptau", 4), ("pot4-cut-03.ptau", 3)] {
        let setup = import(&bytes_of(name), bits).unwrap();
        assert_eq!(setup.powers().len(), (1 << bits) + 1, "{name}");
        for pair in setup.powers().windows(2) {
            assert_eq!(
                Bn254::pairing(pair[1], G2Affine::generator()),
                Bn254::pairing(pair[0], setup.tau()),
                "{name}"
            );
        }
        // One ceremony, cut down and not.
        let whole = import(&bytes_of("pot4.ptau"), 4).unwrap();
        assert_eq!(setup.digest(), whole.digest());
        assert_eq!(setup.powers(), &whole.powers()[..setup.powers().len()]);
        assert_eq!(ptau::tau(&mut Cursor::new(bytes_of(name))).unwrap(), setup.tau());
        assert!(!setup.is_development());
    }
    let few = import(&bytes_of("pot8.ptau"), 2).unwrap();
    assert_eq!(few.powers(), &large.powers()[..5]);
    assert_eq!(few.digest(), large.digest());
    assert_eq!(setup::digest(&few.tau()), few.digest());
}

#[test]
fn a_file_of_a_known_tau_is_a_setup_and_no_production_setup() {
    let tau = Fr::from(0x6176_6572_6d65_6e74_u64).pow([5]);
    let copied = import(&file_of(tau, 4), 4).unwrap();
    let development = Setup::development(4);
    assert_eq!(copied.powers(), development.powers());
    assert!(copied.is_development(), "by its point, whatever file it is in");
    assert_eq!(copied.production(&[copied.digest()]), Err(SetupError::Development));
    assert_eq!(development.production(&[]), Err(SetupError::Development));

    let ceremony = import(&bytes_of("pot8.ptau"), 4).unwrap();
    let other = import(&bytes_of("pot4.ptau"), 4).unwrap();
    assert_eq!(ceremony.production(&[other.digest(), ceremony.digest()]), Ok(()));
    let refused = SetupError::NotAllowed { got: ceremony.digest() };
    assert_eq!(ceremony.production(&[other.digest()]), Err(refused));
}

#[test]
fn a_known_ceremonys_file_is_accepted_for_production() {
    let bytes = bytes_of("powersOfTau28_hez_final_08.ptau");
    let published = hex!("f741f2ddee2875915c24db8aae90d021f51181533f1ee3b58baf64b042e91654");
    assert_eq!(Sha256::digest(&bytes)[..], published);
    let setup = import(&bytes, 8).unwrap();
    assert_eq!(setup.production(&[]), Ok(()));
    let ceremony = Ceremony::of(setup.digest()).unwrap();
    assert_eq!(ceremony.name, "Perpetual Powers of Tau (Hermez)");
    assert!(CEREMONIES.iter().all(|ceremony| ceremony.digest != development::DIGEST));
}

#[test]
fn the_development_setup_has_the_powers_of_its_tau() {
    let setup = Setup::development(6);
    assert_eq!(setup.digest(), development::DIGEST);
    let tau = Fr::from(0x6176_6572_6d65_6e74_u64).pow([5]);
    let expected: Vec<G1Affine> = averment_verifier::field::powers(tau)
        .take(65)
        .map(|power| (G1Projective::generator() * power).into_affine())
        .collect();
    assert_eq!(setup.powers(), expected);
    assert_eq!(setup.tau(), (G2Projective::generator() * tau).into_affine());
}

#[test]
fn another_tau_in_g2_is_refused() {
    let file = bytes_of("pot4.ptau");
    let place = section(&file, TAU_G2) + G2;
    let tau = ptau::tau(&mut Cursor::new(&file)).unwrap();
    let other = ptau::tau(&mut Cursor::new(bytes_of("pot8.ptau"))).unwrap();
    for wrong in [(tau + tau).into_affine(), -tau, other] {
        assert!(matches!(refusal(&with(&file, place, &g2_bytes(&wrong))), PtauError::Inconsistent));
    }
}

#[test]
fn one_wrong_power_is_refused_wherever_it_is() {
    let file = bytes_of("pot4.ptau");
    let setup = import(&file, 4).unwrap();
    for power in 1..=16 {
        let wrong = (setup.powers()[power] + G1Affine::generator()).into_affine();
        let bytes = with(&file, power_at(&file, power), &g1_bytes(&wrong));
        assert!(matches!(refusal(&bytes), PtauError::Inconsistent), "power {power}");
        let negated = with(&file, power_at(&file, power), &g1_bytes(&-setup.powers()[power]));
        assert!(matches!(refusal(&negated), PtauError::Inconsistent), "power {power}");
    }
    let (first, second) = (g1_bytes(&setup.powers()[5]), g1_bytes(&setup.powers()[6]));
    let swapped = with(&with(&file, power_at(&file, 5), &second), power_at(&file, 6), &first);
    assert!(matches!(refusal(&swapped), PtauError::Inconsistent));
    // What is not asked for is not read.
    let beyond = with(&file, power_at(&file, 17), &[0; G1]);
    assert_eq!(import(&beyond, 4).unwrap().powers(), setup.powers());
}

/// Two wrong powers whose errors cancel in the combination with one ρ: who knows ρ beforehand passes, nobody else.
#[test]
fn the_combination_must_be_unpredictable() {
    let file = bytes_of("pot4.ptau");
    let setup = import(&file, 4).unwrap();
    let rho = random()();
    let error = G1Projective::generator();
    let wrong = [setup.powers()[1] + error, setup.powers()[2] - error * rho.inverse().unwrap()];
    let bytes: Vec<u8> = wrong.iter().flat_map(|point| g1_bytes(&point.into_affine())).collect();
    let forged = with(&file, power_at(&file, 1), &bytes);
    assert!(ptau::import(&mut Cursor::new(&forged), 4, &mut || rho).is_ok());
    let unknown = ptau::import(&mut Cursor::new(&forged), 4, &mut || rho + Fr::ONE);
    assert!(matches!(unknown, Err(PtauError::Inconsistent)));
    let zero = ptau::import(&mut Cursor::new(&file), 4, &mut || Fr::ZERO);
    assert!(matches!(zero, Err(PtauError::Random)));
}

#[test]
fn bad_points_in_g1_are_named_by_their_place() {
    let file = bytes_of("pot4.ptau");
    for power in [0, 1, 7, 16] {
        let at = power_at(&file, power);
        let named = |place: ptau::Place| {
            assert_eq!(place, ptau::Place { section: Section(TAU_G1), offset: at as u64 });
        };
        let PtauError::Identity(place) = refusal(&with(&file, at, &[0; G1])) else { panic!() };
        named(place);
        let PtauError::OffCurve(place) = refusal(&with(&file, at, &[file[at] ^ 1])) else { panic!() };
        named(place);
        let PtauError::Coordinate(place) = refusal(&with(&file, at, &[0xff; 32])) else { panic!() };
        named(place);
    }
    let second: Vec<u8> = file[power_at(&file, 1)..power_at(&file, 2)].to_vec();
    assert!(matches!(refusal(&with(&file, power_at(&file, 0), &second)), PtauError::First(_)));
    let error = refusal(&with(&file, power_at(&file, 7), &[0; G1]));
    assert_eq!(
        error.to_string(),
        format!("section 2 (tauG1), byte {}: the point is the identity", power_at(&file, 7))
    );
}

#[test]
fn bad_points_in_g2_are_named_by_their_place() {
    let file = bytes_of("pot4.ptau");
    let outside = (1..40_u64)
        .filter_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::new(Fq::from(x), Fq::ONE), false))
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .unwrap();
    for (point, at) in [section(&file, TAU_G2), section(&file, TAU_G2) + G2].into_iter().enumerate() {
        let named = |place: ptau::Place| {
            assert_eq!(place, ptau::Place { section: Section(TAU_G2), offset: at as u64 });
        };
        let PtauError::Identity(place) = refusal(&with(&file, at, &[0; G2])) else { panic!() };
        named(place);
        let PtauError::OffCurve(place) = refusal(&with(&file, at, &[file[at] ^ 1])) else { panic!() };
        named(place);
        let PtauError::Coordinate(place) = refusal(&with(&file, at, &[0xff; 32])) else { panic!() };
        named(place);
        let PtauError::Subgroup(place) = refusal(&with(&file, at, &g2_bytes(&outside))) else { panic!() };
        named(place);
        // Of the two, only the first may be the generator, and must be.
        for sign in [G2Affine::generator(), -G2Affine::generator()] {
            match refusal_or_none(&with(&file, at, &g2_bytes(&sign))) {
                None => assert!(point == 0 && sign == G2Affine::generator()),
                Some(PtauError::First(place)) if point == 0 => named(place),
                Some(PtauError::Degenerate(place)) if point == 1 => named(place),
                Some(other) => panic!("{other}"),
            }
        }
    }
}

fn refusal_or_none(bytes: &[u8]) -> Option<PtauError> {
    import(bytes, 4).err()
}

#[test]
fn a_tau_that_everybody_knows_is_refused() {
    // As the tool begins a ceremony: nobody contributed, τ is 1.
    assert!(matches!(refusal(&bytes_of("pot4-fresh.ptau")), PtauError::Degenerate(_)));
    let tau = ptau::tau(&mut Cursor::new(bytes_of("pot4-fresh.ptau")));
    assert!(matches!(tau, Err(PtauError::Degenerate(_))));
    assert!(matches!(refusal(&file_of(-Fr::ONE, 4)), PtauError::Degenerate(_)));
    assert!(matches!(refusal(&file_of(Fr::ZERO, 4)), PtauError::Identity(_)));
    // A root of unity: the powers repeat, so that a blind could stand for a cell.
    let root = Fr::get_root_of_unity(16).unwrap();
    let PtauError::Degenerate(place) = refusal(&file_of(root, 4)) else { panic!() };
    assert_eq!(place.offset, power_at(&file_of(root, 4), 8) as u64, "its eighth power is -1");
    assert!(import(&file_of(Fr::from(2_u64), 4), 4).is_ok(), "the files are otherwise sound");
}

#[test]
fn files_cut_short_are_refused_at_every_length() {
    let file = bytes_of("pot4.ptau");
    let last = sections(&file)[&7].0;
    for length in (0..200).chain((200..file.len()).step_by(37)) {
        match refusal(&file[..length]) {
            PtauError::CutShort { place, .. } => assert!(place.offset <= length as u64),
            other => panic!("{length}: {other}"),
        }
    }
    let PtauError::CutShort { place, expected, left } = refusal(&file[..last + 5]) else { panic!() };
    assert_eq!((place.section, place.offset, left), (Section(7), last as u64, 5));
    assert_eq!(expected, (file.len() - last) as u64);
    let longer = [file.as_slice(), b"x"].concat();
    assert!(matches!(refusal(&longer), PtauError::Trailing { left: 1, .. }));
}

#[test]
fn headers_that_lie_are_refused() {
    let file = bytes_of("pot4.ptau");
    let header = section(&file, HEADER);
    let lie = |offset: usize, value: u32| refusal(&with(&file, header + offset, &value.to_le_bytes()));
    for power in [3_u32, 5, 8, 28] {
        let file = with(&file, header + 40, &28_u32.to_le_bytes());
        let PtauError::Size { place, power: Some(stated), .. } =
            refusal(&with(&file, header + 36, &power.to_le_bytes()))
        else {
            panic!()
        };
        assert_eq!((place.section, stated), (Section(TAU_G1), power));
    }
    for power in [0, 29, 64, u32::MAX] {
        assert!(matches!(lie(36, power), PtauError::Power { got, low: 1, .. } if got == power));
    }
    // The ceremony was at least as large as the file.
    for power in [0, 3, 29] {
        assert!(matches!(lie(40, power), PtauError::Power { got, low: 4, .. } if got == power));
    }
    for length in [0, 31, 33, 48] {
        assert!(matches!(lie(0, length), PtauError::Field(_)));
    }
    let flipped = with(&file, header + 4, &[file[header + 4] ^ 1]);
    assert!(matches!(refusal(&flipped), PtauError::Field(_)));
    let alt = with(&file, 0, b"zkey");
    assert!(matches!(refusal(&alt), PtauError::Magic { got } if got == *b"zkey"));
    assert!(matches!(refusal(&with(&file, 4, &2_u32.to_le_bytes())), PtauError::Version { got: 2 }));
    assert!(matches!(refusal(&with(&file, 8, &65_u32.to_le_bytes())), PtauError::Sections { got: 65 }));
    assert!(matches!(refusal(&with(&file, 8, &6_u32.to_le_bytes())), PtauError::Trailing { .. }));
    assert!(matches!(refusal(&with(&file, 8, &8_u32.to_le_bytes())), PtauError::CutShort { .. }));
    assert!(matches!(import(&file, 5), Err(PtauError::TooSmall { bits: 5, power: 4 })));
    assert!(matches!(import(&file, 0), Err(PtauError::TooSmall { .. })));
    assert!(matches!(import(&file, 255), Err(PtauError::TooSmall { .. })));
}

#[test]
fn lists_of_sections_that_lie_are_refused() {
    let file = bytes_of("pot4.ptau");
    for (number, (at, size)) in sections(&file) {
        let renamed = |new: u32| refusal(&with(&file, at - 12, &new.to_le_bytes()));
        let twice = if number == 1 { 2 } else { 1 };
        // The one that is found twice is the later of the two.
        assert!(matches!(renamed(twice), PtauError::Twice(place) if place.section == Section(twice)));
        if number != 7 {
            assert!(matches!(renamed(40), PtauError::Missing(section) if section == Section(number)));
        }
        for wrong in [u64::MAX, u64::MAX - 12, 1 << 40] {
            let error = refusal(&with(&file, at - 8, &wrong.to_le_bytes()));
            assert!(
                matches!(error, PtauError::CutShort { place, expected, .. } if expected == wrong && place.offset == at as u64)
            );
        }
        let shorter = refusal(&with(&file, at - 8, &(size as u64 - 1).to_le_bytes()));
        assert!(
            matches!(shorter, PtauError::CutShort { .. } | PtauError::Trailing { .. } | PtauError::Twice(_)),
            "{shorter}"
        );
    }
    // Sections that fit into the file but have not the header's sizes: one point moved to the next section.
    let at = sections(&file);
    let (two, three) = (at[&2], at[&3]);
    let mut moved = file.clone();
    moved[two.0 - 8..two.0].copy_from_slice(&(two.1 as u64 - 64).to_le_bytes());
    let head: Vec<u8> = [3_u32.to_le_bytes().to_vec(), (three.1 as u64 + 64).to_le_bytes().to_vec()].concat();
    moved.splice(three.0 - 12..three.0, []);
    moved.splice(two.0 + two.1 - 64..two.0 + two.1 - 64, head);
    let PtauError::Size { place, expected, got, .. } = refusal(&moved) else { panic!() };
    assert_eq!((place.section.0, expected, got), (2, 31 * 64, 30 * 64));
}

#[test]
fn every_flipped_bit_of_what_is_used_is_found() {
    let file = bytes_of("pot4.ptau");
    let header = section(&file, HEADER);
    let (g1, g2) = (section(&file, TAU_G1), section(&file, TAU_G2));
    // All but the ceremony's power, which says nothing about the points.
    let used = (0..header + 40).chain(g1 - 12..g1 + 17 * G1).chain(g2 - 12..g2 + 2 * G2);
    for (round, at) in used.enumerate().filter(|(round, _)| round % 3 == 0) {
        let flipped = with(&file, at, &[file[at] ^ 1 << (round % 8)]);
        assert!(import(&flipped, 4).is_err(), "byte {at}");
    }
}

/// A disk that fails from some place on.
struct Failing(Cursor<Vec<u8>>, u64);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.position() + buffer.len() as u64 > self.1 {
            return Err(io::Error::other("bad sector"));
        }
        self.0.read(buffer)
    }
}

impl Seek for Failing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn a_failing_disk_is_named_with_the_place() {
    let file = bytes_of("pot4.ptau");
    for (good, place) in [(3, 0), (20, 16)] {
        let read = ptau::import(&mut Failing(Cursor::new(file.clone()), good), 4, &mut random());
        assert!(matches!(read, Err(PtauError::Read { offset, .. }) if offset == place), "{read:?}");
    }
}

fn entries(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

#[test]
fn what_is_kept_comes_back_whole_or_in_part() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().join("setups"));
    let made = store.open(&Origin::Development, 7, &mut random()).unwrap();
    for bits in 0..=7 {
        let read = store.read(development::DIGEST, bits).unwrap();
        assert_eq!(read.powers(), &made.powers()[..(1 << bits) + 1]);
        assert_eq!((read.digest(), read.tau()), (made.digest(), made.tau()));
        assert!(read.is_development());
    }
    assert_eq!(entries(store.folder()), [store.path(made.digest())]);
    let too_small = store.read(development::DIGEST, 8);
    assert!(matches!(too_small, Err(CacheError::TooSmall { bits: 8, got: 7 })));
    // More is derived when it is needed, and replaces what there is.
    assert_eq!(store.open(&Origin::Development, 8, &mut random()).unwrap().powers().len(), 257);
    assert!(store.read(development::DIGEST, 8).is_ok());
    assert!(matches!(store.open(&Origin::Development, 29, &mut random()), Err(StoreError::Bits { got: 29 })));
    assert!(matches!(store.read(B256::ZERO, 4), Err(CacheError::Read(_))));
}

#[test]
fn a_file_is_checked_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let file = bytes_of("pot4.ptau");
    let path = folder.path().join("pot.ptau");
    let origin = Origin::File(path.clone());
    let missing = store.open(&origin, 4, &mut random());
    assert!(matches!(missing, Err(StoreError::Open { .. })));
    let damaged = with(&file, power_at(&file, 3), &[file[power_at(&file, 3)] ^ 1]);
    fs::write(&path, &damaged).unwrap();
    let refused = store.open(&origin, 4, &mut random());
    assert!(matches!(refused, Err(StoreError::Ptau { source: PtauError::OffCurve(_), .. })));
    assert_eq!(entries(folder.path()), std::slice::from_ref(&path), "nothing is kept of a bad file");
    fs::write(&path, &file).unwrap();
    let checked = store.open(&origin, 4, &mut || Fr::from(5_u64)).unwrap();
    // The file's [τ]G2 is still the one that was checked, and what was checked is kept.
    fs::write(&path, &damaged).unwrap();
    let again = store.open(&origin, 4, &mut || panic!("nothing to check")).unwrap();
    assert_eq!(again.powers(), checked.powers());
    // A file with another [τ]G2 gets nothing of it.
    fs::write(&path, bytes_of("pot8.ptau")).unwrap();
    assert_ne!(store.open(&origin, 4, &mut random()).unwrap().digest(), checked.digest());
}

#[test]
fn damage_to_what_is_kept_is_found_and_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let made = store.open(&Origin::Development, 4, &mut random()).unwrap();
    let path = store.path(made.digest());
    let good = fs::read(&path).unwrap();
    let read = |bytes: &[u8], bits| {
        fs::write(&path, bytes).unwrap();
        store.read(made.digest(), bits)
    };
    let first_point = good.len() - 17 * G1;
    for at in (0..good.len()).step_by(7).chain(0..20) {
        let error = read(&with(&good, at, &[good[at] ^ 0x10]), 4).err();
        match at {
            0..17 => assert!(matches!(error, Some(CacheError::Name)), "{at}: {error:?}"),
            17 => assert!(matches!(error, Some(CacheError::Length { .. })), "{at}: {error:?}"),
            18..50 => assert!(matches!(error, Some(CacheError::Other { .. })), "{at}: {error:?}"),
            // Checksums of other sizes are not looked at.
            178..306 => assert!(error.is_none(), "{at}: {error:?}"),
            _ => assert!(matches!(error, Some(CacheError::Checksum)), "{at}: {error:?}"),
        }
    }
    assert_eq!(first_point, 178 + 5 * 32);
    // Only what is asked for is hashed.
    assert!(read(&with(&good, first_point + 5 * G1, &[0; 8]), 2).is_ok());
    assert!(matches!(read(&with(&good, first_point + 4 * G1, &[0; 8]), 2), Err(CacheError::Checksum)));
    assert!(matches!(read(&with(&good, 17, &[29]), 4), Err(CacheError::Bits { got: 29 })));
    for length in [0, 17, 177] {
        assert!(matches!(read(&good[..length], 4), Err(CacheError::Name)));
    }
    for length in [178, 400, good.len() - 1] {
        assert!(matches!(read(&good[..length], 4), Err(CacheError::Length { .. })));
    }
    let mut longer = good.clone();
    longer.push(0);
    assert!(matches!(read(&longer, 4), Err(CacheError::Length { .. })));

    fs::write(&path, &good[..300]).unwrap();
    assert_eq!(store.open(&Origin::Development, 4, &mut random()).unwrap().powers(), made.powers());
    assert_eq!(fs::read(&path).unwrap(), good);
}

/// The file's stated digest and checksums fit, its point is another: the digest is computed from the point.
#[test]
fn a_kept_setup_under_another_s_digest_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let mut liar = Setup::development(4);
    liar.digest = import(&bytes_of("pot4.ptau"), 4).unwrap().digest();
    cache::write(&liar, 4, &store.path(liar.digest)).unwrap();
    assert!(matches!(store.read(liar.digest, 4), Err(CacheError::Checksum)));
}
