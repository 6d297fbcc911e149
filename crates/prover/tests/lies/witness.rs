//! False witnesses that are as good as they can be: some cells are forced, and everything that follows from them is
//! computed as it should be. It goes by the descriptor alone, so it knows every kind of relation that a verifier does.

use ark_ff::{AdditiveGroup, Field, PrimeField};
use averment_prover::SlotCells;
use averment_verifier::{
    descriptor::{Constant, Descriptor, LookupBlock, Relation, Table, Term},
    field::Fr,
    functional::{self, BoundTerm, Functional, Points},
};

/// What of a relation's result is forced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// hi, with the table's value at the new place: every lookup holds, the relation does not.
    High,
    /// The lowest limb of lo, or of a margin, within its range: every lookup holds, the relation does not.
    Low,
    /// hi one up and lo down by a unit, so that the relation holds and a range does not. Of a margin, the second limb one up
    /// and the lowest down by as much.
    Rounding,
    /// `out`: the relation holds, the function's lookup does not.
    Out,
}

/// A cell that is forced.
#[derive(Debug, Clone, Copy)]
pub struct Force {
    pub relation: usize,
    pub cell: usize,
    pub part: Part,
}

/// A class that is claimed of an item, whatever its score.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    pub item: usize,
    pub class: i64,
    /// Margins that should be negative are in the highest limb as they are, so that the relation holds and a range does
    /// not. Else they are what is left of them in the limbs' ranges, and the relation does not hold.
    pub beyond: bool,
}

/// What follows from weights, inputs and lies.
pub struct Completed {
    pub slots: Vec<SlotCells>,
    /// The class of each item.
    pub decided: Vec<i64>,
}

/// Cells of the address space, filled relation by relation.
pub struct Witness<'a> {
    descriptor: &'a Descriptor,
    /// `out` of the function tables.
    outs: &'a [i64],
    cells: Vec<Fr>,
    claim: Option<Claim>,
    decided: Vec<i64>,
}

impl<'a> Witness<'a> {
    pub fn new(descriptor: &'a Descriptor, outs: &'a [i64]) -> Self {
        let cells = vec![Fr::ZERO; 1 << descriptor.layout.address_bits()];
        Self { descriptor, outs, cells, claim: None, decided: Vec::new() }
    }

    /// The same with a class of an item that is claimed.
    pub fn claiming(self, claim: Option<Claim>) -> Self {
        Self { claim, ..self }
    }

    pub fn write(&mut self, base: u64, cells: impl IntoIterator<Item = i64>) {
        let own = self.cells[base as usize..].iter_mut();
        own.zip(cells).for_each(|(own, cell)| *own = Fr::from(cell));
    }

    /// Everything that follows from weights and inputs, but for what is forced. None if there is no such cell.
    pub fn complete(mut self, force: Option<Force>) -> Option<Completed> {
        for (place, relation) in self.descriptor.relations.iter().enumerate() {
            let own = force.filter(|force| force.relation == place);
            if !self.relation(relation, own.map(|force| (force.cell, force.part))) {
                return None;
            }
        }
        Some(Completed { slots: self.slots(), decided: self.decided })
    }

    fn slots(&self) -> Vec<SlotCells> {
        let layout = &self.descriptor.layout;
        let area = |base: Option<u64>| {
            base.map(|base| {
                let cells = &self.cells[base as usize..][..1 << layout.slot_bits];
                cells.iter().map(|cell| integer(*cell) as i64).collect()
            })
        };
        layout.slots.iter().map(|(ins, outs)| SlotCells { ins: area(*ins), outs: area(*outs) }).collect()
    }

    fn relation(&mut self, relation: &Relation, force: Option<(usize, Part)>) -> bool {
        let half = match relation.constant {
            Constant::Number(half) => half,
            Constant::Public { .. } | Constant::Gram { .. } => return force.is_none(),
            Constant::Decision { classes, class_bits, .. } => {
                return self.decision(relation, classes as usize, class_bits, force);
            }
        };
        let first = relation.terms.iter().position(|term| self.in_block(term.base).is_some()).unwrap();
        let (read, made) = relation.terms.split_at(first);
        let (high, limbs) = made.split_first().unwrap();
        let shift = high.coefficient.shift;
        if force.is_some_and(|(cell, part)| {
            cell >= 1 << relation.point_bits || shift == 0 && matches!(part, Part::Low | Part::Rounding)
        }) {
            return false;
        }
        for cell in 0..1_usize << relation.point_bits {
            let rounded = integer(functional::value(half) + self.accumulated(relation, read, cell));
            let (mut hi, lo) = (rounded >> shift, rounded & ((1 << shift) - 1));
            let part = force.filter(|(own, _)| *own == cell).map(|(_, part)| part);
            let (block, table) = self.in_block(high.base).unwrap();
            let above = (hi + 1 - i128::from(table.first)) >> table.bits > 0;
            match part {
                Some(Part::High) if above => hi -= 1,
                Some(Part::High | Part::Rounding) => hi += 1,
                _ => {}
            }
            let row = table.row as usize + (hi - i128::from(table.first)) as usize;
            let mut out = self.outs.get(row).copied().unwrap_or(0);
            out += i64::from(part == Some(Part::Out));
            let area = self.descriptor.layout.slots[usize::from(block.slot)].1.unwrap();
            let (row, base) = (block.row, high.base);
            self.write(base + cell as u64, [hi as i64]);
            self.write(area + row + cell as u64, [out]);
            for (place, limb) in limbs.iter().enumerate() {
                let (_, table) = self.in_block(limb.base).unwrap();
                let mut value = (lo >> limb.coefficient.shift) & ((1 << table.bits) - 1);
                match part {
                    Some(Part::Low) if place == 0 => value ^= 1,
                    Some(Part::Rounding) if place == 0 => value -= 1 << shift,
                    _ => {}
                }
                self.write(limb.base + cell as u64, [value as i64]);
            }
        }
        true
    }

