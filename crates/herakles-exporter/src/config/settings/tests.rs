//! The settings table keeps its own promises, and text becomes values.

use std::collections::BTreeSet;

use herakles_settings::{Kind, Setting, Settings, Value};

use super::*;

#[test]
fn every_default_is_a_value_of_its_kind() {
    for setting in Config::SETTINGS {
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
    assert!(unique(Config::SETTINGS.iter().map(Setting::path).collect()));
    assert!(unique(
        Config::SETTINGS.iter().map(Setting::variable).collect()
    ));
    assert!(unique(
        Config::SETTINGS
            .iter()
            .map(|setting| setting.flag().into_owned())
            .collect()
    ));
}

#[test]
fn settings_are_grouped_by_the_tables_in_their_order() {
    let mut tables: Vec<&str> = Config::SETTINGS
        .iter()
        .map(|setting| setting.table)
        .collect();
    tables.dedup();
    assert_eq!(
        tables,
        Config::TABLES
            .iter()
            .map(|table| table.name)
            .collect::<Vec<_>>()
    );
}

#[test]
fn flags_and_variables_follow_from_the_key() {
    let ttl = Config::SETTINGS
        .iter()
        .find(|setting| setting.key == "cache_ttl")
        .unwrap();
    assert_eq!(ttl.flag(), "scan.cache-ttl");
    assert_eq!(ttl.variable(), "HERAKLES_SCAN_CACHE_TTL");
    let listen = Config::SETTINGS
        .iter()
        .find(|setting| setting.key == "listen_addresses")
        .unwrap();
    assert_eq!(listen.flag(), "web.listen-address");
    assert_eq!(listen.variable(), "HERAKLES_WEB_LISTEN_ADDRESSES");
}

#[test]
fn texts_of_our_own_become_values() {
    let check = |kind: Kind, text: &str, expect: Result<Value, &str>| {
        let found = kind.parse(&[text]).map_err(|reason| reason.to_string());
        assert_eq!(found, expect.map_err(str::to_owned), "{text}");
    };
    check(
        Kind::Text(&syntax::ROUTE),
        "metrics",
        Err("`metrics` cannot be the path of the metrics: it must start with /"),
    );
    check(
        Kind::Text(&syntax::ROUTE),
        "/health",
        Err("`/health` cannot be the path of the metrics: another page has that path"),
    );
    check(
        Kind::Text(&syntax::ROUTE),
        "/x",
        Ok(Value::Text("/x".to_owned())),
    );
    check(
        Kind::Texts(&syntax::GLOBS),
        "a{b}",
        Err(
            "`a{b}` is no usable glob: only *, ? and [ ] are special, and {, } and \\ are not allowed",
        ),
    );
    check(
        Kind::Texts(&syntax::GLOBS),
        "[a",
        Err("`[a` is no usable glob: [ has no closing ] (write [[] for the character itself)"),
    );
    check(
        Kind::Texts(&syntax::PATHS),
        "/etc/*/x.toml",
        Err(
            "`/etc/*/x.toml` is no usable glob: only the file name may hold *, ? and [ ], not its folder",
        ),
    );
}
