//! The page says what was verified, and hostile text stays text.

use super::*;
use crate::{
    audit::{TrustPolicy, tests::decision::decided, verify},
    history::Payload,
    log::{Record, RecordKind},
    settlement::Mode,
    testing::world::World,
};
use averment_primitives::{B256, VersionId};

fn page_of(world: &World) -> String {
    let (evidence, trusted) = world.prove();
    render(&verify(&evidence, trusted, &TrustPolicy::default()).unwrap())
}

#[test]
fn the_page_says_what_was_verified() {
    let world = World::new();
    let (evidence, trusted) = world.prove();
    let page = page_of(&world);
    if let Some(path) = std::env::var_os("AVERMENT_PAGE") {
        std::fs::write(path, &page).unwrap();
    }
    for part in [
        "mass-triage",
        "2.0.0",
        "Every link holds",
        "3 of 2 needed",
        "clinical-lead",
        "recovered offline",
        "superseded by 2.0.0",
        "cell-features",
        "model.onnx",
        "area under the ROC curve",
        "registry of St. Elsewhere",
        "exact Shapley values over the training medians",
        &trusted.0.to_string(),
        &evidence.subject.to_string(),
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("proves nothing to a third party"));
}

#[test]
fn every_mark_leads_somewhere() {
    for page in [page_of(&World::new()), page_of(&decided(Mode::Proof)), page_of(&decided(Mode::Quorum))] {
        leads_somewhere(&page);
    }
}

fn leads_somewhere(page: &str) {
    let ids: std::collections::BTreeSet<&str> =
        page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let mut links = 0;
    for target in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.contains(target), "{target}");
        links += 1;
    }
    assert!(links > 50);
}

/// The line, each mode's reasons, and what is told said to be told.
#[test]
fn a_decision_is_a_line_from_data_to_payout() {
    for (mode, parts) in [
        (Mode::Proof, ["Proved by", "nobody checked it for this page"]),
        (Mode::Optimistic, ["Nobody challenged it until", "one honest watcher"]),
        (Mode::Quorum, ["2 of 3 said the same", "operators&#39; stake"]),
    ] {
        let page = page_of(&decided(mode));
        if let Some(path) = std::env::var_os(format!("AVERMENT_PAGE_{}", mode.to_string().to_uppercase())) {
            std::fs::write(path, &page).unwrap();
        }
        let common = [
            "Audit of a decision",
            "Data and lineage",
            "1 of 2 claims paid",
            "50\u{202f}000\u{202f}000\u{202f}000\u{202f}000\u{202f}000\u{202f}000",
            "told, not proved",
            "Compare the router",
        ];
        for part in common.into_iter().chain(parts) {
            assert!(page.contains(part) || page.contains(&part.replace("&#39;", "'")), "{mode}: {part}");
        }
    }
    assert!(!page_of(&World::new()).contains("From data to payout"));
    assert_eq!(decision::amount(1_234_567), "1\u{202f}234\u{202f}567");
    assert_eq!(decision::amount(999), "999");
}

#[test]
fn an_embedded_chain_says_that_it_proves_nothing_to_others() {
    let mut world = World::new();
    world.embedded = true;
    let page = page_of(&world);
    if let Some(path) = std::env::var_os("AVERMENT_PAGE_EMBEDDED") {
        std::fs::write(path, &page).unwrap();
    }
    assert!(page.contains("this proves nothing to a third party"));
}

#[test]
fn hostile_text_stays_text() {
    let mut world = World::new();
    let subject = world.subject;
    let main = world.main();
    let owner = main.owner.address;
    let reason = "</p><script>alert(1)</script>\u{202e}\u{1b}[2J \" onload=\"x";
    main.push(owner, subject, Payload::Revoked { reason: reason.into() });
    let page = page_of(&world);
    assert!(!page.contains("<script"));
    assert!(!page.contains('\u{202e}') && !page.contains('\u{1b}'));
    assert!(page.contains("&lt;script&gt;") && page.contains("\\u{202e}"));
    assert!(!page.contains("\" onload=\""));
    assert!(page.contains("was revoked"));
}

#[test]
fn an_explanation_is_drawn_and_a_bad_one_is_only_listed() {
    let explanation = serde_json::json!({
        "format": "averment-explanation/1", "plan": B256::repeat_byte(1), "method": "occlusion",
        "baseline": { "kind": "calibrationMean", "digest": B256::repeat_byte(2) },
        "target": { "kind": "margin", "output": 1, "label": "malignant" }, "score": 40, "exponent": 3,
        "features": [{ "name": "worst<area>", "effect": -24 }, { "name": "mean_radius", "effect": 12 }], "others": 28,
    });
    let draw = |explanation: serde_json::Value| {
        let fields = serde_json::Map::from_iter([("explanation".to_owned(), explanation)]);
        let version = Some(VersionId(B256::repeat_byte(3)));
        let record = Record::new(RecordKind::Decision, 7, version, fields).unwrap();
        manifest::record_fields(&record).into_string()
    };
    let page = draw(explanation.clone());
    for part in [
        "worst&lt;area&gt;",
        "-3.0000",
        "+1.5000",
        "class=\"against\" style=\"width:100.0%\"",
        "style=\"width:50.0%\"",
        "28 more",
        "the margin of malignant",
        "the mean of the calibration samples",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let mut bad = explanation;
    bad["features"][1]["effect"] = 25.into();
    let page = draw(bad);
    assert!(!page.contains("What moved it") && page.contains("mean_radius"), "{page}");
}

#[test]
fn the_page_needs_nothing_from_outside() {
    let page = page_of(&World::new());
    for forbidden in ["http://", "<script", "<link", "<img", "@import", "url(", "<iframe", "javascript:"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    // The only addresses of others are text of the manifest.
    assert!(!page.contains("href=\"http") && !page.contains("src=\"http"));
}
