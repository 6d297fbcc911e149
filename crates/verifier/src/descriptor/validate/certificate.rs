//! The rules of a certificate's form ([10.4]): no inputs, no products, nothing public; relations that tie limbs to a block,
//! or say that a part of one is zero; and every weight block and function table covered once, at its declared width.

use super::{Fault, Known, Sum, end};
use crate::descriptor::{Axis, Coefficient, Constant, Covered, Kind, LookupBlock, Relation, Term};

const ONE: Coefficient = Coefficient { mantissa: 1, shift: 0 };

impl Known<'_> {
    /// Checks all relations, and then that they and the lookups cover everything.
    pub(super) fn certificate(&mut self) -> Result<(), Fault> {
        let covered = self.descriptor.covered();
        self.covering(0, &covered)
    }

    /// Checks the relations from `first` on, which are about what is covered, and that everything is.
    pub(super) fn covering(&mut self, first: usize, covered: &[Covered]) -> Result<(), Fault> {
        let mut ranged = vec![false; covered.len()];
        for (place, relation) in self.descriptor.relations.iter().enumerate().skip(first) {
            match relation.constant {
                Constant::Public { .. } | Constant::Decision { .. } | Constant::Gram { .. } => {
                    return Err(Fault::Public { relation: place });
                }
                // A remainder's offset is 0 too.
                Constant::Number(Coefficient { mantissa: 0, .. })
                    if self.descriptor.kind != Kind::Round || relation.terms.len() < 2 =>
                {
                    zero(place, relation, covered)?;
                }
                Constant::Number(constant) => {
                    self.ranged(place, relation, constant, covered, &mut ranged)?;
                }
            }
        }
        self.all_determined()?;
        self.covers(covered, &ranged)
    }

    /// A block that is not looked up as it stands: plus `2^(width-1)` it is the sum of limbs, none used before.
    fn ranged(
        &mut self,
        place: usize,
        relation: &Relation,
        constant: Coefficient,
        covered: &[Covered],
        ranged: &mut [bool],
    ) -> Result<(), Fault> {
        let fault = Fault::Ranged { relation: place };
        let (term, limbs) = relation.terms.split_first().ok_or(fault)?;
        let whole = |block: &Covered| block.base == term.base && block.bits == relation.point_bits;
        let at = covered.iter().position(whole).ok_or(fault)?;
        let (block, done) = (covered.get(at).ok_or(fault)?, ranged.get_mut(at).ok_or(fault)?);
        let plain = [Axis::Point { at: 0, bits: relation.point_bits }];
        if *done || !relation.products.is_empty() || term.axes != plain || term.coefficient != ONE {
            return Err(fault);
        }
        *done = true;
        let filled = self.limbs(place, relation, limbs, -1, &mut Sum::default()).map_err(|_| fault)?;
        let half = match block.signed {
            true => block.width.checked_sub(1).map(|shift| Coefficient { mantissa: 1, shift }),
            false => Some(Coefficient { mantissa: 0, shift: 0 }),
        };
        if filled != block.width || Some(constant) != half {
            return Err(fault);
        }
        Ok(())
    }

    /// Every block is ranged by a relation, or its parts are looked up at its width, one after the other; and nothing else
    /// is looked up.
    fn covers(&self, covered: &[Covered], ranged: &[bool]) -> Result<(), Fault> {
        let mut parts = self.descriptor.lookups.iter().filter(|own| own.input.is_some());
        for (place, (block, _)) in covered.iter().zip(ranged).enumerate().filter(|(_, (_, done))| !**done) {
            let fault = Fault::Covered { block: place };
            let last = end(block.base, block.bits).ok_or(fault)?;
            let mut next = block.base;
            while next < last {
                let part = parts.next().filter(|part| part.input == Some(next)).ok_or(fault)?;
                next = end(next, part.bits).filter(|end| *end <= last).ok_or(fault)?;
                if !self.is_range(part, block) {
                    return Err(fault);
                }
            }
        }
        parts.next().map_or(Ok(()), |_| Err(Fault::Covered { block: covered.len() }))
    }

    /// Whether a lookup is in a block's range.
    fn is_range(&self, lookup: &LookupBlock, block: &Covered) -> bool {
        let table = self.descriptor.tables.iter().find(|table| table.tag == lookup.tag);
        table.is_some_and(|table| table.bits == block.width && table.first == block.first())
    }
}

/// A part of a block is zero: one term, along coordinates one after the other, and at fixed places.
fn zero(place: usize, relation: &Relation, covered: &[Covered]) -> Result<(), Fault> {
    let fault = Fault::Padding { relation: place };
    let [Term { coefficient, base, axes }] = relation.terms.as_slice() else { return Err(fault) };
    let (mut point, mut size) = (0_u8, 0_u8);
    for axis in axes {
        let next = match *axis {
            Axis::Point { at, bits } if at == point => {
                point = point.checked_add(bits).ok_or(fault)?;
                bits
            }
            Axis::Fixed { value, bits } if u64::from(value) < 1_u64.checked_shl(bits.into()).unwrap_or(0) => {
                bits
            }
            _ => return Err(fault),
        };
        size = size.checked_add(next).ok_or(fault)?;
    }
    let whole = covered.iter().any(|block| block.base == *base && block.bits == size);
    if !whole
        || point != relation.point_bits
        || !relation.products.is_empty()
        || *coefficient != ONE
        || relation.constant != Constant::Number(Coefficient { mantissa: 0, shift: 0 })
    {
        return Err(fault);
    }
    Ok(())
}
