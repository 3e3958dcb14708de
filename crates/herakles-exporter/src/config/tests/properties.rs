//! What holds for any file and any values.

use std::time::Duration;

use herakles_settings::{Kind, Value};
use herakles_web::ListenAddress;
use proptest::prelude::*;

use super::*;

/// Any value that a kind takes.
fn value(kind: Kind) -> BoxedStrategy<Value> {
    match kind {
        Kind::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::Integer { min, max, .. } => (min..=max).prop_map(Value::Integer).boxed(),
        Kind::Ratio { min, max } => (min..=max).prop_map(Value::Ratio).boxed(),
        Kind::Duration { min, max } => {
            let millis = min.as_millis() as u64..=max.as_millis() as u64;
            millis
                .prop_map(|ms| Value::Duration(Duration::from_millis(ms)))
                .boxed()
        }
        Kind::Choice(words) => proptest::sample::select(words)
            .prop_map(Value::Word)
            .boxed(),
        Kind::Text(_) => "/m[a-z/._~-]{0,20}".prop_map(Value::Text).boxed(),
        Kind::Path | Kind::OptionalPath => "/[^\0]{0,20}".prop_map(Value::Text).boxed(),
        Kind::Texts(syntax) => match syntax.placeholder {
            "ADDRESS" => {
                let port = any::<u16>().prop_map(|port| ListenAddress::any(port).to_string());
                prop::collection::vec(port, 1..4)
                    .prop_map(Value::Texts)
                    .boxed()
            }
            "PATH" => list("/[^*?\\[\0]{1,20}[^*?\\[\0/ ]", kind),
            "GLOB" => list("[^{}\\[\\]\\\\\0]{0,10}[a-z*?\"'#\n]", kind),
            _ => list("\\PC{0,10}[^ ]", kind),
        },
    }
}

fn list(item: &'static str, kind: Kind) -> BoxedStrategy<Value> {
    let item = item.prop_filter("not empty", |item| !item.trim().is_empty());
    prop::collection::vec(item, 0..4)
        .prop_map(move |items| kind.parse(&items).unwrap())
        .boxed()
}

fn all_values() -> impl Strategy<Value = Vec<Value>> {
    Config::SETTINGS
        .iter()
        .map(|setting| value(setting.kind))
        .collect::<Vec<_>>()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_values_print_as_a_file_that_loads_back(values in all_values()) {
        let mut loaded = Layers::new().load();
        for (row, value) in loaded.settings.iter_mut().zip(values) {
            row.value = value;
        }
        let again = Layers::new().file(&loaded.to_toml()).load();
        for (printed, read) in loaded.settings.iter().zip(&again.settings) {
            if printed.setting.in_file {
                prop_assert_eq!(&printed.value, &read.value, "{}", printed.setting.path());
            }
        }
    }

    #[test]
    fn no_text_is_too_odd_for_the_file(text in "(\\[[a-z]{0,6}\\]|[a-z_]{0,9} ?= ?|[0-9\"'#\\[\\]{},.\n]|\\PC){0,40}") {
        let layers = Layers::new().file(&text);
        if let Err(error) = layers.sources().load() {
            for sentence in error.sentences() {
                prop_assert!(!sentence.contains('\n'), "{sentence}");
            }
        }
    }
}
