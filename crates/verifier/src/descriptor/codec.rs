//! A descriptor's canonical bytes, which the contract stores as code and reads as they are ([10.1], laid out in
//! `docs/protocol.md` [10.3]): `averment-descriptor/1`, of weights certificates `averment-certificate/1`, of updates
//! `averment-update/1`, of a task's rounds `averment-round/1`.
//!
//! Integers are big-endian and of fixed width, records of one kind have one length (but terms, which are read from
//! first to last), and what follows from the rest but would cost gas to find (where blocks lie, rounds' degrees,
//! counts) is written out. It is not believed: reading lays everything out anew and accepts only the bytes that
//! writing the result gives.

use super::{
    Area, Axis, Blocks, Coefficient, Constant, Descriptor, Kind, Layout, LayoutError, LookupBlock, Product,
    Relation, SLOTS, Sizes, Table, Term, Window,
};
use crate::point;
use averment_primitives::{DecodeError, Reader};
use std::{iter, ops::Range};
use thiserror::Error;

/// The formats' names, padded with zeros to a word in the bytes.
const DECISION: &str = "averment-descriptor/1";
const CERTIFICATE: &str = "averment-certificate/1";
const UPDATE: &str = "averment-update/1";
const ROUND: &str = "averment-round/1";
const WORD: usize = 32;

/// The most bytes a descriptor has together with the points of its function tables: a contract's code, less the byte that
/// keeps it from being run.
pub const LIMIT: usize = 24_575;

/// No such thing, where a byte says how large something is.
const NONE: u8 = u8::MAX;
/// No such block.
const NOWHERE: u32 = u32::MAX;

const POINT: u8 = 0;
const SUM: u8 = 1;
const FIXED: u8 = 2;
const ONES: u8 = 3;
const WINDOW: u8 = 4;
const SPAN: u8 = 5;
const MIXED: u8 = 6;

const NUMBER: u8 = 0;
const PUBLIC: u8 = 1;
const DECIDED: u8 = 2;
const GRAM: u8 = 3;

/// Why a descriptor has no bytes.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum EncodeError {
    /// A number that its field has no room for.
    #[error("{field}: {got} does not fit {bits} bits")]
    Wide {
        /// The field.
        field: &'static str,
        /// Bits it has.
        bits: u32,
        /// The number.
        got: u64,
    },
    /// More bytes than a contract's code has.
    #[error("{got} bytes with the points of function tables, at most {LIMIT} can be stored on the chain")]
    TooLong {
        /// How many, points included.
        got: usize,
    },
}

/// Why bytes are no descriptor.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum DescriptorError {
    /// Too short, too long, or of another format.
    #[error(transparent)]
    Bytes(#[from] DecodeError),
    /// A kind that does not exist.
    #[error("{field}: there is no kind {got}")]
    Kind {
        /// The field.
        field: &'static str,
        /// What it says.
        got: u8,
    },
    /// Sizes without layout.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// Bytes that mean something, but are not how it is written.
    #[error("not canonical: byte {at} is not what the rest makes it")]
    NotCanonical {
        /// The first such byte.
        at: usize,
    },
}

