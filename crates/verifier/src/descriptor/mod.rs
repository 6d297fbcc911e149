//! What the verifier has to know of a plan (section 10 of the protocol): where committed vectors lie, which rows are looked
//! up, and which linear relations hold.

mod agreement;
mod certificate;
mod codec;
mod cost;
mod derive;
mod federated;
mod layout;
mod pack;
mod registration;
mod validate;

pub use agreement::Disagreement;
pub use certificate::{Certificate, Covered, REMAINDER_BITS};
pub use codec::{DescriptorError, EncodeError};
pub use derive::{Commitments, DeriveError, Derived, Options};
pub use federated::{RoundDescriptor, ShapeError, TaskShape, UpdateDescriptor};
pub use layout::{Area, Blocks, Layout, LayoutError, Sizes, Strided};
pub use pack::{LIMB_BITS, Limb, Placement};
pub use validate::{InvalidDescriptor, ValidDescriptor};

/// The most lookup slots: lookups that share a helper cell.
pub const SLOTS: usize = 4;

/// What a descriptor says of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What the model computes ([10.2]).
    Decision,
    /// That its weights and function tables are in range, and the weights' padding zero ([8.1]).
    Certificate,
    /// That an update of a task is in range and of bounded norm, and its padding zero ([10.5]).
    Update,
    /// That the model of a task's round and its remainder are in range, and what the inner products of its rows are ([10.6]).
    Round,
}

/// A plan, as the verifier sees it. Addresses are cells: chunk number above offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// What it says.
    pub kind: Kind,
    /// Where everything lies.
    pub layout: Layout,
    /// How wide the values of each weight block are: `-2^(bits-1) <= w < 2^(bits-1)`, which the weights' certificate
    /// shows.
    pub weight_bits: Vec<u8>,
    /// Of a round how wide the values of each row's block are, which the proofs of updates show; else nothing.
    pub row_bits: Vec<u8>,
    /// The tables, in the order of their rows.
    pub tables: Vec<Table>,
    /// What is looked up.
    pub lookups: Vec<LookupBlock>,
    /// Linear relations, in order.
    pub relations: Vec<Relation>,
}

/// An aligned block of rows of the table space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Its tag: not 0, not another table's.
    pub tag: u32,
    /// Its first row.
    pub row: u64,
    /// It has `2^bits` rows.
    pub bits: u8,
    /// `in` of its first row; each row has one more.
    pub first: i64,
    /// Whether its `out` is committed, in the cell of the tables role with its row's number; otherwise `out` is 0.
    pub function: bool,
    /// How wide its `out` is: `-2^(bits-1) <= out < 2^(bits-1)`, which the weights' certificate shows; 0 if it is not
    /// committed.
    pub out_bits: u8,
}

/// An aligned block of rows of a lookup slot that have one tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookupBlock {
    /// The slot.
    pub slot: u8,
    /// Its first row within the slot.
    pub row: u64,
    /// It has `2^bits` rows.
    pub bits: u8,
    /// The table it is looked up in.
    pub tag: u32,
    /// Where its `in` comes from if not from the slot's own areas, whose cells in these rows are not read then: an input
    /// block (of the first item, if items have commitments of their own), or in a certificate a part of a weight block or
    /// function table.
    pub input: Option<u64>,
}

/// A linear relation ([4.2]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Coordinates of r that its output axes take, from 0 on.
    pub point_bits: u8,
    /// Sums of products.
    pub products: Vec<Product>,
    /// What is linear.
    pub terms: Vec<Term>,
    /// What is added.
    pub constant: Constant,
}

/// A number that a relation adds over all its output cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Constant {
    /// The same for each cell.
    Number(Coefficient),
    /// Minus the public value of each cell: those of the statement from this place on, one for each of the
    /// `count` first cells, the others 0.
    Public {
        /// Place of the first in the statement's list.
        first: u32,
        /// How many.
        count: u32,
    },
    /// What [4.6] says of the relation's first term, whose cells are scores of classes, the lowest bits, and items:
    /// the statement's value of each item, from this place on, is the first class whose score is largest.
    Decision {
        /// Place of the first item's in the statement's list.
        first: u32,
        /// How many classes are real.
        classes: u32,
        /// Bits of a class.
        class_bits: u8,
    },
    /// Minus the inner products that the statement has of the rows of one half ([10.6]), at two rows that the relation's
    /// coordinates say.
    Gram {
        /// Which half: the place, among the public values, of how many rows it has.
        half: u32,
        /// How many halves there are; behind so many numbers of rows come their triangles.
        halves: u32,
        /// Bits of a row's number.
        row_bits: u8,
    },
}

/// `mantissa · 2^shift`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coefficient {
    /// An integer.
    pub mantissa: i64,
    /// Bits that it is shifted up.
    pub shift: u8,
}

