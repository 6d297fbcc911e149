//! `averment-plan/1` and `averment-input-schema/1`: the canonical bytes of plans and input schemas (docs/formats.md has
//! the layouts).
//!
//! Integers are little-endian, lists begin with their length, options and enums with a byte. Every value has exactly
//! one encoding, so a plan and a schema have exactly one digest.

use crate::{
    Along, Bias, Draft, Function, Input, Linear, Operator, Output, OutputKind, PlanDecodeError, Product,
    Read, Rescale, Scales, Schema, Shape, Step, Table, TableId, TensorId, Term, Threshold, View, WeightId,
    WeightSpec, limits,
};
use averment_primitives::{B256, DecodeError, Reader};

const NAME: &str = "averment-plan/1\n";
const SCHEMA_NAME: &str = "averment-input-schema/1\n";
/// The order of a tensor's cells; there is no other.
const ROW_MAJOR: u8 = 0;

/// Writes a draft.
pub(crate) fn encode(draft: &Draft) -> Vec<u8> {
    let mut out = Writer { bytes: NAME.as_bytes().to_vec() };
    out.list(&draft.inputs, Writer::input);
    out.list(&draft.weights, |out, spec| {
        out.text(&spec.name);
        out.shape(&spec.shape);
        out.u8(spec.bits);
    });
    out.list(&draft.tables, Writer::table);
    out.list(&draft.steps, |out, step| {
        out.text(&step.name);
        out.shape(&step.shape);
        match &step.operator {
            Operator::Affine { products, linear, bias } => {
                out.u8(0);
                out.list(products, |out, product| {
                    out.list(&product.sums, |out, &sum| out.u32(sum));
                    out.form(&product.form);
                    out.u32(product.weight.0);
                    out.list(&product.weight_axes, |out, &axis| out.u8(axis));
                });
                out.list(linear, |out, linear| {
                    out.list(&linear.sums, |out, &sum| out.u32(sum));
                    out.form(&linear.form);
                });
                out.option(bias.as_ref(), |out, bias| {
                    out.u32(bias.weight.0);
                    out.list(&bias.axes, |out, &axis| out.u8(axis));
                    out.i64(bias.coefficient);
                });
            }
            Operator::Maximum { first, second } => {
                out.u8(1);
                out.form(first);
                out.form(second);
            }
        }
        out.u8(step.rescale.shift);
        out.u32(step.rescale.table.0);
        out.i8(step.exponent);
    });
    out.u32(draft.output.tensor.0);
    match &draft.output.kind {
        OutputKind::Values => out.u8(0),
        OutputKind::Argmax => out.u8(1),
        OutputKind::Threshold(threshold) => {
            out.u8(2);
            out.table(&threshold.score);
            out.i8(threshold.exponent);
            out.i32(threshold.least);
        }
    }
    out.list(&draft.output.labels, |out, label| out.text(label));
    out.bytes
}

/// Reads a draft; the only bytes accepted are those that [`encode`] writes.
pub(crate) fn decode(bytes: &[u8]) -> Result<Draft, PlanDecodeError> {
    if bytes.len() > limits::PLAN_BYTES {
        let (limit, got) = (limits::PLAN_BYTES as u64, bytes.len() as u64);
        return Err(DecodeError::TooLong { field: "plan", limit, got }.into());
    }
    let mut reader = Reader::new(bytes);
    reader.format(NAME)?;
    let mut source = Source { reader };
    let inputs = source.list("inputs", limits::INPUTS, Source::input)?;
    let weights = source.list("weights", limits::WEIGHTS, |source| {
        Ok(WeightSpec {
            name: source.text("weight name")?,
            shape: source.shape("weight shape")?,
            bits: source.u8("bits of a weight")?,
        })
    })?;
    let tables = source.list("tables", limits::TABLES, Source::table)?;
    let steps = source.list("steps", limits::STEPS, Source::step)?;
    let output = Output {
        tensor: TensorId(source.u32("output tensor")?),
        kind: match source.u8("kind of output")? {
            0 => OutputKind::Values,
            1 => OutputKind::Argmax,
            2 => OutputKind::Threshold(Threshold {
                score: source.table()?,
                exponent: source.i8("exponent of a score")?,
                least: source.i32("threshold")?,
            }),
            got => return Err(PlanDecodeError::Unknown { field: "kind of output", got: got.into() }),
        },
        labels: source.list("labels", limits::CELLS as usize, |source| source.text("label"))?,
    };
    source.reader.finish()?;
    Ok(Draft { inputs, weights, tables, steps, output })
}

/// Writes an input schema.
pub(crate) fn encode_schema(schema: &Schema) -> Vec<u8> {
    let mut out = Writer { bytes: SCHEMA_NAME.as_bytes().to_vec() };
    out.list(schema.inputs(), Writer::input);
    out.u8(ROW_MAJOR);
    out.u8(schema.chunk_bits());
    out.bytes.extend_from_slice(schema.code().as_slice());
    out.bytes
}

