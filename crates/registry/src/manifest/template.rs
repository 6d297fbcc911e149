//! A `model.toml` to fill in, made from the schema, so that it never lags behind it.

use super::schema::{FIELDS, Field, Kind, Need};
use std::fmt::Write;

/// A `model.toml` in which every required field stands empty, under a comment that says what to write, and
/// every other field is commented out. It does not pass the check as it is: nothing is filled in for a
/// person who has to know it.
pub fn template() -> String {
    let mut text = String::from(
        "# What this version of the model is. Fill in every \"\"; what is commented out may stay so.\n\
         # Files, code state and environment are captured when the version is registered.\n\n",
    );
    let (tables, plain): (Vec<&Field>, Vec<&Field>) =
        FIELDS.iter().partition(|field| nested(field).is_some());
    for field in plain {
        if field.kind == Kind::Free {
            continue;
        }
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{} = {}", field.name, field.example);
    }
    for field in tables {
        let brackets = if matches!(field.kind, Kind::Tables(_)) { ("[[", "]]") } else { ("[", "]") };
        let _ = writeln!(text, "\n# {}\n{}{}{}", field.about, brackets.0, field.name, brackets.1);
        for entry in nested(field).unwrap_or_default() {
            write_entry(&mut text, entry);
        }
    }
    for field in FIELDS.iter().filter(|field| field.kind == Kind::Free) {
        let _ = writeln!(text, "\n# {}\n[{}]\n# {}", field.about, field.name, field.example);
    }
    text
}

fn nested(field: &Field) -> Option<&'static [Field]> {
    match field.kind {
        Kind::Table(fields) | Kind::Tables(fields) => Some(fields),
        _ => None,
    }
}

fn write_entry(text: &mut String, field: &Field) {
    let empty = if field.kind == Kind::Texts { "[\"\"]" } else { "\"\"" };
    let _ = match field.need {
        Need::Required => {
            writeln!(text, "# {}; for example {}\n{} = {empty}", field.about, field.example, field.name)
        }
        Need::When(when) => {
            writeln!(text, "# {}; needed when {when}\n# {} = {}", field.about, field.name, field.example)
        }
        Need::Optional => writeln!(text, "# {}\n# {} = {}", field.about, field.name, field.example),
    };
}
