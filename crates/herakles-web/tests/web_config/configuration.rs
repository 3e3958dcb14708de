//! What may stand in the file, and what is said of the rest.
//!
//! All 18 cases of exporter-toolkit's `TestYAMLFiles` are here, the missing file on its own and the
//! others as the first rows of the table; so are those of `TestTLSConfigIsEnabled`, but that a client
//! CA or a policy alone is an error here.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use herakles_web::web_config::WebConfig;

use crate::harness::{ALICE, Site, TLS};

/// Reads `yaml` and compares the error, `FILE` standing for the name of the file.
fn check(name: &str, yaml: &str, expected: Result<(), &str>) {
    let site = Site::new(yaml);
    let file = site.path("web.yml").display().to_string();
    let directory = site.path("").display().to_string();
    let read = site.read().map(drop).map_err(|error| {
        error
            .to_string()
            .replace(&file, "FILE")
            .replace(&directory, "")
    });
    match (read, expected) {
        (Ok(()), Ok(())) => {}
        (Err(found), Err(expected)) => assert!(found.starts_with(expected), "{name}: {found}"),
        (read, _) => panic!("{name}: {read:?}"),
    }
}

#[test]
fn a_missing_file_is_named() {
    let site = Site::new("");
    let error = WebConfig::read(&site.path("somefile")).unwrap_err();
    let expected = format!(
        "{}: cannot be read: No such file",
        site.path("somefile").display()
    );
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert_eq!(error.file(), site.path("somefile"));
    assert_eq!(error.position(), None);
}

