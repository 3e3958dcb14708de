//! The name that was probably meant.

/// The one of `names` that `name` was most likely meant to be, if any is close enough to say so:
/// a few letters away, or what is left of a longer word (`warning` is `warn`).
pub(crate) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const ABBREVIATED: usize = 3;
    let letters = |text: &str| text.chars().count();
    let close_enough = (letters(name) / 3).clamp(1, 3);
    names
        .into_iter()
        .filter_map(|candidate| {
            let shorter = letters(name).min(letters(candidate));
            let begins = name.starts_with(candidate) || candidate.starts_with(name);
            let distance = strsim::damerau_levenshtein(name, candidate);
            let close = distance <= close_enough || (begins && shorter >= ABBREVIATED);
            close.then_some((distance, candidate))
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}
