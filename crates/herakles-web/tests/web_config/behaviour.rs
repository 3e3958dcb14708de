//! Which clients a server lets in.
//!
//! Every case of exporter-toolkit's `TestServerBehaviour`. Where it names what rustls lacks, a CBC
//! suite or P-521, another of the same kind stands for it. Its limit of one second is an hour here.

use std::io::{Read, Write};

use rustls::{CipherSuite, NamedGroup, version};

use crate::certificates::Certified;
use crate::clients::{Client, Offer, connect};
use crate::harness::{Running, Site, TLS};

const AES_128: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
const AES_256: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384;

fn is_greeted(site: &Site, client: &Client) {
    let answer = client.get(site.serve().address).unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "Hello World!"));
}

/// The handshake ends by an alert of this name.
fn is_refused(site: &Site, client: &Client, alert: &str) {
    let server = site.serve();
    let error = client.get(server.address).unwrap_err();
    assert!(error.contains(alert), "{error}");
    server.wait_for_event("HandshakeFailed");
}

/// A client of TLS 1.2 alone.
fn older(site: &Site, suites: &[CipherSuite]) -> Client {
    let offer = Offer {
        suites: suites.to_vec(),
        versions: vec![&version::TLS12],
        ..Offer::default()
    };
    Client::offering(&site.authority, offer)
}

#[test]
fn without_a_file_plain_clients_are_greeted_and_tls_clients_are_not() {
    let server = Running::with(None, herakles_web::Limits::default());
    assert_eq!(Client::plain().get(server.address).unwrap().status, 200);
    let error = Client::tls(&Site::new("").authority)
        .get(server.address)
        .unwrap_err();
    assert!(error.contains("corrupt message"), "{error}");
    server.wait_for_event("Malformed");
}

#[test]
fn an_empty_file_changes_nothing() {
    is_greeted(&Site::new(""), &Client::plain());
}

#[test]
fn a_plain_client_is_told_that_the_server_speaks_https() {
    let server = Site::new(TLS).serve();
    let answer = Client::plain().get(server.address).unwrap();
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("HTTPS"), "{}", answer.body);
    server.wait_for_event("HandshakeFailed");
}

#[test]
fn a_tls_client_is_greeted() {
    let site = Site::new(TLS);
    is_greeted(&site, &Client::tls(&site.authority));
}

fn indented(pem: &str) -> String {
    pem.lines().map(|line| format!("    {line}\n")).collect()
}

#[test]
fn certificate_and_key_may_stand_in_the_file() {
    let site = Site::new("");
    let Certified { certificate, key } = site.authority.server();
    let (certificate, key) = (indented(&certificate), indented(&key));
    let both = format!("tls_server_config:\n  cert: |\n{certificate}  key: |\n{key}");
    site.write("web.yml", &both);
    is_greeted(&site, &Client::tls(&site.authority));
}

#[test]
fn tls_1_1_is_refused() {
    let server = Site::new(TLS).serve();
    // Version 3.2, a random, no session, one suite, no compression, one kind of signature.
    let signatures = [0, 8, 0, 13, 0, 4, 0, 2, 4, 3];
    let hello = [
        &[3, 2][..],
        &[7; 32],
        &[0, 0, 2, 0xc0, 0x2b, 1, 0],
        &signatures,
    ]
    .concat();
    let length = u8::try_from(hello.len()).unwrap();
    let record = [&[22, 3, 1, 0, length + 4, 1, 0, 0, length], &hello[..]].concat();
    let mut client = connect(server.address);
    client.write_all(&record).unwrap();
    let mut alert = Vec::new();
    client.read_to_end(&mut alert).unwrap();
    // A fatal alert: protocol_version.
    assert_eq!((alert[0], &alert[5..]), (21, &[2, 70][..]));
}

#[test]
fn the_versions_that_are_named_are_served_and_no_others() {
    let newer = Site::new(&format!("{TLS}  min_version: TLS13\n"));
    is_greeted(&newer, &Client::tls(&newer.authority));
    is_refused(&newer, &older(&newer, &[AES_128]), "ProtocolVersion");
    let older_only = Site::new(&format!("{TLS}  max_version: TLS12\n"));
    let client = Client::tls(&older_only.authority);
    let answer = client.get(older_only.serve().address).unwrap();
    let suite = answer.suite.unwrap().as_str().unwrap();
    assert!(suite.starts_with("TLS_ECDHE_ECDSA_"), "{suite}");
}

#[test]
fn all_of_gos_suites_may_be_named() {
    let names = [
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    ];
    let site = Site::new(&format!("{TLS}  cipher_suites: [{}]\n", names.join(", ")));
    is_greeted(&site, &Client::tls(&site.authority));
    is_greeted(&site, &older(&site, &[AES_256]));
}

