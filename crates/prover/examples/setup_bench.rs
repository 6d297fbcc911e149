//! How long setups take: `cargo run --release -p averment-prover --example setup_bench [POWER]`.

#![allow(clippy::print_stdout)]

use ark_bn254::{Fq, Fr, G1Affine, G2Affine};
use ark_ff::{BigInteger, Field, PrimeField};
use averment_prover::{
    Setup,
    setup::{Origin, Store},
};
use std::{error::Error, fs, time::Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let power: u8 = std::env::args().nth(1).map_or(Ok(18), |word| word.parse())?;
    let folder = std::env::temp_dir().join(format!("averment-setup-bench-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let store = Store::new(folder.join("kept"));
    let mut random = || Fr::from(0x1234_5678_9abc_def1_u64).pow([7]);

    let start = Instant::now();
    drop(Setup::development(power));
    println!("derive 2^{power}: {:.2?}", start.elapsed());
    let start = Instant::now();
    store.open(&Origin::Development, power, &mut random)?;
    println!("derive and keep: {:.2?}", start.elapsed());
    for bits in [12, power] {
        let start = Instant::now();
        let read = store.open(&Origin::Development, bits, &mut random)?;
        println!("read 2^{bits}: {:.2?}, {} powers", start.elapsed(), read.powers().len());
    }
    let path = folder.join("made.ptau");
    fs::write(&path, file(&Setup::development(power + 1), power))?;
    fs::remove_dir_all(folder.join("kept"))?;
    let start = Instant::now();
    store.open(&Origin::File(path.clone()), power, &mut random)?;
    println!("check and keep a .ptau file of power {power}: {:.2?}", start.elapsed());
    let start = Instant::now();
    store.open(&Origin::File(path), power, &mut random)?;
    println!("open it again: {:.2?}", start.elapsed());
    fs::remove_dir_all(&folder)?;
    Ok(())
}

/// A .ptau file of the development setup; what is not read is zeros.
fn file(setup: &Setup, power: u8) -> Vec<u8> {
    let points = 1_usize << power;
    let g1 = |point: &G1Affine| [point.x, point.y].into_iter().flat_map(bytes).collect::<Vec<u8>>();
    let g2 = |point: G2Affine| [point.x.c0, point.x.c1, point.y.c0, point.y.c1].into_iter().flat_map(bytes);
    let power = u32::from(power).to_le_bytes();
    let header = [32_u32.to_le_bytes().to_vec(), Fq::MODULUS.to_bytes_le(), [power, power].concat()].concat();
    let mut tau_g2: Vec<u8> = g2(ark_ec::AffineRepr::generator()).chain(g2(setup.tau())).collect();
    tau_g2.resize(points * 128, 0);
    let tau_g1: Vec<u8> = setup.powers()[..2 * points - 1].iter().flat_map(g1).collect();
    let sections =
        [header, tau_g1, tau_g2, vec![0; points * 64], vec![0; points * 64], vec![0; 128], vec![0; 4]];
    let mut file = [b"ptau".as_slice(), &1_u32.to_le_bytes(), &7_u32.to_le_bytes()].concat();
    for (number, section) in (1_u32..).zip(sections) {
        file.extend(number.to_le_bytes());
        file.extend((section.len() as u64).to_le_bytes());
        file.extend(section);
    }
    file
}

fn bytes(coordinate: Fq) -> impl Iterator<Item = u8> {
    coordinate.0.0.into_iter().flat_map(u64::to_le_bytes)
}
