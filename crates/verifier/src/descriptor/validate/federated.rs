//! The rules of what is proved in a task of federated learning ([10.5]).

use super::{Fault, Known, Sum, fits, value_bits};
use crate::descriptor::{Axis, Coefficient, Constant, Covered, Product, Relation};

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
        let products = halves == self.descriptor.products().count();
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
        let [product] = relation.products.as_slice() else { return None };
        let right = relation.constant == Constant::Gram { half: place, halves: all, row_bits }
            && Some(relation.point_bits) == row_bits.checked_mul(2).and_then(|bits| bits.checked_add(1))
            && row_bits > 0
            && relation.terms.is_empty()
            && fits(product.a.len());
        if !right {
            return None;
        }
        let width = self.descriptor.row_bits.iter().max().copied()?;
        let mut sum = Sum::default();
        sum.add(value_bits(i64::MIN));
        let (mut next, mut vars) = (0, 0);
        for term in &product.a {
            let Coefficient { mantissa: 1, shift } = term.coefficient else { return None };
            let Some(Axis::Span { bits, first, past }) = term.axes.first().copied() else { return None };
            let half = (u8::try_from(half).ok()?, row_bits);
            if first != next || past <= first || *term != layout.row_term(half, shift, (first, past))? {
                return None;
            }
            (next, vars) = (past, bits);
            let cell = usize::from(width).saturating_sub(1).saturating_add(shift.into());
            sum.add(cell.saturating_mul(2).saturating_add(bits.into()));
        }
        let whole = Some(next) == layout.row_cells()
            && (product.vars, product.grouped, product.group_point) == (vars, 0, 0)
            && product.a == product.b;
        whole.then_some(sum)
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
