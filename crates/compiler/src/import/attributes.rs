//! Parameters of nodes, by name.

use crate::onnx::AttributeProto;
use std::collections::HashMap;

/// Strides, pads and the like are at most this.
const LARGEST: i64 = 1 << 16;

pub(super) struct Attributes<'a> {
    by_name: HashMap<&'a str, &'a AttributeProto>,
}

impl<'a> Attributes<'a> {
    pub(super) fn new(attributes: &'a [AttributeProto]) -> Self {
        Self { by_name: attributes.iter().map(|attribute| (attribute.name.as_str(), attribute)).collect() }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a AttributeProto> {
        self.by_name.get(name).copied()
    }

    pub(super) fn integer(&self, name: &str, default: i64) -> i64 {
        self.get(name).map_or(default, |attribute| attribute.i)
    }

    pub(super) fn flag(&self, name: &str, default: bool) -> bool {
        self.integer(name, default.into()) != 0
    }

    pub(super) fn number(&self, name: &str, default: f64) -> f64 {
        self.get(name).map_or(default, |attribute| attribute.f.into())
    }

    pub(super) fn integers(&self, name: &str) -> Option<&'a [i64]> {
        self.get(name).map(|attribute| attribute.ints.as_slice())
    }

    pub(super) fn numbers(&self, name: &str) -> Vec<f64> {
        self.get(name)
            .map(|attribute| attribute.floats.iter().map(|&f| f.into()).collect())
            .unwrap_or_default()
    }

    pub(super) fn text(&self, name: &str) -> String {
        self.get(name).map(|attribute| String::from_utf8_lossy(&attribute.s).into_owned()).unwrap_or_default()
    }

    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        let texts = self.get(name).map(|attribute| attribute.strings.as_slice()).unwrap_or_default();
        texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect()
    }

    /// Small whole numbers, not below `least`, `count` of them; all `default` if they are left out.
    pub(super) fn sizes(
        &self,
        name: &str,
        count: usize,
        least: i64,
        default: usize,
    ) -> Result<Vec<usize>, String> {
        let Some(values) = self.integers(name) else { return Ok(vec![default; count]) };
        if values.len() != count || values.iter().any(|value| !(least..=LARGEST).contains(value)) {
            return Err(format!(
                "{name} should be {count} numbers from {least} to {LARGEST}, got {values:?}"
            ));
        }
        Ok(values.iter().map(|&value| value as usize).collect())
    }
}