    /// Decides every item, or claims to, and writes the margins' limbs.
    fn decision(
        &mut self,
        relation: &Relation,
        classes: usize,
        class_bits: u8,
        force: Option<(usize, Part)>,
    ) -> bool {
        let (scores, limbs) = relation.terms.split_first().unwrap();
        let limbs: Vec<(u64, u8, u8)> = limbs
            .iter()
            .map(|limb| (limb.base, limb.coefficient.shift, self.in_block(limb.base).unwrap().1.bits))
            .collect();
        let possible = |(cell, part): (usize, Part)| {
            cell < 1 << relation.point_bits
                && (part == Part::Low || part == Part::Rounding && limbs.len() > 1)
        };
        if !force.is_none_or(possible) {
            return false;
        }
        for item in 0..1_usize << (relation.point_bits - class_bits) {
            let own = &self.cells[scores.base as usize + (item << class_bits)..][..1 << class_bits];
            let own: Vec<i128> = own.iter().map(|score| integer(*score)).collect();
            let largest = own[..classes].iter().max().unwrap();
            let claim = self.claim.filter(|claim| claim.item == item);
            let first = own.iter().position(|score| score == largest).unwrap() as i64;
            let class = claim.map_or(first, |claim| claim.class);
            self.decided.push(class);
            let chosen = usize::try_from(class).ok().and_then(|class| own.get(class)).unwrap_or(largest);
            for (place, score) in own.iter().enumerate() {
                let cell = (item << class_bits) + place;
                let part = force.filter(|(own, _)| *own == cell).map(|(_, part)| part);
                let real = place < classes;
                let margin = if real { chosen - score - i128::from((place as i64) < class) } else { 0 };
                for (limb, (base, shift, bits)) in limbs.iter().enumerate() {
                    let top = limb + 1 == limbs.len() && claim.is_some_and(|claim| claim.beyond);
                    let mut value = (margin >> shift) & if top { -1 } else { (1 << bits) - 1 };
                    match (part, limb) {
                        (Some(Part::Low), 0) => value ^= 1,
                        (Some(Part::Rounding), 0) => value -= 1 << bits,
                        (Some(Part::Rounding), 1) => value += 1,
                        _ => {}
                    }
                    self.write(base + cell as u64, [value as i64]);
                }
            }
        }
        true
    }

    /// What a relation adds up at one of its output cells, before rounding.
    fn accumulated(&self, relation: &Relation, read: &[Term], cell: usize) -> Fr {
        let r = corner(cell, relation.point_bits);
        let sum = |terms: &[Term], rho: &[Fr]| {
            let mut functional = Functional::default();
            terms.iter().for_each(|term| functional.term(Fr::ONE, term, Points { r: &r, rho }));
            functional.0.iter().map(|term| self.apply(term)).sum::<Fr>()
        };
        let mut total = sum(read, &[]);
        for product in &relation.products {
            let group = (1 << product.grouped) - 1;
            let own = (cell >> product.group_point) & group;
            for x in (0..1_usize << product.vars).filter(|x| x & group == own) {
                let rho = corner(x, product.vars);
                total += sum(&product.a, &rho) * sum(&product.b, &rho);
            }
        }
        total
    }

    fn apply(&self, term: &BoundTerm) -> Fr {
        let mut weights = vec![term.coefficient];
        for axis in &term.axes {
            let values = axis.values();
            weights = values.iter().flat_map(|value| weights.iter().map(move |own| *own * value)).collect();
        }
        weights.iter().zip(&self.cells[term.base as usize..]).map(|(weight, cell)| *weight * cell).sum()
    }

    /// The lookup block whose `in` begins at this cell, and its table.
    fn in_block(&self, base: u64) -> Option<(LookupBlock, Table)> {
        let own = self.descriptor.lookups.iter().find(|own| {
            let area = self.descriptor.layout.slots[usize::from(own.slot)].0;
            own.input.is_none() && area.is_some_and(|area| area + own.row == base)
        })?;
        Some((*own, *self.descriptor.tables.iter().find(|table| table.tag == own.tag).unwrap()))
    }
}

/// The corner of a cube that has the bits of `index`.
fn corner(index: usize, bits: u8) -> Vec<Fr> {
    (0..bits).map(|bit| Fr::from((index >> bit & 1) as u64)).collect()
}

/// A field element that stands for a small integer.
pub fn integer(value: Fr) -> i128 {
    let magnitude = |value: Fr| {
        let [low, high, 0, 0] = value.into_bigint().0 else { return None };
        i128::try_from(u128::from(high) << 64 | u128::from(low)).ok()
    };
    magnitude(value).or_else(|| magnitude(-value).map(|own| -own)).expect("a small integer")
}
