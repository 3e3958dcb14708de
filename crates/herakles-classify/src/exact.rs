//! Exact names, each found by one look into a hash table.
//!
//! There are thousands of them, so the table keeps no copy of a name: it keeps places of names in
//! the rules.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use hashbrown::HashTable;

use crate::rule::Rules;

/// Where each exact name stands in the rules it was made of.
#[derive(Debug)]
pub(crate) struct ExactNames {
    /// In order of name, then of rule.
    places: Box<[Place]>,
    /// The first place of each name.
    first: HashTable<u32>,
    hasher: RandomState,
}

/// A pattern by the numbers of its rule and its own; rule files are too small for more than these.
#[derive(Clone, Copy, Debug)]
struct Place {
    rule: u32,
    pattern: u32,
}

impl ExactNames {
    /// Notes the exact names of all rules.
    pub(crate) fn new(rules: &Rules) -> Self {
        let mut places: Vec<Place> = (0..)
            .zip(rules.iter())
            .flat_map(|(rule, content)| {
                let patterns = (0..).zip(&content.names);
                let exact = patterns.filter(|(_, pattern)| pattern.matcher.exact().is_some());
                exact.map(move |(pattern, _)| Place { rule, pattern })
            })
            .collect();
        places.sort_by_key(|place| place.name(rules));
        let hasher = RandomState::new();
        let hash_at = |&index: &u32| hasher.hash_one(name_at(&places, index, rules));
        let mut first = HashTable::new();
        let mut previous = None;
        for (index, place) in (0..).zip(&places) {
            let name = place.name(rules);
            if previous.replace(name) != Some(name) {
                first.insert_unique(hash_at(&index), index, hash_at);
            }
        }
        Self {
            first,
            hasher,
            places: places.into(),
        }
    }

    /// The first rule below `best` that has this name and that `admits`, else `best`. `rules` are
    /// those it was made of.
    pub(crate) fn first_match(
        &self,
        rules: &Rules,
        name: &[u8],
        best: usize,
        admits: impl Fn(usize) -> bool,
    ) -> usize {
        let is_here = |&index: &u32| name_at(&self.places, index, rules) == name;
        let Some(&first) = self.first.find(self.hasher.hash_one(name), is_here) else {
            return best;
        };
        let places = self.places.get(first as usize..).unwrap_or_default();
        places
            .iter()
            .take_while(|place| (place.rule as usize) < best && place.name(rules) == name)
            .map(|place| place.rule as usize)
            .find(|&rule| admits(rule))
            .unwrap_or(best)
    }
}

fn name_at<'r>(places: &[Place], index: u32, rules: &'r Rules) -> &'r [u8] {
    let place = places.get(index as usize);
    place.map(|place| place.name(rules)).unwrap_or_default()
}

impl Place {
    fn name(self, rules: &Rules) -> &[u8] {
        let pattern = rules
            .at(self.rule as usize)
            .and_then(|rule| rule.names.get(self.pattern as usize));
        let name = pattern.and_then(|pattern| pattern.matcher.exact());
        name.unwrap_or_default()
    }
}
