//! The classes in use, and the place of each process among them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::class::{Class, ClassId};
use crate::classifier::Classification;
use crate::inheritance::{ClassKind, Inheritance, Inherited};
use crate::rule::{Rule, Rules};

/// Group and subgroup of what no rule matches, and the subgroup of a template's further values.
pub(crate) const OTHER_NAME: &str = "other";

/// Every class in use, numbered; lives as long as the exporter, across reloads of the rules.
///
/// Classes written out in rules stay once seen. Those made by templates are bounded by their
/// rule's `max_values` and go some time after their last member.
///
/// ```
/// use herakles_classify::{Classifier, ClassTable, Facts, Inheritance, Rules};
///
/// let rules = Rules::parse(
///     "subgroups = [{ group = 'db', subgroup = 'postgres', matches = ['postgres'], inherit = true }]",
///     "my.toml",
/// )?;
/// let classifier = Classifier::new(rules);
/// let mut table = ClassTable::new();
/// let server = classifier.classify(&Facts { comm: b"postgres", ..Facts::default() });
/// let server = table.place(&server, &Inheritance::NONE);
/// let child = classifier.classify(&Facts { comm: b"archive.sh", ..Facts::default() });
/// let child = table.place(&child, &server.inheritance);
/// assert_eq!(table.class(child.class).to_string(), "db/postgres");
/// # Ok::<_, herakles_classify::RuleError>(())
/// ```
#[derive(Debug)]
pub struct ClassTable {
    slots: Vec<Slot>,
    ids: HashMap<Class, ClassId>,
    free: Vec<ClassId>,
    /// Places taken, by the names of the rule as written: a reload does not reset them.
    values: HashMap<Class, usize>,
}

#[derive(Debug)]
struct Slot {
    class: Class,
    /// `None` once expired and not yet taken again.
    kind: Option<ClassKind>,
    empty_since: Option<Instant>,
}

/// Where a process was put.
#[derive(Clone, Debug)]
pub struct Placement {
    /// Its class.
    pub class: ClassId,
    /// What to keep for its children.
    pub inheritance: Inheritance,
    /// Whether it went to `other` because its rule's template has `max_values` values already.
    pub overflowed: bool,
    /// Whether it is in the class of an ancestor, whose rule counts before any that matches it.
    pub inherited: bool,
}

impl Placement {
    /// In this class whatever rules say, with nothing to pass on.
    pub const fn settled(class: ClassId) -> Self {
        Self {
            class,
            inheritance: Inheritance::NONE,
            overflowed: false,
            inherited: false,
        }
    }
}

impl ClassTable {
    /// How long a class made by a template stays after its last member.
    pub const EXPIRY: Duration = Duration::from_secs(600);

    /// A table that holds [`other`](Self::other) and [`kernel`](Self::kernel).
    pub fn new() -> Self {
        let mut table = Self {
            slots: Vec::new(),
            ids: HashMap::new(),
            free: Vec::new(),
            values: HashMap::new(),
        };
        table.insert(Class::new(OTHER_NAME, OTHER_NAME), ClassKind::Plain);
        table.insert(Class::new("system", "kernel"), ClassKind::Plain);
        table
    }

    /// `other/other`: what no rule matches.
    pub const fn other() -> ClassId {
        ClassId(0)
    }

    /// `system/kernel`: kernel threads, whatever their names.
    pub const fn kernel() -> ClassId {
        ClassId(1)
    }

    /// Makes the classes of rules with `always = true` known before their first member.
    pub fn declare(&mut self, rules: &Rules) {
        for rule in rules.iter().filter(|rule| rule.always) {
            if let Some(class) = rule.class() {
                self.keep(class);
            }
        }
    }

    /// Puts a process into its class, where `parent` is what its parent passes on.
    ///
    /// A process joins the class its parent passes on if it matches no rule, or only rules that
    /// come after those of the kind that passes it on: a user's own, then the built-in ones, then
    /// those with `fallback = true`. Managers (init, systemd, cron, sshd, a container shim …) join
    /// nothing, because each is the root of something new. Call it once for each new identity and once more when its name or program changes;
    /// parents before children, for which the order of start time and pid serves.
    pub fn place(&mut self, classification: &Classification, parent: &Inheritance) -> Placement {
        if let Some(inherited) = inherited(parent, classification) {
            let (class, kind) = self.admit(&inherited.class, inherited.kind.clone());
            return Placement {
                class,
                inheritance: parent.clone(),
                overflowed: matches!(kind, ClassKind::Overflow),
                inherited: true,
            };
        }
        let (Some(rule), Some(class)) = (&classification.rule, &classification.class) else {
            return Placement::settled(Self::other());
        };
        let kind = if rule.is_plain() {
            ClassKind::Plain
        } else {
            ClassKind::Value(rule.clone())
        };
        let (id, kind) = self.admit(class, kind);
        let overflowed = matches!(kind, ClassKind::Overflow);
        let inheritance = if rule.inherit {
            Inheritance(Some(Arc::new(Inherited {
                class: self.class(id).clone(),
                kind,
                precedence: rule.precedence(),
            })))
        } else if classification.is_manager {
            Inheritance::NONE
        } else {
            parent.clone()
        };
        Placement {
            class: id,
            inheritance,
            overflowed,
            inherited: false,
        }
    }

