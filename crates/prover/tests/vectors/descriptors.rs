//! Descriptors that break one rule of [10.2] each.

use super::{name, read};
use alloy_primitives::hex;
use averment_verifier::descriptor::{
    Area, Axis, Coefficient, Constant, Descriptor, Layout, LookupBlock, Sizes, Table, Window,
};
use serde_json::{Value, json};

fn good(name: &str) -> Descriptor {
    Descriptor::decode(&read(&super::file(name)).parts[0]).unwrap()
}

/// A change of sizes, with the layout that follows.
pub fn resized(descriptor: &mut Descriptor, change: impl FnOnce(&mut Sizes)) {
    let mut sizes = descriptor.layout.sizes.clone();
    change(&mut sizes);
    descriptor.layout = Layout::new(&sizes).unwrap();
}

/// A change of sizes, with everything that reads a block reading it where it then is.
pub fn moved(descriptor: &mut Descriptor, change: impl FnOnce(&mut Sizes)) {
    let old = descriptor.layout.clone();
    resized(descriptor, change);
    follow(descriptor, &old);
}

/// Everything that reads a block of the layout `old` reads it where it is now.
pub fn follow(descriptor: &mut Descriptor, old: &Layout) {
    let new = descriptor.layout.clone();
    let place = |base: u64| {
        let blocks = old
            .weight_blocks
            .iter()
            .zip(&new.weight_blocks)
            .chain(old.input_blocks.iter().zip(&new.input_blocks));
        let areas = old.slots.iter().zip(&new.slots).flat_map(|(old, new)| [(old.0, new.0), (old.1, new.1)]);
        let areas = areas.filter_map(|(old, new)| old.zip(new));
        let exact = blocks.filter(|(old, _)| **old == base).map(|(_, new)| *new).next();
        let within = |(from, to): (u64, u64)| {
            (from..from + (1 << old.slot_bits)).contains(&base).then(|| to + (base - from))
        };
        exact.or_else(|| areas.into_iter().find_map(within)).unwrap()
    };
    relocate(descriptor, place);
}

/// Everything that reads a block reads it at another place.
fn relocate(descriptor: &mut Descriptor, place: impl Fn(u64) -> u64) {
    for relation in &mut descriptor.relations {
        let products = relation.products.iter_mut().flat_map(|own| own.a.iter_mut().chain(&mut own.b));
        relation.terms.iter_mut().chain(products).for_each(|term| term.base = place(term.base));
    }
    for own in &mut descriptor.lookups {
        own.input = own.input.map(&place);
    }
}

/// The same chunks, each of twice the cells, which [`Layout::new`] has a limit for.
fn stretched(descriptor: &mut Descriptor) {
    let bits = descriptor.layout.chunk_bits;
    let place = |base: u64| ((base >> bits) << (bits + 1)) | (base & ((1 << bits) - 1));
    relocate(descriptor, place);
    let own = &mut descriptor.layout;
    (own.chunk_bits, own.sizes.chunk_bits) = (bits + 1, bits + 1);
    own.weight_blocks.iter_mut().chain(&mut own.input_blocks).for_each(|base| *base = place(*base));
    for (input, output) in &mut own.slots {
        (*input, *output) = (input.map(place), output.map(place));
    }
    own.functions = own.functions.map(|(bits, base)| (bits, place(base)));
    own.masks = own.masks.map(|(base, bits)| (place(base), bits));
    for base in [&mut own.multiplicities, &mut own.helper, &mut own.fractions] {
        *base = place(*base);
    }
}

/// What breaks a rule, and the rule.
pub type Attack = (&'static str, &'static str, fn(&mut Descriptor));

/// What becomes of a good descriptor's bytes, each with its name.
pub type Bytes = fn(&[u8]) -> Vec<(String, Vec<u8>)>;

