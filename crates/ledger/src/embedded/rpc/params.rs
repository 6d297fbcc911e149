//! Positional parameters of a request, read one by one into their types.

use super::RpcError;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::value::RawValue;

/// Longest parameters, in bytes: a block full of calldata in hexadecimal has less.
const LIMIT: usize = 32 << 20;

/// A request's parameters.
#[derive(Debug, Default)]
pub(super) struct Params(Vec<Box<RawValue>>);

impl Params {
    pub(super) fn parse(params: Option<&RawValue>) -> Result<Self, RpcError> {
        let Some(params) = params else { return Ok(Self::default()) };
        if params.get().len() > LIMIT {
            let why = format!("at most {LIMIT} bytes are read, got {}", params.get().len());
            return Err(RpcError::Parameter { name: "params", why });
        }
        serde_json::from_str(params.get())
            .map(Self)
            .map_err(|error| RpcError::Parameter { name: "params", why: error.to_string() })
    }

    /// Whether parameter `index` is there and not null.
    pub(super) fn is_given(&self, index: usize) -> bool {
        self.0.get(index).is_some_and(|value| value.get() != "null")
    }

    /// Parameter `index`, which must be there.
    pub(super) fn get<T: DeserializeOwned>(&self, index: usize, name: &'static str) -> Result<T, RpcError> {
        self.optional(index, name)?.ok_or(RpcError::Parameter { name, why: "it is missing".into() })
    }

    /// Parameter `index`, if it is there.
    pub(super) fn optional<T: DeserializeOwned>(
        &self,
        index: usize,
        name: &'static str,
    ) -> Result<Option<T>, RpcError> {
        match self.0.get(index).filter(|_| self.is_given(index)) {
            None => Ok(None),
            Some(value) => serde_json::from_str(value.get())
                .map(Some)
                .map_err(|error| RpcError::Parameter { name, why: error.to_string() }),
        }
    }
}

/// A number as clients write it: a JSON number, or a string in hexadecimal or decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quantity(pub(super) u64);

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(u64),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Number(number) => Ok(Self(number)),
            Form::Text(text) => match text.strip_prefix("0x") {
                Some(digits) => u64::from_str_radix(digits, 16),
                None => text.parse(),
            }
            .map(Self)
            .map_err(serde::de::Error::custom),
        }
    }
}
