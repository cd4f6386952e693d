//! Files that a reader can hold in mind.

use super::{Finding, Source};

/// Lines of a file, its tests apart.
const LINES_MAX: usize = 400;

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    sources
        .iter()
        .filter(|source| ["rs", "ts", "svelte"].contains(&source.ending()))
        .filter(|source| !source.is_test() && !source.is_generated())
        .filter_map(|source| {
            let lines = source.lines().count();
            (lines > LINES_MAX).then(|| {
                Finding::new(
                    &source.path,
                    format!("{lines} lines; at most {LINES_MAX}: give a part of it a file of its own"),
                )
            })
        })
        .collect()
}
