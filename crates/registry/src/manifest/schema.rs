//! What a manifest has to say: every field that a person declares, its form, and which clause it serves.
//!
//! One table drives the check of `model.toml`, the check of a manifest that came from outside, the template
//! that `aver register --template` prints, the page made of an audit file, and the table in `docs/manifest.md`. A field that
//! is not in the table is kept as it is. A clause "served" means that the field holds a part of what the
//! clause asks to be recorded, not that a model complies.

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Text that is not blank.
    Text,
    /// A list of at least one text, none blank.
    Texts,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A finite number.
    Number {
        /// Smallest accepted.
        min: f64,
        /// Largest accepted.
        max: f64,
    },
    /// A whole number.
    Integer {
        /// Smallest accepted.
        min: i64,
        /// Largest accepted.
        max: i64,
    },
    /// A table with these fields, and any others.
    Table(&'static [Field]),
    /// A list of at least one table with these fields, and any others.
    Tables(&'static [Field]),
    /// A table of at least one entry with keys of the person's own choice.
    Free,
}

/// Whether a field must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Always.
    Required,
    /// When the condition, told in words, holds; the check itself is in `rules`.
    When(&'static str),
    /// Never.
    Optional,
}

/// One field of `model.toml`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// Its key.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it must be there.
    pub need: Need,
    /// What to write, in one line.
    pub about: &'static str,
    /// An example in TOML, as it stands right of `=`; empty for tables.
    pub example: &'static str,
    /// The clauses it serves; the names are those of `docs/manifest.md`.
    pub serves: &'static [&'static str],
}

use Kind::{Free, Integer, Number, OneOf, Table, Tables, Text, Texts};
use Need::{Optional, Required, When};

const fn field(
    name: &'static str,
    kind: Kind,
    need: Need,
    about: &'static str,
    example: &'static str,
    serves: &'static [&'static str],
) -> Field {
    Field { name, kind, need, about, example, serves }
}

/// The fields at the top of `model.toml`.
pub const FIELDS: &[Field] = &[
    field(
        "format",
        OneOf(&[super::FORMAT]),
        Required,
        "the name and version of this format",
        "\"averment-manifest/1\"",
        &[],
    ),
    field("model", Table(MODEL), Required, "what the model is and what it is for", "", &[]),
    field("provider", Table(PROVIDER), Required, "who answers for it", "", &[]),
    field("design", Table(DESIGN), Required, "how it works and why it was built so", "", &[]),
    field("datasets", Tables(DATASET), Required, "what it was trained and evaluated on", "", &[]),
    field("code", Table(CODE), Required, "the code that trained it; commit and state are captured", "", &[]),
    field("environment", Table(ENVIRONMENT), Required, "what the code ran in; the rest is captured", "", &[]),
    field(
        "hyperparameters",
        Free,
        Required,
        "every setting of the training run, seeds included",
        "seed = 0",
        &["AI Act IV.2(b)", "SR 26-2 development", "ISO 42001 A.6.2.3"],
    ),
    field("evaluation", Table(EVALUATION), Required, "how it was tested", "", &[]),
    field("metrics", Tables(METRIC), Required, "what the tests measured", "", &[]),
    field("privacy", Table(PRIVACY), Required, "what protects the people in the training data", "", &[]),
    field("explanation", Table(EXPLANATION), Required, "how its answers can be explained", "", &[]),
    field("hardware", Table(HARDWARE), Required, "what it was trained on and is to run on", "", &[]),
    field("oversight", Table(OVERSIGHT), Required, "how people watch over it", "", &[]),
    field("limits", Table(LIMITS), Required, "what it cannot do and how it may be misused", "", &[]),
    field("risk", Table(RISK), Required, "how risks are managed", "", &[]),
    field("security", Table(SECURITY), Required, "how model and records are protected", "", &[]),
    field("monitoring", Table(MONITORING), Required, "how it is watched once in use", "", &[]),
    field("records", Table(RECORDS), Required, "what is logged and for how long it is kept", "", &[]),
    field("conformity", Table(CONFORMITY), Required, "standards and declarations", "", &[]),
];