const SOME: &str = "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n";

#[test]
fn a_suite_in_common_is_enough() {
    let site = Site::new(&format!("{TLS}{SOME}"));
    is_greeted(&site, &older(&site, &[AES_128]));
    // Suites of TLS 1.3 are not chosen by name.
    is_greeted(&site, &Client::tls(&site.authority));
}

#[test]
fn without_a_suite_in_common_there_is_no_connection() {
    let site = Site::new(&format!("{TLS}{SOME}"));
    is_refused(&site, &older(&site, &[AES_256]), "HandshakeFailure");
}

/// The suite that is taken of what the client prefers in this order.
fn suite(site: &Site, client: &[CipherSuite]) -> CipherSuite {
    let answer = older(site, client).get(site.serve().address).unwrap();
    answer.suite.unwrap()
}

#[test]
fn the_servers_order_holds_or_if_it_says_so_the_clients() {
    let order = "  cipher_suites:\n  - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\n  \
                 - TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384\n";
    let servers = Site::new(&format!("{TLS}{order}"));
    assert_eq!(suite(&servers, &[AES_256, AES_128]), AES_128);
    let clients = Site::new(&format!(
        "{TLS}{order}  prefer_server_cipher_suites: false\n"
    ));
    assert_eq!(suite(&clients, &[AES_256, AES_128]), AES_256);
    assert_eq!(suite(&clients, &[AES_128, AES_256]), AES_128);
}

fn with_curves(site: &Site, groups: &[NamedGroup]) -> Client {
    let offer = Offer {
        groups: groups.to_vec(),
        ..Offer::default()
    };
    Client::offering(&site.authority, offer)
}

#[test]
fn all_of_gos_curves_may_be_named() {
    let curves = "  curve_preferences: [CurveP256, CurveP384, CurveP521, X25519]\n";
    let site = Site::new(&format!("{TLS}{curves}"));
    for curve in [
        NamedGroup::secp256r1,
        NamedGroup::secp384r1,
        NamedGroup::X25519,
    ] {
        is_greeted(&site, &with_curves(&site, &[curve]));
    }
}

#[test]
fn a_curve_must_be_in_common() {
    let site = Site::new(&format!(
        "{TLS}  curve_preferences: [CurveP521, CurveP384]\n"
    ));
    is_greeted(&site, &with_curves(&site, &[NamedGroup::secp384r1]));
    is_refused(
        &site,
        &with_curves(&site, &[NamedGroup::X25519]),
        "HandshakeFailure",
    );
}

#[test]
fn suites_that_http2_forbids_need_http2_off() {
    let suites = "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n";
    let off = "http_server_config: {http2: false}\n";
    let site = Site::new(&format!("{TLS}{suites}{off}"));
    is_greeted(&site, &Client::tls(&site.authority));
    let error = Site::new(&format!("{TLS}{suites}")).read().unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("HTTP/2 needs TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 or"),
        "{text}"
    );
    assert_eq!(error.position(), Some((4, 19)));
}

fn headers(lines: &str) -> String {
    format!("http_server_config:\n  headers:\n{lines}")
}

#[test]
fn the_five_headers_are_added() {
    let yaml = headers(
        "    Strict-Transport-Security: max-age=31536000; includeSubDomains\n    \
         X-Frame-Options: deny\n    X-Content-Type-Options: nosniff\n    \
         X-XSS-Protection: 1\n    Content-Security-Policy: default-src 'self'\n",
    );
    let answer = Client::plain()
        .get(Site::new(&yaml).serve().address)
        .unwrap();
    for (name, value) in [
        (
            "Strict-Transport-Security",
            "max-age=31536000; includeSubDomains",
        ),
        ("X-Frame-Options", "deny"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-XSS-Protection", "1"),
        ("Content-Security-Policy", "default-src 'self'"),
    ] {
        assert_eq!(answer.header(name), Some(value));
    }
}

#[test]
fn other_values_and_other_headers_are_refused() {
    for (line, expected) in [
        (
            "X-Content-Type-Options: sniff",
            "invalid value for x-content-type-options: write nosniff",
        ),
        (
            "X-Frame-Options: maybe",
            "invalid value for x-frame-options: write deny or sameorigin",
        ),
        ("Server: none", "Server"),
        ("x-frame-options: deny", "x-frame-options"),
    ] {
        let error = Site::new(&headers(&format!("    {line}\n")))
            .read()
            .unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.position().unwrap().0, 3, "{error}");
    }
}

fn client_auth(more: &str) -> Site {
    Site::new(&format!("{TLS}{more}"))
}