/// Reads the parts of an input schema: inputs, chunk bits, digest of the code.
pub(crate) fn decode_schema(bytes: &[u8]) -> Result<(Vec<Input>, u8, B256), PlanDecodeError> {
    if bytes.len() > limits::PLAN_BYTES {
        let (limit, got) = (limits::PLAN_BYTES as u64, bytes.len() as u64);
        return Err(DecodeError::TooLong { field: "schema", limit, got }.into());
    }
    let mut reader = Reader::new(bytes);
    reader.format(SCHEMA_NAME)?;
    let mut source = Source { reader };
    let inputs = source.list("inputs", limits::INPUTS, Source::input)?;
    match source.u8("order of cells")? {
        ROW_MAJOR => {}
        got => return Err(PlanDecodeError::Unknown { field: "order of cells", got: got.into() }),
    }
    let chunk_bits = source.u8("bits of a chunk")?;
    let code = B256::from(source.reader.array("digest of the code")?);
    source.reader.finish()?;
    Ok((inputs, chunk_bits, code))
}

struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    fn i8(&mut self, value: i8) {
        self.bytes.extend(value.to_le_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.bytes.extend(value.to_le_bytes());
    }

    fn i32(&mut self, value: i32) {
        self.bytes.extend(value.to_le_bytes());
    }

    fn i64(&mut self, value: i64) {
        self.bytes.extend(value.to_le_bytes());
    }

    fn table(&mut self, table: &Table) {
        self.u8(table.bits());
        match table.function() {
            Function::Clamp { low, high } => {
                self.u8(0);
                self.i32(*low);
                self.i32(*high);
            }
            Function::Listed(outputs) => {
                self.u8(1);
                outputs.iter().for_each(|&output| self.i32(output));
            }
        }
    }

    /// A length; what is too long for 32 bits is no plan and is refused when read.
    fn length(&mut self, length: usize) {
        self.u32(u32::try_from(length).unwrap_or(u32::MAX));
    }

    fn list<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.length(items.len());
        items.iter().for_each(|item| write(self, item));
    }

    fn option<T>(&mut self, item: Option<&T>, write: impl Fn(&mut Self, &T)) {
        self.u8(u8::from(item.is_some()));
        item.iter().for_each(|item| write(self, item));
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn shape(&mut self, shape: &Shape) {
        self.list(shape.dims(), |out, &dim| out.u32(dim));
    }

    fn input(&mut self, input: &Input) {
        self.text(&input.name);
        self.shape(&input.shape);
        self.i32(input.first);
        self.u8(input.bits);
        self.list(&input.scales.exponents, |out, &exponent| out.i8(exponent));
        self.list(&input.scales.offsets, |out, &offset| out.i64(offset));
    }

    fn form(&mut self, form: &[Term]) {
        self.list(form, |out, term| {
            out.i64(term.coefficient);
            out.u32(term.view.tensor.0);
            out.list(&term.view.reads, |out, read| {
                for along in [read.output, read.tap] {
                    out.option(along.as_ref(), |out, along| {
                        out.u8(along.axis);
                        out.u32(along.step);
                    });
                }
                out.i32(read.pad);
                out.u32(read.limit);
            });
        });
    }
}

struct Source<'a> {
    reader: Reader<'a>,
}