const MODEL: &[Field] = &[
    field(
        "name",
        Text,
        Required,
        "its name in the registry, public, at most 64 bytes",
        "\"credit-default\"",
        &["AI Act IV.1(a)", "SR 26-2 governance", "ISO 42001 A.6.2.7"],
    ),
    field(
        "version",
        Text,
        Required,
        "this version's number",
        "\"2.0.0\"",
        &["AI Act IV.1(a)", "SR 26-2 governance", "ISO 42001 A.6.2.7"],
    ),
    field(
        "purpose",
        Text,
        Required,
        "what it is intended for, in full sentences",
        "\"Estimates the chance that a loan defaults within a year, to support a loan officer.\"",
        &["AI Act IV.1(a)", "SR 26-2 development", "ISO 42001 A.6.2.2"],
    ),
    field(
        "users",
        Text,
        Required,
        "who is to use it, with what training",
        "\"Loan officers trained in its limits.\"",
        &["AI Act IV.1(h)", "ISO 42001 A.6.2.2"],
    ),
    field(
        "affected",
        Text,
        Required,
        "about whom it decides",
        "\"Adults who apply for a consumer loan.\"",
        &["AI Act IV.2(b)", "ISO 42001 A.6.2.2"],
    ),
    field(
        "licence",
        Text,
        Required,
        "SPDX expression for the weights",
        "\"Apache-2.0\"",
        &["SR 26-2 vendors"],
    ),
    field(
        "artifacts",
        Texts,
        Required,
        "weight files or folders, relative to this file",
        "[\"model.onnx\"]",
        &["AI Act IV.1(d)"],
    ),
    field(
        "locations",
        Texts,
        Optional,
        "where the weights can be had (ipfs://, ar://, s3://, https://); what comes is held against the digests",
        "[\"ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi\"]",
        &["AI Act IV.1(d)"],
    ),
    field(
        "parents",
        Texts,
        Optional,
        "versions it was made from or replaces: their numbers in this registry, or version ids",
        "[\"1.0.0\"]",
        &["AI Act IV.1(a)", "AI Act IV.6"],
    ),
    field(
        "changes",
        Text,
        When("model.parents is given"),
        "what changed since the parents, and why",
        "\"Retrained on 2025 data; income is now capped.\"",
        &["AI Act IV.6", "SR 26-2 validation", "ISO 42001 A.6.2.6"],
    ),
    field(
        "planned_changes",
        Text,
        Optional,
        "changes decided beforehand, and how they keep it within its purpose",
        "\"Yearly recalibration of the last layer.\"",
        &["AI Act IV.2(f)"],
    ),
    field(
        "form",
        Text,
        Optional,
        "in which form it is handed over",
        "\"ONNX file, opset 17\"",
        &["AI Act IV.1(d)"],
    ),
    field(
        "interaction",
        Text,
        Optional,
        "other hardware, software or AI systems it works with",
        "\"Called by the loan desk's software over HTTP.\"",
        &["AI Act IV.1(b)"],
    ),
    field(
        "instructions",
        Text,
        Optional,
        "where its instructions for use are",
        "\"docs/use.md\"",
        &["AI Act IV.1(h)"],
    ),
];

const PROVIDER: &[Field] = &[
    field(
        "name",
        Text,
        Required,
        "legal name of who answers for the model",
        "\"Example Bank plc\"",
        &["AI Act IV.1(a)", "SR 26-2 governance"],
    ),
    field(
        "contact",
        Text,
        Required,
        "where questions reach them",
        "\"model-risk@bank.example\"",
        &["AI Act IV.1(a)"],
    ),
];