/// `Σ_x eq(r[group_point..], x_0..x_(grouped-1)) · a(x) · b(x)` over `vars` variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Variables of the sum.
    pub vars: u8,
    /// How many of the lowest are grouped.
    pub grouped: u8,
    /// Where the group's coordinates begin in r.
    pub group_point: u8,
    /// One operand: the sum of these.
    pub a: Vec<Term>,
    /// The other.
    pub b: Vec<Term>,
}

/// A coefficient times a block read along axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// What it is multiplied by.
    pub coefficient: Coefficient,
    /// The block's first cell.
    pub base: u64,
    /// Its axes, the lowest first; their bits together are the block's.
    pub axes: Vec<Axis>,
}

/// How a block is read along one axis ([4.1]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// At the coordinates of r from `at` on.
    Point {
        /// First coordinate.
        at: u8,
        /// Bits of the axis.
        bits: u8,
    },
    /// At the coordinates of ρ from `at` on.
    Sum {
        /// First coordinate.
        at: u8,
        /// Bits of the axis.
        bits: u8,
    },
    /// At one place.
    Fixed {
        /// The place.
        value: u32,
        /// Bits of the axis.
        bits: u8,
    },
    /// Everything, each once.
    Ones {
        /// Bits of the axis.
        bits: u8,
    },
    /// Through a sliding window.
    Window {
        /// Bits of the axis.
        bits: u8,
        /// The window.
        window: Window,
    },
    /// At the coordinates of ρ from 0 on, as many as it has bits, but only at some places: rows of a round ([10.6]).
    Span {
        /// Bits of the axis.
        bits: u8,
        /// The first place that is read.
        first: u32,
        /// The place behind the last one.
        past: u32,
    },
    /// At two points of rows, the second times the coordinate behind both ([10.6]): with b bits
    /// `eq(r[..b], ·) + r[2b] eq(r[b..2b], ·)`.
    Mixed {
        /// Bits of the axis.
        bits: u8,
    },
}

/// `f(y) = Σ_{a < count, b < taps} eq(r[point..], a) · eq(ρ[sum..], b) · [y = stride·a + dilation·b - pad]`, 0 for
/// `y >= length`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First coordinate in r.
    pub point: u8,
    /// Coordinates in r.
    pub point_bits: u8,
    /// Places of the window.
    pub count: u32,
    /// First coordinate in ρ, and how many; none if all taps weigh 1.
    pub sum: Option<(u8, u8)>,
    /// Width of the window.
    pub taps: u32,
    /// Steps between places.
    pub stride: u32,
    /// Steps between taps.
    pub dilation: u32,
    /// Cells before the first; negative begins further in.
    pub pad: i32,
    /// Real length of the axis.
    pub length: u32,
}

impl Window {
    /// The `count` first cells of an axis of `bits`, along the first coordinates of r.
    pub fn first(bits: u8, count: u32) -> Self {
        Self {
            point: 0,
            point_bits: bits,
            count,
            sum: None,
            taps: 1,
            stride: 1,
            dilation: 1,
            pad: 0,
            length: count,
        }
    }
}

impl Axis {
    /// Whether the axis is a single cell that counts once: then it says nothing.
    pub fn is_one(&self) -> bool {
        self.bits() == 0 && !matches!(self, Self::Window { .. } | Self::Span { .. } | Self::Mixed { .. })
    }

    /// The same axes, without those that say nothing, and as one where coordinates go on from one to the next: each is
    /// paid for on chain.
    pub(super) fn joined(axes: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut joined: Vec<Self> = Vec::new();
        for axis in axes.into_iter().filter(|axis| !axis.is_one()) {
            match (joined.last_mut(), axis) {
                (Some(Self::Point { at, bits }), Self::Point { at: next, bits: more })
                | (Some(Self::Sum { at, bits }), Self::Sum { at: next, bits: more })
                    if at.checked_add(*bits) == Some(next) =>
                {
                    *bits = bits.saturating_add(more);
                }
                _ => joined.push(axis),
            }
        }
        joined
    }

    /// Bits of the axis.
    pub fn bits(&self) -> u8 {
        match self {
            Self::Point { bits, .. }
            | Self::Sum { bits, .. }
            | Self::Fixed { bits, .. }
            | Self::Ones { bits }
            | Self::Window { bits, .. }
            | Self::Span { bits, .. }
            | Self::Mixed { bits } => *bits,
        }
    }
}

impl Relation {
    /// How many public values it speaks of.
    pub fn public_count(&self) -> u64 {
        match self.constant {
            Constant::Number(_) => 0,
            Constant::Public { count, .. } => count.into(),
            // How many there are the statement says.
            Constant::Gram { halves, .. } => halves.into(),
            Constant::Decision { class_bits, .. } => {
                1_u64.checked_shl(self.point_bits.saturating_sub(class_bits).into()).unwrap_or(u64::MAX)
            }
        }
    }

