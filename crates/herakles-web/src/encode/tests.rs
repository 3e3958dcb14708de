//! What clients get of one response.

use std::io::{Read as _, Write as _};

use flate2::bufread::GzDecoder;
use hyper::header::{ACCEPT_ENCODING, IF_NONE_MATCH};
use proptest::prelude::*;

use super::*;
use crate::respond;

fn asked(headers: &[(hyper::header::HeaderName, &str)]) -> HeaderMap {
    let pairs = headers.iter();
    pairs
        .map(|(name, value)| (name.clone(), value.parse().unwrap()))
        .collect()
}

fn sent(request: &HeaderMap, response: Response<Body>) -> Response<Body> {
    negotiated(request, response, &mut Compressor::new())
}

fn inflated(body: &Body) -> Vec<u8> {
    let bytes = body.to_bytes();
    let mut decoder = GzDecoder::new(bytes.as_ref());
    let mut plain = Vec::new();
    decoder.read_to_end(&mut plain).unwrap();
    assert!(decoder.into_inner().is_empty(), "more than one member");
    plain
}

fn header<'r>(response: &'r Response<Body>, name: &str) -> Option<&'r str> {
    Some(response.headers().get(name)?.to_str().unwrap())
}

#[test]
fn text_is_compressed_for_those_who_accept_it() {
    let text = "a rule, its group and its patterns\n".repeat(100);
    let chained = || Body::chain(text.clone().into(), text.clone().into());
    for status in [StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE] {
        let request = asked(&[(ACCEPT_ENCODING, "gzip, br")]);
        let packed = sent(&request, respond::text(status, chained()));
        assert_eq!(packed.status(), status);
        assert_eq!(header(&packed, "content-encoding"), Some("gzip"));
        assert_eq!(header(&packed, "vary"), Some("Accept-Encoding"));
        assert_eq!(inflated(packed.body()), text.repeat(2).into_bytes());
        for refused in ["identity", "gzip;q=0", ""] {
            let request = asked(&[(ACCEPT_ENCODING, refused)]);
            let plain = sent(&request, respond::json(status, chained()));
            assert_eq!(header(&plain, "content-encoding"), None, "{refused}");
            assert_eq!(header(&plain, "vary"), Some("Accept-Encoding"), "{refused}");
            assert_eq!(plain.body().len(), 2 * text.len(), "{refused}");
        }
    }
}

#[test]
fn what_is_short_coded_already_or_no_text_stays_as_it_is() {
    let request = asked(&[(ACCEPT_ENCODING, "gzip")]);
    let short = sent(
        &request,
        respond::text(StatusCode::OK, "x".repeat(LEAST - 1)),
    );
    assert_eq!(header(&short, "content-encoding"), None);
    assert_eq!(header(&short, "vary"), Some("Accept-Encoding"));

    let long = "x".repeat(LEAST);
    let coded = Coding::Gzip.put_on(respond::text(StatusCode::OK, long.clone()));
    let coded = sent(&request, coded);
    assert_eq!(coded.body().len(), long.len());
    assert_eq!(header(&coded, "vary"), Some("Accept-Encoding"));

    let mut varied = respond::text(StatusCode::OK, long.clone());
    let value = HeaderValue::from_static("Accept, Accept-Encoding");
    varied.headers_mut().insert(VARY, value);
    let varied = sent(&request, varied);
    assert_eq!(varied.body().len(), long.len());
    assert_eq!(header(&varied, "vary"), Some("Accept, Accept-Encoding"));

    let picture = HeaderValue::from_static("image/png");
    let picture = respond::with_type(StatusCode::OK, picture, long.clone());
    let picture = sent(&request, picture);
    assert_eq!(picture.body().len(), long.len());
    assert_eq!(header(&picture, "vary"), None);
}

#[test]
fn who_has_it_is_told_so_whatever_the_coding() {
    let text = "x".repeat(5000);
    let tag = EntityTag::of(&text);
    let value = tag.value().to_str().unwrap().to_owned();
    let response = |status| tag.clone().put_on(respond::text(status, text.clone()));
    for coding in ["gzip", "identity"] {
        let request = asked(&[(ACCEPT_ENCODING, coding), (IF_NONE_MATCH, &value)]);
        let known = sent(&request, response(StatusCode::OK));
        assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(header(&known, "etag"), Some(&*value));
        assert_eq!(header(&known, "vary"), Some("Accept-Encoding"));
        assert_eq!(header(&known, "cache-control"), Some("no-cache"));
        assert!(known.body().is_empty());
        // What failed is told each time.
        let failed = sent(&request, response(StatusCode::SERVICE_UNAVAILABLE));
        assert_eq!(failed.status(), StatusCode::SERVICE_UNAVAILABLE);
        let other = asked(&[(ACCEPT_ENCODING, coding), (IF_NONE_MATCH, "W/\"other\"")]);
        let other = sent(&other, response(StatusCode::OK));
        assert_eq!(other.status(), StatusCode::OK);
        assert_eq!(header(&other, "etag"), Some(&*value));
    }
}

proptest! {
    #[test]
    fn pieces_are_one_body_in_either_coding(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40_000), 0..6),
    ) {
        let mut compressor = Compressor::new();
        for coding in [Coding::Gzip, Coding::Identity] {
            let mut writer = BodyWriter::new(coding, &mut compressor);
            for piece in &pieces {
                writer.write_all(piece).unwrap();
            }
            let body = writer.finish();
            let plain = match coding {
                Coding::Gzip => inflated(&body),
                Coding::Identity => body.to_bytes().to_vec(),
            };
            prop_assert_eq!(plain, pieces.concat());
        }
    }
}
