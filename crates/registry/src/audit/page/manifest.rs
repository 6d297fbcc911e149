//! What was declared about a version: the signed statement, in words and tables; and its files.

use super::{Page, Source, capital, clean, short_id};
use crate::{
    audit::{ManifestSigner, VerifiedVersion},
    explanation::Explanation,
    log::Record,
    manifest::{self as schema, FIELDS, Field},
};
use averment_primitives::{SaltedLeaf, fingerprint::Kind};
use maud::{Markup, html};
use serde_json::{Map, Value};

/// Sections in the order of reading; whatever else a manifest has comes after them.
const ORDER: [&str; 18] = [
    "model",
    "provider",
    "design",
    "limits",
    "oversight",
    "evaluation",
    "privacy",
    "explanation",
    "code",
    "environment",
    "hyperparameters",
    "hardware",
    "risk",
    "security",
    "monitoring",
    "records",
    "conformity",
    "subject",
];

impl Page<'_> {
    pub(super) fn manifest(&self, version: &VerifiedVersion) -> Markup {
        let none = Map::new();
        let predicate = version.statement.predicate().as_object().unwrap_or(&none);
        let special = |name: &str| matches!(name, "datasets" | "metrics");
        let ordered = ORDER.iter().filter_map(|name| predicate.get_key_value(*name));
        let rest = predicate.iter().filter(|(name, _)| !ORDER.contains(&name.as_str()) && !special(name));
        html! {
            section id={ "manifest-" (short_id(version.id)) } {
                @if version.depth == 0 { h2 { "What was declared" } } @else { h3 { "What was declared" } }
                p.about {
                    "The manifest's digest is registered" (Source::Entry(version.model, version.record.sequence).mark(self))
                    "; it is signed by "
                    @for (i, signer) in version.signers.iter().enumerate() {
                        @if i > 0 { ", " }
                        @match signer {
                            ManifestSigner::Registrant(account) => { (self.who(*account)) ", who registered the version" }
                            ManifestSigner::Owner(account) => { (self.who(*account)) ", the model's owner" }
                            ManifestSigner::Other(account) => (self.who(*account)),
                        }
                    }
                    ". What it says is its signer's word; that nothing was changed since is proved."
                }
                (self.datasets(version, predicate))
                (self.metrics(version, predicate))
                @for (name, value) in ordered.chain(rest) {
                    @if value.is_object() || value.is_array() {
                        h3 { (title(name)) (Source::Manifest(version.id).mark(self)) }
                        (declared(value, inside(FIELDS, name)))
                    }
                }
                @let loose: Map<String, Value> = predicate.iter()
                    .filter(|(_, value)| !value.is_object() && !value.is_array())
                    .map(|(name, value)| (name.clone(), value.clone())).collect();
                @if !loose.is_empty() { h3 { "Other" (Source::Manifest(version.id).mark(self)) } (fields(&Value::Object(loose))) }
            }
        }
    }

    fn datasets(&self, version: &VerifiedVersion, predicate: &Map<String, Value>) -> Markup {
        let Some(datasets) = predicate.get("datasets").and_then(Value::as_array) else { return html! {} };
        html! {
            h3 { "Data" (Source::Manifest(version.id).mark(self)) }
            div.cards {
                @for dataset in datasets {
                    div.card {
                        h3 { (clean(dataset.get("name").and_then(Value::as_str).unwrap_or("unnamed"))) }
                        @if let Value::Object(entries) = dataset {
                            @let shown: Map<String, Value> = entries.iter().filter(|(name, _)| *name != "name")
                                .map(|(name, value)| (name.clone(), value.clone())).collect();
                            (declared(&Value::Object(shown), inside(FIELDS, "datasets")))
                        }
                        @for opening in version.openings.iter().filter(|o| mentions(dataset, o.commitment)) {
                            p {
                                strong { "Disclosed" } (Source::Opening(version.id).mark(self)) br;
                                (bytes_as_text(&opening.data))
                            }
                        }
                    }
                }
            }
        }
    }

    fn metrics(&self, version: &VerifiedVersion, predicate: &Map<String, Value>) -> Markup {
        let Some(metrics) = predicate.get("metrics").and_then(Value::as_array) else { return html! {} };
        let grouped = metrics.iter().any(|metric| metric.get("group").is_some());
        let text = |metric: &Value, name: &str| metric.get(name).map(scalar).unwrap_or_default();
        html! {
            h3 { "Metrics" (Source::Manifest(version.id).mark(self)) }
            div.scroll {
                table {
                    thead { tr {
                        th scope="col" { "Measured" } th scope="col" { "Result" } th scope="col" { "On" }
                        @if grouped { th scope="col" { "For" } }
                    } }
                    tbody {
                        @for metric in metrics {
                            tr {
                                th scope="row" { (text(metric, "name")) }
                                td.number {
                                    (text(metric, "value"))
                                    @if metric.get("uncertainty").is_some() { " ± " (text(metric, "uncertainty")) }
                                    @if let Some(share) = metric.get("value").and_then(Value::as_f64).filter(|v| (0.0..=1.0).contains(v)) {
                                        span.bar aria-hidden="true" { i style={ "width:" (format!("{:.1}", share * 100.0)) "%" } {} }
                                    }
                                }
                                td { (text(metric, "dataset")) }
                                @if grouped { td { (text(metric, "group")) } }
                            }
                        }
                    }
                }
            }
        }
    }

    pub(super) fn files(&self, version: &VerifiedVersion) -> Markup {
        let Some((entries, summary)) = &version.artifacts else {
            return html! {
                section id={ "files-" (short_id(version.id)) } {
                    h3 { "Files" }
                    p.about { "The listing is not in this audit file. The registered root of the files is "
                        span.hash { (version.record.content.artifacts_root) } "." }
                }
            };
        };
        html! {
            section id={ "files-" (short_id(version.id)) } {
                @if version.depth == 0 { h2 { "Files" } } @else { h3 { "Files" } }
                p.about {
                    (summary.files) @if summary.files == 1 { " file, " } @else { " files, " } (bytes(summary.bytes))
                    ". Together they have the root that is registered"
                    (Source::Entry(version.model, version.record.sequence).mark(self))
                    (Source::Listing(version.id).mark(self)) br;
                    span.hash { (summary.root) }
                }
                div.scroll {
                    table {
                        thead { tr { th scope="col" { "Path" } th scope="col" { "Size" } th scope="col" { "Merkle roots" } } }
                        tbody {
                            @for entry in entries {
                                tr {
                                    th scope="row" {
                                        (clean(&entry.path))
                                        @match entry.kind {
                                            Kind::File => {}
                                            Kind::EmptyFolder => { " (empty folder)" }
                                            Kind::Symlink => { " (symbolic link)" }
                                        }
                                    }
                                    td.number { (bytes(entry.size)) }
                                    td {
                                        span.hash { "sha256 " (entry.sha256) } br;
                                        span.hash { "blake3 " (entry.blake3) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A value, whatever its shape.
pub(super) fn fields(value: &Value) -> Markup {
    declared(value, &[])
}

/// A value of the manifest: known fields in the order of the schema, each with the clauses it serves; others
/// after them.
fn declared(value: &Value, schema: &'static [Field]) -> Markup {
    match value {
        Value::Object(entries) => {
            let known = schema.iter().filter_map(|field| {
                entries.get_key_value(field.name).map(|(name, value)| (name, value, field.serves))
            });
            let none: &[&str] = &[];
            let is_known = |name: &str| schema.iter().any(|field| field.name == name);
            let others = entries.iter().filter(|(name, _)| !is_known(name));
            html! {
                dl.fields {
                    @for (name, value, serves) in known.chain(others.map(|(name, value)| (name, value, none))) {
                        dt {
                            (title(name))
                            @if !serves.is_empty() { span.serves { (serves.join(" · ")) } }
                        }
                        dd { (declared(value, inside(schema, name))) }
                    }
                }
            }
        }
        Value::Array(items)
            if items.iter().all(|item| !item.is_object() && !item.is_array()) && items.len() == 1 =>
        {
            html! {
                @for item in items { (scalar(item)) }
            }
        }
        Value::Array(items) => html! { ul { @for item in items { li { (declared(item, schema)) } } } },
        other => {
            let text = scalar(other);
            let digest = text.len() >= 40 && text.chars().all(|c| c.is_ascii_hexdigit() || c == 'x');
            html! { @if digest { span.hash { (text) } } @else { (text) } }
        }
    }
}

/// The fields that the schema has inside the field called `name`.
fn inside(schema: &'static [Field], name: &str) -> &'static [Field] {
    match schema.iter().find(|field| field.name == name).map(|field| field.kind) {
        Some(schema::Kind::Table(fields) | schema::Kind::Tables(fields)) => fields,
        _ => &[],
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => clean(text),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Null => "none".to_owned(),
        other => clean(&other.to_string()),
    }
}

/// `personal_data` and `predicateType` as people write them.
fn title(name: &str) -> String {
    capital(&clean(name).replace('_', " "))
}

/// Whether a dataset's declaration names a commitment.
fn mentions(dataset: &Value, commitment: SaltedLeaf) -> bool {
    let whole = commitment.0.to_string();
    let bare = whole.trim_start_matches("0x");
    match dataset {
        Value::String(text) => text.trim_start_matches("0x").eq_ignore_ascii_case(bare),
        Value::Array(items) => items.iter().any(|item| mentions(item, commitment)),
        Value::Object(entries) => entries.values().any(|entry| mentions(entry, commitment)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Disclosed bytes: as JSON or text if they are, else in hexadecimal.
fn bytes_as_text(data: &averment_primitives::Bytes) -> Markup {
    match (serde_json::from_slice::<Value>(data), std::str::from_utf8(data)) {
        (Ok(value), _) => fields(&value),
        (Err(_), Ok(text)) => html! { (clean(text)) },
        _ => html! { span.hash { (data) } },
    }
}

/// A size as people read it, exact below a mebibyte.
fn bytes(size: u64) -> String {
    const UNITS: [(&str, u32); 3] = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let unit = UNITS.iter().find(|(_, shift)| size >> shift > 0);
    unit.map_or_else(
        || format!("{size} bytes"),
        |(name, shift)| {
            let tenths = (u128::from(size) * 10) >> shift;
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        },
    )
}

/// The field of a record that explains its decision.
const EXPLANATION: &str = "explanation";

/// What a record says besides its envelope.
pub(super) fn record_fields(record: &Record) -> Markup {
    let content = record.content();
    let explanation = content.get(EXPLANATION).and_then(|value| Explanation::from_value(value).ok());
    let shown: Map<String, Value> = content
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "format" | "kind" | "version" | "at"))
        .filter(|(name, _)| explanation.is_none() || name.as_str() != EXPLANATION)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    html! {
        (fields(&Value::Object(shown)))
        @if let Some(explanation) = &explanation { (effects(explanation)) }
    }
}

/// Which features moved a decision, as bars.
fn effects(explanation: &Explanation) -> Markup {
    let largest = explanation.features.first().map_or(0, |feature| feature.effect.unsigned_abs()).max(1);
    let amount = |number: i64| format!("{:+.4}", explanation.real(number));
    html! {
        h4 { "What moved it" }
        p.about {
            "By " (explanation.method.to_string()) " over the plan: how much smaller " (clean(&explanation.target.to_string()))
            ", " (amount(explanation.score)) ", is with a feature at " (explanation.baseline.kind.to_string())
            ". Whoever has the weights and the input can compute it again; it is not proved."
        }
        div.scroll {
            table.effects {
                thead { tr { th scope="col" { "Feature" } th scope="col" { "Effect" } } }
                tbody {
                    @for feature in &explanation.features {
                        tr {
                            th scope="row" { (clean(&feature.name)) }
                            td.number {
                                (amount(feature.effect))
                                span.bar aria-hidden="true" {
                                    @let share = feature.effect.unsigned_abs() as f64 / largest as f64;
                                    i.against[feature.effect < 0] style={ "width:" (format!("{:.1}", share * 100.0)) "%" } {}
                                }
                            }
                        }
                    }
                }
            }
        }
        @if explanation.others > 0 { p.about { (explanation.others) " more have smaller effects." } }
        span.hash { "plan " (explanation.plan) } br;
        @if let Some(input) = explanation.input { span.hash { "input " (input) } }
    }
}
