//! `aver claims` from the pool to the payouts, on the embedded chain.

mod sandbox;

use averment_ledger::contracts::PoolContracts;
use sandbox::{OWNER, Run, Sandbox};
use serde_json::{Value, json};
use std::fs;

const MODEL: &str = "breast-cancer-triage";
const VERSION: &str = "breast-cancer-triage@2.0.0";
const PLAN: &str = "triage.plan";
const HOUR: u64 = 60 * 60;
/// Seconds in which a bonded answer may be challenged: the fewest that the router takes.
const WINDOW: u64 = 10 * 60;
/// How long a policy can be claimed by, unless the insurer says otherwise: a year, and 30 days after it.
const TERM_AND_FILING: u64 = (365 + 30) * 24 * HOUR;
/// A token in its smallest units.
const TOKEN: u128 = 1_000_000_000_000_000_000;

/// A folder with a deployed version whose answers about two reports at once are offered.
struct Clinic {
    sandbox: Sandbox,
    offer: String,
}

impl Clinic {
    fn open() -> Self {
        let sandbox = Sandbox::deployed();
        sandbox.example("breast_cancer");
        for name in
            ["approver", "insurer", "broker", "clinic", "reviewer", "answerer", "holder-1", "holder-2"]
        {
            sandbox.key(name);
        }
        let roles = ["--role", "review=approver", "--threshold", "1"];
        sandbox.by(OWNER, &[&["model", "create", MODEL], &roles[..]].concat()).done();
        let compile =
            ["compile", "breast_cancer/model-v2.onnx", "--calibrate", "breast_cancer/data/training.csv"];
        sandbox.run(&[&compile[..], &["--except", "row,diagnosis", "-o", PLAN]].concat()).done();
        sandbox.run(&["commit", PLAN]).done();
        sandbox.by(OWNER, &["register", "breast_cancer/model-v1.toml"]).done();
        sandbox.by(OWNER, &["register", "breast_cancer/model-v2.toml", "--plan", PLAN]).done();
        sandbox.by("approver", &["approve", VERSION, "--role", "review"]).done();
        sandbox.by(OWNER, &["deploy", VERSION, "--environment", "clinic-north"]).done();
        let report = ["--input", "breast_cancer/data/wdbc.csv", "--row", "1", "-o", "one.input"];
        sandbox.run(&[&["commit", PLAN], &report[..]].concat()).done();
        let modes = ["--modes", "proof,optimistic", "--modes-for-persons", "proof,optimistic"];
        let batch = ["--proof-time", "10m", "--for-batch", "2", "--commitments", "each"];
        let offer = sandbox.by(OWNER, &[&["offer", VERSION, "--plan", PLAN], &modes[..], &batch].concat());
        let offer = offer.done().json()["offer"].as_str().unwrap().to_owned();
        Self { sandbox, offer }
    }

    fn by(&self, account: &str, arguments: &[&str]) -> Run {
        self.sandbox.by(account, &[&["claims"], arguments].concat())
    }

    /// Lets time pass until the next period of an hour begins.
    fn next_period(&self) {
        let latest = self.sandbox.ledger().embedded().unwrap().latest().unwrap().1.timestamp;
        self.sandbox.pass(HOUR - latest % HOUR);
    }
}

