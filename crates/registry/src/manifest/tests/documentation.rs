//! `docs/manifest.md` says what the table says.

use super::{source::all_fields, *};
use std::fmt::Write;

const BEGIN: &str =
    "<!-- made from the table of fields; AVERMENT_WRITE_VECTORS=1 cargo test writes it anew -->\n";

fn table() -> String {
    let mut text = String::from("| field | needed | what to write | serves |\n|---|---|---|---|\n");
    for (path, field) in all_fields().into_iter().filter(|(_, f)| !matches!(f.kind, Kind::Table(_))) {
        let path = path.replace("datasets.", "datasets[].").replace("metrics.", "metrics[].");
        let needed = match field.need {
            Need::Required => "yes".to_owned(),
            Need::Optional => "no".to_owned(),
            Need::When(when) => format!("when {when}"),
        };
        let serves = if field.serves.is_empty() { "–".to_owned() } else { field.serves.join("; ") };
        writeln!(text, "| `{path}` | {needed} | {} | {serves} |", field.about).unwrap();
    }
    text
}

#[test]
fn the_documents_table_is_the_codes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/manifest.md");
    let document = std::fs::read_to_string(path).unwrap();
    let (before, rest) = document.split_once(BEGIN).expect("the marker of the table");
    let (found, after) = rest.split_once("\n\n").expect("a blank line after the table");
    let expected = table();
    if std::env::var_os("AVERMENT_WRITE_VECTORS").is_some() {
        std::fs::write(path, format!("{before}{BEGIN}{expected}\n{after}")).unwrap();
        return;
    }
    assert!(found == expected.trim_end(), "docs/manifest.md is not what the table of fields says");
}
