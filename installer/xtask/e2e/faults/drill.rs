//! The small program `drill`: one operation on one database, killed and restarted in milliseconds.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;
use xtask::workspace;

use super::case::Case;

/// `drill` with these words.
pub fn drill(words: &[&str]) -> Command {
    let program = workspace::target().join("debug/examples/drill");
    assert!(
        program.exists(),
        "{} is missing: run `cargo build --workspace --example drill`",
        program.display()
    );
    let mut command = Command::new(program);
    command.args(words);
    command
}

/// What it said, a line each; fails with its own words.
pub fn said(command: &mut Command) -> Vec<String> {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    lines(&String::from_utf8(output.stdout).unwrap())
}

/// Whole lines: the last may be cut short.
pub fn lines(text: &str) -> Vec<String> {
    text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).map(str::to_owned).collect()
}

/// The sales among what was said.
pub fn sold(said: &[String]) -> Vec<String> {
    said.iter().filter_map(|line| line.strip_prefix("sold ")).map(str::to_owned).collect()
}

/// A folder with a till that has sold this often, and its sales.
pub fn till_with(sales: u32) -> (TempDir, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let said = said(&mut drill(&["sell", &path(folder.path()), &sales.to_string()]));
    (folder, sold(&said))
}

/// The till starts again and sells: returns the sale, and notes how long it took.
pub fn sells_on(case: &mut Case, folder: &Path) -> String {
    let begin = Instant::now();
    let sales = sold(&said(&mut drill(&["sell", &path(folder), "1"])));
    case.sold_again(begin);
    let [sale] = sales.as_slice() else { panic!("one sale was to be made: {sales:?}") };
    sale.clone()
}

pub fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The files of a folder as they are now. They are put back into the same files, since a copy would be another database to the
/// product, and would begin a life of its own.
pub struct Snapshot {
    folder: PathBuf,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Snapshot {
    pub fn of(folder: &Path) -> Self {
        let files = files(folder).into_iter().map(|file| {
            let bytes = fs::read(&file).unwrap();
            (file, bytes)
        });
        Self { folder: folder.to_owned(), files: files.collect() }
    }

    pub fn remove_all(&self) {
        put(&self.folder, &BTreeMap::new());
    }

    pub fn put_back(&self) {
        put(&self.folder, &self.files);
    }
}

/// Leaves these files in a folder and no others.
pub fn put(folder: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) {
    for file in self::files(folder).iter().filter(|file| !files.contains_key(*file)) {
        fs::remove_file(file).unwrap();
    }
    for (file, bytes) in files {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
}

/// The files of a folder into another.
pub fn copy_into(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&file, target).unwrap();
    }
}

/// Every file under a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    files
}
