//! Where `InferenceRouter` and `ClaimsPool` keep what the audit of a decision needs, by the layouts that are pinned in
//! `contracts/layouts` and held against these constants by a test.

use super::slots::{after, mapping};
use crate::{
    settlement::{ClaimStage, Phase, Quorum},
    version::word,
};
use alloy_primitives::b256;
use averment_primitives::{Address, B256, U256};

/// The router's storage, by ERC-7201: `averment.storage.InferenceRouter`.
pub const ROUTER_SLOT: B256 = b256!("b4278eb3ac7c25d0933706b644c471991bec1e1142d1faed98491fcb19669200");
/// The pool's storage, by ERC-7201: `averment.storage.ClaimsPool`.
pub const POOL_SLOT: B256 = b256!("426295b246df30eb5065113861f26f780a21bde8d1a364357d1a8ace0c383f00");
/// The contract that keeps the hashes of the blocks before, by their number, and for how many blocks (EIP-2935).
pub const BLOCK_HASHES: (Address, u64) =
    (Address::new(alloy_primitives::hex!("0000F90827F1C53a10cb7A02335B175320002935")), 8191);

/// Where the hash of block `number` is kept.
pub fn block_hash_slot(number: u64) -> B256 {
    let (_, kept) = BLOCK_HASHES;
    word(number.checked_rem(kept).unwrap_or_default())
}

/// Where the router keeps its word for a request.
pub fn request_slot(request: B256) -> B256 {
    mapping(ROUTER_SLOT, request)
}

/// Where the router keeps the terms of a version's offer.
pub fn offer_slot(version: B256, offer: B256) -> B256 {
    mapping(mapping(after(ROUTER_SLOT), version), offer)
}

/// The router's word for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Where it stands; none for a number that the contract has no name for.
    pub phase: Option<Phase>,
    /// Of a final one when it became final, in seconds of Unix time.
    pub until: u64,
    /// Of a final one the digest of its outputs.
    pub digest: [u8; 26],
}

impl Standing {
    /// What a word says.
    pub fn of(value: B256) -> Self {
        let mut digest = [0; 26];
        digest.iter_mut().zip(value).for_each(|(to, from)| *to = from);
        Self { phase: Phase::from_code(member(value, 0, 1)), until: member(value, 1, 5), digest }
    }
}

/// What the router keeps of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfferTerms {
    /// Whether it takes requests.
    pub open: bool,
    /// Modes for inputs about nobody, none of an offer that was never made.
    pub modes: u8,
    /// Modes for inputs about persons.
    pub modes_for_persons: u8,
    /// The committee.
    pub quorum: Quorum,
}

impl OfferTerms {
    /// What a word says.
    pub fn of(value: B256) -> Self {
        Self {
            open: member::<u8>(value, 0, 1) != 0,
            modes: member(value, 1, 1),
            modes_for_persons: member(value, 2, 1),
            quorum: Quorum {
                members: member(value, 3, 1),
                threshold: member(value, 4, 1),
                commit_seconds: member(value, 5, 4),
                reveal_seconds: member(value, 9, 4),
                tolerance: member(value, 13, 8),
            },
        }
    }
}

/// Where the pool keeps a claim, and the policy that it is made under.
pub fn claim_slots(evidence: B256, policy: B256) -> [B256; 2] {
    [mapping(POOL_SLOT, evidence), mapping(after(POOL_SLOT), policy)]
}

/// Where the pool keeps a product's premium and payout, then its times and routine.
pub fn product_slots(product: u16) -> [B256; 2] {
    let first = mapping(forward(POOL_SLOT, 3), word(product.into()));
    [first, after(first)]
}

/// Where the pool keeps what a routine never changes: thresholds, sizes and mode.
pub fn routine_slot(routine: u16) -> B256 {
    forward(mapping(forward(POOL_SLOT, 4), word(routine.into())), 2)
}

/// A claim in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Where it stands; none for a number that the contract has no name for.
    pub stage: Option<ClaimStage>,
    /// Until when, unless somebody acts; zero if for good.
    pub until: u64,
    /// The policy's product.
    pub product: u16,
    /// The first 24 bytes of the policy's id.
    pub policy: [u8; 24],
}

impl Progress {
    /// What a word says.
    pub fn of(value: B256) -> Self {
        let mut policy = [0; 24];
        policy.iter_mut().zip(value).for_each(|(to, from)| *to = from);
        let stage = ClaimStage::from_code(member(value, 0, 1));
        Self { stage, until: member(value, 1, 5), product: member(value, 6, 2), policy }
    }
}

