//! The rules of what is proved in a task of federated learning ([10.5]).

use super::{Fault, Known, Sum, value_bits};
use crate::descriptor::{Axis, Coefficient, Constant, Covered, Product, Relation, Term};

impl Known<'_> {
    /// An update: its norm, and then what a certificate has.
    pub(super) fn update(&mut self) -> Result<(), Fault> {
        let covered = self.descriptor.covered();
        let relation = self.descriptor.relations.first().ok_or(Fault::Norm { relation: 0 })?;
        self.norm(relation, &covered)?;
        self.covering(1, &covered)
    }

    /// A round: the inner products of each half's rows, and then what a certificate has.
    pub(super) fn round(&mut self) -> Result<(), Fault> {
        let relations = &self.descriptor.relations;
        let halves = relations.iter().take_while(|own| matches!(own.constant, Constant::Gram { .. })).count();
        let blocks = self.descriptor.layout.sizes.inputs.len();
        let products = halves.checked_mul(blocks) == Some(self.descriptor.products().count());
        if !(1..=2).contains(&halves) || blocks == 0 || !products {
            return Err(Fault::Gram { relation: 0 });
        }
        for (relation, own) in relations.iter().take(halves).enumerate() {
            let bits = self.gram(own, relation, halves).ok_or(Fault::Gram { relation })?;
            bits.fits(relation)?;
        }
        self.covering(halves, &self.descriptor.covered())
    }

    /// A bound on the inner products of a half's rows; none if the relation says something else.
    fn gram(&self, relation: &Relation, half: usize, halves: usize) -> Option<Sum> {
        let layout = &self.descriptor.layout;
        let row_bits = layout.sizes.item_bits.checked_sub(u8::try_from(halves).ok()?.checked_sub(1)?)?;
        let (place, all) = (u32::try_from(half).ok()?, u32::try_from(halves).ok()?);
        let right = relation.constant == Constant::Gram { half: place, halves: all, row_bits }
            && Some(relation.point_bits) == row_bits.checked_mul(2)
            && row_bits > 0
            && relation.terms.is_empty()
            && relation.products.len() == layout.sizes.inputs.len();
        if !right {
            return None;
        }
        let mut sum = Sum::default();
        sum.add(value_bits(i64::MIN));
        let blocks = layout.input_blocks.iter().zip(&layout.sizes.inputs).zip(&self.descriptor.row_bits);
        for (product, ((block, bits), width)) in relation.products.iter().zip(blocks) {
            let (base, gap) = layout.row_block(*block, *bits, u8::try_from(half).ok()?, row_bits)?;
            let [Term { coefficient: Coefficient { mantissa: 1, shift }, .. }] = product.a.as_slice() else {
                return None;
            };
            let side = |at: u8| {
                let axes = [
                    Some(Axis::Sum { at: 0, bits: *bits }),
                    gap.map(|(value, bits)| Axis::Fixed { value, bits }),
                    Some(Axis::Point { at, bits: row_bits }),
                ];
                let coefficient = Coefficient { mantissa: 1, shift: *shift };
                [Term { coefficient, base, axes: axes.into_iter().flatten().collect() }]
            };
            let right = (product.vars, product.grouped, product.group_point) == (*bits, 0, 0)
                && product.a == side(0)
                && product.b == side(row_bits);
            if !right {
                return None;
            }
            let cell = usize::from(*width).saturating_sub(1).saturating_add((*shift).into());
            sum.add(cell.saturating_mul(2).saturating_add((*bits).into()));
        }
        Some(sum)
    }

    /// The squares of all blocks and the limbs of the slack are together the one public value.
    fn norm(&mut self, relation: &Relation, covered: &[Covered]) -> Result<(), Fault> {
        let fault = Fault::Norm { relation: 0 };
        let one = relation.point_bits == 0
            && relation.constant == Constant::Public { first: 0, count: 1 }
            && relation.products.len() == covered.len()
            && self.descriptor.products().count() == covered.len();
        if !one {
            return Err(fault);
        }
        let mut sum = Sum::default();
        // The statement's value.
        sum.add(value_bits(i64::MIN));
        for (product, block) in relation.products.iter().zip(covered) {
            sum.add(square(product, block).ok_or(fault)?);
        }
        self.limbs(0, relation, &relation.terms, 1, &mut sum).map_err(|_| fault)?;
        sum.fits(0)
    }
}

/// A bound on `Σ_x (2^e block(x))²`, in bits; none if the product is something else.
fn square(product: &Product, block: &Covered) -> Option<usize> {
    let [term] = product.a.as_slice() else { return None };
    let Coefficient { mantissa: 1, shift } = term.coefficient else { return None };
    let right = product.b == product.a
        && (product.vars, product.grouped, product.group_point) == (block.bits, 0, 0)
        && term.base == block.base
        && term.axes == [Axis::Sum { at: 0, bits: block.bits }];
    let cell = usize::from(block.width).saturating_sub(1).saturating_add(shift.into());
    right.then(|| cell.saturating_mul(2).saturating_add(block.bits.into()))
}