    /// The place behind the last public value that it speaks of; 0 if there is none.
    pub fn public_end(&self) -> u64 {
        match self.constant {
            Constant::Number(_) => 0,
            Constant::Gram { halves, .. } => halves.into(),
            Constant::Public { first, .. } | Constant::Decision { first, .. } => {
                u64::from(first).saturating_add(self.public_count())
            }
        }
    }
}

impl Descriptor {
    /// How many public values a statement has that begins with these; none if those that say how many rows there are do not fit.
    pub fn stated(&self, public: &[i64]) -> Option<usize> {
        let (halves, row_bits) = match self.relations.first().map(|relation| &relation.constant) {
            Some(Constant::Gram { halves, row_bits, .. }) => (usize::try_from(*halves).ok()?, *row_bits),
            _ => return Some(self.public_count()),
        };
        let limit = 1_i64.checked_shl(row_bits.into())?;
        let rows = public.get(..halves)?;
        let triangle = |rows: &i64| (1..=limit).contains(rows).then(|| triangle(rows.unsigned_abs()));
        rows.iter().try_fold(halves, |sum, rows| sum.checked_add(usize::try_from(triangle(rows)?).ok()?))
    }

    /// Variables of the main sumcheck's largest member.
    pub fn variables(&self) -> usize {
        let products = self.products().map(|product| product.vars);
        products.chain([self.layout.slot_bits, self.layout.table_bits]).max().unwrap_or(0).into()
    }

    /// Coordinates of r.
    pub fn point_length(&self) -> usize {
        let relations = self.relations.iter().map(|relation| relation.point_bits);
        relations.chain([self.layout.slot_bits, self.layout.table_bits]).max().unwrap_or(0).into()
    }

    /// All products, in order.
    pub fn products(&self) -> impl Iterator<Item = &Product> {
        self.relations.iter().flat_map(|relation| &relation.products)
    }

    /// The degree of the main sumcheck's round for variable `index` ([5.2]).
    pub fn degree(&self, index: usize) -> usize {
        let reaches = |vars: u8| usize::from(vars) > index;
        let products = self.products().filter(|product| reaches(product.vars));
        let products = products.map(|product| if usize::from(product.grouped) > index { 3 } else { 2 });
        let lookups = if reaches(self.layout.slot_bits) { self.lookup_degree() } else { 0 };
        let tables = if reaches(self.layout.table_bits) { 3 } else { 0 };
        products.chain([lookups, tables]).max().unwrap_or(0)
    }

    /// The degrees of all rounds in the order they are sent, the masks' round last if there are masks.
    pub fn degrees(&self, masked: bool) -> Vec<usize> {
        let rounds = (0..self.variables()).rev().map(|index| self.degree(index));
        rounds.chain(masked.then_some(self.lookup_degree())).collect()
    }

    /// The degree of the lookups' side, and of the masks' round: the slots' denominators, h, and eq or the masks' factor.
    pub fn lookup_degree(&self) -> usize {
        self.layout.slots.len().saturating_add(2)
    }

    /// How many operands the main sumcheck ends with: slots, h, g, the tables' out, and two a product.
    pub fn operands(&self) -> usize {
        self.products().count().saturating_mul(2).saturating_add(self.layout.slots.len()).saturating_add(3)
    }
}

/// How many pairs of so many rows there are, each row with itself too.
pub fn triangle(rows: u64) -> u64 {
    rows.saturating_mul(rows.saturating_add(1)) / 2
}

#[cfg(test)]
mod tests {
    use super::{Axis, Window};

    #[test]
    fn axes_are_joined_where_coordinates_go_on() {
        let window = Axis::Window { bits: 0, window: Window::first(0, 1) };
        let axes = [
            Axis::Sum { at: 0, bits: 3 },
            Axis::Sum { at: 3, bits: 2 },
            Axis::Point { at: 5, bits: 1 },
            Axis::Fixed { value: 0, bits: 0 },
            Axis::Point { at: 6, bits: 2 },
            Axis::Ones { bits: 0 },
            Axis::Point { at: 9, bits: 1 },
            Axis::Fixed { value: 1, bits: 1 },
            Axis::Point { at: 10, bits: 1 },
            window,
            Axis::Point { at: 11, bits: 0 },
        ];
        let joined = [
            Axis::Sum { at: 0, bits: 5 },
            Axis::Point { at: 5, bits: 3 },
            Axis::Point { at: 9, bits: 1 },
            Axis::Fixed { value: 1, bits: 1 },
            Axis::Point { at: 10, bits: 1 },
            window,
        ];
        assert_eq!(Axis::joined(axes), joined);
    }
}