const DESIGN: &[Field] = &[
    field(
        "architecture",
        Text,
        Required,
        "the kind and shape of the model",
        "\"Gradient-boosted trees, 200 trees of depth 4\"",
        &["AI Act IV.2(b)", "AI Act IV.2(c)", "SR 26-2 development", "ISO 42001 A.6.2.3"],
    ),
    field(
        "framework",
        Text,
        Required,
        "software that trained and exported it, with versions",
        "\"scikit-learn 1.9.1\"",
        &["AI Act IV.1(c)", "AI Act IV.2(a)"],
    ),
    field(
        "inputs",
        Text,
        Required,
        "what goes in: fields, units, ranges",
        "\"Twelve numbers from the application form, see docs/inputs.md\"",
        &["AI Act IV.3", "ISO 42001 A.6.2.2"],
    ),
    field(
        "outputs",
        Text,
        Required,
        "what comes out and what it means",
        "\"Probability of default within a year, 0 to 1\"",
        &["AI Act IV.2(b)", "ISO 42001 A.6.2.2"],
    ),
    field(
        "rationale",
        Text,
        Required,
        "main choices, assumptions and what was given up for them",
        "\"Trees were chosen over a network for their stable explanations, at 0.3 points of AUC.\"",
        &["AI Act IV.2(b)", "SR 26-2 development", "ISO 42001 A.6.2.3"],
    ),
    field(
        "training",
        Text,
        Required,
        "how it was trained, step by step",
        "\"Fitted once by gradient boosting with early stopping on the validation set.\"",
        &["AI Act IV.2(a)", "AI Act IV.2(d)", "ISO 42001 A.6.2.3"],
    ),
    field(
        "pretrained",
        Text,
        Optional,
        "models and tools of others that it builds on",
        "\"none\"",
        &["AI Act IV.2(a)", "SR 26-2 vendors"],
    ),
];

const DATASET: &[Field] = &[
    field(
        "name",
        Text,
        Required,
        "a name, public also for private data",
        "\"loans 2020-2024, training part\"",
        &["AI Act IV.2(d)"],
    ),
    field(
        "use",
        OneOf(&["training", "validation", "evaluation"]),
        Required,
        "what it was used for",
        "\"training\"",
        &["AI Act IV.2(d)", "AI Act IV.2(g)", "SR 26-2 development"],
    ),
    field(
        "visibility",
        OneOf(&["public", "private"]),
        Required,
        "public: its fingerprint is published; private: only a salted commitment to it",
        "\"private\"",
        &[],
    ),
    field(
        "path",
        Text,
        Required,
        "file or folder, relative to this file; not published for private data",
        "\"data/training.csv\"",
        &[],
    ),
    field(
        "provenance",
        Text,
        Required,
        "where it comes from, who collected it, when and how",
        "\"Own loan book, exported 2025-01-15.\"",
        &["AI Act IV.2(d)", "SR 26-2 development"],
    ),
    field(
        "selection",
        Text,
        Required,
        "which part was taken, and why",
        "\"All loans with a known outcome.\"",
        &["AI Act IV.2(d)"],
    ),
    field(
        "preparation",
        Text,
        Required,
        "labelling, cleaning, enrichment",
        "\"Outcome after twelve months; rows without income removed (1.2%).\"",
        &["AI Act IV.2(d)"],
    ),
    field("licence", Text, Required, "licence or legal basis", "\"CC-BY-4.0\"", &["AI Act IV.2(d)"]),
    field(
        "personal_data",
        OneOf(&["none", "anonymous", "pseudonymous", "identifiable"]),
        Required,
        "how far people can be told from it",
        "\"pseudonymous\"",
        &["AI Act IV.2(d)"],
    ),
    field(
        "biases",
        Text,
        Required,
        "known gaps and biases, or how they were looked for",
        "\"Only applicants who were granted a loan are in it.\"",
        &["AI Act IV.2(d)", "AI Act IV.2(g)"],
    ),
    field(
        "rows",
        Integer { min: 0, max: MAX_INTEGER },
        Optional,
        "number of records",
        "48211",
        &["AI Act IV.2(d)"],
    ),
];

const CODE: &[Field] = &[
    field(
        "entry",
        Texts,
        Required,
        "scripts that train and export, relative to this file",
        "[\"train.py\"]",
        &["AI Act IV.2(a)", "ISO 42001 A.6.2.3"],
    ),
    field(
        "repository",
        Text,
        Optional,
        "where the code is kept",
        "\"https://git.bank.example/credit\"",
        &["AI Act IV.2(a)"],
    ),
];

