//! The console's types are generated from the API's.

use std::path::PathBuf;

#[test]
fn the_consoles_types_are_those_of_the_api() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("console/src/generated");
    let update = std::env::var_os("UPDATE_BINDINGS").is_some_and(|value| value == "1");
    let mut names = Vec::new();
    for (name, text) in hq_server::api::typescript().unwrap() {
        let path = folder.join(&name);
        if update {
            std::fs::write(&path, &text).unwrap();
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(there, text, "{name} is stale: run the test with UPDATE_BINDINGS=1 and commit the files");
        names.push(name);
    }
    for file in std::fs::read_dir(&folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name), "{name} is not generated from any type of the API");
    }
}
