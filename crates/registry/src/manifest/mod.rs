//! `model.toml`: what a person declares about a version, read and checked against one table of fields.
//!
//! The table ([`FIELDS`]) says what has to be there, in which form, and which clause of which law or standard a
//! field serves. Everything that is missing or wrong is named at once, with its line and an example. Unknown
//! fields are kept.
//!
//! Invariant: a [`Source`] has passed the whole check.

mod check;
mod issue;
mod schema;
mod source;

pub use issue::{Fault, Issue, Issues};
pub use schema::{FIELDS, Field, Kind, Need};
pub use source::{DatasetSource, Source, SourceError};

/// The format's name and version.
pub const FORMAT: &str = "averment-manifest/1";

/// Longest `model.toml`, in bytes.
pub const MANIFEST_LIMIT: usize = 1 << 20;

/// The field at a path such as `datasets[2].name`; none if the table has no such field.
fn field_at(path: &str) -> Option<&'static Field> {
    let mut fields = FIELDS;
    let mut found = None;
    for part in path.split('.') {
        let name = part.split('[').next().unwrap_or(part);
        let field = fields.iter().find(|field| field.name == name)?;
        fields = match field.kind {
            Kind::Table(inner) | Kind::Tables(inner) => inner,
            _ => &[],
        };
        found = Some(field);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    /// A manifest written from the table's own examples.
    fn template() -> String {
        let mut text = String::new();
        write_fields(FIELDS, "", &mut text);
        text
    }

    fn write_fields(fields: &[Field], path: &str, text: &mut String) {
        let (tables, values): (Vec<&Field>, Vec<&Field>) = fields
            .iter()
            .partition(|field| matches!(field.kind, Kind::Table(_) | Kind::Tables(_) | Kind::Free));
        for field in values.iter().filter(|field| field.need == Need::Required) {
            writeln!(text, "{} = {}", field.name, field.example).unwrap();
        }
        for field in tables.iter().filter(|field| field.need == Need::Required) {
            let place =
                if path.is_empty() { field.name.to_owned() } else { format!("{path}.{}", field.name) };
            match field.kind {
                Kind::Table(inner) => {
                    writeln!(text, "[{place}]").unwrap();
                    write_fields(inner, &place, text);
                }
                Kind::Tables(inner) => {
                    writeln!(text, "[[{place}]]").unwrap();
                    write_fields(inner, &place, text);
                }
                _ => writeln!(text, "[{place}]\n{}", field.example).unwrap(),
            }
        }
    }

    fn issues(text: &str) -> Vec<Issue> {
        match Source::parse(text) {
            Err(SourceError::Unfit(Issues(issues))) => issues,
            other => panic!("expected issues, got {other:?}"),
        }
    }

    #[test]
    fn everything_missing_is_named_at_once() {
        let found = issues("");
        for field in FIELDS.iter().filter(|field| field.need == Need::Required) {
            assert!(found.iter().any(|issue| issue.path == field.name), "{} is not named", field.name);
        }
    }

    #[test]
    fn the_examples_of_the_table_are_of_its_own_form() {
        for issue in issues(&template()) {
            let tied = matches!(
                issue.fault,
                Fault::Missing { because: Some(_) } | Fault::Unknown { .. } | Fault::Duplicate { .. }
            );
            assert!(tied, "{issue}");
        }
    }

    #[test]
    fn a_wrong_type_is_named_with_its_line() {
        let text = template().replace("purpose = \"", "purpose = 7 # \"");
        let wrong = issues(&text).into_iter().find(|issue| issue.path == "model.purpose").unwrap();
        assert_eq!(wrong.fault, Fault::WrongType { expected: "text", got: "a number" });
        let line = text.lines().position(|line| line.starts_with("purpose = 7")).unwrap() + 1;
        assert_eq!(wrong.line, Some(line));
    }

    #[test]
    fn what_is_no_toml_and_what_is_too_long_is_refused() {
        assert!(matches!(Source::parse("a = = 1"), Err(SourceError::Syntax { line: 1, .. })));
        let long = "#".repeat(MANIFEST_LIMIT + 1);
        assert!(matches!(Source::parse(&long), Err(SourceError::TooLong { .. })));
    }

    #[test]
    fn a_path_leads_to_its_field() {
        assert_eq!(field_at("datasets[3].name").map(|field| field.name), Some("name"));
        assert_eq!(field_at("model.nothing"), None);
    }
}