const ENVIRONMENT: &[Field] = &[field(
    "lock_files",
    Texts,
    Required,
    "files that pin the software, relative to this file",
    "[\"requirements.txt\"]",
    &["AI Act IV.1(c)", "AI Act IV.2(a)"],
)];

const EVALUATION: &[Field] = &[
    field(
        "method",
        Text,
        Required,
        "how it was tested, and how test data were kept apart",
        "\"Held-out loans of the last two years; nobody looked at them before.\"",
        &["AI Act IV.2(g)", "SR 26-2 validation", "ISO 42001 A.6.2.4"],
    ),
    field(
        "rationale",
        Text,
        Required,
        "why these metrics are the right ones",
        "\"A missed default costs ten times a refused good loan, so recall is read first.\"",
        &["AI Act IV.4"],
    ),
    field(
        "groups",
        Text,
        Required,
        "how it does for the groups it decides about, or why that is not known",
        "\"Recall by age band is in the metrics; sex is not recorded.\"",
        &["AI Act IV.2(g)", "AI Act IV.3"],
    ),
    field(
        "reports",
        Texts,
        Optional,
        "test logs and reports, and who signed them",
        "[\"reports/2025-03.pdf, signed by the validation unit\"]",
        &["AI Act IV.2(g)", "SR 26-2 validation"],
    ),
];

const METRIC: &[Field] = &[
    field(
        "name",
        Text,
        Required,
        "what was measured",
        "\"recall\"",
        &["AI Act IV.2(g)", "AI Act IV.3", "SR 26-2 validation", "ISO 42001 A.6.2.4"],
    ),
    field(
        "value",
        Number { min: f64::MIN, max: f64::MAX },
        Required,
        "the result",
        "0.91",
        &["AI Act IV.2(g)", "AI Act IV.3", "SR 26-2 validation"],
    ),
    field(
        "dataset",
        Text,
        Required,
        "on which of the datasets, by its name",
        "\"loans 2025\"",
        &["AI Act IV.2(g)"],
    ),
    field(
        "uncertainty",
        Number { min: 0.0, max: f64::MAX },
        Optional,
        "standard deviation of the result",
        "0.012",
        &["SR 26-2 validation"],
    ),
    field("group", Text, Optional, "for which group of people", "\"age 18-25\"", &["AI Act IV.3"]),
];

const PRIVACY: &[Field] = &[
    field(
        "mechanism",
        OneOf(&["none", "dp-sgd", "objective-perturbation", "output-perturbation", "pate", "other"]),
        Required,
        "which mechanism limits what the model reveals about its training data",
        "\"none\"",
        &["AI Act IV.2(d)"],
    ),
    field(
        "reason",
        Text,
        When("privacy.mechanism is none or other"),
        "why there is none, or which other",
        "\"The training data are public.\"",
        &["AI Act IV.2(d)"],
    ),
    field(
        "epsilon",
        Number { min: 0.0, max: 1e6 },
        When("privacy.mechanism is not none"),
        "the guarantee's epsilon",
        "3.0",
        &["AI Act IV.2(d)"],
    ),
    field(
        "delta",
        Number { min: 0.0, max: 1.0 },
        When("privacy.mechanism is not none"),
        "the guarantee's delta",
        "1e-6",
        &["AI Act IV.2(d)"],
    ),
    field(
        "accountant",
        Text,
        When("privacy.mechanism is not none"),
        "how the budget was counted",
        "\"Renyi (Opacus 1.5)\"",
        &["AI Act IV.2(d)"],
    ),
];

const EXPLANATION: &[Field] = &[
    field(
        "method",
        Text,
        Required,
        "the deterministic method that says which inputs moved a decision, or none",
        "\"exact Shapley values over the training medians\"",
        &["AI Act IV.2(e)", "SR 26-2 development"],
    ),
    field(
        "limits",
        Text,
        Required,
        "what the explanation does not tell",
        "\"Correlated inputs share their effect arbitrarily.\"",
        &["AI Act IV.2(e)"],
    ),
];