    /// The class a number stands for.
    ///
    /// # Panics
    /// If the number comes from another table.
    pub fn class(&self, id: ClassId) -> &Class {
        &self.slots[id.index()].class
    }

    /// Every class there is now, in order of its number.
    pub fn classes(&self) -> impl Iterator<Item = (ClassId, &Class)> {
        (0..)
            .zip(&self.slots)
            .filter(|(_, slot)| slot.kind.is_some())
            .map(|(number, slot)| (ClassId(number), &slot.class))
    }

    /// One more than the greatest number in use: the length for an array indexed by
    /// [`ClassId::index`].
    pub fn id_bound(&self) -> usize {
        self.slots.len()
    }

    /// Drops the classes of templates that had no member for [`EXPIRY`](Self::EXPIRY), and
    /// appends their numbers to `expired`.
    ///
    /// Call it once for each refresh. What is accumulated under an expired number must be
    /// dropped, because the number is used again.
    pub fn expire(
        &mut self,
        now: Instant,
        has_members: impl Fn(ClassId) -> bool,
        expired: &mut Vec<ClassId>,
    ) {
        for (number, slot) in (0..).zip(&mut self.slots) {
            let id = ClassId(number);
            if matches!(slot.kind, None | Some(ClassKind::Plain)) {
                continue;
            }
            if has_members(id) {
                slot.empty_since = None;
                continue;
            }
            let since = *slot.empty_since.get_or_insert(now);
            if now.saturating_duration_since(since) < Self::EXPIRY {
                continue;
            }
            if let Some(ClassKind::Value(rule)) = slot.kind.take() {
                release(&mut self.values, &rule);
            }
            self.ids.remove(&slot.class);
            self.free.push(id);
            expired.push(id);
        }
    }

    /// The number of a class, made on demand, or of the overflow class if its template is full.
    fn admit(&mut self, class: &Class, kind: ClassKind) -> (ClassId, ClassKind) {
        match kind {
            ClassKind::Plain => (self.keep(class), ClassKind::Plain),
            ClassKind::Overflow => (self.find_or_insert(class, ClassKind::Overflow), kind),
            ClassKind::Value(rule) => {
                if let Some(&id) = self.ids.get(class) {
                    return (id, ClassKind::Value(rule));
                }
                let taken = self.values.entry(rule.written.clone()).or_default();
                if *taken < rule.max_values {
                    *taken += 1;
                    return (
                        self.insert(class.clone(), ClassKind::Value(rule.clone())),
                        ClassKind::Value(rule),
                    );
                }
                let id = self.find_or_insert(&overflow_class(&rule), ClassKind::Overflow);
                (id, ClassKind::Overflow)
            }
        }
    }

    /// The number of a class that a rule spells out: from now on it stays.
    fn keep(&mut self, class: &Class) -> ClassId {
        let id = self.find_or_insert(class, ClassKind::Plain);
        let slot = &mut self.slots[id.index()];
        if let Some(ClassKind::Value(rule)) = slot.kind.replace(ClassKind::Plain) {
            release(&mut self.values, &rule);
        }
        id
    }

    fn find_or_insert(&mut self, class: &Class, kind: ClassKind) -> ClassId {
        match self.ids.get(class) {
            Some(&id) => id,
            None => self.insert(class.clone(), kind),
        }
    }

    fn insert(&mut self, class: Class, kind: ClassKind) -> ClassId {
        let slot = Slot {
            class: class.clone(),
            kind: Some(kind),
            empty_since: None,
        };
        let id = match self.free.pop() {
            Some(id) => {
                self.slots[id.index()] = slot;
                id
            }
            None => {
                // One class takes tens of bytes: memory ends long before the numbers do.
                let id = ClassId(u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
                self.slots.push(slot);
                id
            }
        };
        self.ids.insert(class, id);
        id
    }
}

impl Default for ClassTable {
    fn default() -> Self {
        Self::new()
    }
}

/// What a process with this classification takes from its parent, as its own rule, if any, has to
/// stand back.
fn inherited<'p>(
    parent: &'p Inheritance,
    classification: &Classification,
) -> Option<&'p Inherited> {
    let inherited = parent.0.as_deref().filter(|_| !classification.is_manager)?;
    let rule = classification.rule.as_ref();
    rule.is_none_or(|rule| inherited.precedence < rule.precedence())
        .then_some(inherited)
}

/// Where further values of a full template go: `other` of the same group, or `other/other` where
/// the group itself is made by variables and would have no bound either.
fn overflow_class(rule: &Rule) -> Class {
    let group: Arc<str> = if rule.group.is_plain() {
        rule.group.text().clone()
    } else {
        OTHER_NAME.into()
    };
    Class::new(group, OTHER_NAME)
}

/// Gives the place of one value back to its template.
fn release(values: &mut HashMap<Class, usize>, rule: &Rule) {
    if let Some(taken) = values.get_mut(&rule.written) {
        *taken = taken.saturating_sub(1);
        if *taken == 0 {
            values.remove(&rule.written);
        }
    }
}
