use super::*;
use proptest::prelude::*;

fn canonical(text: &str) -> String {
    let value = parse(text.as_bytes(), &JsonLimits::default()).unwrap();
    String::from_utf8(to_bytes(&value).unwrap()).unwrap()
}

/// RFC 8785, section 3.2.2: the sample object.
#[test]
fn writes_the_sample_of_the_rfc() {
    let sample = r#"{
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
    }"#;
    let expected = "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
                    \"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
    assert_eq!(canonical(sample), expected);
}

/// RFC 8785, section 3.2.3: keys are sorted by UTF-16 code units, not by code points.
#[test]
fn sorts_keys_by_utf_16() {
    let sample = r#"{
        "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"
    }"#;
    let order = [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ];
    let text = canonical(sample);
    let places: Vec<usize> = order.iter().map(|name| text.find(name).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
}

/// RFC 8785, appendix B: doubles by their bits, and how they are written.
#[test]
fn writes_the_numbers_of_appendix_b() {
    for (bits, text) in [
        (0x0000000000000000, "0"),
        (0x8000000000000000, "0"),
        (0x0000000000000001, "5e-324"),
        (0x8000000000000001, "-5e-324"),
        (0x7fefffffffffffff, "1.7976931348623157e+308"),
        (0xffefffffffffffff, "-1.7976931348623157e+308"),
        (0x4340000000000000, "9007199254740992"),
        (0xc340000000000000, "-9007199254740992"),
        (0x4430000000000000, "295147905179352830000"),
        (0x44b52d02c7e14af5, "9.999999999999997e+22"),
        (0x44b52d02c7e14af6, "1e+23"),
        (0x44b52d02c7e14af7, "1.0000000000000001e+23"),
        (0x444b1ae4d6e2ef4e, "999999999999999700000"),
        (0x444b1ae4d6e2ef4f, "999999999999999900000"),
        (0x444b1ae4d6e2ef50, "1e+21"),
        (0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"),
        (0x3eb0c6f7a0b5ed8d, "0.000001"),
        (0x41b3de4355555553, "333333333.3333332"),
        (0x41b3de4355555554, "333333333.33333325"),
        (0x41b3de4355555555, "333333333.3333333"),
        (0x41b3de4355555556, "333333333.3333334"),
        (0x41b3de4355555557, "333333333.33333343"),
        (0xbecbf647612f3696, "-0.0000033333333333333333"),
        (0x43143ff3c1cb0959, "1424953923781206.2"),
    ] {
        let value = Value::from(f64::from_bits(bits));
        match to_bytes(&value) {
            Ok(bytes) => assert_eq!(bytes, text.as_bytes(), "{bits:016x}"),
            // These would be written as integers that readers disagree about.
            Err(JsonError::UnsafeInteger { .. }) => {
                assert!(text.trim_start_matches('-').parse::<u128>().is_ok_and(|n| n >= 1 << 53), "{text}");
            }
            Err(other) => panic!("{text}: {other}"),
        }
    }
}

#[test]
fn refuses_what_readers_disagree_about() {
    let limits = JsonLimits { bytes: 64, depth: 3 };
    let refusal = |text: &str| parse(text.as_bytes(), &limits).unwrap_err();
    assert_eq!(refusal(r#"{"a":1,"b":{"c":1,"c":2}}"#), JsonError::DuplicateKey { key: "c".into() });
    assert_eq!(refusal(r#"{"a":1,"\u0061":2}"#), JsonError::DuplicateKey { key: "a".into() });
    assert_eq!(refusal("[9007199254740992]"), JsonError::UnsafeInteger { value: "9007199254740992".into() });
    assert_eq!(
        refusal("[-9007199254740992]"),
        JsonError::UnsafeInteger { value: "-9007199254740992".into() }
    );
    assert!(parse(b"[9007199254740991,-9007199254740991]", &limits).is_ok());
    assert_eq!(refusal("[[[[]]]]"), JsonError::TooDeep { limit: 3 });
    assert!(parse(b"[[[1]]]", &limits).is_ok());
    assert_eq!(refusal(&" ".repeat(65)), JsonError::TooLong { limit: 64, got: 65 });
    for text in ["", "{", "[1,]", "[1] 2", "NaN", "1e999", "\"\\ud800\"", "{\"a\":}", "\u{feff}1", "01"] {
        assert!(matches!(refusal(text), JsonError::Syntax { .. }), "{text}");
    }
    assert!(matches!(parse(b"\"\xff\"", &limits), Err(JsonError::Syntax { .. })));
}

#[test]
fn nesting_beyond_any_stack_is_an_error() {
    let limits = JsonLimits { bytes: usize::MAX, depth: usize::MAX };
    assert!(parse("[".repeat(1_000_000).as_bytes(), &limits).is_err());
}

#[test]
fn only_canonical_bytes_are_read_as_canonical() {
    let limits = JsonLimits::default();
    assert!(parse_canonical(br#"{"a":1,"b":[]}"#, &limits).is_ok());
    for (text, offset) in
        [(r#"{"b":[],"a":1}"#, 2), (r#"{"a":1,"b":[] }"#, 13), (r#"{"a":1.0}"#, 6), ("[\"\\u0041\"]", 2)]
    {
        let error = parse_canonical(text.as_bytes(), &limits).unwrap_err();
        assert_eq!(error, JsonError::NotCanonical { offset }, "{text}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-(1i64 << 53) + 1..1i64 << 53).prop_map(Value::from),
        any::<f64>().prop_filter("finite", |x| x.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Canonical bytes are read as canonical, and give themselves again.
    #[test]
    fn canonical_bytes_are_a_fixed_point(value in any_json()) {
        match to_bytes(&value) {
            Ok(bytes) => {
                let again = parse_canonical(&bytes, &JsonLimits::default()).unwrap();
                prop_assert_eq!(to_bytes(&again).unwrap(), bytes);
            }
            Err(error) => {
                let unsafe_integer = matches!(error, JsonError::UnsafeInteger { .. });
                prop_assert!(unsafe_integer);
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = parse_canonical(&bytes, &JsonLimits::default());
    }
}
