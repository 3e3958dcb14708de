//! What people and clients ask for.

use herakles_exporter::fuzzing::configuration as read_configuration;
use herakles_web::hyper::HeaderMap;
use herakles_web::hyper::header::{ACCEPT, ACCEPT_ENCODING, HeaderValue};
use herakles_web::web_config::fuzzing::web_config;
use herakles_web::{Coding, Format};

/// The configuration file.
pub fn configuration(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match read_configuration(text) {
        Ok(written) => {
            let again = read_configuration(&written).expect("what is written is read");
            assert_eq!(values(&written), values(&again));
        }
        Err(sentences) => {
            assert!(!sentences.is_empty());
            for sentence in sentences {
                assert_eq!(
                    sentence.chars().find(|c| c.is_control()),
                    None,
                    "{sentence:?}"
                );
            }
        }
    }
}

/// The lines without the comment that ends each and says where the value is from.
fn values(text: &str) -> Vec<&str> {
    let lines = text.lines();
    lines
        .map(|line| line.rsplit_once("  # ").map_or(line, |(value, _)| value))
        .collect()
}

/// The web configuration file.
pub fn web_configuration(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match web_config(text) {
        Ok(config) => drop(config.warnings().join("\n")),
        Err(error) => {
            let sentence = error.to_string();
            assert_eq!(
                sentence.chars().find(|c| c.is_control()),
                None,
                "{sentence:?}"
            );
        }
    }
}

/// `Accept` and `Accept-Encoding`, a line each in turn.
pub fn accept(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let name = if index % 2 == 0 {
            ACCEPT
        } else {
            ACCEPT_ENCODING
        };
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(name, value);
        }
    }
    let mentions = |name, wanted: &[&str]| {
        let mut values = headers.get_all(name).into_iter();
        values.any(|value: &HeaderValue| {
            let text = String::from_utf8_lossy(value.as_bytes()).to_lowercase();
            wanted.iter().any(|word| text.contains(word))
        })
    };
    if Format::accepted(&headers) == Format::OpenMetrics1_0_0 {
        assert!(mentions(ACCEPT, &["openmetrics", "*"]));
    }
    if Coding::accepted(&headers) == Coding::Gzip {
        assert!(mentions(ACCEPT_ENCODING, &["gzip", "*"]));
    }
}
