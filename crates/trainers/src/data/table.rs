//! Tables of comma-separated values: a head, a column for the class, columns of numbers. No quotes.

use super::{CELLS, DataError, Dataset};
use std::collections::BTreeSet;
use thiserror::Error;

/// The longest file in bytes.
pub const BYTES: usize = 1 << 28;
/// The most columns.
pub const COLUMNS: usize = 1 << 12;
/// The most classes.
pub const CLASSES: usize = 1 << 10;

/// Why a table is no dataset.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TableError {
    /// Too long.
    #[error(
        "a table has at most {BYTES} bytes, {COLUMNS} columns and {CLASSES} classes; this one has more {what}"
    )]
    TooLarge {
        /// Of what.
        what: &'static str,
    },
    /// Not text, or with quotes.
    #[error("a table is UTF-8 text without quotes")]
    Text,
    /// A column that is not there.
    #[error("there is no column {name:?}; the columns are {columns}")]
    Column {
        /// Its name.
        name: String,
        /// Those that are there.
        columns: String,
    },
    /// A column twice.
    #[error("two columns are called {name:?}")]
    Twice {
        /// Their name.
        name: String,
    },
    /// A row of another length.
    #[error("line {line}: expected {expected} values, got {got}")]
    Row {
        /// Counted from 1, the head included.
        line: usize,
        /// As in the head.
        expected: usize,
        /// There.
        got: usize,
    },
    /// Not a number.
    #[error("line {line}, column {column:?}: expected a finite number, got {got:?}")]
    Number {
        /// Counted from 1, the head included.
        line: usize,
        /// Which column.
        column: String,
        /// What stands there.
        got: String,
    },
    /// The numbers make no dataset.
    #[error(transparent)]
    Data(#[from] DataError),
}

/// A table with the names of its classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The examples.
    pub data: Dataset,
    /// Names of the classes: in the order of numbers if all of them are whole numbers, else of bytes.
    pub classes: Vec<String>,
    /// Names of the numbers' columns.
    pub columns: Vec<String>,
}

/// Reads a table. `class` is the class's column, `without` are columns that are left out.
pub fn read(bytes: &[u8], class: &str, without: &[&str]) -> Result<Table, TableError> {
    if bytes.len() > BYTES {
        return Err(TableError::TooLarge { what: "bytes" });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| TableError::Text)?;
    if text.contains('"') {
        return Err(TableError::Text);
    }
    let mut lines = text.lines().enumerate();
    let head: Vec<&str> = lines.next().map_or(Vec::new(), |(_, line)| line.split(',').collect());
    if head.len() > COLUMNS {
        return Err(TableError::TooLarge { what: "columns" });
    }
    let mut names = BTreeSet::new();
    if let Some(name) = head.iter().find(|name| !names.insert(**name)) {
        return Err(TableError::Twice { name: (*name).into() });
    }
    for name in without.iter().chain([&class]) {
        if !names.contains(name) {
            return Err(TableError::Column { name: (*name).into(), columns: head.join(", ") });
        }
    }
    let (mut inputs, mut said) = (Vec::new(), Vec::new());
    for (at, line) in lines {
        let (line, values) = (at + 1, line.split(',').collect::<Vec<_>>());
        if values.len() != head.len() {
            return Err(TableError::Row { line, expected: head.len(), got: values.len() });
        }
        for (&column, &value) in head.iter().zip(&values) {
            if column == class {
                said.push(value);
            } else if !without.contains(&column) {
                let number = value.parse::<f32>().ok().filter(|number| number.is_finite());
                let number = number.ok_or_else(|| TableError::Number {
                    line,
                    column: column.into(),
                    got: value.into(),
                })?;
                inputs.push(number);
            }
        }
        if inputs.len() > CELLS {
            return Err(TableError::TooLarge { what: "numbers" });
        }
    }
    let mut classes: Vec<&str> = said.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    if classes.len() > CLASSES {
        return Err(TableError::TooLarge { what: "classes" });
    }
    if classes.iter().all(|class| class.parse::<u32>().is_ok()) {
        classes.sort_by_key(|class| class.parse::<u32>().unwrap_or_default());
    }
    let label = |said: &&str| classes.iter().position(|class| class == said).unwrap_or_default() as u32;
    let labels = said.iter().map(label).collect();
    let columns: Vec<String> = head
        .iter()
        .filter(|name| **name != class && !without.contains(name))
        .map(|name| (*name).into())
        .collect();
    let data = Dataset::new(vec![columns.len()], inputs, labels, classes.len())?;
    Ok(Table { data, classes: classes.into_iter().map(Into::into).collect(), columns })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_one_row_an_example() {
        let table = read(b"row,kind,a,b\n0,10,1,2.5\n1,9,-3,0\n2,10,4,1e2\n", "kind", &["row"]).unwrap();
        assert_eq!(table.classes, ["9", "10"]);
        assert_eq!(table.columns, ["a", "b"]);
        assert_eq!(table.data.labels(), [1, 0, 1]);
        assert_eq!(table.data.inputs(), [1.0, 2.5, -3.0, 0.0, 4.0, 100.0]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let row = |expected, got| TableError::Row { line: 2, expected, got };
        assert_eq!(read(b"a,b\n1\n", "a", &[]), Err(row(2, 1)));
        assert_eq!(read(b"a,b\n1,2,3\n", "a", &[]), Err(row(2, 3)));
        for got in ["NaN", "inf", "1e99", "", "x"] {
            let text = format!("a,b\n1,{got}\n");
            let expected = TableError::Number { line: 2, column: "b".into(), got: got.into() };
            assert_eq!(read(text.as_bytes(), "a", &[]), Err(expected));
        }
        assert_eq!(read(b"a,a\n", "a", &[]), Err(TableError::Twice { name: "a".into() }));
        assert_eq!(read(b"a,b\n\"1\",2\n", "a", &[]), Err(TableError::Text));
        assert_eq!(read(&[0xff], "a", &[]), Err(TableError::Text));
        let missing = TableError::Column { name: "c".into(), columns: "a, b".into() };
        assert_eq!(read(b"a,b\n", "c", &[]), Err(missing));
        // Nothing but classes.
        assert!(matches!(read(b"a\n1\n", "a", &[]), Err(TableError::Data(DataError::Shape { .. }))));
    }
}
