//! The subject alternative names of a certificate (RFC 5280, 4.2.1.6).
//!
//! rustls' own parser tells whether a name matches, not which names there are, and leaves out
//! e-mail addresses.

use std::net::{Ipv4Addr, Ipv6Addr};

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
/// `[3]` of a TBSCertificate.
const EXTENSIONS: u8 = 0xa3;
/// 2.5.29.17
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const EMAIL: u8 = 0x81;
const DNS: u8 = 0x82;
const URI: u8 = 0x86;
const IP: u8 = 0x87;

/// The DNS names, e-mail addresses, URIs and IP addresses, as text. What is malformed is left out.
pub(super) fn subject_names(certificate: &[u8]) -> Vec<String> {
    let names = alternative_names(certificate).unwrap_or_default();
    Elements(names)
        .filter_map(|(tag, value)| match tag {
            EMAIL | DNS | URI => String::from_utf8(value.to_vec()).ok(),
            IP => ip_text(value),
            _ => None,
        })
        .collect()
}

/// What is inside the GeneralNames of a certificate.
fn alternative_names(certificate: &[u8]) -> Option<&[u8]> {
    let certificate = only(certificate, SEQUENCE)?;
    let to_be_signed = first(certificate, SEQUENCE)?;
    let extensions = only(first(to_be_signed, EXTENSIONS)?, SEQUENCE)?;
    Elements(extensions)
        .filter(|(tag, _)| *tag == SEQUENCE)
        .find(|(_, extension)| first(extension, OBJECT_IDENTIFIER) == Some(SUBJECT_ALT_NAME))
        .and_then(|(_, extension)| only(first(extension, OCTET_STRING)?, SEQUENCE))
}

fn ip_text(bytes: &[u8]) -> Option<String> {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(bytes).to_string());
    }
    let bytes = <[u8; 16]>::try_from(bytes).ok()?;
    Some(Ipv6Addr::from(bytes).to_string())
}

fn first(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    Elements(bytes)
        .find(|(found, _)| *found == tag)
        .map(|(_, value)| value)
}

/// The first element, which must have this tag.
fn only(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let (found, value) = Elements(bytes).next()?;
    (found == tag).then_some(value)
}

/// DER elements one after the other: tag and value. Ends at the first that is malformed.
struct Elements<'a>(&'a [u8]);

impl<'a> Iterator for Elements<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = std::mem::take(&mut self.0);
        let (&[tag, length], rest) = bytes.split_first_chunk()?;
        let (length, rest) = if length < 0x80 {
            (usize::from(length), rest)
        } else {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            if digits.len() > 4 {
                return None;
            }
            let length = digits
                .iter()
                .fold(0_usize, |length, digit| length << 8 | usize::from(*digit));
            (length, rest)
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::subject_names;

    fn certificate(names: Vec<SanType>) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn every_kind_of_name_is_found() {
        let certificate = certificate(vec![
            SanType::DnsName("scraper.example".try_into().unwrap()),
            SanType::Rfc822Name("ops@example.org".try_into().unwrap()),
            SanType::URI("spiffe://example/prometheus".try_into().unwrap()),
            SanType::IpAddress("192.0.2.7".parse().unwrap()),
            SanType::IpAddress("2001:db8::7".parse().unwrap()),
        ]);
        let names = subject_names(&certificate);
        let expected = [
            "scraper.example",
            "ops@example.org",
            "spiffe://example/prometheus",
            "192.0.2.7",
            "2001:db8::7",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_certificate_without_names_has_none() {
        assert!(subject_names(&certificate(Vec::new())).is_empty());
        assert!(subject_names(b"").is_empty());
    }

    proptest! {
        #[test]
        fn any_damage_is_survived(at in 0_usize..400, byte: u8, cut in 0_usize..400) {
            let mut bytes = certificate(vec![SanType::DnsName("a.example".try_into().unwrap())]);
            let length = bytes.len();
            bytes[at % length] = byte;
            bytes.truncate(cut);
            subject_names(&bytes);
        }

        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            subject_names(&bytes);
        }
    }
}