/// The holder of the policy in the second of [`claim_slots`], and since when it holds, in seconds of Unix time.
pub fn policy_of(value: B256) -> (Address, u64) {
    let holder: U256 = bits(value, 1, 20);
    (Address::from_word(holder.into()), member(value, 21, 5))
}

/// What a product's claims are paid, in the token's smallest units, and the routine that decides them.
pub fn product_of(values: [B256; 2]) -> (u128, u16) {
    let [first, second] = values;
    (member(first, 16, 16), member(second, 8, 2))
}

/// What a routine never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoutineTerms {
    /// The least output that is accepted.
    pub least: i64,
    /// The greatest output that is accepted.
    pub most: i64,
    /// Of each claim's outputs the one that counts.
    pub output: u16,
    /// How many outputs each claim has.
    pub outputs: u16,
    /// How many claims the proofs take; zero of a routine that does not exist.
    pub batch: u16,
}

impl RoutineTerms {
    /// What a word says.
    pub fn of(value: B256) -> Self {
        let signed = |offset| member::<u64>(value, offset, 8).cast_signed();
        Self {
            least: signed(0),
            most: signed(8),
            output: member(value, 16, 2),
            outputs: member(value, 18, 2),
            batch: member(value, 20, 2),
        }
    }
}

fn forward(slot: B256, words: u64) -> B256 {
    U256::from_be_bytes(slot.0).wrapping_add(U256::from(words)).into()
}

/// The bits of a member, by its offset from the low end and its length in bytes, as layouts are written.
fn bits(value: B256, offset: usize, bytes: usize) -> U256 {
    let mask = (U256::ONE << bytes.saturating_mul(8)).wrapping_sub(U256::ONE);
    (U256::from_be_bytes(value.0) >> offset.saturating_mul(8)) & mask
}

