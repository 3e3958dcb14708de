//! Verdicts, and who has to wait for one.

use std::sync::LazyLock;

use serde_saphyr::{Location, Spanned};

use super::super::raw_config::Secret;
use super::*;

const COST: u32 = 4;

static HASH: LazyLock<String> = LazyLock::new(|| bcrypt::hash("alice123", COST).unwrap());

fn users(rows: &[(&str, &str)]) -> Users {
    let rows = rows.iter().map(|(name, hash)| {
        let hash = Spanned {
            value: Secret((*hash).to_owned()),
            referenced: Location::UNKNOWN,
            defined: Location::UNKNOWN,
        };
        ((*name).to_owned(), hash)
    });
    Users::new(rows.collect(), &mut Vec::new())
        .unwrap()
        .unwrap()
}

fn alice() -> Users {
    users(&[("alice", &HASH)])
}

fn header(name: &str, password: &str) -> Vec<u8> {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}"))).into_bytes()
}

fn checks() -> Arc<PasswordChecks> {
    Arc::new(PasswordChecks::new().unwrap())
}

async fn judge(checks: &Arc<PasswordChecks>, users: &Users, name: &str, password: &str) -> Verdict {
    checks
        .judge(users, Some(&header(name, password)), None)
        .await
}

fn remembered(checks: &PasswordChecks) -> (usize, usize) {
    let memory = lock(&checks.memory);
    (memory.good.tags.len(), memory.bad.tags.len())
}

#[tokio::test]
async fn only_name_and_password_together_are_good_the_second_time_too() {
    let checks = checks();
    for _ in 0..2 {
        assert_eq!(
            judge(&checks, &alice(), "alice", "alice123").await,
            Verdict::Good
        );
        assert_eq!(
            judge(&checks, &alice(), "alice", "alice1234").await,
            Verdict::Bad
        );
        assert_eq!(
            judge(&checks, &alice(), "bob", "alice123").await,
            Verdict::Bad
        );
    }
    assert_eq!(remembered(&checks), (1, 2));
}

#[tokio::test]
async fn what_is_no_basic_authentication_is_bad() {
    let good = header("alice", "alice123");
    let encoded = good.strip_prefix(b"Basic ").unwrap();
    let checks = checks();
    let lower = [b"basic ", encoded].concat();
    assert_eq!(
        checks.judge(&alice(), Some(&lower), None).await,
        Verdict::Good
    );
    for wrong in [
        None,
        Some(&b""[..]),
        Some(b"Basic"),
        Some(b"Basic "),
        Some(b"Basic %%%"),
        Some(b"Basic YWxpY2U="),
        Some(b"Bearer YWxpY2U6YWxpY2UxMjM="),
    ] {
        assert_eq!(
            checks.judge(&alice(), wrong, None).await,
            Verdict::Bad,
            "{wrong:?}"
        );
    }
}

#[tokio::test]
async fn a_changed_password_is_checked_anew() {
    let checks = checks();
    assert_eq!(
        judge(&checks, &alice(), "alice", "alice123").await,
        Verdict::Good
    );
    let changed = users(&[("alice", &bcrypt::hash("another", COST).unwrap())]);
    assert_eq!(
        judge(&checks, &changed, "alice", "alice123").await,
        Verdict::Bad
    );
    assert_eq!(
        judge(&checks, &changed, "alice", "another").await,
        Verdict::Good
    );
    assert_eq!(
        judge(&checks, &alice(), "alice", "another").await,
        Verdict::Bad
    );
}

#[tokio::test]
async fn a_name_that_holds_a_hash_poisons_nothing() {
    let checks = checks();
    let decoy = alice().decoy(0);
    // As if name, hash and password were just written one after the other.
    assert_eq!(
        judge(&checks, &alice(), &format!("alice{}", *HASH), "x").await,
        Verdict::Bad
    );
    let password = format!("{decoy}x");
    assert_eq!(
        judge(&checks, &alice(), "alice", &password).await,
        Verdict::Bad
    );
    let parts: [&[u8]; 2] = [b"a", b"bc"];
    let others: [&[u8]; 2] = [b"ab", b"c"];
    assert_ne!(checks.tag(&parts), checks.tag(&others));
}

#[test]
fn an_unknown_name_costs_as_much_as_a_known_one() {
    let hash = |cost| format!("$2y${cost:02}${}", ".".repeat(53));
    let users = users(&[("a", &hash(4)), ("b", &hash(12))]);
    let cost = |choice| {
        users
            .decoy(choice)
            .parse::<bcrypt::HashParts>()
            .unwrap()
            .get_cost()
    };
    assert_eq!((cost(0), cost(1), cost(255)), (4, 12, 12));
    assert!(!bcrypt::verify("", &users.decoy(0)).unwrap());
}

#[tokio::test]
async fn wrong_passwords_do_not_push_a_right_one_out() {
    let checks = checks();
    assert_eq!(
        judge(&checks, &alice(), "alice", "alice123").await,
        Verdict::Good
    );
    {
        let mut memory = lock(&checks.memory);
        for number in 0..10_000_u32 {
            memory.bad.insert(checks.tag(&[&number.to_le_bytes()]));
        }
    }
    assert_eq!(remembered(&checks), (1, REMEMBERED));
    // Nobody could check it now: it is remembered.
    checks.one_at_a_time.close();
    assert_eq!(
        judge(&checks, &alice(), "alice", "alice123").await,
        Verdict::Good
    );
}

#[tokio::test]
async fn a_client_may_have_only_a_few_checks_waiting() {
    let checks = checks();
    let address = |text: &str| Some(text.parse::<IpAddr>().unwrap());
    let _turn = checks.one_at_a_time.acquire().await.unwrap();
    let places: Vec<_> = (0..WAITING_OF_CLIENT)
        .map(|_| Permit::take(&checks, address("2001:db8::1")).unwrap())
        .collect();
    assert!(Permit::take(&checks, address("2001:db8::2")).is_none());
    let header = header("alice", "alice123");
    let users = alice();
    let verdict = checks.judge(&users, Some(&header), address("2001:db8::3"));
    assert_eq!(verdict.await, Verdict::Busy);
    assert!(Permit::take(&checks, address("2001:db8:0:1::1")).is_some());
    drop(places);
    assert!(lock(&checks.waiting).is_empty());

    let addresses = (0..=255_u8).map(|last| Some(IpAddr::from([192, 0, 2, last])));
    let places: Vec<_> = addresses
        .map_while(|address| Permit::take(&checks, address))
        .collect();
    assert_eq!(places.len(), WAITING);
}