/// Relation 0 of the model is a product with weights, 1 a maximum, 2 is linear, 3 says what is public; lookup blocks
/// are hi and lo of each, then the input.
pub const ATTACKS: &[Attack] = &[
    ("weights without widths", "Layout", |d| _ = d.weight_bits.pop()),
    ("a weight block more than widths", "Layout", |d| resized(d, |sizes| sizes.weights.push(0))),
    ("no tables", "Size", |d| d.tables.clear()),
    ("no lookups", "Size", |d| d.lookups.clear()),
    ("no relations", "Size", |d| d.relations.clear()),
    ("weights of no bits", "Size", |d| d.weight_bits[0] = 0),
    ("weights of 63 bits", "Size", |d| d.weight_bits[0] = 63),
    ("functions in more rows than there are tables", "Size", |d| {
        resized(d, |sizes| sizes.function_bits = Some(sizes.table_bits + 1))
    }),
    ("fewer mask cells than masks", "Size", |d| resized(d, |sizes| sizes.mask_bits = Some(2))),
    ("more than 256 chunks", "Size", |d| {
        resized(d, |sizes| (sizes.chunk_bits, sizes.slot_bits) = (4, sizes.slot_bits + 3))
    }),
    ("more variables than halves", "Size", |d| {
        // With masks for all of their rounds.
        moved(d, |sizes| sizes.mask_bits = Some(8));
        d.relations[0].products[0].vars = 29;
    }),
    ("more coordinates than r has", "Size", |d| d.relations[3].point_bits = 33),
    ("tag 0", "TableTag", |d| d.tables[0].tag = 0),
    ("two tables with one tag", "TableTag", |d| d.tables[1].tag = d.tables[0].tag),
    ("a table that is not aligned", "TablePlace", |d| d.tables[0].row = 1),
    ("two tables in the same rows", "TablePlace", |d| d.tables[1].row = 0),
    ("a table outside of the table space", "TablePlace", |d| {
        let last = d.tables.len() - 1;
        d.tables[last].row = 1 << d.layout.table_bits;
    }),
    ("a table wider than a word", "TablePlace", |d| d.tables[0].bits = 64),
    ("a function where no function is committed", "TablePlace", |d| {
        resized(d, |sizes| sizes.function_bits = Some(4))
    }),
    ("a first value of 64 bits", "TableValues", |d| d.tables[0].first = i64::MIN),
    ("a function without width", "TableValues", |d| d.tables[0].out_bits = 0),
    ("a range with outputs", "TableValues", |d| d.tables.last_mut().unwrap().out_bits = 3),
    ("no slots", "Size", |d| resized(d, |sizes| sizes.areas.clear())),
    ("a slot that is not there", "LookupPlace", |d| d.lookups[0].slot = d.layout.slots.len() as u8),
    ("an input in a slot that is not there", "LookupPlace", |d| {
        d.lookups.last_mut().unwrap().slot = d.layout.slots.len() as u8;
    }),
    ("an input that is not aligned", "LookupPlace", |d| d.lookups.last_mut().unwrap().row += 1),
    ("an input outside of its slot", "LookupPlace", |d| {
        d.lookups.last_mut().unwrap().row = 1 << d.layout.slot_bits
    }),
    ("a lookup block that is not aligned", "LookupPlace", |d| d.lookups[0].row = 1),
    ("a lookup block outside of its slot", "LookupPlace", |d| d.lookups[0].row = 1 << d.layout.slot_bits),
    ("two lookup blocks in the same rows", "LookupPlace", |d| d.lookups[1].row = d.lookups[0].row),
    ("a lookup in no table", "LookupTable", |d| d.lookups[0].tag = 999),
    ("hi in a range", "High", |d| d.lookups[0].tag = d.tables.last().unwrap().tag),
    ("lo in a function", "LookupTable", |d| {
        let low = d.lookups.iter().position(|own| own.slot == 1).unwrap();
        d.lookups[low].tag = d.tables[0].tag;
    }),
    ("an input in a function", "LookupTable", |d| d.lookups.last_mut().unwrap().tag = d.tables[0].tag),
    ("an input that is not looked up", "LookupInput", |d| _ = d.lookups.pop()),
    ("an input looked up twice", "LookupInput", |d| d.lookups.push(*d.lookups.last().unwrap())),
    ("an input elsewhere", "LookupInput", |d| {
        let base = d.layout.weight_blocks[0];
        d.lookups.last_mut().unwrap().input = Some(base);
    }),
    ("half an input", "LookupInput", |d| d.lookups.last_mut().unwrap().bits -= 1),
    ("an input over hi", "LookupPlace", |d| {
        let own = d.lookups.last_mut().unwrap();
        (own.slot, own.row) = (0, 0);
    }),
    ("an input before the others", "LookupInput", |d| d.lookups.rotate_right(1)),
    ("an area without cells", "LookupInput", |d| resized(d, |sizes| sizes.areas[1] = Area::Inputs)),
    ("an axis beyond the relation's coordinates", "Axis", |d| {
        d.relations[0].products[0].b[0].axes.iter_mut().for_each(|axis| {
            if let Axis::Point { at, .. } = axis {
                *at = 20;
            }
        })
    }),
    ("an axis beyond the sum's variables", "Axis", |d| {
        let bits = d.relations[0].products[0].a[0].axes[0].bits();
        d.relations[0].products[0].a[0].axes[0] = Axis::Sum { at: 9, bits };
    }),
    ("a sum's axis outside of a sum", "Axis", |d| {
        let bits = d.relations[2].terms[0].axes[0].bits();
        d.relations[2].terms[0].axes[0] = Axis::Sum { at: 0, bits };
    }),
    ("a fixed place beyond its axis", "Axis", |d| {
        d.relations[2].terms[0].axes[0] = Axis::Fixed { value: 1 << 8, bits: 1 }
    }),
    ("a window over more places than coordinates", "Axis", |d| window(d, |own| own.count = 1 << 10)),
    ("a window without taps", "Axis", |d| window(d, |own| own.taps = 0)),
    ("a window of more taps than variables", "Axis", |d| window(d, |own| own.taps = 1 << 8)),
    ("a window longer than its axis", "Axis", |d| window(d, |own| own.length = 1 << 9)),
    ("a window that costs too much", "Axis", |d| {
        let axes = &mut d.relations[2].terms[0].axes;
        let bits = axes[0].bits();
        axes[0] = Axis::Window { bits, window: Window { taps: u32::MAX, ..Window::first(0, 1) } };
    }),
    ("a relation reads masks", "Source", |d| d.relations[2].terms[0].base = d.layout.masks.unwrap().0),
    ("a relation reads half a block", "Source", |d| _ = d.relations[2].terms[0].axes.remove(0)),
    ("a relation reads what a later one makes", "Source", |d| {
        let later = d.relations[2].terms[0].base;
        let size = d.relations[2].terms[0].axes.iter().map(Axis::bits).sum();
        let own = &mut d.relations[0].products[0].a[0];
        own.base = later;
        own.axes = vec![Axis::Sum { at: 0, bits: size }];
    }),
    ("a group beyond the relation's coordinates", "Product", |d| {
        d.relations[0].products[0].grouped = 1;
        d.relations[0].products[0].group_point = d.relations[0].point_bits;
    }),
    ("a group of more variables than the sum has", "Product", |d| d.relations[0].products[0].grouped = 28),
    ("a product of nothing", "Product", |d| d.relations[0].products[0].a.clear()),
    ("a relation that makes nothing", "High", |d| {
        let terms = d.relations[2].terms.len();
        d.relations[2].terms.truncate(terms - 3);
    }),
    ("hi of another relation", "High", |d| {
        let own = d.relations[2].terms.iter().rposition(|term| term.coefficient.shift > 0).unwrap();
        d.relations[2].terms[own].base = d.relations[0].terms[1].base;
    }),
    ("hi with another sign", "High", |d| high(d).mantissa = 1),
    ("lo before hi", "High", |d| {
        let terms = &mut d.relations[0].terms;
        let last = terms.len() - 1;
        terms.swap(last, last - 1);
    }),
    ("a relation without limbs", "Limbs", |d| drop(d.relations[0].terms.pop())),
    ("another shift than the limbs'", "Limbs", |d| high(d).shift += 1),
    ("a limb that is shifted", "Limbs", |d| d.relations[0].terms.last_mut().unwrap().coefficient.shift = 1),
    ("a limb that may be negative", "Limbs", |d| {
        let tag = d.lookups.iter().find(|own| own.slot == 1).unwrap().tag;
        d.tables.iter_mut().find(|table| table.tag == tag).unwrap().first = -1;
    }),
    ("a relation that does not round", "Half", |d| {
        d.relations[0].constant = Constant::Number(Coefficient { mantissa: 0, shift: 0 })
    }),
    ("a relation with a constant of its own", "Half", |d| {
        d.relations[0].constant = Constant::Number(Coefficient { mantissa: 5, shift: 1 })
    }),
    ("a relation that rounds by another half", "Half", |d| {
        if let Constant::Number(half) = &mut d.relations[0].constant {
            half.shift += 1;
        }
    }),
    ("a relation that rounds by three halves", "Half", |d| {
        if let Constant::Number(half) = &mut d.relations[0].constant {
            half.mantissa = 3;
        }
    }),
    ("public values that are skipped", "Public", |d| {
        if let Constant::Public { first, .. } = &mut d.relations[3].constant {
            *first = 1;
        }
    }),
    ("no public values", "Public", |d| {
        if let Constant::Public { count, .. } = &mut d.relations[3].constant {
            *count = 0;
        }
    }),
    ("more public values than cells", "Public", |d| {
        if let Constant::Public { count, .. } = &mut d.relations[3].constant {
            *count = 99;
        }
    }),
    ("twice the public values", "Public", |d| d.relations[3].terms[0].coefficient.mantissa = 2),
    ("public values of two blocks", "Public", |d| {
        let term = d.relations[3].terms[0].clone();
        d.relations[3].terms.push(term);
    }),
    ("a block that no relation makes", "Free", |d| drop(d.relations.drain(2..))),
    ("a sum that wraps", "Wraps", |d| d.relations[0].products[0].b[0].coefficient.shift = 249),
    ("a term that wraps", "Wraps", |d| d.relations[2].terms[0].coefficient.shift = 250),
    // Each of these breaks its rule and no other.
    ("257 weight blocks", "Size", |d| {
        moved(d, |sizes| sizes.weights.resize(257, 0));
        d.weight_bits.resize(257, 1);
    }),
    ("257 tables", "Size", |d| {
        moved(d, |sizes| sizes.table_bits += 1);
        let last = *d.tables.last().unwrap();
        let first = last.row + (1 << last.bits);
        let more = (d.tables.len() as u64..257).zip(first..).zip(last.tag + 1..);
        d.tables.extend(more.map(|((_, row), tag)| Table { tag, row, bits: 0, ..last }));
    }),
    ("257 relations", "Size", |d| {
        let mut own = d.relations[3].clone();
        while d.relations.len() < 257 {
            if let Constant::Public { first, count } = &mut own.constant {
                (*first, *count) = (*first + *count, 1);
            }
            d.relations.push(own.clone());
        }
    }),
    ("more mask cells than 2^10", "Size", |d| moved(d, |sizes| sizes.mask_bits = Some(11))),
    ("257 chunks and more", "Size", |d| {
        moved(d, |sizes| (sizes.chunk_bits, sizes.slot_bits) = (4, sizes.slot_bits + 3))
    }),
    ("mask cells for fewer masks", "Size", |d| moved(d, |sizes| sizes.mask_bits = Some(2))),
    ("tag 0, and looked up by it", "TableTag", |d| {
        let tag = std::mem::take(&mut d.tables[0].tag);
        d.lookups.iter_mut().filter(|own| own.tag == tag).for_each(|own| own.tag = 0);
    }),
    ("the last table beside its place", "TablePlace", |d| {
        moved(d, |sizes| sizes.table_bits += 1);
        d.tables.last_mut().unwrap().row += 1;
    }),
    ("two inputs in the same rows", "LookupPlace", |d| {
        let bits = d.layout.sizes.inputs[0];
        moved(d, |sizes| sizes.inputs.push(bits));
        let input = Some(d.layout.input_blocks[1]);
        d.lookups.push(LookupBlock { input, ..*d.lookups.last().unwrap() });
    }),
    ("an input that nobody looks up or reads", "LookupInput", |d| moved(d, |sizes| sizes.inputs.push(1))),
    ("one grouped variable more than the sum has", "Product", |d| {
        d.relations[0].products[0].grouped = d.relations[0].products[0].vars + 1;
    }),
    ("a product with nothing", "Product", |d| d.relations[0].products[0].b.clear()),
    ("a relation twice", "High", |d| {
        let own = d.relations[2].clone();
        d.relations.push(own);
    }),
    ("hi along two axes", "High", |d| {
        let bits = d.relations[0].point_bits;
        let first = d.relations[0].terms.len() - 2;
        d.relations[0].terms[first].axes =
            vec![Axis::Point { at: 0, bits: 1 }, Axis::Point { at: 1, bits: bits - 1 }];
    }),
    ("hi smaller than the relation", "High", |d| {
        let relation = &mut d.relations[2];
        relation.point_bits += 1;
        let (bits, first) = (relation.point_bits, relation.terms.len() - 2);
        relation.terms[first..].iter_mut().for_each(|term| term.axes = vec![Axis::Point { at: 0, bits }]);
    }),
    ("a shift and its half without the limbs for it", "Limbs", |d| {
        high(d).shift += 1;
        if let Constant::Number(half) = &mut d.relations[0].constant {
            half.shift += 1;
        }
    }),
    ("public values plus a product", "Public", |d| {
        moved(d, |sizes| sizes.mask_bits = Some(sizes.mask_bits.unwrap() + 1));
        let own = d.relations[0].products[0].clone();
        d.relations[3].products.push(own);
    }),
    ("chunks of 2^29 cells", "Layout", |d| {
        moved(d, |sizes| sizes.chunk_bits = 28);
        stretched(d);
    }),
    ("a weight block of no bits that nobody reads", "Size", |d| {
        moved(d, |sizes| sizes.weights.push(0));
        d.weight_bits.push(0);
    }),
    ("257 terms of a product's first operand", "Product", |d| {
        let own = &mut d.relations[0].products[0].a;
        *own = vec![own[0].clone(); 257];
    }),
    ("257 terms of a product's second operand", "Product", |d| {
        let own = &mut d.relations[0].products[0].b;
        *own = vec![own[0].clone(); 257];
    }),
    ("a window beside its coordinates", "Axis", |d| window(d, |own| own.point = 20)),
    ("a window without places", "Axis", |d| window(d, |own| own.count = 0)),
    ("a window's taps beyond the sum's variables", "Axis", |d| {
        window(d, |own| own.sum = own.sum.map(|(_, bits)| (20, bits)));
    }),
    ("a window's taps along 13 variables", "Axis", |d| {
        d.relations[0].products[0].vars = 13;
        window(d, |own| own.sum = Some((0, 13)));
    }),
    ("a window's taps outside of a sum", "Axis", |d| {
        let axis = &mut d.relations[2].terms[0].axes[0];
        let bits = axis.bits();
        let window = Window { sum: Some((0, 1)), ..Window::first(1, 1) };
        *axis = Axis::Window { bits, window };
    }),
    ("hi along other coordinates", "High", |d| {
        let (bits, first) = (d.relations[0].point_bits, d.relations[0].terms.len() - 2);
        d.relations[0].terms[first].axes = vec![Axis::Point { at: 1, bits }];
    }),
    ("public values that are shifted", "Public", |d| d.relations[3].terms[0].coefficient.shift = 1),
    ("public values along two axes", "Public", |d| {
        let bits = d.relations[3].point_bits;
        d.relations[3].terms[0].axes =
            vec![Axis::Point { at: 0, bits: 1 }, Axis::Point { at: 1, bits: bits - 1 }];
    }),
];

