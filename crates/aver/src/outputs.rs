//! A statement's public values, in words: what the model said.

use averment_plan::{OutputKind, Plan};
use serde_json::{Value, json};

/// Cells of an answer that are shown to people.
const SHOWN: usize = 16;

/// What a model said about one input.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The output's real cells, as the plan scales them; none if only the decision was made known.
    pub values: Vec<f64>,
    /// Names of the output's cells; empty if there are none.
    pub labels: Vec<String>,
    /// The place of the largest value, of the first of equals; none for a single value.
    pub decision: Option<usize>,
    /// With a threshold, of each cell whether its score is at least that; scores stay hidden.
    pub reached: Option<Reached>,
}

/// What is said of scores that stay hidden.
#[derive(Debug, Clone, PartialEq)]
pub struct Reached {
    /// The smallest score that reaches the threshold.
    pub threshold: f64,
    /// Which scores do.
    pub cells: Vec<bool>,
}

/// An input that the statement says, for all items.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// Its name in the plan.
    pub name: String,
    /// Of each item the real cells, as the plan takes them.
    pub items: Vec<Vec<f64>>,
}

/// The inputs that are stated of the first `items`, from their padded cells; nothing if there are none. None if the values
/// are not so many.
pub fn inputs(plan: &Plan, public: &[i64], items: usize) -> Option<Vec<Given>> {
    if public.is_empty() {
        return Some(Vec::new());
    }
    let mut rest = public;
    let mut given = Vec::new();
    for input in plan.inputs() {
        let padded = input.shape.padded_cells();
        let (own, after) = rest.split_at_checked(padded.checked_mul(items.checked_next_power_of_two()?)?)?;
        rest = after;
        let reals = own.chunks_exact(padded).take(items).map(|item| {
            let cells: Vec<i32> =
                item.iter().map(|cell| i32::try_from(*cell)).collect::<Result<_, _>>().ok()?;
            Some(input.dequantise(&input.shape.unpad(&cells)))
        });
        given.push(Given { name: input.name.clone(), items: reals.collect::<Option<_>>()? });
    }
    rest.is_empty().then_some(given)
}

impl Given {
    /// For machines.
    pub fn json(&self) -> Value {
        json!({ "name": self.name, "items": self.items })
    }
}

impl std::fmt::Display for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:", self.name)?;
        let cells = || self.items.iter().flatten();
        for (place, value) in cells().enumerate().take(SHOWN) {
            write!(f, "{} {value}", if place == 0 { "" } else { "," })?;
        }
        match cells().count().checked_sub(SHOWN + 1) {
            Some(more) => write!(f, ", and {} more (--json has all)", more + 1),
            None => Ok(()),
        }
    }
}

/// The answers about the first `items` inputs, from the padded cells of the output. None if the values are not so many.
pub fn answers(plan: &Plan, public: &[i64], items: usize) -> Option<Vec<Answer>> {
    let output = plan.output();
    let step = plan.step_of(output.tensor)?;
    if output.kind == OutputKind::Argmax {
        if public.len() != items.checked_next_power_of_two()? {
            return None;
        }
        let answer = |class: &i64| {
            let decision = Some(usize::try_from(*class).ok()?);
            Some(Answer { values: Vec::new(), labels: output.labels.clone(), decision, reached: None })
        };
        return public.iter().take(items).map(answer).collect();
    }
    let unit = (-f64::from(step.exponent)).exp2();
    let cells = public.chunks_exact(step.shape.padded_cells());
    if cells.len() != items.checked_next_power_of_two()? || !cells.remainder().is_empty() {
        return None;
    }
    let padded = cells.take(items).map(|item| {
        let item: Vec<i32> = item.iter().map(|cell| i32::try_from(*cell)).collect::<Result<_, _>>().ok()?;
        let cells = step.shape.unpad(&item);
        if let OutputKind::Threshold(said) = &output.kind {
            let says = |cell: &i32| (0..=1).contains(cell).then_some(*cell == 1);
            let cells = cells.iter().map(says).collect::<Option<Vec<bool>>>()?;
            let reached = Some(Reached { threshold: said.real(), cells });
            return Some(Answer {
                values: Vec::new(),
                labels: output.labels.clone(),
                decision: None,
                reached,
            });
        }
        let values: Vec<f64> = cells.iter().map(|cell| f64::from(*cell) * unit).collect();
        let mut decision = None;
        for (place, cell) in cells.iter().enumerate() {
            if cells.len() > 1 && decision.is_none_or(|best: usize| cell > &cells[best]) {
                decision = Some(place);
            }
        }
        Some(Answer { values, labels: output.labels.clone(), decision, reached: None })
    });
    padded.collect()
}

impl Answer {
    /// What a cell is called.
    fn label(&self, place: usize) -> String {
        self.labels.get(place).cloned().unwrap_or_else(|| place.to_string())
    }

    /// For machines.
    pub fn json(&self) -> Value {
        json!({
            "decision": self.decision,
            "label": self.decision.and_then(|place| self.labels.get(place)),
            "values": self.values,
            "threshold": self.reached.as_ref().map(|reached| reached.threshold),
            "reached": self.reached.as_ref().map(|reached| &reached.cells),
        })
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(Reached { threshold, cells }) = &self.reached {
            for (place, reached) in cells.iter().enumerate().take(SHOWN) {
                let gap = if place == 0 { "" } else { ", " };
                let said = if *reached { "at least" } else { "below" };
                match self.labels.get(place) {
                    Some(label) => write!(f, "{gap}{label} {said} {threshold}")?,
                    None if cells.len() > 1 => write!(f, "{gap}{place} {said} {threshold}")?,
                    None => write!(f, "{said} {threshold}")?,
                }
            }
            return match cells.len().checked_sub(SHOWN + 1) {
                Some(more) => write!(f, ", and {} more", more + 1),
                None => Ok(()),
            };
        }
        if let Some(place) = self.decision {
            f.write_str(&self.label(place))?;
            if self.values.is_empty() {
                return Ok(());
            }
            f.write_str(" (")?;
        }
        for (place, value) in self.values.iter().enumerate().take(SHOWN) {
            let gap = if place == 0 { "" } else { ", " };
            match self.decision {
                Some(_) => write!(f, "{gap}{} {value:.4}", self.label(place))?,
                None => write!(f, "{gap}{value:.6}")?,
            }
        }
        if self.values.len() > SHOWN {
            write!(f, ", and {} more", self.values.len() - SHOWN)?;
        }
        f.write_str(if self.decision.is_some() { ")" } else { "" })
    }
}
