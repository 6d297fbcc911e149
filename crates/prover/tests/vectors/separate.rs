//! Attacks on a batch whose items have commitments of their own: other lists of items than the proof's, and the real prover on
//! lists that it has not.

use super::{
    Call, PARTS, abi,
    cases::random_inputs,
    make::{Made, random},
    statement,
};
use alloy_primitives::{B256, hex, keccak256};
use averment_prover::model::Committed;
use averment_verifier::{
    Registered,
    commitment::{Chunked, InputCommitment, batch_identity},
    descriptor::{Axis, Blocks, Descriptor, Layout, Sizes, Window},
    point,
    statement::Statement,
};
use serde_json::{Value, json};

/// Bytes of an item's points.
const ITEM: usize = 64;

/// Patches that must each be refused.
pub fn attacks(made: &Made, call: &Call) -> Vec<Value> {
    let mut cases = Vec::new();
    let mut add = |name: &str, patches: Vec<Value>| {
        cases.push(json!({ "name": name, "count": patches.len(), "patches": patches }))
    };
    let whole = |part: usize, bytes: &[u8]| {
        let (length, bytes) = (bytes.len(), hex::encode_prefixed(bytes));
        json!({ "part": PARTS[part], "length": length, "at": 0, "bytes": bytes })
    };
    let own = statement(&call.parts[1], call.setup);
    let restated = |change: &dyn Fn(&mut Statement)| {
        let mut statement = own.clone();
        change(&mut statement);
        whole(1, &abi(&statement))
    };
    let descriptor = Descriptor::decode(&call.parts[0]).unwrap();
    let (weights, items) = call.parts[2].split_at(descriptor.layout.weights.len() * 64);
    let item = |place: usize| &items[place * ITEM..][..ITEM];
    let points = |places: &[usize]| {
        let items = places.iter().flat_map(|place| item(*place)).copied();
        weights.iter().copied().chain(items).collect::<Vec<u8>>()
    };
    let commitment = |items: u32, bytes: &[u8], sizes: Vec<u8>| {
        let word = |place: usize| B256::from_slice(&bytes[place * 32..][..32]);
        let read = |place: usize| point::from_words(&[word(2 * place), word(2 * place + 1)]).unwrap();
        let blocks = Blocks::new(descriptor.layout.chunk_bits, sizes).unwrap();
        let chunked = Chunked::new(call.setup, blocks, (0..bytes.len() / 64).map(read).collect()).unwrap();
        InputCommitment::new(own.schema, items, chunked).unwrap()
    };
    let sizes = &descriptor.layout.sizes.inputs;
    let identity = |place: usize| commitment(1, item(place), sizes.clone()).identity();
    let list = |places: &[usize]| {
        batch_identity(places.iter().map(|place| identity(*place)).collect::<Vec<_>>().into_iter())
    };
    assert_eq!((own.items, own.inputs), (3, list(&[0, 1, 2])));

    add("two items change places", vec![whole(2, &points(&[1, 0, 2]))]);
    add("an item is another one of the batch", vec![whole(2, &points(&[0, 0, 2]))]);
    add("an item is nothing", vec![whole(2, &[weights, item(0), &[0; ITEM], item(2)].concat())]);
    for (name, places) in [
        ("two items change places, and are named so", &[1, 0, 2][..]),
        ("an item is another one of the batch, and is named so", &[0, 0, 2]),
        ("an item less, and they are named so", &[0, 1]),
        ("the first item alone, and it is named so", &[0]),
        ("the item that fills the batch is named too", &[0, 1, 2, 2]),
        ("an item more than the batch has, and they are named so", &[0, 1, 2, 2, 2]),
    ] {
        let restated = restated(&|own| (own.items, own.inputs) = (places.len() as u32, list(places)));
        add(name, vec![restated, whole(2, &points(places))]);
    }
    let inputs: [(&str, B256); 5] = [
        ("the first item's identity for all of them", identity(0)),
        ("the list without the last item", list(&[0, 1])),
        ("the list with the item that fills the batch", list(&[0, 1, 2, 2])),
        (
            "the items' identities without what begins a list",
            keccak256([identity(0), identity(1), identity(2)].concat()),
        ),
        ("nothing", B256::ZERO),
    ];
    for (name, inputs) in inputs {
        add(&format!("the inputs are named by {name}"), vec![restated(&|own| own.inputs = inputs)]);
    }
    for got in [0, 1, 2, 4, 5, 1 << 16, u32::MAX] {
        add(&format!("{got} items are claimed"), vec![restated(&|own| own.items = got)]);
    }
    let empty = batch_identity(std::iter::empty::<B256>().collect::<Vec<_>>().into_iter());
    add("no items", vec![restated(&|own| (own.items, own.inputs) = (0, empty)), whole(2, weights)]);
    // Their points as a commitment to all of them.
    let stride = descriptor.layout.chunk_bits;
    let joint = commitment(3, items, vec![stride; 3]).identity();
    add("the items' points as a joint commitment", vec![restated(&|own| own.inputs = joint)]);
    let whole_points = commitment(3, items, vec![stride + 1, stride]).identity();
    add(
        "the items' points as a joint commitment to other blocks",
        vec![restated(&|own| own.inputs = whole_points)],
    );

    for (name, run, named) in lies(made) {
        let lie = lie(made, &run, &named);
        add(name, vec![whole(1, &lie.parts[1]), whole(2, &lie.parts[2]), whole(3, &lie.parts[3])]);
    }
    cases
}