#[test]
fn any_client_certificate_will_do_but_one_there_must_be() {
    let site = client_auth("  client_auth_type: RequireAnyClientCert\n");
    let stranger = Site::new("").clients.client(&["stranger.example"]);
    is_greeted(&site, &Client::with_certificate(&site.authority, stranger));
    is_refused(&site, &Client::tls(&site.authority), "CertificateRequired");
    // As exporter-toolkit named it first.
    let site = client_auth("  client_auth_type: RequireClientCert\n");
    is_refused(&site, &Client::tls(&site.authority), "CertificateRequired");
}

#[test]
fn a_certificate_from_a_file_goes_with_a_key_in_the_configuration() {
    let site = Site::new("");
    let own = site.authority.server();
    site.write("server.pem", &own.certificate);
    let key = indented(&own.key);
    let yaml = format!(
        "tls_server_config:\n  cert_file: server.pem\n  key: |\n{key}  \
         client_auth_type: RequireAnyClientCert\n"
    );
    site.write("web.yml", &yaml);
    let own = site.clients.client(&["me.example"]);
    is_greeted(&site, &Client::with_certificate(&site.authority, own));
}

const VERIFY: &str = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n";

#[test]
fn a_verified_client_certificate_must_be_signed_by_the_authority() {
    let site = client_auth(VERIFY);
    let own = site.clients.client(&["me.example"]);
    is_greeted(&site, &Client::with_certificate(&site.authority, own));
    is_refused(&site, &Client::tls(&site.authority), "CertificateRequired");
    let stranger = Site::new("").clients.client(&["me.example"]);
    let stranger = Client::with_certificate(&site.authority, stranger);
    is_refused(&site, &stranger, "alert");
}

#[test]
fn the_authority_may_stand_in_the_file() {
    let site = Site::new("");
    let ca = indented(&site.clients.pem);
    let policy = "  client_auth_type: RequireAndVerifyClientCert\n";
    site.write("web.yml", &format!("{TLS}{policy}  client_ca: |\n{ca}"));
    let own = site.clients.client(&["me.example"]);
    is_greeted(&site, &Client::with_certificate(&site.authority, own));
    is_refused(&site, &Client::tls(&site.authority), "CertificateRequired");
}

#[test]
fn a_certificate_that_is_given_is_verified_where_none_is_needed() {
    let site =
        client_auth("  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.pem\n");
    is_greeted(&site, &Client::tls(&site.authority));
    let own = site.clients.client(&["me.example"]);
    is_greeted(&site, &Client::with_certificate(&site.authority, own));
    let stranger = Site::new("").clients.client(&["me.example"]);
    let stranger = Client::with_certificate(&site.authority, stranger);
    is_refused(&site, &stranger, "alert");
}

#[test]
fn a_certificate_that_is_only_asked_for_may_be_missing_or_anybodys() {
    let site = client_auth("  client_auth_type: RequestClientCert\n");
    is_greeted(&site, &Client::tls(&site.authority));
    let stranger = Site::new("").clients.client(&["me.example"]);
    is_greeted(&site, &Client::with_certificate(&site.authority, stranger));
    let site = client_auth("  client_auth_type: NoClientCert\n");
    is_greeted(&site, &Client::tls(&site.authority));
}

#[test]
fn a_clients_certificate_must_carry_an_allowed_name() {
    let sans = "  client_allowed_sans:\n  - good.example\n  - 192.0.2.1\n  - 2001:db8::1\n  \
                - ops@example.org\n  - spiffe://example/prometheus\n";
    let site = client_auth(&format!("{VERIFY}{sans}"));
    for name in [
        "good.example",
        "192.0.2.1",
        "2001:db8::1",
        "ops@example.org",
        "spiffe://example/prometheus",
    ] {
        let own = site.clients.client(&["other.example", name]);
        is_greeted(&site, &Client::with_certificate(&site.authority, own));
    }
    for names in [&["bad.example"][..], &["*.example", "192.0.2.2"], &[]] {
        let own = site.clients.client(names);
        is_refused(
            &site,
            &Client::with_certificate(&site.authority, own),
            "alert",
        );
    }
}

#[test]
fn without_a_limit_no_request_is_refused() {
    let server = Site::new("rate_limit:\n  interval: 0\n  burst: 0\n").serve();
    for _ in 0..20 {
        assert_eq!(Client::plain().get(server.address).unwrap().status, 200);
    }
}

#[test]
fn beyond_the_limit_requests_are_refused() {
    let server = Site::new("rate_limit:\n  interval: 1h\n  burst: 3\n").serve();
    let get = || Client::plain().get(server.address).unwrap();
    let codes: Vec<u16> = (0..5).map(|_| get().status).collect();
    assert_eq!(codes, [200, 200, 200, 429, 429]);
    let wait: u32 = get().header("Retry-After").unwrap().parse().unwrap();
    assert!((3000..=3601).contains(&wait), "{wait}");
}