#[test]
fn each_mistake_is_named_with_its_place() {
    let cases: &[(&str, &str, Result<(), &str>)] = &[
        ("empty", "", Ok(())),
        ("only a comment", "# nothing yet\n", Ok(())),
        (
            "empty sections",
            "tls_server_config:\nbasic_auth_users:\nrate_limit:\nhttp_server_config:\n",
            Ok(()),
        ),
        ("junk", "hahahahahahahaha\n", Err("FILE:1:1: ")),
        (
            "unknown key",
            "tls_server_config:\n  cert_filse: server.pem\n",
            Err("FILE:2:3: "),
        ),
        (
            "cert path empty",
            "tls_server_config:\n  cert_file: ''\n  key_file: server.key\n",
            Err("FILE:2:3: missing one of cert or cert_file"),
        ),
        (
            "cert empty",
            "tls_server_config:\n  cert: ''\n  key_file: server.key\n",
            Err("FILE:2:3: missing one of cert or cert_file"),
        ),
        (
            "key path empty",
            "tls_server_config:\n  cert_file: server.pem\n  key_file: ''\n",
            Err("FILE:2:3: missing one of key or key_file"),
        ),
        (
            "key empty",
            "tls_server_config:\n  cert_file: server.pem\n  key: ''\n",
            Err("FILE:2:3: missing one of key or key_file"),
        ),
        (
            "cert path and key path empty",
            "tls_server_config:\n  cert_file: ''\n  key_file: ''\n  client_auth_type: x\n",
            Err("FILE:2:3: missing one of cert or cert_file"),
        ),
        (
            "cert path invalid",
            "tls_server_config:\n  cert_file: somefile\n  key_file: server.key\n",
            Err("FILE:2:14: cert_file: cannot read somefile: No such file"),
        ),
        (
            "key path invalid",
            "tls_server_config:\n  cert_file: server.pem\n  key_file: somefile\n",
            Err("FILE:3:13: key_file: cannot read somefile: No such file"),
        ),
        (
            "cert path and key path invalid",
            "tls_server_config:\n  cert_file: somefile\n  key_file: somefile\n",
            Err("FILE:2:14: cert_file: cannot read somefile: No such file"),
        ),
        (
            "client CA without a certificate",
            "tls_server_config:\n  client_ca_file: ca.pem\n",
            Err("FILE:2:3: missing one of cert or cert_file"),
        ),
        (
            "policy without a certificate",
            "tls_server_config:\n  client_auth_type: RequireAndVerifyClientCert\n",
            Err("FILE:2:3: missing one of cert or cert_file"),
        ),
        (
            "client CA without a policy",
            "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  client_ca_file: ca.pem\n",
            Err("FILE:4:19: a client CA is given, but no client_auth_type"),
        ),
        (
            "policy unknown",
            "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  client_auth_type: Sometimes\n",
            Err("FILE:4:21: invalid client_auth_type \"Sometimes\"; write NoClientCert,"),
        ),
        (
            "client CA path invalid",
            "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: somefile\n",
            Err("FILE:5:19: client_ca_file: cannot read somefile: No such file"),
        ),
        (
            "user list invalid",
            "basic_auth_users:\n  john: doe\n",
            Err("FILE:2:9: the password of \"john\" is no bcrypt hash"),
        ),
        (
            "invented ciphers",
            "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  cipher_suites:\n  - TLS_RSA_WITH_RC4_2048_SHA\n",
            Err("FILE:5:5: unknown cipher suite \"TLS_RSA_WITH_RC4_2048_SHA\""),
        ),
        (
            "invented curves",
            "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  curve_preferences: [CurveP257]\n",
            Err("FILE:4:23: unknown curve \"CurveP257\"; there are X25519, "),
        ),
        (
            "wrong TLS version",
            "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  min_version: TLS111\n",
            Err("FILE:4:16: unknown TLS version \"TLS111\""),
        ),
        // What exporter-toolkit's table leaves out.
        (
            "a user twice",
            &format!("basic_auth_users:\n  a: {ALICE}\n  a: {ALICE}\n"),
            Err("FILE:3:3: "),
        ),
        (
            "a user without a password",
            "basic_auth_users:\n  a:\n",
            Err("FILE:2:"),
        ),
        (
            "certificate twice",
            "tls_server_config:\n  cert: x\n  cert_file: server.pem\n  key_file: server.key\n",
            Err("FILE:3:14: give cert or cert_file, not both"),
        ),
        (
            "a key for a certificate",
            "tls_server_config:\n  cert_file: server.key\n  key_file: server.key\n",
            Err("FILE:2:14: there is no PEM certificate in it"),
        ),
        (
            "a certificate for a key",
            "tls_server_config:\n  cert_file: server.pem\n  key_file: server.pem\n",
            Err("FILE:3:13: there is no private key in it"),
        ),
        (
            "a directory",
            "tls_server_config:\n  cert_file: .\n  key_file: server.key\n",
            Err("FILE:2:14: cert_file: cannot read .: it is no regular file"),
        ),
        (
            "the log of the kernel, whose end never comes",
            "tls_server_config:\n  cert_file: /proc/kmsg\n  key_file: server.key\n",
            Err("FILE:2:14: cert_file: cannot read /proc/kmsg: "),
        ),
        (
            "a client CA without a certificate in it",
            "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: server.key\n",
            Err("FILE:5:19: there is no PEM certificate in it"),
        ),
        (
            "nobody to verify by",
            "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  client_auth_type: RequireAndVerifyClientCert\n",
            Err("FILE:4:21: this client_auth_type verifies certificates"),
        ),
        (
            "names without a certificate that is required",
            "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.pem\n  client_allowed_sans: [x]\n",
            Err("FILE:6:25: client_allowed_sans needs client_auth_type Require"),
        ),
        (
            "versions crossed",
            "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  min_version: TLS13\n  max_version: TLS12\n",
            Err("FILE:5:16: no version of TLS is left"),
        ),
        (
            "only versions of the past",
            "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  min_version: TLS10\n  max_version: TLS11\n",
            Err("FILE:5:16: no version of TLS is left"),
        ),
        (
            "only a curve that rustls lacks",
            "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  curve_preferences: [CurveP521]\n",
            Err("FILE:4:23: no curve is left"),
        ),
        (
            "only suites that rustls lacks",
            "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]\n",
            Err("FILE:5:19: no cipher suite is left"),
        ),
        (
            "a rate limit in no unit",
            "rate_limit:\n  interval: soon\n",
            Err("FILE:2:13: the interval is no duration"),
        ),
        (
            "a burst of none",
            "rate_limit:\n  interval: 1s\n  burst: 0\n",
            Err("FILE:3:10: the burst must be from 1"),
        ),
    ];
    for (name, yaml, expected) in cases {
        check(name, yaml, *expected);
    }
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let site = Site::new(TLS);
    site.write("server.key", &site.authority.server().key);
    let error = site.read().unwrap_err();
    assert!(
        error.to_string().contains("cannot be used together"),
        "{error}"
    );
    assert_eq!(error.position(), Some((2, 14)));
}