/// Relations 0 and 1 of the model are products with weights, 2 says which scores are largest: the scores' term, then a limb
/// of the margin.
pub const DECISIONS: &[Attack] = &[
    ("a decision with a product", "Decision", |d| {
        let product = d.relations[1].products[0].clone();
        d.relations[1].products.pop();
        d.relations[2].products.push(product);
    }),
    ("a decision between no scores", "Decision", |d| d.relations[2].terms.clear()),
    ("decisions that are skipped", "Decision", |d| decision(d, |first, _, _| *first = 1)),
    ("a class more than the scores'", "Decision", |d| decision(d, |_, classes, _| *classes += 1)),
    ("a class less", "Decision", |d| decision(d, |_, classes, _| *classes -= 1)),
    ("classes in the items' place", "Decision", |d| decision(d, |_, _, bits| *bits -= 1)),
    ("more bits of a class than of a score", "Decision", |d| decision(d, |_, _, bits| *bits += 3)),
    ("decisions of more items than there are public values", "Decision", |d| {
        d.relations[2].point_bits = 15;
    }),
    ("the least score instead of the largest", "Decision", |d| {
        d.relations[2].terms[0].coefficient.mantissa = 1
    }),
    ("scores that are shifted", "Decision", |d| d.relations[2].terms[0].coefficient.shift = 1),
    ("a score for all padding too", "Decision", |d| {
        let bits = d.relations[2].point_bits;
        d.relations[2].terms[0].axes = vec![Axis::Point { at: 0, bits }];
    }),
    ("every other class", "Decision", |d| scores(d, |window| window.stride = 2)),
    ("the last class left out", "Decision", |d| scores(d, |window| window.count -= 1)),
    ("scores along a third axis of no bits", "Decision", |d| {
        d.relations[2].terms[0].axes.push(Axis::Point { at: 0, bits: 0 });
    }),
    ("each class and the next", "Decision", |d| scores(d, |window| window.taps = 2)),
    ("classes one further", "Decision", |d| scores(d, |window| window.pad = 1)),
    ("classes that are cut", "Decision", |d| scores(d, |window| window.length = 2)),
    ("classes along the items", "Decision", |d| scores(d, |window| window.point = 1)),
    ("items that are read twice", "Decision", |d| {
        if let Axis::Point { at, .. } = &mut d.relations[2].terms[0].axes[1] {
            *at = 0;
        }
    }),
    ("scores that no relation makes", "Source", |d| d.relations[2].terms[0].base += 4),
    ("what a limb has in the place of `out`", "Source", |d| {
        let (ins, outs) = d.layout.slots[0];
        let limb = d.relations[1].terms.last().unwrap().base - ins.unwrap();
        d.relations[2].terms[0].base = outs.unwrap() + limb;
    }),
    ("a margin that is added", "Limbs", |d| d.relations[2].terms[1].coefficient.mantissa = 1),
    ("a margin of another relation", "Limbs", |d| {
        d.relations[2].terms[1].base = d.relations[1].terms.last().unwrap().base
    }),
    ("a margin in a function", "Limbs", |d| d.relations[2].terms[1].base = d.relations[1].terms[1].base),
    ("a margin that may be negative", "Limbs", |d| {
        let tag = margin_tag(d);
        d.tables.iter_mut().find(|table| table.tag == tag).unwrap().first = -1;
    }),
    ("a shifted margin", "Limbs", |d| d.relations[2].terms[1].coefficient.shift = 1),
    ("no margin", "Free", |d| d.relations[2].terms.truncate(1)),
    // Each of these breaks its rule and no other.
    ("a margin that wraps", "Wraps", |d| {
        moved(d, |sizes| {
            (sizes.slot_bits, sizes.table_bits, sizes.chunk_bits, sizes.mask_bits) = (9, 26, 22, Some(8));
        });
        let last = *d.tables.last().unwrap();
        let tag = last.tag + 1;
        d.tables.push(Table { tag, row: 1 << 25, bits: 25, ..last });
        for limb in 0..10 {
            let first = d.lookups.iter().position(|own| own.input.is_some()).unwrap();
            let own = LookupBlock { row: 128 + 16 * limb, tag, ..d.lookups[first - 1] };
            d.lookups.insert(first, own);
            let mut term = d.relations[2].terms[1].clone();
            term.base = d.layout.slots[usize::from(own.slot)].0.unwrap() + own.row;
            term.coefficient.shift = 8 + 25 * limb as u8;
            d.relations[2].terms.push(term);
        }
    }),
    ("decisions about 2^13 items", "Decision", |d| {
        moved(d, |sizes| (sizes.slot_bits, sizes.chunk_bits, sizes.mask_bits) = (17, 16, Some(8)));
        // The scores' hi and lo, and the margin.
        for (place, row) in [(1, 1 << 15), (3, 2 << 15), (4, 3 << 15)] {
            let old = d.lookups[place].row;
            let (input, output) = d.layout.slots[usize::from(d.lookups[place].slot)];
            relocate(d, |base| match [input, output].into_iter().flatten().find(|area| base == area + old) {
                Some(area) => area + row,
                None => base,
            });
            (d.lookups[place].row, d.lookups[place].bits) = (row, 15);
        }
        d.lookups.sort_by_key(|own| (own.input, own.slot, own.row));
        for relation in &mut d.relations[1..] {
            relation.point_bits = 15;
            for axis in relation.terms.iter_mut().flat_map(|term| &mut term.axes) {
                match axis {
                    Axis::Point { at: 0, bits } if *bits == 4 => *bits = 15,
                    Axis::Point { at: 2, bits } => *bits = 13,
                    _ => {}
                }
            }
        }
    }),
];