impl Descriptor {
    /// The canonical bytes.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let layout = &self.layout;
        let sizes = &layout.sizes;
        let mut out = Writer { bytes: name(self.kind).into() };
        out.bytes.resize(WORD, 0);
        out.bytes.extend([0; 4]); // The length, once it is known.
        out.bytes.extend([layout.chunk_bits, layout.count_bits, layout.slot_bits, layout.table_bits]);
        out.bytes.extend([sizes.function_bits.unwrap_or(NONE), sizes.mask_bits.unwrap_or(NONE)]);
        out.u8("variables", self.variables())?;
        out.u8("coordinates of r", self.point_length())?;
        out.areas(&sizes.areas)?;
        for (field, count) in [
            ("weight blocks", sizes.weights.len()),
            ("input blocks", sizes.inputs.len()),
            ("tables", self.tables.len()),
            ("lookup blocks", self.lookups.len()),
            ("relations", self.relations.len()),
            ("products", self.products().count()),
        ] {
            out.u16(field, count)?;
        }
        out.u32("public values", self.public_count())?;
        for role in layout.roles() {
            out.u16("chunks", role.start)?;
            out.u16("chunks", role.len())?;
        }
        let (ins, outs): (Vec<_>, Vec<_>) = layout.slots.iter().copied().unzip();
        for bases in [ins, outs] {
            bases.into_iter().chain(iter::repeat(None)).take(SLOTS).try_for_each(|base| out.place(base))?;
        }
        out.place(Some(layout.multiplicities))?;
        out.place(layout.masks.map(|(base, _)| base))?;
        out.place(Some(layout.helper))?;
        out.place(Some(layout.fractions))?;
        out.place(layout.functions.map(|(_, base)| base))?;

        self.tables.iter().try_for_each(|table| out.table(table))?;
        self.lookups.iter().try_for_each(|block| out.lookup(block))?;
        self.relations.iter().try_for_each(|relation| out.relation(relation))?;
        self.products().try_for_each(|product| out.product(product))?;
        for degree in self.degrees(false) {
            out.u8("degree", degree)?;
        }
        self.relations.iter().flat_map(|relation| &relation.terms).try_for_each(|term| out.term(term))?;
        self.products()
            .flat_map(|product| product.a.iter().chain(&product.b))
            .try_for_each(|t| out.term(t))?;
        out.bytes.extend(&sizes.weights);
        out.bytes.extend(&sizes.inputs);
        out.bytes.extend(&self.weight_bits);
        out.bytes.extend(&self.row_bits);

        // With the points of function tables behind it.
        let got = out.bytes.len().saturating_add(layout.tables.len().saturating_mul(point::BYTES));
        let length = u32::try_from(out.bytes.len()).ok().filter(|_| got <= LIMIT);
        let length = length.ok_or(EncodeError::TooLong { got })?;
        for (target, byte) in out.bytes.iter_mut().skip(WORD).zip(length.to_be_bytes()) {
            *target = byte;
        }
        Ok(out.bytes)
    }

    /// Reads canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, DescriptorError> {
        if bytes.len() > LIMIT {
            let (limit, got) = (LIMIT as u64, bytes.len() as u64);
            return Err(DecodeError::TooLong { field: "descriptor", limit, got }.into());
        }
        let mut input = Input(Reader::new(bytes));
        let descriptor = input.descriptor()?;
        input.0.finish()?;
        let canonical = descriptor.encode().unwrap_or_default();
        if canonical == bytes {
            return Ok(descriptor);
        }
        let same = canonical.iter().zip(bytes).take_while(|(a, b)| a == b).count();
        Err(DescriptorError::NotCanonical { at: same })
    }

    /// How many public values relations speak of.
    pub fn public_count(&self) -> usize {
        let ends = self.relations.iter().map(Relation::public_end);
        usize::try_from(ends.max().unwrap_or(0)).unwrap_or(usize::MAX)
    }
}

impl Layout {
    /// The chunks of each role, in order.
    fn roles(&self) -> [&Range<u32>; 5] {
        [&self.weights, &self.tables, &self.inputs, &self.witness1, &self.witness2]
    }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Decision => DECISION,
        Kind::Certificate => CERTIFICATE,
        Kind::Update => UPDATE,
        Kind::Round => ROUND,
    }
}

fn area_code(area: Area) -> u8 {
    match area {
        Area::Inputs => 0,
        Area::Ranges => 1,
        Area::Functions => 2,
    }
}

fn area_of(code: u8) -> Result<Area, DescriptorError> {
    match code {
        0 => Ok(Area::Inputs),
        1 => Ok(Area::Ranges),
        2 => Ok(Area::Functions),
        got => Err(DescriptorError::Kind { field: "area", got }),
    }
}

struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn u8(&mut self, field: &'static str, number: usize) -> Result<(), EncodeError> {
        let byte = u8::try_from(number).map_err(|_| wide(field, 8, number))?;
        self.bytes.push(byte);
        Ok(())
    }

    fn u16(
        &mut self,
        field: &'static str,
        number: impl TryInto<u16> + TryInto<u64> + Copy,
    ) -> Result<(), EncodeError> {
        let half: u16 = number.try_into().map_err(|_| wide(field, 16, number))?;
        self.bytes.extend(half.to_be_bytes());
        Ok(())
    }

    fn u32(
        &mut self,
        field: &'static str,
        number: impl TryInto<u32> + TryInto<u64> + Copy,
    ) -> Result<(), EncodeError> {
        let word: u32 = number.try_into().map_err(|_| wide(field, 32, number))?;
        self.bytes.extend(word.to_be_bytes());
        Ok(())
    }

    /// What each slot has; [`NONE`] for slots that are not there, behind those that are.
    fn areas(&mut self, areas: &[Area]) -> Result<(), EncodeError> {
        if areas.len() > SLOTS {
            return Err(wide("slots", SLOTS.ilog2(), areas.len()));
        }
        let codes = areas.iter().copied().map(area_code);
        self.bytes.extend(codes.chain(iter::repeat(NONE)).take(SLOTS));
        Ok(())
    }

    fn place(&mut self, base: Option<u64>) -> Result<(), EncodeError> {
        match base {
            None => self.bytes.extend(NOWHERE.to_be_bytes()),
            Some(base) if base == u64::from(NOWHERE) => return Err(wide("first cell", 32, base)),
            Some(base) => self.u32("first cell", base)?,
        }
        Ok(())
    }

    fn table(&mut self, table: &Table) -> Result<(), EncodeError> {
        self.bytes.extend(table.tag.to_be_bytes());
        self.u32("first row", table.row)?;
        self.bytes.push(table.bits);
        self.bytes.extend(table.first.to_be_bytes());
        self.bytes.extend([table.function.into(), table.out_bits]);
        Ok(())
    }

    fn lookup(&mut self, block: &LookupBlock) -> Result<(), EncodeError> {
        self.bytes.push(block.slot);
        self.u32("first row", block.row)?;
        self.bytes.push(block.bits);
        self.bytes.extend(block.tag.to_be_bytes());
        self.place(block.input)
    }

    fn relation(&mut self, relation: &Relation) -> Result<(), EncodeError> {
        self.bytes.push(relation.point_bits);
        self.u16("products", relation.products.len())?;
        self.u16("terms", relation.terms.len())?;
        match relation.constant {
            Constant::Number(number) => {
                self.bytes.push(NUMBER);
                self.coefficient(number);
            }
            Constant::Public { first, count } => {
                self.bytes.push(PUBLIC);
                self.bytes.extend(first.to_be_bytes());
                self.bytes.extend(count.to_be_bytes());
                self.bytes.push(0);
            }
            Constant::Gram { half, halves, row_bits } => {
                self.bytes.push(GRAM);
                self.bytes.extend(half.to_be_bytes());
                self.bytes.extend(halves.to_be_bytes());
                self.bytes.push(row_bits);
            }
            Constant::Decision { first, classes, class_bits } => {
                self.bytes.push(DECIDED);
                self.bytes.extend(first.to_be_bytes());
                self.bytes.extend(classes.to_be_bytes());
                self.bytes.push(class_bits);
            }
        }
        Ok(())
    }

    fn product(&mut self, product: &Product) -> Result<(), EncodeError> {
        self.bytes.extend([product.vars, product.grouped, product.group_point]);
        self.u16("terms", product.a.len())?;
        self.u16("terms", product.b.len())
    }

    fn coefficient(&mut self, coefficient: Coefficient) {
        self.bytes.extend(coefficient.mantissa.to_be_bytes());
        self.bytes.push(coefficient.shift);
    }

    fn term(&mut self, term: &Term) -> Result<(), EncodeError> {
        self.coefficient(term.coefficient);
        self.u32("first cell", term.base)?;
        self.u8("axes", term.axes.len())?;
        term.axes.iter().for_each(|axis| self.axis(axis));
        Ok(())
    }

    fn axis(&mut self, axis: &Axis) {
        match *axis {
            Axis::Point { at, bits } => self.bytes.extend([POINT, at, bits]),
            Axis::Sum { at, bits } => self.bytes.extend([SUM, at, bits]),
            Axis::Fixed { value, bits } => {
                self.bytes.extend([FIXED, bits]);
                self.bytes.extend(value.to_be_bytes());
            }
            Axis::Ones { bits } => self.bytes.extend([ONES, bits]),
            Axis::Window { bits, window } => {
                self.bytes.extend([WINDOW, bits, window.point, window.point_bits]);
                let (at, taps) = window.sum.unwrap_or((NONE, NONE));
                self.bytes.extend([at, taps]);
                for number in [window.count, window.taps, window.stride, window.dilation] {
                    self.bytes.extend(number.to_be_bytes());
                }
                self.bytes.extend(window.pad.to_be_bytes());
                self.bytes.extend(window.length.to_be_bytes());
            }
            Axis::Span { bits, first, past } => {
                self.bytes.extend([SPAN, bits]);
                self.bytes.extend(first.to_be_bytes());
                self.bytes.extend(past.to_be_bytes());
            }
            Axis::Mixed { bits } => self.bytes.extend([MIXED, bits]),
        }
    }
}