/// What the batch's four places are run and proved with, and what is named; items by their seeds.
fn lies(made: &Made) -> Vec<(&'static str, [u64; 4], Vec<u64>)> {
    assert_eq!(made.items, 3);
    vec![
        ("the real prover: two items changed places", [2, 1, 3, 3], vec![1, 2, 3]),
        ("the real prover: another item", [1, 4, 3, 3], vec![1, 2, 3]),
        ("the real prover: another item fills the batch", [1, 2, 3, 4], vec![1, 2, 3]),
        ("the real prover: an item fills the batch that is not the last", [1, 2, 3, 1], vec![1, 2, 3]),
        ("the real prover: the last item is what fills the batch", [1, 2, 3, 4], vec![1, 2, 4]),
    ]
}

/// The proof of a prover that has committed to `run`, and names `named`.
fn lie(made: &Made, run: &[u64; 4], named: &[u64]) -> Call {
    let committed = Committed::new(&made.setup, &made.model, made.options, &mut random(1)).unwrap();
    let traced = |items: &[u64]| {
        let mut tensors = vec![Vec::new(); made.model.plan().inputs().len()];
        for seed in items {
            let own = random_inputs(&made.model, 1, *seed);
            tensors.iter_mut().zip(own).for_each(|(all, own)| all.extend(own));
        }
        let tensors: Vec<&[i32]> = tensors.iter().map(Vec::as_slice).collect();
        made.model.run(&tensors, items.len()).unwrap()
    };
    let trace = traced(run);
    // One blind for all, so that an item's point depends on its cells alone.
    let mut blind = || random(9)();
    let inputs = committed.inputs(&trace, 4, keccak256("schema"), &mut blind).unwrap();
    let mut full = named.to_vec();
    full.resize(4, named[0]);
    let other = committed.inputs(&traced(&full), named.len(), keccak256("schema"), &mut blind).unwrap();
    let tables: Vec<_> = committed.registered(&inputs).unwrap().tables().to_vec();
    let registered =
        Registered::new(committed.descriptor(), committed.commitment(), &tables, Some(other.named()))
            .unwrap();
    made.proved(&committed, &trace, &inputs, &registered, |_| {})
}

