//! A scrape allocates its headers and its tail, and nothing for what it shares with others.

use herakles_web::gzip::Compressor;
use herakles_web::hyper::{HeaderMap, header};
use herakles_web::{Coding, Exposition, Form, Format};

/// What scrapes do not share.
const TAIL: &[u8] = &[b'x'; 6000];

/// The table of headers and its index; the tail, and the count of who holds it.
const ALLOCATIONS: u64 = 4;

fn exposition(series: usize, form: Form) -> Exposition {
    let lines = (0..series).map(|pid| format!("rss_bytes{{pid=\"{pid}\"}} {}\n", pid * 4096));
    let text: String = lines.collect();
    Exposition::new(form, text.as_bytes(), &mut Compressor::new())
}

#[test]
fn a_scrape_of_any_length_allocates_its_headers_and_its_tail() {
    for format in [Format::OpenMetrics1_0_0, Format::Text0_0_4] {
        for coding in [Coding::Identity, Coding::Gzip] {
            for series in [0, 50_000] {
                let shared = exposition(series, Form::new(format, coding));
                let mut compressor = Compressor::new();
                drop(shared.respond(TAIL, &mut compressor));
                let cost = allocation_counter::measure(|| {
                    std::hint::black_box(shared.respond(TAIL, &mut compressor));
                });
                let most = TAIL.len() as u64 + 1024;
                assert!(
                    cost.count_total <= ALLOCATIONS && cost.bytes_total <= most,
                    "{format:?} {coding:?} of {series} series: {cost:?}"
                );
            }
        }
    }
}

#[test]
fn to_find_out_what_a_scraper_accepts_allocates_nothing() {
    let mut headers = HeaderMap::new();
    let accept = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                  text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
    headers.insert(header::ACCEPT, accept.parse().unwrap());
    headers.insert(header::ACCEPT_ENCODING, "gzip, deflate".parse().unwrap());
    let cost = allocation_counter::measure(|| {
        let form = std::hint::black_box(Form::accepted(&headers));
        assert_eq!(form, Form::new(Format::OpenMetrics1_0_0, Coding::Gzip));
    });
    assert_eq!(cost.count_total, 0);
}