impl Source<'_> {
    fn u8(&mut self, field: &'static str) -> Result<u8, PlanDecodeError> {
        let [byte] = self.reader.array(field)?;
        Ok(byte)
    }

    fn i8(&mut self, field: &'static str) -> Result<i8, PlanDecodeError> {
        Ok(i8::from_le_bytes(self.reader.array(field)?))
    }

    fn u32(&mut self, field: &'static str) -> Result<u32, PlanDecodeError> {
        Ok(self.reader.u32(field)?)
    }

    fn i32(&mut self, field: &'static str) -> Result<i32, PlanDecodeError> {
        Ok(i32::from_le_bytes(self.reader.array(field)?))
    }

    fn i64(&mut self, field: &'static str) -> Result<i64, PlanDecodeError> {
        Ok(i64::from_le_bytes(self.reader.array(field)?))
    }

    /// A list; memory is taken item by item, and every item takes at least a byte of the input.
    fn list<T>(
        &mut self,
        field: &'static str,
        limit: usize,
        read: impl Fn(&mut Self) -> Result<T, PlanDecodeError>,
    ) -> Result<Vec<T>, PlanDecodeError> {
        let length = self.u32(field)?;
        if length as usize > limit {
            return Err(DecodeError::TooLong { field, limit: limit as u64, got: length.into() }.into());
        }
        let mut items = Vec::new();
        for _ in 0..length {
            items.push(read(self)?);
        }
        Ok(items)
    }

    fn option<T>(
        &mut self,
        field: &'static str,
        read: impl Fn(&mut Self) -> Result<T, PlanDecodeError>,
    ) -> Result<Option<T>, PlanDecodeError> {
        match self.u8(field)? {
            0 => Ok(None),
            1 => read(self).map(Some),
            got => Err(PlanDecodeError::Unknown { field, got: got.into() }),
        }
    }

    fn text(&mut self, field: &'static str) -> Result<String, PlanDecodeError> {
        let bytes = self.reader.prefixed(field, limits::NAME_BYTES)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| PlanDecodeError::NotText { field })
    }

    fn shape(&mut self, field: &'static str) -> Result<Shape, PlanDecodeError> {
        let dims = self.list(field, limits::RANK, |source| source.u32(field))?;
        Ok(Shape::new(dims)?)
    }

    fn input(&mut self) -> Result<Input, PlanDecodeError> {
        Ok(Input {
            name: self.text("input name")?,
            shape: self.shape("input shape")?,
            first: self.i32("first value of an input")?,
            bits: self.u8("bits of an input")?,
            scales: Scales {
                exponents: self.list("exponents", limits::CELLS as usize, |source| source.i8("exponent"))?,
                offsets: self.list("offsets", limits::CELLS as usize, |source| source.i64("offset"))?,
            },
        })
    }

    fn table(&mut self) -> Result<Table, PlanDecodeError> {
        let bits = self.u8("bits of a table")?;
        let function = match self.u8("kind of table")? {
            0 => Function::Clamp { low: self.i32("lower end")?, high: self.i32("upper end")? },
            1 => {
                if bits > limits::TABLE_BITS {
                    return Err(crate::TableError::Bits { got: bits }.into());
                }
                let bytes = self.reader.bytes("outputs of a table", 4 << bits)?;
                let output = |word: &[u8]| word.try_into().map_or(0, i32::from_le_bytes);
                Function::Listed(bytes.chunks_exact(4).map(output).collect())
            }
            got => return Err(PlanDecodeError::Unknown { field: "kind of table", got: got.into() }),
        };
        Ok(Table::new(bits, function)?)
    }

    fn step(&mut self) -> Result<Step, PlanDecodeError> {
        Ok(Step {
            name: self.text("step name")?,
            shape: self.shape("step shape")?,
            operator: self.operator()?,
            rescale: Rescale { shift: self.u8("shift")?, table: TableId(self.u32("table")?) },
            exponent: self.i8("exponent of a step")?,
        })
    }

    fn operator(&mut self) -> Result<Operator, PlanDecodeError> {
        Ok(match self.u8("kind of operator")? {
            0 => Operator::Affine {
                products: self.list("products", limits::CONTRIBUTIONS, |source| {
                    Ok(Product {
                        sums: source.sums()?,
                        form: source.form()?,
                        weight: WeightId(source.u32("weight")?),
                        weight_axes: source.axes()?,
                    })
                })?,
                linear: self.list("linear terms", limits::CONTRIBUTIONS, |source| {
                    Ok(Linear { sums: source.sums()?, form: source.form()? })
                })?,
                bias: self.option("bias", |source| {
                    Ok(Bias {
                        weight: WeightId(source.u32("weight of a bias")?),
                        axes: source.axes()?,
                        coefficient: source.i64("coefficient of a bias")?,
                    })
                })?,
            },
            1 => Operator::Maximum { first: self.form()?, second: self.form()? },
            got => return Err(PlanDecodeError::Unknown { field: "kind of operator", got: got.into() }),
        })
    }

    fn sums(&mut self) -> Result<Vec<u32>, PlanDecodeError> {
        self.list("sums", limits::RANK, |source| source.u32("length of a sum"))
    }

    fn axes(&mut self) -> Result<Vec<u8>, PlanDecodeError> {
        self.list("axes of a weight", limits::RANK, |source| source.u8("axis of a weight"))
    }

    fn form(&mut self) -> Result<Vec<Term>, PlanDecodeError> {
        self.list("terms", limits::TERMS, |source| {
            Ok(Term {
                coefficient: source.i64("coefficient")?,
                view: View {
                    tensor: TensorId(source.u32("tensor")?),
                    reads: source.list("reads", limits::RANK, |source| {
                        Ok(Read {
                            output: source.along("output of a read")?,
                            tap: source.along("tap of a read")?,
                            pad: source.i32("pad")?,
                            limit: source.u32("limit")?,
                        })
                    })?,
                },
            })
        })
    }

    fn along(&mut self, field: &'static str) -> Result<Option<Along>, PlanDecodeError> {
        self.option(field, |source| Ok(Along { axis: source.u8(field)?, step: source.u32(field)? }))
    }
}