/// Relation 0 of the model is a product of the first input and weights, plus the second input; the lookups end with both
/// inputs.
pub const DESCRIPTORS: &[super::descriptors::Attack] = &[
    ("an input along its cells alone", "Source", |d| {
        let base = d.layout.input_blocks[0];
        let own = &mut d.relations[0].products[0].a[0];
        own.base = base;
        own.axes.truncate(1);
    }),
    ("an input of another item alone", "Source", |d| {
        let base = d.layout.input_blocks[0] + (1 << d.layout.chunk_bits);
        let own = &mut d.relations[0].products[0].a[0];
        own.base = base;
        own.axes.truncate(1);
    }),
    ("an input without its gap", "Source", |d| _ = d.relations[0].products[0].a[0].axes.remove(1)),
    ("what lies behind an input", "Source", |d| gap(d, |value, _| *value = 3)),
    ("one input at another's place", "Source", |d| {
        d.relations[0].terms[0].axes[1] = d.relations[0].products[0].a[0].axes[1]
    }),
    ("a gap of fewer bits", "Source", |d| {
        gap(d, |_, bits| *bits -= 1);
        d.relations[0].products[0].a[0].axes.push(Axis::Fixed { value: 0, bits: 1 });
    }),
    ("a gap in two parts", "Source", |d| {
        gap(d, |_, bits| *bits -= 1);
        d.relations[0].products[0].a[0].axes.insert(1, Axis::Fixed { value: 0, bits: 1 });
    }),
    ("a gap that is summed over", "Source", |d| {
        let own = &mut d.relations[0].products[0].a[0].axes[1];
        let bits = own.bits();
        *own = Axis::Window { bits, window: Window::first(0, 1) };
    }),
    ("a gap before the cells", "Source", |d| d.relations[0].products[0].a[0].axes.swap(0, 1)),
    ("the items before the gap", "Source", |d| d.relations[0].products[0].a[0].axes.swap(1, 2)),
    ("an input of the first items only", "Source", |d| {
        let own = &mut d.relations[0].products[0].a[0].axes[2];
        if let Axis::Point { bits, .. } = own {
            *bits -= 1;
        }
    }),
    ("an input elsewhere in the role", "Source", |d| {
        d.relations[0].products[0].a[0].base = d.layout.input_blocks[1]
    }),
    ("an input in a function, in a slot that has those", "LookupTable", |d| {
        d.lookups.last_mut().unwrap().tag = d.tables[0].tag;
    }),
    ("the lookups of one item only", "LookupInput", |d| d.lookups.last_mut().unwrap().bits -= 2),
    ("the lookups of another item's block", "LookupInput", |d| {
        let base = d.layout.input_blocks[1] + (1 << d.layout.chunk_bits);
        d.lookups.last_mut().unwrap().input = Some(base);
    }),
    ("inputs that are looked up in another order", "LookupInput", |d| {
        let last = d.lookups.len() - 1;
        d.lookups.swap(last - 1, last);
    }),
    ("chunks of fewer items than are looked up", "LookupInput", |d| {
        super::descriptors::moved(d, |sizes| sizes.item_bits -= 1)
    }),
    ("chunks of more items than are looked up", "LookupInput", |d| {
        super::descriptors::moved(d, |sizes| sizes.item_bits += 1)
    }),
    ("three chunks for four items", "Layout", |d| crowded(d, d.layout.chunk_bits, 3)),
    ("an item in three chunks", "Layout", |d| {
        crowded(d, 5, 12);
        // Its blocks of 2^6 and 2^2 cells, in room for four chunks of 2^5.
        let (a, b) = (Axis::Fixed { value: 0, bits: 1 }, Axis::Fixed { value: 16, bits: 5 });
        d.relations[0].products[0].a[0].axes[1] = a;
        d.relations[0].terms[0].axes[1] = b;
    }),
    ("more chunks than 2^8", "Size", |d| super::descriptors::moved(d, |sizes| sizes.item_bits = 8)),
];

/// The inputs in so many chunks, which no items have, and begin at a multiple of that; with everything where it follows from
/// their number.
fn crowded(descriptor: &mut Descriptor, chunk_bits: u8, chunks: u32) {
    let old = descriptor.layout.clone();
    let sizes = Sizes { chunk_bits, ..old.sizes.clone() };
    // All else lies before the inputs.
    let mut new = Layout::new(&Sizes { inputs: vec![chunk_bits], ..sizes.clone() }).unwrap();
    let first = new.witness2.end.next_multiple_of(chunks);
    new.inputs = first..first + chunks;
    new.count_bits = (first + chunks).next_power_of_two().trailing_zeros() as u8;
    let (was, is) = (u64::from(old.inputs.start) << old.chunk_bits, u64::from(first) << chunk_bits);
    new.input_blocks = old.input_blocks.iter().map(|base| base - was + is).collect();
    new.sizes = sizes;
    descriptor.layout = new;
    super::descriptors::follow(descriptor, &old);
}

/// Changes place and bits of the first input's gap.
fn gap(descriptor: &mut Descriptor, change: impl Fn(&mut u32, &mut u8)) {
    match &mut descriptor.relations[0].products[0].a[0].axes[1] {
        Axis::Fixed { value, bits } => change(value, bits),
        other => panic!("{other:?}"),
    }
}
