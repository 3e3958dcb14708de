//! Classify processes into group and subgroup by rules, and say why.

mod class;

pub use class::{Class, ClassId};