fn decision(d: &mut Descriptor, change: impl Fn(&mut u32, &mut u32, &mut u8)) {
    if let Constant::Decision { first, classes, class_bits } = &mut d.relations[2].constant {
        return change(first, classes, class_bits);
    }
    panic!("the relation is of a decision");
}

/// Changes how the scores' classes are read.
fn scores(d: &mut Descriptor, change: impl Fn(&mut Window)) {
    if let Axis::Window { window, .. } = &mut d.relations[2].terms[0].axes[0] {
        return change(window);
    }
    panic!("classes are read by a window");
}

/// The tag of the margin's range.
fn margin_tag(d: &Descriptor) -> u32 {
    let base = d.relations[2].terms[1].base;
    let own = d.lookups.iter().find(|own| {
        d.layout.slots[usize::from(own.slot)]
            .0
            .is_some_and(|area| area + own.row == base && own.input.is_none())
    });
    own.unwrap().tag
}

fn high(d: &mut Descriptor) -> &mut Coefficient {
    let terms = &mut d.relations[0].terms;
    let last = terms.len() - 2;
    &mut terms[last].coefficient
}

/// Changes the first window of the first product.
fn window(d: &mut Descriptor, change: impl Fn(&mut Window)) {
    for axis in &mut d.relations[0].products[0].a[0].axes {
        if let Axis::Window { window, .. } = axis {
            return change(window);
        }
    }
    panic!("the product has a window");
}

