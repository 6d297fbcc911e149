//! drand's network "quicknet": its key, its times, and its signatures as `DrandRandomness` takes them.
//!
//! drand publishes signatures compressed (48 bytes: x, and one bit about y); the contract takes both coordinates, as EIP-2537
//! encodes them. Whether a signature is good the contract says, which verifies it.

use super::{DrandRandomness, SendError, Sender, Sent};
use alloy::primitives::{Uint, b256};
use averment_primitives::{Address, B256, Bytes, hex};
use thiserror::Error;

/// An element of BLS12-381's field fits.
type Element = Uint<384, 6>;

/// The field's order.
const ORDER: [u64; 6] = [
    0xb9fe_ffff_ffff_aaab,
    0x1eab_fffe_b153_ffff,
    0x6730_d2a0_f6b0_f624,
    0x6477_4b84_f385_12bf,
    0x4b1b_a7b6_434b_acd7,
    0x1a01_11ea_397f_e69a,
];

/// quicknet's public key: a point of G2, x and y, each c0 and c1, 64 bytes each.
pub const PUBLIC_KEY: [u8; 256] = hex!(
    "000000000000000000000000000000000d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
    "0000000000000000000000000000000003cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "000000000000000000000000000000000e5db2b6bfbb01c867749cadffca88b36c24f3012ba09fc4d3022c5c37dce0f977d3adb5d183c7477c442b1f04515273"
    "0000000000000000000000000000000001a714f2edb74119a2f2b0d5a7c75ba902d163700a61bc224ededd8e63aef7be1aaf8e93d7a9718b047ccddb3eb5d68b"
);
/// The hash by which its relays know the network (drand's blog, "quicknet is live on the League of Entropy mainnet").
pub const CHAIN: B256 = b256!("0x52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971");
/// The second of Unix time of its round 1.
pub const GENESIS: u64 = 1_692_803_367;
/// Seconds from one of its rounds to the next.
pub const PERIOD: u64 = 3;
/// Round 1000, with which a deployment shows that key and precompiles are right.
pub const FIRST: Round = Round {
    number: 1000,
    signature: hex!(
        "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
    ),
};

/// The second of Unix time at which a round is signed; the last there is for numbers that never come.
pub const fn time_of(number: u64) -> u64 {
    GENESIS.saturating_add(number.saturating_sub(1).saturating_mul(PERIOD))
}

/// A round as drand publishes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// Its number, from 1.
    pub number: u64,
    /// A point of G1, compressed.
    pub signature: [u8; 48],
}

/// Why bytes are no compressed point of the curve.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum PointError {
    /// Its first bit is not set, or it is infinity.
    #[error("not a compressed point other than infinity")]
    Form,
    /// No point of the curve has this x.
    #[error("no point of the curve has this x")]
    NotOnCurve,
}

impl Round {
    /// The signature's coordinates, x and y, 64 bytes each.
    pub fn coordinates(&self) -> Result<[u8; 128], PointError> {
        let order = Element::from_limbs(ORDER);
        let (flags, mut x) = (self.signature[0], self.signature);
        if flags & 0xc0 != 0x80 {
            return Err(PointError::Form);
        }
        x[0] &= 0x1f;
        let x = Element::from_be_bytes(x);
        if x >= order {
            return Err(PointError::Form);
        }
        // y² = x³ + 4; the order is 3 modulo 4.
        let square = x.pow_mod(Element::from(3), order).add_mod(Element::from(4), order);
        let root = square.pow_mod((order + Element::ONE) >> 2, order);
        if root.mul_mod(root, order) != square {
            return Err(PointError::NotOnCurve);
        }
        let larger = root > order >> 1;
        let y = if larger == (flags & 0x20 != 0) { root } else { order - root };
        let mut coordinates = [0; 128];
        coordinates[16..64].copy_from_slice(&x.to_be_bytes::<48>());
        coordinates[80..].copy_from_slice(&y.to_be_bytes::<48>());
        Ok(coordinates)
    }

    /// Brings the round to a `DrandRandomness`. By anybody.
    pub async fn record(&self, sender: &Sender, randomness: Address) -> Result<Sent, RecordRoundError> {
        let signature = Bytes::from(self.coordinates()?);
        let call = DrandRandomness::recordCall { round: self.number, signature };
        Ok(sender.call("bring the round that draws", randomness, &call).await.map_err(Box::new)?)
    }
}

/// Why a round was not brought.
#[derive(Debug, Error)]
pub enum RecordRoundError {
    /// Its signature is no point.
    #[error("the round's signature: {0}")]
    Point(#[from] PointError),
    /// The transaction did not go through.
    #[error(transparent)]
    Send(#[from] Box<SendError>),
}

/// What the constructor of `DrandRandomness` is given for quicknet, and the immutables that are in its code then.
pub(super) fn construction(
    delay: u64,
    stride: u64,
) -> Result<(DrandRandomness::constructorCall, [B256; 4]), PointError> {
    let arguments = DrandRandomness::constructorCall {
        publicKey_: PUBLIC_KEY.into(),
        genesis_: GENESIS,
        period_: PERIOD,
        delay_: delay,
        stride_: stride,
        round: FIRST.number,
        signature: FIRST.coordinates()?.into(),
    };
    Ok((
        arguments,
        [GENESIS, PERIOD, delay, stride].map(|number| B256::left_padding_from(&number.to_be_bytes())),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both coordinates of published rounds, as other software decompresses them (`contracts/test/randomness/Drand.t.sol`).
    #[test]
    fn published_signatures_are_points() {
        let first = FIRST.coordinates().unwrap();
        assert_eq!(
            first[64..],
            hex!(
                "0000000000000000000000000000000011f92e4521ef54f047b64b85fa98db2d46f0f44add1f60b93f8a0dbddd63b34f238657c2d93aed18b90bddd60a01b6d2"
            )
        );
        let signature = hex!(
            "a5d07c0071b4e386b3ae09206522253c68fefe8490ad59ecc44a7dd0d0745be91da5779e2247a82403fbc0cb9a34cb61"
        );
        let later = Round { number: 5_928_395, signature }.coordinates().unwrap();
        assert_eq!(
            later[64..],
            hex!(
                "000000000000000000000000000000001917267395d86bb54b875c431ed88cb5fe9a9b91fb4a7da1780ed494815c864f0bf40b5e1cfcb0e2d2456338d24f2096"
            )
        );
    }

    #[test]
    fn what_is_no_compressed_point_is_refused() {
        let of = |change: fn(&mut [u8; 48])| {
            let mut round = FIRST;
            change(&mut round.signature);
            round.coordinates().unwrap_err()
        };
        assert_eq!(of(|point| point[0] &= 0x7f), PointError::Form);
        // Infinity, and x of the field's order or more.
        assert_eq!(of(|point| point[0] |= 0x40), PointError::Form);
        assert_eq!(of(|point| *point = [0xff; 48]), PointError::Form);
        assert_eq!(of(|point| point[0] = 0x9f), PointError::Form);
        assert!((0..32).any(|n| {
            let mut round = FIRST;
            round.signature[47] ^= n;
            round.coordinates() == Err(PointError::NotOnCurve)
        }));
    }
}