fn wide(field: &'static str, bits: u32, number: impl TryInto<u64>) -> EncodeError {
    EncodeError::Wide { field, bits, got: number.try_into().unwrap_or(u64::MAX) }
}

/// What a relation's record says; its products and terms follow later.
struct Head {
    point_bits: u8,
    products: u16,
    terms: u16,
    constant: Constant,
}

/// What a product's record says.
struct Sum {
    vars: u8,
    grouped: u8,
    group_point: u8,
    a: u16,
    b: u16,
}

struct Input<'a>(Reader<'a>);

impl Input<'_> {
    fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        self.0.array(field).map(u8::from_be_bytes)
    }

    fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        self.0.array(field).map(u16::from_be_bytes)
    }

    fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        self.0.array(field).map(u32::from_be_bytes)
    }

    fn list<T, E>(
        &mut self,
        count: u16,
        mut one: impl FnMut(&mut Self) -> Result<T, E>,
    ) -> Result<Vec<T>, E> {
        // No capacity is reserved: every record has bytes, of which there are few.
        (0..count).map(|_| one(self)).collect()
    }

    fn descriptor(&mut self) -> Result<Descriptor, DescriptorError> {
        let kind = self.kind()?;
        self.u32("length")?;
        let chunk_bits = self.u8("chunk bits")?;
        self.u8("bits of a chunk's number")?;
        let (slot_bits, table_bits) = (self.u8("slot bits")?, self.u8("table bits")?);
        let bits = |byte| (byte != NONE).then_some(byte);
        let (function_bits, mask_bits) = (bits(self.u8("function bits")?), bits(self.u8("mask bits")?));
        self.0.bytes("variables and coordinates", 2)?;
        // A slot behind one that is not there is left out, which the bytes then show.
        let codes: [u8; SLOTS] = self.0.array("areas")?;
        let areas =
            codes.into_iter().take_while(|code| *code != NONE).map(area_of).collect::<Result<_, _>>()?;
        let (weights, inputs) = (self.u16("weight blocks")?, self.u16("input blocks")?);
        let (tables, lookups) = (self.u16("tables")?, self.u16("lookup blocks")?);
        let (relations, products) = (self.u16("relations")?, self.u16("products")?);
        self.u32("public values")?;
        // Where things lie follows from the sizes at the end, and from how many chunks the inputs have.
        self.0.bytes("layout", 2 * 4 + 2)?;
        let input_chunks = self.u16("chunks")?;
        self.0.bytes("layout", 2 * 4 + 13 * 4)?;

        let tables = self.list(tables, Self::table)?;
        let lookups = self.list(lookups, Self::lookup)?;
        let heads = self.list(relations, |input| input.head(kind))?;
        let sums = self.list(products, Self::sum)?;
        let variables = sums.iter().map(|sum| sum.vars).chain([slot_bits, table_bits]).max().unwrap_or(0);
        self.0.bytes("degrees", variables.into())?;
        let terms = heads.iter().map(|head| self.list(head.terms, Self::term)).collect::<Result<_, _>>()?;
        let products = sums.iter().map(|sum| self.product(sum)).collect::<Result<_, _>>()?;
        let weights = self.list(weights, |input| input.u8("weight block"))?;
        let inputs = self.list(inputs, |input| input.u8("input block"))?;
        let weight_bits = weights.iter().map(|_| self.u8("bits of weights")).collect::<Result<_, _>>()?;
        let vectors = kind == Kind::Round;
        let rows = if vectors { &*inputs } else { &[] };
        let row_bits = rows.iter().map(|_| self.u8("bits of rows")).collect::<Result<_, _>>()?;
        let item_bits = item_bits(chunk_bits, &inputs, input_chunks, vectors)?;
        let sizes = Sizes {
            chunk_bits,
            weights,
            inputs,
            item_bits,
            function_bits,
            table_bits,
            slot_bits,
            areas,
            mask_bits,
            vectors,
        };
        let relations = relations_of(heads, terms, products);
        let layout = Layout::new(&sizes)?;
        Ok(Descriptor { kind, layout, weight_bits, row_bits, tables, lookups, relations })
    }

    fn kind(&mut self) -> Result<Kind, DecodeError> {
        let is = |kind: &Kind| self.0.clone().format(name(*kind)).is_ok();
        let kind =
            [Kind::Certificate, Kind::Update, Kind::Round].into_iter().find(is).unwrap_or(Kind::Decision);
        self.0.format(name(kind))?;
        self.0.bytes("padding", WORD.saturating_sub(name(kind).len()))?;
        Ok(kind)
    }

    fn table(&mut self) -> Result<Table, DescriptorError> {
        Ok(Table {
            tag: self.u32("tag")?,
            row: self.u32("first row")?.into(),
            bits: self.u8("bits of a table")?,
            first: self.0.array("first value").map(i64::from_be_bytes)?,
            function: match self.u8("function")? {
                0 => false,
                1 => true,
                got => return Err(DescriptorError::Kind { field: "function", got }),
            },
            out_bits: self.u8("bits of out")?,
        })
    }

    fn lookup(&mut self) -> Result<LookupBlock, DecodeError> {
        Ok(LookupBlock {
            slot: self.u8("slot")?,
            row: self.u32("first row")?.into(),
            bits: self.u8("bits of a lookup block")?,
            tag: self.u32("tag")?,
            input: Some(self.u32("input block")?).filter(|base| *base != NOWHERE).map(u64::from),
        })
    }

    fn head(&mut self, kind: Kind) -> Result<Head, DescriptorError> {
        let (point_bits, products) = (self.u8("coordinates of a relation")?, self.u16("products")?);
        let terms = self.u16("terms")?;
        let constant = match self.u8("constant")? {
            NUMBER => Constant::Number(self.coefficient()?),
            PUBLIC => {
                let (first, count) = (self.u32("first public value")?, self.u32("public values")?);
                self.u8("padding")?;
                Constant::Public { first, count }
            }
            DECIDED => Constant::Decision {
                first: self.u32("first decision")?,
                classes: self.u32("classes")?,
                class_bits: self.u8("bits of a class")?,
            },
            GRAM if kind == Kind::Round => Constant::Gram {
                half: self.u32("half")?,
                halves: self.u32("halves")?,
                row_bits: self.u8("bits of a row's number")?,
            },
            got => return Err(DescriptorError::Kind { field: "constant", got }),
        };
        Ok(Head { point_bits, products, terms, constant })
    }

    fn sum(&mut self) -> Result<Sum, DecodeError> {
        Ok(Sum {
            vars: self.u8("variables of a product")?,
            grouped: self.u8("grouped variables")?,
            group_point: self.u8("group's coordinates")?,
            a: self.u16("terms")?,
            b: self.u16("terms")?,
        })
    }

    fn product(&mut self, sum: &Sum) -> Result<Product, DescriptorError> {
        Ok(Product {
            vars: sum.vars,
            grouped: sum.grouped,
            group_point: sum.group_point,
            a: self.list(sum.a, Self::term)?,
            b: self.list(sum.b, Self::term)?,
        })
    }

    fn coefficient(&mut self) -> Result<Coefficient, DecodeError> {
        let mantissa = self.0.array("coefficient").map(i64::from_be_bytes)?;
        Ok(Coefficient { mantissa, shift: self.u8("shift")? })
    }

    fn term(&mut self) -> Result<Term, DescriptorError> {
        let (coefficient, base) = (self.coefficient()?, self.u32("first cell")?.into());
        let axes = self.u8("axes")?;
        Ok(Term { coefficient, base, axes: self.list(axes.into(), Self::axis)? })
    }

    fn axis(&mut self) -> Result<Axis, DescriptorError> {
        let kind = self.u8("axis")?;
        let (bits, at) = match kind {
            POINT | SUM => {
                let at = self.u8("first coordinate")?;
                (self.u8("bits of an axis")?, at)
            }
            FIXED | ONES | WINDOW | SPAN | MIXED => (self.u8("bits of an axis")?, 0),
            got => return Err(DescriptorError::Kind { field: "axis", got }),
        };
        Ok(match kind {
            POINT => Axis::Point { at, bits },
            SUM => Axis::Sum { at, bits },
            FIXED => Axis::Fixed { value: self.u32("place")?, bits },
            ONES => Axis::Ones { bits },
            SPAN => Axis::Span { bits, first: self.u32("first place")?, past: self.u32("past place")? },
            MIXED => Axis::Mixed { bits },
            _ => Axis::Window { bits, window: self.window()? },
        })
    }

    fn window(&mut self) -> Result<Window, DecodeError> {
        let (point, point_bits) = (self.u8("first coordinate")?, self.u8("window's coordinates")?);
        let sum = (self.u8("first coordinate")?, self.u8("taps' coordinates")?);
        Ok(Window {
            point,
            point_bits,
            sum: Some(sum).filter(|sum| *sum != (NONE, NONE)),
            count: self.u32("places")?,
            taps: self.u32("taps")?,
            stride: self.u32("stride")?,
            dilation: self.u32("dilation")?,
            pad: self.0.array("pad").map(i32::from_be_bytes)?,
            length: self.u32("length of an axis")?,
        })
    }
}

/// Puts what was read apart together again. Products that no relation has are dropped, which the bytes then show.
fn relations_of(heads: Vec<Head>, terms: Vec<Vec<Term>>, products: Vec<Product>) -> Vec<Relation> {
    let mut products = products.into_iter();
    let relation = |(head, terms): (Head, Vec<Term>)| Relation {
        point_bits: head.point_bits,
        products: products.by_ref().take(head.products.into()).collect(),
        terms,
        constant: head.constant,
    };
    heads.into_iter().zip(terms).map(relation).collect()
}

/// How many items have commitments of their own, as a power of two: the blocks' chunks once, or so many times. Of any other
/// number the canonical bytes show that it is none.
fn item_bits(chunk_bits: u8, inputs: &[u8], chunks: u16, vectors: bool) -> Result<u8, LayoutError> {
    let one = Blocks::new(chunk_bits, inputs.to_vec())?.chunks();
    let one = if vectors { one.checked_next_power_of_two().unwrap_or(0) } else { one };
    let items = u32::from(chunks).checked_div(one).and_then(u32::checked_ilog2).unwrap_or(0);
    Ok(u8::try_from(items).unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests;