#[test]
fn a_policy_is_sold_claimed_decided_appealed_and_paid() {
    let clinic = Clinic::open();
    let sandbox = &clinic.sandbox;
    let text = |value: &Value| value.as_str().unwrap().to_owned();

    // Nothing is there yet.
    clinic.by("broker", &["list"]).refused(2, "aver claims pool");
    clinic
        .by("insurer", &["pool", "--reviewer", "insurer"])
        .refused(2, "cannot be both insurer and reviewer");
    clinic.by("insurer", &["pool", "--reviewer", "reviewer", "--delay", "7"]).refused(2, "2 to 90 days");
    let times = ["--cadence", "1h", "--filing", "15m", "--patience", "1d"];
    clinic
        .by("insurer", &["pool", "--reviewer", "reviewer", "--cadence", "0"])
        .refused(1, "no time of a pool is zero");
    let pool =
        clinic.by("insurer", &[&["pool", "--reviewer", "reviewer"], &times[..]].concat()).done().json();
    clinic.by("insurer", &["pool", "--reviewer", "reviewer"]).refused(2, "remove it");
    let record = PoolContracts::load(&sandbox.path().join(".averment/pool.json")).unwrap();
    assert_eq!(pool["pool"]["pool"]["address"], json!(record.pool.address));

    // Money, which on a development chain is made where it lacks.
    clinic.by("insurer", &["capital", "add", "ten"]).refused(2, "tokens such as 12.5");
    clinic.by("insurer", &["capital", "add", "1000"]).done();
    clinic.by("broker", &["capital", "take", "1"]).refused(1, "no role");
    let capital = clinic.by("insurer", &["capital", "fees", "50"]).done().json();
    assert_eq!(
        (&capital["free"], &capital["fees"]),
        (&json!((950 * TOKEN).to_string()), &json!((50 * TOKEN).to_string()))
    );
    clinic.by("insurer", &["intake", "clinic"]).done();

    let offer = clinic.offer.clone();
    let product =
        ["product", "--premium", "20", "--payout", "100", "--offer", &offer, "--accept", "1", "--fee", "1"];
    let routine = ["--batch", "2", "--window", "10m", "--personal"];
    clinic
        .by("insurer", &[&product[..], &routine, &["--mode", "quorum"]].concat())
        .refused(1, "do not allow the mode");
    clinic.by("insurer", &[&product[..], &["--batch", "3"]].concat()).refused(1, "1, 2, 4");
    let added =
        clinic.by("insurer", &[&product[..], &routine, &["--mode", "optimistic"]].concat()).done().json();
    assert_eq!((&added["product"], &added["routine"]), (&json!(1), &json!(1)));

    // Policies, each for an address of its own.
    clinic.by("broker", &["buy", "2", "--holder", "holder-1"]).refused(1, "is not sold");
    let buy =
        |holder: &str| text(&clinic.by("broker", &["buy", "1", "--holder", holder]).done().json()["policy"]);
    let policies = [buy("holder-1"), buy("holder-2")];

    // The clinic has seen two reports; the model finds the first malignant, the second not.
    clinic.next_period();
    let attest = |account: &str, policy: &str, more: &[&str]| {
        clinic.by(account, &[&["attest", policy, "--plan", PLAN], more].concat())
    };
    let row = ["--input", "breast_cancer/data/wdbc.csv", "--row", "20"];
    attest("broker", &policies[1], &[&row[..], &["-o", "x.claim"]].concat())
        .refused(1, "no accredited intake");
    attest("clinic", &offer, &[&row[..], &["-o", "x.claim"]].concat()).refused(1, "no policy");
    let early = ["--happened", "1", "-o", "x.claim"];
    attest("clinic", &policies[1], &[&row[..], &early].concat()).refused(1, "is insured");
    assert!(!sandbox.path().join("x.claim.input").exists(), "nothing is left of what was refused");
    attest("clinic", &policies[0], &["--committed", "one.input", "-o", "one.claim"]).done();
    let second = attest("clinic", &policies[1], &[&row[..], &["-o", "two.claim"]].concat()).done().json();
    assert_eq!(second["commitment"], "two.claim.input");
    attest("clinic", &policies[1], &[&row[..], &["-o", "two.claim"]].concat()).refused(2, "is there already");

    // What is filed is what was signed, once.
    clinic.by("broker", &["ask"]).refused(1, "no claim can be asked about");
    let forged = fs::read_to_string(sandbox.path().join("two.claim")).unwrap();
    let other = sandbox.address("broker").to_string().to_lowercase();
    let signer = sandbox.address("clinic").to_string().to_lowercase();
    fs::write(sandbox.path().join("forged.claim"), forged.replace(&signer, &other)).unwrap();
    clinic.by("broker", &["file", "one.claim", "forged.claim"]).refused(1, "no accredited intake");
    clinic.by("broker", &["file", "one.claim", "one.claim"]).refused(2, "the same evidence");
    let filed = clinic.by("broker", &["file", "one.claim", "two.claim"]).done().json();
    let claims: Vec<String> = filed["claims"].as_array().unwrap().iter().map(text).collect();
    clinic.by("broker", &["file", "one.claim"]).refused(1, "was filed already");
    clinic.by("broker", &["ask"]).refused(1, "no claim can be asked about");

    clinic.next_period();
    let asked = clinic.by("broker", &["ask"]).done().json();
    let request = text(&asked["requests"][0]["request"]);
    assert_eq!(asked["requests"][0]["claims"], json!(claims));
    let waits = clinic.by("broker", &["settle"]).done().json();
    assert_eq!(waits["waiting"][0]["phase"], "open");

    // Somebody answers with a bond, nobody challenges: the first is accepted, the second is not.
    let inputs = ["--plan", PLAN, "--inputs", "one.input", "--inputs", "two.claim.input"];
    sandbox.by("answerer", &[&["answer", &request], &inputs[..]].concat()).done();
    assert_eq!(clinic.by("broker", &["settle"]).done().json()["waiting"][0]["phase"], "answered");
    sandbox.pass(WINDOW + 60);
    clinic.by("broker", &["pay"]).refused(1, "no claim waits");
    let settled = clinic.by("broker", &["settle"]).done().json();
    let what: Vec<&Value> = settled["moved"].as_array().unwrap().iter().map(|own| &own["what"]).collect();
    assert_eq!(what, ["finalise", "decided"]);
    assert_eq!(clinic.by("broker", &["pay"]).done().json()["paid"], json!([claims[0]]));

    // The second is appealed, by its holder alone, and decided by the reviewer alone.
    let stage = |claim: &str| text(&clinic.by("broker", &["show", claim]).done().json()["stage"]);
    assert_eq!((stage(&claims[0]), stage(&claims[1])), ("paid".to_owned(), "rejected".to_owned()));
    clinic.by("broker", &["appeal", &claims[0], "--holder", "holder-1"]).refused(1, "is paid");
    clinic.by("broker", &["appeal", &claims[1], "--holder", "holder-1"]).refused(1, "is held by");
    let decide = |account: &str| {
        let why = ["--accept", "--reason", "the pathologist's finding", "-o", &format!("{account}.reason")];
        clinic.by(account, &[&["decide", &claims[1]], &why[..]].concat())
    };
    decide("reviewer").refused(1, "was rejected");
    clinic.by("broker", &["appeal", &claims[1], "--holder", "holder-2"]).done();
    decide("broker").refused(1, "no role");
    let decided = decide("reviewer").done().json();
    let opening: Value =
        serde_json::from_slice(&fs::read(sandbox.path().join("reviewer.reason")).unwrap()).unwrap();
    assert_eq!(opening["commitment"], decided["reason"]);
    clinic.by("broker", &["withdraw", &claims[1], "--to", "broker"]).refused(1, "is held by");
    clinic.by("holder-2", &["withdraw", &claims[1], "--to", "broker"]).done();

    let list = clinic.by("broker", &["list"]).done().json();
    assert_eq!((&list["reserved"], &list["free"]), (&json!("0"), &json!((790 * TOKEN).to_string())));
    assert!(list["claims"].as_array().unwrap().iter().all(|own| own["stage"] == "paid"), "{list}");
    let shown = sandbox.run(&["claims", "show", &policies[0]]).done();
    assert!(shown.stdout.contains("is paid"), "{}", shown.stdout);
    assert!(sandbox.run(&["claims", "show", &request]).done().stdout.contains("is final"));

    // A policy that nobody claims by ends when nobody can any more, and what was reserved for it is free.
    let unclaimed = buy("holder-1");
    clinic.by("broker", &["lapse"]).refused(1, "no policy is over");
    let reserved = || clinic.by("broker", &["list"]).done().json()["reserved"].clone();
    assert_eq!(reserved(), json!((100 * TOKEN).to_string()));
    sandbox.pass(TERM_AND_FILING + HOUR);
    assert_eq!(clinic.by("broker", &["lapse"]).done().json()["ended"], json!([unclaimed]));
    assert_eq!(reserved(), json!("0"));
    clinic.by("broker", &["lapse"]).refused(1, "no policy is over");

    clinic.by("insurer", &["sale", "1", "closed"]).done();
    clinic.by("broker", &["buy", "1", "--holder", "holder-1"]).refused(1, "is not sold");
    clinic.by("insurer", &["authorise", "1", "none"]).done();
    clinic.by("broker", &["show", &offer]).refused(1, "no claim, policy or request");
}