const HARDWARE: &[Field] = &[
    field(
        "training",
        Text,
        Required,
        "what it was trained and tested on, and for how long",
        "\"8 CPU cores, 40 minutes\"",
        &["AI Act IV.2(c)"],
    ),
    field(
        "intended",
        Text,
        Required,
        "what it is meant to run on",
        "\"Any x86-64 or ARM64 processor\"",
        &["AI Act IV.1(e)"],
    ),
];

const OVERSIGHT: &[Field] = &[
    field(
        "measures",
        Text,
        Required,
        "how people can understand, overrule and stop it",
        "\"A loan officer sees score and reasons and decides; scores from 0.4 to 0.6 go to a second one.\"",
        &["AI Act IV.2(e)", "AI Act IV.3", "SR 26-2 governance"],
    ),
    field(
        "responsible",
        Text,
        Required,
        "who does that",
        "\"Head of lending\"",
        &["AI Act IV.2(e)", "SR 26-2 governance"],
    ),
];

const LIMITS: &[Field] = &[
    field(
        "known",
        Texts,
        Required,
        "where it fails or was never tested",
        "[\"Never tested on business loans.\"]",
        &["AI Act IV.3", "SR 26-2 development", "ISO 42001 A.6.2.7"],
    ),
    field(
        "misuse",
        Texts,
        Required,
        "foreseeable unintended outcomes and sources of risk",
        "[\"Used to set prices, it would charge the young more.\"]",
        &["AI Act IV.3"],
    ),
];

const RISK: &[Field] = &[
    field(
        "management",
        Text,
        Required,
        "the risks found and what is done about them, or where that is written",
        "\"Risk register MR-17, reviewed each quarter.\"",
        &["AI Act IV.5", "SR 26-2 governance"],
    ),
    field(
        "materiality",
        Text,
        Required,
        "how much hangs on it: exposure and purpose",
        "\"High: decides on 2 billion a year.\"",
        &["SR 26-2 materiality"],
    ),
];

const SECURITY: &[Field] = &[field(
    "measures",
    Text,
    Required,
    "protection of model, data and records: access, integrity, transmission",
    "\"Weights in a store that two people must unlock; records anchored hourly.\"",
    &["AI Act IV.2(h)", "HIPAA 164.312(a)", "HIPAA 164.312(c)", "HIPAA 164.312(d)", "HIPAA 164.312(e)"],
)];

const MONITORING: &[Field] = &[field(
    "plan",
    Text,
    Required,
    "how its performance in use is watched, and what happens when it drops",
    "\"Monthly recall on settled loans; below 0.85 it is withdrawn.\"",
    &["AI Act IV.9", "SR 26-2 validation", "ISO 42001 A.6.2.6"],
)];

const RECORDS: &[Field] = &[
    field(
        "logging",
        Text,
        Required,
        "which events are logged automatically, and where",
        "\"Every decision, as a salted leaf in the log anchored each hour.\"",
        &["AI Act 12", "ISO 42001 A.6.2.8", "HIPAA 164.312(b)"],
    ),
    field(
        "log_months",
        Integer { min: 0, max: 1200 },
        Required,
        "for how many months logs are kept (AI Act 19: at least 6)",
        "24",
        &["AI Act 19"],
    ),
    field(
        "documentation_years",
        Integer { min: 0, max: 100 },
        Required,
        "for how many years this documentation is kept (AI Act 18: 10)",
        "10",
        &["AI Act 18", "ISO 42001 A.6.2.7"],
    ),
];

const CONFORMITY: &[Field] = &[
    field(
        "standards",
        Texts,
        Required,
        "standards applied, in full or in part; or what is done in their place",
        "[\"none: internal policy MR-1 is followed in their place\"]",
        &["AI Act IV.7"],
    ),
    field(
        "declaration",
        Text,
        Required,
        "where the EU declaration of conformity is, or why there is none",
        "\"none: not placed on the market in the Union\"",
        &["AI Act IV.8"],
    ),
];

/// Integers up to here are the same in every JSON reader.
const MAX_INTEGER: i64 = crate::canonical::MAX_SAFE_INTEGER as i64;
