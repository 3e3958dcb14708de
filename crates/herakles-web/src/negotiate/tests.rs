//! Which form is chosen for which headers.

use hyper::HeaderMap;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, HeaderValue};

use proptest::prelude::*;

use super::{Coding, Format, Quality};

fn headers(lines: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(ACCEPT, HeaderValue::from_str(line).unwrap());
        headers.append(ACCEPT_ENCODING, HeaderValue::from_str(line).unwrap());
    }
    headers
}

#[track_caller]
fn check_format(accept: &str, expected: Format) {
    assert_eq!(
        Format::accepted(&headers(&[accept])),
        expected,
        "Accept: {accept}"
    );
}

#[track_caller]
fn check_coding(accept_encoding: &str, expected: Coding) {
    assert_eq!(
        Coding::accepted(&headers(&[accept_encoding])),
        expected,
        "Accept-Encoding: {accept_encoding}"
    );
}

#[test]
fn scrapers_get_the_format_they_prefer() {
    let prometheus_2_42 = "application/openmetrics-text;version=1.0.0,\
        application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
        application/openmetrics-text;version=0.0.1;q=0.5,\
        text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
    let prometheus_3_native_histograms = "application/vnd.google.protobuf;\
        proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,\
        application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
        text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
    let prometheus_2_20 =
        "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    let text_first = "text/plain;version=0.0.4;q=1,*/*;q=0.1";
    check_format(prometheus_2_42, Format::OpenMetrics1_0_0);
    check_format(prometheus_3, Format::OpenMetrics1_0_0);
    check_format(prometheus_3_native_histograms, Format::OpenMetrics1_0_0);
    check_format(prometheus_2_20, Format::Text0_0_4);
    check_format(text_first, Format::Text0_0_4);
}

#[test]
fn everything_else_gets_text() {
    assert_eq!(Format::accepted(&HeaderMap::new()), Format::Text0_0_4);
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for accept in [
        "",
        "*/*",
        "text/html",
        browser,
        "garbage",
        ";;;,,=",
        "application/*;q=x",
    ] {
        check_format(accept, Format::Text0_0_4);
    }
}

#[test]
fn quality_decides_and_zero_refuses() {
    check_format(
        "application/openmetrics-text;q=0.4,text/plain;q=0.5",
        Format::Text0_0_4,
    );
    check_format(
        "application/openmetrics-text;q=0.5,text/plain;q=0.4",
        Format::OpenMetrics1_0_0,
    );
    check_format("application/openmetrics-text;q=0", Format::Text0_0_4);
    check_format("text/plain;q=0,*/*", Format::OpenMetrics1_0_0);
    check_format(
        "text/plain;q=0,application/openmetrics-text;q=0",
        Format::Text0_0_4,
    );
}

#[test]
fn the_most_specific_range_speaks_for_a_format() {
    check_format(
        "application/openmetrics-text;q=0.1,*/*;q=0.9",
        Format::Text0_0_4,
    );
    check_format(
        "application/*;q=0.9,application/openmetrics-text;q=0,*/*;q=0.1",
        Format::Text0_0_4,
    );
    check_format(
        "application/openmetrics-text;version=2.0.0,text/plain;q=0.1",
        Format::Text0_0_4,
    );
    check_format(
        "text/plain;version=1.0.0,application/*;q=0.2",
        Format::OpenMetrics1_0_0,
    );
    check_format("application/openmetrics-text,*/*", Format::OpenMetrics1_0_0);
}

#[test]
fn spelling_does_not_matter() {
    check_format(
        "Application/OpenMetrics-Text ; Charset=utf-8 ; Version=\"1.0.0\" ; Q=0.900 , text/plain;q=0.8",
        Format::OpenMetrics1_0_0,
    );
    let two_lines = headers(&["text/plain;q=0.2", "application/openmetrics-text"]);
    assert_eq!(Format::accepted(&two_lines), Format::OpenMetrics1_0_0);
}

#[test]
fn gzip_only_where_accepted() {
    assert_eq!(Coding::accepted(&HeaderMap::new()), Coding::Identity);
    for gzip in [
        "gzip",
        "GZip",
        "x-gzip",
        "gzip, deflate, br, zstd",
        "*",
        "gzip;q=0.1",
        "identity;q=0, *",
        "identity;q=0.5, gzip;q=0.5",
        "br;q=1.0, gzip;q=0.8, *;q=0.1",
    ] {
        check_coding(gzip, Coding::Gzip);
    }
    for identity in [
        "",
        "identity",
        "deflate, br",
        "gzip;q=0",
        "gzip;q=0, *",
        "*;q=0",
        "identity;q=0",
        "gzip;q=0, identity;q=0",
        "gzip;q=0.5, identity;q=0.6",
        "gzip;q=2",
        "gzipped",
    ] {
        check_coding(identity, Coding::Identity);
    }
}

#[test]
fn quality_values_follow_the_grammar() {
    for (text, thousandths) in [
        ("0", 0),
        ("1", 1000),
        ("1.", 1000),
        ("1.000", 1000),
        ("0.5", 500),
        ("0.25", 250),
        ("0.001", 1),
    ] {
        assert_eq!(Quality::parse(text), Some(Quality(thousandths)), "{text}");
    }
    for text in [
        "", ".5", "1.001", "2", "-0", "+1", "0.1234", "0.5x", "00.5", "1e0", "NaN",
    ] {
        assert_eq!(Quality::parse(text), None, "{text}");
    }
}

proptest! {
    /// Ranges built from the grammar and its neighbourhood: OpenMetrics is never sent to a client
    /// that did not ask for it in some way.
    #[test]
    fn openmetrics_only_on_request(
        ranges in proptest::collection::vec("[a-z*/]{0,6}(;q=[01](\\.[0-9]{0,4})?)?|[ -~]{0,12}", 0..5),
    ) {
        let accept = ranges.join(",");
        let chosen = Format::accepted(&headers(&[&accept]));
        let asks = ["openmetrics-text", "application/*", "*/*"].iter().any(|it| accept.contains(it));
        prop_assert!(asks || chosen == Format::Text0_0_4, "{}", accept);
    }
}