/// All of them with their bytes. The rule that each names is the one it breaks. Then what `bytes` makes of the base's.
pub fn write(base: &str, attacks: &[Attack], bytes: Bytes) -> Value {
    let base = good(base);
    base.clone().validate().unwrap();
    let (mut cases, mut wrong) = (Vec::new(), Vec::new());
    for (about, rule, change) in attacks {
        let mut descriptor = base.clone();
        change(&mut descriptor);
        let fault = descriptor.clone().validate().map(drop).map_err(name);
        wrong.extend((fault != Err((*rule).to_owned())).then_some((about, rule, fault)));
        let bytes = descriptor.encode().unwrap();
        // What has no canonical bytes is not even read.
        let rule = if Descriptor::decode(&bytes).is_ok() { rule } else { "Bytes" };
        cases.push(json!({ "name": about, "error": rule, "descriptor": hex::encode_prefixed(bytes) }));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (about, bytes) in bytes(&base.encode().unwrap()) {
        assert!(Descriptor::decode(&bytes).is_err(), "{about}");
        cases.push(json!({ "name": about, "error": "Bytes", "descriptor": hex::encode_prefixed(bytes) }));
    }
    json!({
        "format": "averment-vectors-bad-descriptor/1",
        "about": "Descriptors that break one rule of [10.2], or of [10.4] if they are certificates', each. `error` is \
                  the Rust validator's; the contract names the same rule (of bytes that are not canonical, the first that it \
                  finds).",
        "count": cases.len(),
        "cases": cases,
    })
}
