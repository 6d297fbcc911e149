//! The rules of what is proved in a task of federated learning ([10.5]).

use super::{Fault, Known, Sum, value_bits};
use crate::descriptor::{Axis, Coefficient, Constant, Covered, Product, Relation};

impl Known<'_> {
    /// An update: its norm, and then what a certificate has.
    pub(super) fn update(&mut self) -> Result<(), Fault> {
        let covered = self.descriptor.covered();
        let relation = self.descriptor.relations.first().ok_or(Fault::Norm { relation: 0 })?;
        self.norm(relation, &covered)?;
        self.covering(1, &covered)
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
