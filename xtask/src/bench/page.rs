//! `docs/benchmarks.md` as sections, so that one measurement leaves the others as they are.

use anyhow::{Context, Result};
use std::fs;

const PATH: &str = "docs/benchmarks.md";

/// The page: what stands before the first section, and the sections, each beginning with its `## ` line.
pub struct Page {
    preface: String,
    sections: Vec<String>,
}

impl Page {
    /// The page as it is.
    pub fn read() -> Result<Self> {
        let text = fs::read_to_string(PATH).with_context(|| format!("reading {PATH}"))?;
        let (mut preface, mut sections) = (String::new(), Vec::<String>::new());
        for line in text.split_inclusive('\n') {
            if line.starts_with("## ") {
                sections.push(String::new());
            }
            sections.last_mut().unwrap_or(&mut preface).push_str(line);
        }
        Ok(Self { preface, sections })
    }

    /// Replaces what stands before the sections.
    pub fn preface(&mut self, text: String) {
        self.preface = text;
    }

    /// Replaces the section with the same heading, or adds it at the end.
    pub fn set(&mut self, section: &str) {
        let section = format!("{}\n\n", section.trim_end());
        let heading = |text: &str| text.lines().next().map(str::to_owned);
        match self.sections.iter_mut().find(|own| heading(own) == heading(&section)) {
            Some(own) => *own = section,
            None => {
                // What was the last one ended with the file.
                if let Some(last) = self.sections.last_mut() {
                    last.truncate(last.trim_end().len());
                    last.push_str("\n\n");
                }
                self.sections.push(section);
            }
        }
    }

    /// Writes the page.
    pub fn write(&self) -> Result<()> {
        let text = format!("{}{}", self.preface, self.sections.concat());
        fs::write(PATH, format!("{}\n", text.trim_end())).with_context(|| format!("writing {PATH}"))
    }
}