#[test]
fn no_error_shows_a_secret() {
    let secret = "s3cr3t-canary";
    for yaml in [
        format!("basic_auth_users:\n  john: {secret}\n"),
        format!("basic_auth_users: {secret}\n"),
        format!("basic_auth_users:\n  john: [{secret}]\n"),
        format!("basic_auth_users:\n- {secret}\n"),
        format!("basic_auth_users:\n  john: {secret}\n  unknown"),
        format!("{TLS}  key: {secret}\n"),
        format!("tls_server_config:\n  cert_file: server.pem\n  key: {secret}\n  x: y\n"),
        format!("tls_server_config:\n  cert_file: server.pem\n  key: {secret}\n"),
        format!("tls_server_config:\n  cert_file: server.pem\n  key: {{a: {secret}}}\n"),
    ] {
        let error = Site::new(&yaml).read().unwrap_err();
        assert!(!error.to_string().contains(secret), "{error}");
        assert!(!format!("{error:?}").contains(secret), "{error:?}");
    }
    let good = Site::new(&format!("basic_auth_users:\n  john: {ALICE}\n"));
    assert!(!format!("{:?}", good.read().unwrap()).contains("$2"));
}

#[test]
fn what_is_quoted_stays_in_its_line() {
    let yaml = "tls_server_config:\n  cert_file: \"a\\tb\\n\\u202ec\"\n  key_file: x\n";
    let error = Site::new(yaml).read().unwrap_err().to_string();
    assert!(error.contains(r"a\tb\n\u{202e}c"), "{error}");
}

#[test]
fn names_that_rustls_lacks_are_warnings_while_something_is_left() {
    let warnings = |more: &str| {
        Site::new(&format!("{TLS}{more}"))
            .read()
            .unwrap()
            .warnings()
            .to_vec()
    };
    assert_eq!(warnings(""), [""; 0]);
    let suites = "  cipher_suites:\n  - TLS_RSA_WITH_AES_128_CBC_SHA\n  \
                  - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\n";
    assert_eq!(
        warnings(suites),
        ["cipher_suites: not supported and not offered: TLS_RSA_WITH_AES_128_CBC_SHA"]
    );
    assert_eq!(
        warnings("  curve_preferences: [CurveP521, CurveP256]\n"),
        ["curve_preferences: CurveP521 is not supported and not offered"]
    );
    assert_eq!(
        warnings("  min_version: TLS10\n"),
        ["min_version: TLS 1.2 is the lowest version that is served"]
    );
}

#[test]
fn settings_of_tls_without_a_certificate_switch_nothing_on() {
    for off in [
        "{}",
        "{min_version: TLS13, cipher_suites: []}",
        "{cert_file: ''}",
    ] {
        let config = Site::new(&format!("tls_server_config: {off}\n")).read();
        let config = config.unwrap();
        assert!(!config.has_tls(), "{off}");
        assert_eq!(
            config.warnings(),
            ["tls_server_config: without a certificate there is no TLS"]
        );
    }
}

#[test]
fn a_key_that_others_may_read_is_a_warning() {
    let site = Site::new(TLS);
    let key = site.path("server.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let warnings = site.read().unwrap().warnings().to_vec();
    let expected = format!(
        "the private key {} may be read by others; chmod o-rwx",
        key.display()
    );
    assert_eq!(warnings, [expected]);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(site.read().unwrap().warnings(), [""; 0]);
}

/// In shape and comments as exporter-toolkit documents it, every key of it used.
#[test]
fn a_file_written_by_exporter_toolkits_documentation_works_unchanged() {
    let yaml = format!(
        "tls_server_config:
  # Certificate and key files for server to use to authenticate to client.
  cert_file: server.pem
  key_file: server.key
  client_auth_type: \"RequireAndVerifyClientCert\"
  client_ca_file: ca.pem
  client_allowed_sans:
    - prometheus.example
  min_version: \"TLS12\"
  max_version: \"TLS13\"
  cipher_suites:
    - TLS_AES_128_GCM_SHA256
    - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
    - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
  prefer_server_cipher_suites: true
  curve_preferences:
    - X25519
    - CurveP256
http_server_config:
  http2: true
  headers:
    Content-Security-Policy: \"default-src 'self'\"
    X-Frame-Options: deny
    X-Content-Type-Options: nosniff
    X-XSS-Protection: \"1\"
    Strict-Transport-Security: max-age=31536000
basic_auth_users:
  alice: {ALICE}
  # Quoted or not.
  bob: '{ALICE}'
rate_limit:
  interval: 1s
  burst: 20
"
    );
    let config = Site::new(&yaml).read().unwrap();
    assert!(config.has_tls() && config.has_users());
    assert_eq!(config.warnings(), [""; 0]);
}
