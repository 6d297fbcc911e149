//! JSON that means one thing: strict reading, and the canonical bytes of RFC 8785 (JCS).
//!
//! Whatever is signed or hashed as JSON goes through here. Reading refuses what parsers disagree about:
//! a key that occurs twice (RFC 7493, section 2.3), an integer that a double cannot hold (section 2.2),
//! nesting beyond a limit. [`parse_canonical`] accepts only canonical bytes, so that one document has one
//! digest; [`to_bytes`] writes them.

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::{cell::RefCell, fmt};
use thiserror::Error;

/// The largest integer that JSON readers agree on: 2^53 - 1 (RFC 7493, section 2.2).
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// How much JSON a reader takes from a stranger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonLimits {
    /// Length of the text in bytes.
    pub bytes: usize,
    /// How deep arrays and objects may be nested; at most 120 has an effect.
    pub depth: usize,
}

impl Default for JsonLimits {
    /// One mebibyte, 32 levels.
    fn default() -> Self {
        Self { bytes: 1 << 20, depth: 32 }
    }
}

/// Why some JSON is not accepted.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum JsonError {
    /// More bytes than the reader takes.
    #[error("the JSON text may have at most {limit} bytes, got {got}")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
        /// The length found.
        got: usize,
    },
    /// Nested deeper than the reader follows.
    #[error("the JSON text may be nested at most {limit} deep")]
    TooDeep {
        /// The limit in levels.
        limit: usize,
    },
    /// One object has the same key twice.
    #[error("the key {key:?} occurs twice in one object")]
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// An integer that not every reader can represent.
    #[error("the integer {value} is outside ±(2^53 - 1), which JSON readers agree on; write it as a string")]
    UnsafeInteger {
        /// The integer as text.
        value: String,
    },
    /// Not JSON.
    #[error("not JSON: {message} at line {line} column {column}")]
    Syntax {
        /// What the parser says.
        message: String,
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
    },
    /// JSON, but not its canonical bytes.
    #[error("JSON, but not in the canonical form of RFC 8785: byte {offset} differs")]
    NotCanonical {
        /// The first byte that differs.
        offset: usize,
    },
}

/// Reads strict JSON within `limits`.
pub fn parse(bytes: &[u8], limits: &JsonLimits) -> Result<Value, JsonError> {
    if bytes.len() > limits.bytes {
        return Err(JsonError::TooLong { limit: limits.bytes, got: bytes.len() });
    }
    let refusal = RefCell::new(None);
    let seed = Strict { depth_left: limits.depth, limit: limits.depth, refusal: &refusal };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let result = seed.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    result.map_err(|error| {
        refusal.take().unwrap_or_else(|| JsonError::Syntax {
            message: plain_message(&error),
            line: error.line(),
            column: error.column(),
        })
    })
}

/// Reads strict JSON that must be canonical already.
pub fn parse_canonical(bytes: &[u8], limits: &JsonLimits) -> Result<Value, JsonError> {
    let value = parse(bytes, limits)?;
    let canonical = to_bytes(&value)?;
    if canonical == bytes {
        return Ok(value);
    }
    let same = canonical.iter().zip(bytes).take_while(|(a, b)| a == b).count();
    Err(JsonError::NotCanonical { offset: same })
}

/// The canonical bytes of `value` (RFC 8785).
pub fn to_bytes(value: &Value) -> Result<Vec<u8>, JsonError> {
    check_numbers(value)?;
    // A `Value` has string keys and finite numbers only, so writing into memory cannot fail; the error is
    // passed on rather than assumed away.
    serde_json_canonicalizer::to_vec(value).map_err(|error| JsonError::Syntax {
        message: plain_message(&error),
        line: error.line(),
        column: error.column(),
    })
}

fn check_numbers(value: &Value) -> Result<(), JsonError> {
    match value {
        Value::Number(number) => check_number(number),
        Value::Array(items) => items.iter().try_for_each(check_numbers),
        Value::Object(entries) => entries.values().try_for_each(check_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

/// Whole doubles from 2^53 to 10^21 are refused too: they are written as plain integers, which would then
/// not be read again.
fn check_number(number: &Number) -> Result<(), JsonError> {
    let unsafe_integer = match (number.as_u64(), number.as_i64(), number.as_f64()) {
        (Some(value), _, _) => value > MAX_SAFE_INTEGER,
        (_, Some(value), _) => value.unsigned_abs() > MAX_SAFE_INTEGER,
        (_, _, Some(value)) => value.abs() > MAX_SAFE_INTEGER as f64 && value.abs() < 1e21,
        (None, None, None) => false,
    };
    if unsafe_integer { Err(JsonError::UnsafeInteger { value: number.to_string() }) } else { Ok(()) }
}

/// serde_json's message without the position, which the error carries apart.
fn plain_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// Builds a [`Value`], refusing duplicates, depth and unsafe integers; the typed refusal travels beside
/// serde's error, which can only carry text.
struct Strict<'a> {
    depth_left: usize,
    limit: usize,
    refusal: &'a RefCell<Option<JsonError>>,
}

impl Strict<'_> {
    fn refuse<E: serde::de::Error>(&self, why: JsonError) -> E {
        let error = E::custom(&why);
        self.refusal.replace(Some(why));
        error
    }

    fn number<E: serde::de::Error>(&self, number: Number) -> Result<Value, E> {
        check_number(&number).map_err(|why| self.refuse(why))?;
        Ok(Value::Number(number))
    }

    fn deeper<E: serde::de::Error>(&self) -> Result<Strict<'_>, E> {
        match self.depth_left.checked_sub(1) {
            Some(depth_left) => Ok(Strict { depth_left, limit: self.limit, refusal: self.refusal }),
            None => Err(self.refuse(JsonError::TooDeep { limit: self.limit })),
        }
    }
}

impl<'de> DeserializeSeed<'de> for &Strict<'_> {
    type Value = Value;
    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;
    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(&self)
    }
}

impl<'de> Visitor<'de> for &Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        self.number(value.into())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        self.number(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number that is not finite"))?;
        self.number(number)
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element_seed(&inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut entries = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if entries.contains_key(&key) {
                return Err(self.refuse(JsonError::DuplicateKey { key }));
            }
            let value = map.next_value_seed(&inner)?;
            entries.insert(key, value);
        }
        Ok(Value::Object(entries))
    }
}

#[cfg(test)]
mod tests;
