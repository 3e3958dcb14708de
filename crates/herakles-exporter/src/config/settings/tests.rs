//! The settings table keeps its own promises, and text becomes values.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;

#[test]
fn every_default_is_a_value_of_its_kind() {
    for setting in SETTINGS {
        assert!(
            setting.default_value().is_ok(),
            "{}: {:?}",
            setting.path(),
            setting.default_value()
        );
    }
}

#[test]
fn names_are_unique_in_every_place() {
    let unique = |names: Vec<String>| names.iter().collect::<BTreeSet<_>>().len() == names.len();
    assert!(unique(SETTINGS.iter().map(Setting::path).collect()));
    assert!(unique(SETTINGS.iter().map(Setting::variable).collect()));
    assert!(unique(
        SETTINGS
            .iter()
            .map(|setting| setting.flag().into_owned())
            .collect()
    ));
}

#[test]
fn settings_are_grouped_by_the_tables_in_their_order() {
    let mut tables: Vec<&str> = SETTINGS.iter().map(|setting| setting.table).collect();
    tables.dedup();
    assert_eq!(
        tables,
        TABLES.iter().map(|table| table.name).collect::<Vec<_>>()
    );
}

#[test]
fn flags_and_variables_follow_from_the_key() {
    let ttl = SETTINGS
        .iter()
        .find(|setting| setting.key == "cache_ttl")
        .unwrap();
    assert_eq!(ttl.flag(), "scan.cache-ttl");
    assert_eq!(ttl.variable(), "HERAKLES_SCAN_CACHE_TTL");
    let listen = SETTINGS
        .iter()
        .find(|setting| setting.key == "listen_addresses")
        .unwrap();
    assert_eq!(listen.flag(), "web.listen-address");
    assert_eq!(listen.variable(), "HERAKLES_WEB_LISTEN_ADDRESSES");
}

#[test]
fn text_becomes_values() {
    let duration = Kind::Duration {
        min: Duration::ZERO,
        max: Duration::from_secs(3600),
    };
    let integer = Kind::Integer {
        min: 10,
        max: 20,
        zero: Some("off"),
    };
    let ratio = Kind::Ratio { min: 0.0, max: 1.0 };
    let check = |kind: Kind, text: &str, expect: Result<Value, &str>| {
        let found = kind.parse(&[text]).map_err(|reason| reason.to_string());
        assert_eq!(found, expect.map_err(str::to_owned), "{text}");
    };
    check(
        duration,
        "30s",
        Ok(Value::Duration(Duration::from_secs(30))),
    );
    check(
        duration,
        "1h",
        Ok(Value::Duration(Duration::from_secs(3600))),
    );
    check(
        duration,
        "1m 30s",
        Ok(Value::Duration(Duration::from_secs(90))),
    );
    check(duration, "0", Ok(Value::Duration(Duration::ZERO)));
    check(duration, "30", Err("`30` has no unit: write it as \"30s\""));
    check(
        duration,
        "1M",
        Err("`1month` is out of range: expected a duration from 0s to 1h"),
    );
    check(
        duration,
        "soon",
        Err("expected a duration from 0s to 1h, found `soon`"),
    );
    check(
        duration,
        " ",
        Err("the value is empty: expected a duration from 0s to 1h"),
    );
    check(integer, "0", Ok(Value::Integer(0)));
    check(integer, "10", Ok(Value::Integer(10)));
    let range = "expected a whole number from 10 to 20, or 0 (off)";
    check(integer, "9", Err(&format!("`9` is out of range: {range}")));
    check(
        integer,
        "-1",
        Err(&format!("`-1` is out of range: {range}")),
    );
    check(integer, "ten", Err(&format!("{range}, found `ten`")));
    check(ratio, "0.5", Ok(Value::Ratio(0.5)));
    check(
        ratio,
        "NaN",
        Err("`NaN` is out of range: expected a number from 0 to 1"),
    );
    check(Kind::Bool, "true", Ok(Value::Bool(true)));
    check(
        Kind::Bool,
        "yes",
        Err("expected true or false, found `yes`"),
    );
    let words = Kind::Choice(&["adaptive", "exact", "rss"]);
    check(
        words,
        "adaptiv",
        Err("`adaptiv` is not one of adaptive, exact, rss; did you mean `adaptive`?"),
    );
    check(
        words,
        "none",
        Err("`none` is not one of adaptive, exact, rss"),
    );
    check(
        Kind::Route,
        "metrics",
        Err("`metrics` cannot be the path of the metrics: it must start with /"),
    );
    check(
        Kind::Route,
        "/health",
        Err("`/health` cannot be the path of the metrics: another page has that path"),
    );
    check(Kind::Route, "/x", Ok(Value::Text("/x".to_owned())));
    check(
        Kind::Globs,
        "a{b}",
        Err(
            "`a{b}` is no usable glob: only *, ? and [ ] are special, and {, } and \\ are not allowed",
        ),
    );
    check(
        Kind::Globs,
        "[a",
        Err("`[a` is no usable glob: [ has no closing ] (write [[] for the character itself)"),
    );
    check(
        Kind::Paths,
        "/etc/*/x.toml",
        Err(
            "`/etc/*/x.toml` is no usable glob: only the file name may hold *, ? and [ ], not its folder",
        ),
    );
}