/// A member that is a number of at most as many bits as `T` has.
fn member<T: TryFrom<u128> + Default>(value: B256, offset: usize, bytes: usize) -> T {
    T::try_from(bits(value, offset, bytes).saturating_to::<u128>()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use averment_primitives::keccak256;

    const ROUTER: &str = include_str!("../../../../contracts/layouts/InferenceRouter.txt");
    const POOL: &str = include_str!("../../../../contracts/layouts/ClaimsPool.txt");
    const TYPES: &str = include_str!("../../../../contracts/src/types/Settlement.sol");
    const CLAIMS: &str = include_str!("../../../../contracts/src/types/Claims.sol");

    fn namespace(name: &str) -> B256 {
        let inner = U256::from_be_bytes(keccak256(name).0) - U256::ONE;
        let mut slot = keccak256(inner.to_be_bytes::<32>());
        slot.0[31] = 0;
        slot
    }

    /// Slot, offset and bytes of a struct's member, as a layout has them.
    #[track_caller]
    fn laid(layout: &str, holder: &str, name: &str) -> (usize, usize, usize) {
        let from = layout.find(&format!("struct {holder} (")).expect(holder);
        let own = layout[from..].split("\n\n").next().unwrap();
        let line = own.lines().find(|line| line.ends_with(&format!("  {name}"))).expect(name);
        let words: Vec<&str> = line.split_whitespace().collect();
        let bytes = line.split('[').nth(1).unwrap().split(']').next().unwrap();
        (words[0].parse().unwrap(), words[2].parse().unwrap(), bytes.parse().unwrap())
    }

    #[test]
    fn the_namespaces_are_erc_7201s_and_the_layouts() {
        for (slot, name, layout) in [
            (ROUTER_SLOT, "averment.storage.InferenceRouter", ROUTER),
            (POOL_SLOT, "averment.storage.ClaimsPool", POOL),
        ] {
            assert_eq!(slot, namespace(name));
            assert!(layout.contains(&format!("{slot:?} + 0")), "{name}");
        }
    }

    #[test]
    fn slots_and_members_are_where_the_layouts_say() {
        for (layout, holder, name, at) in [
            (ROUTER, "RouterStorage.Layout", "requests", (0, 0, 32)),
            (ROUTER, "RouterStorage.Layout", "offers", (1, 0, 32)),
            (ROUTER, "RouterStorage.Standing", "phase", (0, 0, 1)),
            (ROUTER, "RouterStorage.Standing", "until", (0, 1, 5)),
            (ROUTER, "RouterStorage.Standing", "digest", (0, 6, 26)),
            (ROUTER, "RouterStorage.Terms", "open", (0, 0, 1)),
            (ROUTER, "RouterStorage.Terms", "modes", (0, 1, 1)),
            (ROUTER, "RouterStorage.Terms", "modesForPersons", (0, 2, 1)),
            (ROUTER, "RouterStorage.Terms", "members", (0, 3, 1)),
            (ROUTER, "RouterStorage.Terms", "threshold", (0, 4, 1)),
            (ROUTER, "RouterStorage.Terms", "commitSeconds", (0, 5, 4)),
            (ROUTER, "RouterStorage.Terms", "revealSeconds", (0, 9, 4)),
            (ROUTER, "RouterStorage.Terms", "tolerance", (0, 13, 8)),
            (POOL, "PoolStorage.Layout", "claims", (0, 0, 32)),
            (POOL, "PoolStorage.Layout", "policies", (1, 0, 32)),
            (POOL, "PoolStorage.Layout", "sales", (3, 0, 32)),
            (POOL, "PoolStorage.Layout", "routines", (4, 0, 32)),
            (POOL, "PoolStorage.Policy", "holder", (0, 1, 20)),
            (POOL, "PoolStorage.Policy", "from", (0, 21, 5)),
            (POOL, "PoolStorage.Sale", "terms", (0, 0, 64)),
            (POOL, "Product", "payout", (0, 16, 16)),
            (POOL, "Product", "routine", (1, 8, 2)),
            (POOL, "Routine", "least", (2, 0, 8)),
            (POOL, "Routine", "most", (2, 8, 8)),
            (POOL, "Routine", "output", (2, 16, 2)),
            (POOL, "Routine", "outputs", (2, 18, 2)),
            (POOL, "Routine", "batch", (2, 20, 2)),
        ] {
            assert_eq!(laid(layout, holder, name), at, "{holder}.{name}");
        }
        // A claim's word is packed by hand.
        assert!(
            CLAIMS.contains("short | uint256(product) << 48 | uint256(until) << 8 | uint8(ClaimStage.Filed)")
        );
        assert!(CLAIMS.contains("uint256(PolicyId.unwrap(policy)) >> 64 << 64"));
    }

    /// The names in an enum of the contracts, in order.
    fn names(source: &str, of: &str) -> Vec<String> {
        let own = source.split(&format!("enum {of} {{")).nth(1).unwrap().split('}').next().unwrap();
        let lines = own.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
        lines.map(|line| line.trim_end_matches(',').to_owned()).collect()
    }

    #[test]
    fn numbers_mean_what_the_contracts_say() {
        let phases: Vec<_> = (0..).map_while(Phase::from_code).map(|phase| format!("{phase:?}")).collect();
        assert_eq!(phases, names(TYPES, "Phase"));
        let stages: Vec<_> =
            (0..).map_while(ClaimStage::from_code).map(|stage| format!("{stage:?}")).collect();
        assert_eq!(stages, names(CLAIMS, "ClaimStage"));
        let modes: Vec<_> = (0..)
            .map_while(crate::settlement::Mode::from_code)
            .map(|mode| (format!("{mode:?}"), mode.code()))
            .collect();
        let expected: Vec<_> = names(TYPES, "Mode").into_iter().zip(0..).collect();
        assert_eq!(modes, expected);
    }

    #[test]
    fn packed_words_come_apart() {
        let mut word = [0_u8; 32];
        word[..26].fill(0xdd);
        word[26..31].copy_from_slice(&[0, 1, 2, 3, 4]);
        word[31] = 5;
        let standing = Standing::of(word.into());
        assert_eq!(standing, Standing { phase: Some(Phase::Final), until: 0x0102_0304, digest: [0xdd; 26] });
        let mut word = [0_u8; 32];
        word[..24].fill(0xcc);
        word[24..26].copy_from_slice(&[1, 2]);
        word[31] = 4;
        let claim = Progress::of(word.into());
        assert_eq!((claim.stage, claim.product, claim.policy), (Some(ClaimStage::Paid), 0x102, [0xcc; 24]));
        let mut word = [0_u8; 32];
        word[24..].copy_from_slice(&(-3_i64).to_be_bytes());
        word[16..24].copy_from_slice(&9_i64.to_be_bytes());
        word[10..12].copy_from_slice(&128_u16.to_be_bytes());
        let routine = RoutineTerms::of(word.into());
        assert_eq!((routine.least, routine.most, routine.batch), (-3, 9, 128));
        assert_eq!(Standing::of(B256::repeat_byte(9)).phase, None);
    }
}
