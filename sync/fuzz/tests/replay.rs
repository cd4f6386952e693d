//! What fuzzing found worth keeping is decoded again with every test run, without a fuzzer.

#![expect(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

use std::path::Path;

use sync_fuzz::TARGETS;

/// Kept inputs of one target at most, so that a run stays short and the repository small.
const LEN_MAX: u64 = 256 * 1024;

fn replay(name: &str) {
    let target = TARGETS.iter().find(|(of, _)| *of == name).unwrap().1;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let (mut files, mut len) = (0, 0);
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        target(&bytes);
        files += 1;
        len += u64::try_from(bytes.len()).unwrap();
    }
    assert!(files > 0, "{name} has no corpus");
    assert!(len <= LEN_MAX, "the corpus of {name} has {len} bytes: minimise it");
}

macro_rules! replays {
    ($($target:ident)*) => {
        $(#[test]
        fn $target() {
            replay(stringify!($target));
        })*

        #[test]
        fn every_target_is_replayed_and_has_a_program() {
            let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, [$(stringify!($target)),*]);
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("targets");
            let mut programs: Vec<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
                .collect();
            programs.sort();
            assert_eq!(programs, names);
        }
    };
}

replays! {
    batch card certificate config envelope identity message names receive reply request
}
