//! The lineage as a picture: ancestors to the left, the subject to the right.

use super::{Page, number};
use crate::audit::VerifiedVersion;
use averment_primitives::VersionId;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Sizes in pixels of the picture's own space.
const NODE: (usize, usize) = (200, 62);
const GAP: (usize, usize) = (84, 22);

struct Placed<'a> {
    version: &'a VerifiedVersion,
    x: usize,
    y: usize,
}

impl Page<'_> {
    pub(super) fn lineage(&self) -> Markup {
        let (placed, width, height) = self.placed();
        let label = format!("{} and the versions it was made from", self.version_name(self.subject.id));
        html! {
            h2 id="lineage" { "Lineage" }
            p.about { "What this version was made from. Every arrow is a part of the id of the version it leads to." }
            figure.lineage {
                svg viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height) role="img" aria-label=(label) {
                    @for child in placed.values() {
                        @for parent in &child.version.record.content.parents {
                            @if let Some(parent) = placed.get(parent) { (edge(parent, child, height.saturating_sub(3))) }
                        }
                    }
                    @for node in placed.values() { (self.node(node)) }
                }
                figcaption {
                    @match placed.len() {
                        0 | 1 => "It has no ancestors.",
                        2 => "One ancestor. Dots show each version's stage.",
                        more => { (more.saturating_sub(1)) " ancestors, across all models. Dots show each version's stage." }
                    }
                }
            }
        }
    }

    /// Every version in the column of its depth, the subject at the right end.
    fn placed(&self) -> (BTreeMap<VersionId, Placed<'_>>, usize, usize) {
        let mut columns: BTreeMap<usize, Vec<&VerifiedVersion>> = BTreeMap::new();
        for version in self.verified.versions() {
            columns.entry(version.depth).or_default().push(version);
        }
        let (last, tallest) =
            (columns.len().saturating_sub(1), columns.values().map(Vec::len).max().unwrap_or(1));
        let step = (NODE.0.saturating_add(GAP.0), NODE.1.saturating_add(GAP.1));
        let height = tallest.saturating_mul(step.1).saturating_sub(GAP.1);
        let mut placed = BTreeMap::new();
        for (column, versions) in columns.values().enumerate() {
            let own = versions.len().saturating_mul(step.1).saturating_sub(GAP.1);
            let top = height.saturating_sub(own) / 2;
            for (row, &version) in versions.iter().enumerate() {
                let x = last.saturating_sub(column).saturating_mul(step.0).saturating_add(1);
                let y = top.saturating_add(row.saturating_mul(step.1)).saturating_add(1);
                placed.insert(version.id, Placed { version, x, y });
            }
        }
        let width = last.saturating_add(1).saturating_mul(step.0).saturating_sub(GAP.0);
        // Edges that pass a column need room below.
        let below = if last > 1 { GAP.1 } else { 0 };
        (placed, width.saturating_add(2), height.saturating_add(below).saturating_add(2))
    }

    fn node(&self, node: &Placed<'_>) -> Markup {
        let Placed { version, x, y } = *node;
        let (left, dot) = (x.saturating_add(32), x.saturating_add(17));
        let name = fit(&self.model_name(version.model), 20);
        let stage = version.record.stage;
        html! {
            g.subject[version.depth == 0] {
                rect.node x=(x) y=(y) width=(NODE.0) height=(NODE.1) rx="9" {}
                circle class={ "dot " (stage) } cx=(dot) cy=(y.saturating_add(24)) r="4.5" {}
                text.name x=(left) y=(y.saturating_add(28)) { (name) }
                text.small x=(left) y=(y.saturating_add(46)) { (fit(&number(version), 16)) " · " (stage) }
            }
        }
    }
}

/// A curve from the parent's right side to the child's left one, with an arrow's head. One that passes other
/// columns runs below their nodes.
fn edge(parent: &Placed<'_>, child: &Placed<'_>, floor: usize) -> Markup {
    let (from, to) = (parent.x.saturating_add(NODE.0), child.x.saturating_sub(7));
    let middle = NODE.1 / 2;
    let (start, end) = (parent.y.saturating_add(middle), child.y.saturating_add(middle));
    let bend = GAP.0 / 2;
    let (out, back) = (from.saturating_add(bend), to.saturating_sub(bend));
    let passes = to.saturating_sub(from) > GAP.0;
    let way = if passes {
        let (left, right) = (out.saturating_add(bend), back.saturating_sub(bend));
        format!(
            "M{from} {start} C{out} {start} {out} {floor} {left} {floor} L{right} {floor} C{back} {floor} {back} {end} {to} {end}"
        )
    } else {
        format!("M{from} {start} C{out} {start} {back} {end} {to} {end}")
    };
    html! {
        path.edge d=(way) {}
        path.arrow d={ "M" (to) " " (end.saturating_sub(4)) " l7 4 l-7 4 z" } {}
    }
}

/// The start of a text that has to fit into `most` letters.
fn fit(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}
