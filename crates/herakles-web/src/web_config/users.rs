//! Who may come in, by `basic_auth_users`.

use std::collections::BTreeMap;
use std::fmt;

use bcrypt::HashParts;
use serde_saphyr::Spanned;

use super::error::Problem;
use super::raw_config::Secret;

/// From this cost on one check takes seconds.
const SLOW_COST: u32 = 15;

/// Names and bcrypt hashes, at least one.
#[derive(Clone)]
pub(super) struct Users {
    hashes: BTreeMap<String, String>,
    costs: Vec<u32>,
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.hashes.keys()).finish()
    }
}

impl Users {
    /// `None` if there are no users: then nobody is asked for a password.
    pub(super) fn new(
        section: BTreeMap<String, Spanned<Secret>>,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Self>, Problem> {
        let mut hashes = BTreeMap::new();
        let mut costs = Vec::new();
        for (name, hash) in section {
            let parts: HashParts = hash.value.0.parse().map_err(|_| {
                let message = format!(
                    "the password of {name:?} is no bcrypt hash; make one with `htpasswd -nBC 10 \"\"`"
                );
                Problem::at(hash.referenced, message)
            })?;
            let cost = parts.get_cost();
            if cost >= SLOW_COST {
                warnings.push(format!(
                    "basic_auth_users: the hash of {name:?} has cost {cost}: a check takes seconds; \
                     10 to 12 is usual"
                ));
            }
            costs.push(cost);
            hashes.insert(name, hash.value.0);
        }
        Ok((!hashes.is_empty()).then_some(Self { hashes, costs }))
    }

    pub(super) fn hash_of(&self, name: &str) -> Option<&str> {
        self.hashes.get(name).map(String::as_str)
    }

    /// A hash that no password has and that takes as long to check as that of one of the users,
    /// `choice` says of which: so an unknown name cannot be told from a known one by the time.
    pub(super) fn decoy(&self, choice: u8) -> String {
        let at = usize::from(choice) % self.costs.len().max(1);
        let cost = self.costs.get(at).copied().unwrap_or(10);
        format!("$2b${cost:02}${}", ".".repeat(53))
    }
}
