//! Checking passwords without letting wrong ones keep right ones waiting.
//!
//! A check costs a tenth of a second of CPU or more, on purpose. So verdicts are remembered, checks
//! run one at a time, after a wrong password the next one waits as long as the check took (at most
//! half a core is spent), and each client may have only a few checks waiting.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::{hmac, rand::SystemRandom};
use tokio::sync::Semaphore;

use super::users::Users;

/// Verdicts remembered of each kind.
const REMEMBERED: usize = 128;
/// Checks that may wait, of one client and of all.
const WAITING_OF_CLIENT: usize = 4;
const WAITING: usize = 64;

/// What a request's credentials are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    /// Wrong, malformed or none.
    Bad,
    /// Not checked: too many wait.
    Busy,
}

/// Stands for name, hash and password together. Nobody without the key can make two triples that
/// share one, and none of the three can be found from it.
type Tag = [u8; 32];

pub(super) struct PasswordChecks {
    key: hmac::Key,
    memory: Mutex<Memory>,
    one_at_a_time: Arc<Semaphore>,
    waiting: Mutex<HashMap<Option<IpAddr>, usize>>,
}

/// Wrong passwords never push right ones out.
#[derive(Default)]
struct Memory {
    good: Recent,
    bad: Recent,
}

#[derive(Default)]
struct Recent {
    tags: HashSet<Tag>,
    order: VecDeque<Tag>,
}

impl Recent {
    fn insert(&mut self, tag: Tag) {
        if !self.tags.insert(tag) {
            return;
        }
        self.order.push_back(tag);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.tags.remove(&oldest);
        }
    }
}

impl PasswordChecks {
    /// `None` if the system gives no random numbers.
    pub(super) fn new() -> Option<Self> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok()?;
        Some(Self {
            key,
            memory: Mutex::default(),
            one_at_a_time: Arc::new(Semaphore::new(1)),
            waiting: Mutex::default(),
        })
    }

    /// Judges the value of an `Authorization` header. `client` is who sent it, if it has an address.
    pub(super) async fn judge(
        self: &Arc<Self>,
        users: &Users,
        authorization: Option<&[u8]>,
        client: Option<IpAddr>,
    ) -> Verdict {
        let Some((name, password)) = authorization.and_then(credentials) else {
            return Verdict::Bad;
        };
        let known = users.hash_of(&name).map(str::to_owned);
        let is_known = known.is_some();
        let hash = known.unwrap_or_else(|| {
            let choice = self.tag(&[name.as_bytes()])[0];
            users.decoy(choice)
        });
        let tag = self.tag(&[name.as_bytes(), hash.as_bytes(), &password]);
        if let Some(verdict) = self.remembered(&tag) {
            return verdict;
        }
        let Some(_permit) = Permit::take(self, client) else {
            return Verdict::Busy;
        };
        let Ok(turn) = Arc::clone(&self.one_at_a_time).acquire_owned().await else {
            return Verdict::Busy;
        };
        // The same may have been checked meanwhile.
        if let Some(verdict) = self.remembered(&tag) {
            return verdict;
        }
        let checks = Arc::clone(self);
        // Runs to its end even if the client goes away, and has the turn until then.
        let check = tokio::task::spawn_blocking(move || {
            let begin = Instant::now();
            let is_good = bcrypt::verify(&password, &hash).unwrap_or(false) && is_known;
            let took = begin.elapsed();
            let mut memory = lock(&checks.memory);
            if is_good {
                memory.good.insert(tag);
                return Verdict::Good;
            }
            memory.bad.insert(tag);
            tokio::spawn(async move {
                tokio::time::sleep(took).await;
                drop(turn);
            });
            Verdict::Bad
        });
        check.await.unwrap_or(Verdict::Bad)
    }

    fn tag(&self, parts: &[&[u8]]) -> Tag {
        let mut context = hmac::Context::with_key(&self.key);
        for part in parts {
            // Lengths first: `a` and `bc` are not `ab` and `c`.
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part);
        }
        let mut tag = Tag::default();
        for (to, from) in tag.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        tag
    }

    fn remembered(&self, tag: &Tag) -> Option<Verdict> {
        let memory = lock(&self.memory);
        if memory.good.tags.contains(tag) {
            return Some(Verdict::Good);
        }
        memory.bad.tags.contains(tag).then_some(Verdict::Bad)
    }
}

/// Permission to wait for a check, given back when dropped.
struct Permit<'a> {
    checks: &'a PasswordChecks,
    client: Option<IpAddr>,
}

impl<'a> Permit<'a> {
    fn take(checks: &'a PasswordChecks, client: Option<IpAddr>) -> Option<Self> {
        let client = client.map(network);
        let mut waiting = lock(&checks.waiting);
        if waiting.values().sum::<usize>() >= WAITING {
            return None;
        }
        let permits = waiting.entry(client).or_default();
        if *permits >= WAITING_OF_CLIENT {
            return None;
        }
        *permits += 1;
        Some(Self { checks, client })
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut waiting = lock(&self.checks.waiting);
        if let Some(permits) = waiting.get_mut(&self.client) {
            *permits -= 1;
            if *permits == 0 {
                waiting.remove(&self.client);
            }
        }
    }
}

/// One who has an IPv6 address has 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            const HOST: u128 = u64::MAX as u128;
            Ipv6Addr::from_bits(address.to_bits() & !HOST).into()
        }
        address => address,
    }
}

/// Name and password of RFC 7617.
fn credentials(authorization: &[u8]) -> Option<(String, Vec<u8>)> {
    let (scheme, encoded) = authorization.split_at_checked("Basic ".len())?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    let mut name = STANDARD.decode(encoded.trim_ascii()).ok()?;
    let colon = name.iter().position(|byte| *byte == b':')?;
    let password = name.split_off(colon + 1);
    name.pop();
    Some((String::from_utf8(name).ok()?, password))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
