//! What a program did to its disk, from `strace`, and the disks that a power cut may leave of it.
//!
//! A file's synced bytes stay. What was written since may be there, in any part, in any order, and torn between sectors. The entry
//! of a file in its folder stays once the file or the folder was synced, as on ext4, XFS and btrfs; an unlink or rename may be
//! undone until the folder was synced. The shared index (`-shm`) is memory, never a file that outlives a power cut.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::drill::files;

/// A write of this size is whole or not there: a disk's sector.
const SECTOR: usize = 512;

/// One thing that a program did.
#[derive(Debug)]
pub enum Step {
    /// Bytes at a place of a file.
    Write(PathBuf, usize, Vec<u8>),
    /// A new length of a file; made if it was not there.
    Truncate(PathBuf, usize),
    /// A file that is there from now on.
    Create(PathBuf),
    /// The disk has everything of a file.
    Sync(PathBuf),
    /// The disk has everything of a folder.
    SyncFolder,
    Unlink(PathBuf),
    Rename(PathBuf, PathBuf),
    /// A line on stdout: somebody was told.
    Said(String),
}

/// What a power cut leaves of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nothing.
    Lost,
    /// Some writes, whatever their order.
    Reordered,
    /// The first writes, and of the next one some sectors.
    Torn,
}

impl Cut {
    pub const ALL: [Self; 3] = [Self::Lost, Self::Reordered, Self::Torn];
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

#[derive(Clone, Debug, Default)]
struct File {
    /// What the disk has; `None` while not even its name is there for certain.
    synced: Option<Vec<u8>>,
    changes: Vec<Change>,
}

/// A change of a folder that a power cut may undo.
#[derive(Clone, Debug)]
enum Naming {
    Unlinked(PathBuf, File),
    Renamed(PathBuf, PathBuf, Option<File>),
}

/// Files as the system shows them, and as the disk has them.
#[derive(Clone, Debug)]
pub struct Disk {
    files: BTreeMap<PathBuf, File>,
    namings: Vec<Naming>,
}

impl Disk {
    /// Everything in the folder is on the disk.
    pub fn of(folder: &Path) -> Self {
        let all = files(folder).into_iter().filter(|file| !is_index(file));
        let all = all.map(|file| {
            let synced = Some(fs::read(&file).unwrap());
            (file, File { synced, changes: Vec::new() })
        });
        Self { files: all.collect(), namings: Vec::new() }
    }

    pub fn apply(&mut self, step: &Step) {
        match step {
            Step::Write(file, at, bytes) => self.change(file, Change::Write(*at, bytes.clone())),
            Step::Truncate(file, len) => self.change(file, Change::Truncate(*len)),
            Step::Create(file) => drop(self.files.entry(file.clone()).or_default()),
            Step::Sync(file) => {
                let file_now = self.files.entry(file.clone()).or_default();
                let mut bytes = file_now.synced.take().unwrap_or_default();
                file_now.changes.drain(..).for_each(|change| change.made_to(&mut bytes));
                file_now.synced = Some(bytes);
                self.namings.retain(|naming| !matches!(naming, Naming::Unlinked(of, _) if of == file));
            }
            Step::SyncFolder => {
                self.namings.clear();
                for file in self.files.values_mut() {
                    file.synced.get_or_insert_default();
                }
            }
            Step::Unlink(file) => {
                if let Some(was) = self.files.remove(file) {
                    self.namings.push(Naming::Unlinked(file.clone(), was));
                }
            }
            Step::Rename(from, to) => {
                let file = self.files.remove(from).unwrap_or_default();
                let before = self.files.insert(to.clone(), file);
                self.namings.push(Naming::Renamed(from.clone(), to.clone(), before));
            }
            Step::Said(_) => {}
        }
    }

    fn change(&mut self, file: &Path, change: Change) {
        self.files.entry(file.to_owned()).or_default().changes.push(change);
    }

    /// The files that a power cut now would leave.
    pub fn cut(&self, cut: Cut, chance: &mut Chance) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut disk = self.clone();
        let undone = if cut == Cut::Lost { disk.namings.len() } else { chance.below(disk.namings.len() + 1) };
        for naming in disk.namings.drain(..).rev().take(undone) {
            match naming {
                Naming::Unlinked(file, was) => drop(disk.files.insert(file, was)),
                Naming::Renamed(from, to, before) => {
                    let file = disk.files.remove(&to).unwrap_or_default();
                    disk.files.insert(from, file);
                    disk.files.extend(before.map(|file| (to, file)));
                }
            }
        }
        let left = disk.files.into_iter().filter_map(|(path, file)| Some((path, file.after(cut, chance)?)));
        left.collect()
    }
}

impl File {
    fn after(self, cut: Cut, chance: &mut Chance) -> Option<Vec<u8>> {
        let known = self.synced.is_some();
        let mut bytes = self.synced.unwrap_or_default();
        let kept: Vec<Change> = match cut {
            Cut::Lost => Vec::new(),
            Cut::Reordered => self.changes.into_iter().filter(|_| chance.coin()).collect(),
            Cut::Torn => {
                let whole = chance.below(self.changes.len() + 1);
                let torn = self.changes.get(whole).cloned();
                let mut kept: Vec<Change> = self.changes.into_iter().take(whole).collect();
                if let Some(Change::Write(at, bytes)) = torn {
                    let sectors = bytes.chunks(SECTOR).zip((at..).step_by(SECTOR));
                    kept.extend(
                        sectors
                            .filter(|_| chance.coin())
                            .map(|(sector, at)| Change::Write(at, sector.to_vec())),
                    );
                }
                kept
            }
        };
        let there = known || !kept.is_empty() || (cut != Cut::Lost && chance.coin());
        kept.into_iter().for_each(|change| change.made_to(&mut bytes));
        there.then_some(bytes)
    }
}

impl Change {
    fn made_to(self, bytes: &mut Vec<u8>) {
        match self {
            Self::Truncate(len) => bytes.resize(len, 0),
            Self::Write(at, written) => {
                let end = at + written.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[at..end].copy_from_slice(&written);
            }
        }
    }
}

/// Numbers that look random and come from a seed.
#[derive(Debug)]
pub struct Chance(u64);

impl Chance {
    pub const fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % limit.max(1)
    }

    pub fn coin(&mut self) -> bool {
        self.below(2) == 1
    }
}

fn is_index(file: &Path) -> bool {
    file.to_string_lossy().ends_with("-shm")
}

/// The steps of a trace that concern a folder, and what was said.
pub fn read(trace: &Path, folder: &Path) -> Vec<Step> {
    let text = fs::read_to_string(trace).unwrap();
    let mut steps = Vec::new();
    for line in text.lines() {
        steps.extend(step(line).into_iter().filter(|step| step.concerns(folder)));
    }
    steps
}

impl Step {
    fn concerns(&self, folder: &Path) -> bool {
        match self {
            Self::Write(file, ..)
            | Self::Truncate(file, _)
            | Self::Create(file)
            | Self::Sync(file)
            | Self::Unlink(file) => file.starts_with(folder) && !is_index(file),
            Self::Rename(_, to) => to.starts_with(folder),
            Self::SyncFolder | Self::Said(_) => true,
        }
    }
}

/// `21402 pwrite64(5</a/b>, "\x00", 1, 32) = 1`, with every text in hexadecimal digits.
fn step(line: &str) -> Option<Step> {
    let (_, call) = line.split_once(' ')?;
    let (name, rest) = call.trim_start().split_once('(')?;
    let (arguments, result) = rest.rsplit_once(") = ")?;
    if result.starts_with('-') {
        return None;
    }
    let path = || Some(PathBuf::from(text(arguments.split_once('<')?.1.split_once('>')?.0)));
    let quoted = |nth: usize| arguments.split('"').nth(nth * 2 + 1);
    let named = |nth: usize| Some(PathBuf::from(text(quoted(nth)?)));
    let numbers = || arguments.rsplit(", ").map_while(|word| word.trim().parse::<usize>().ok());
    let written = |at: usize| {
        let mut bytes = bytes(quoted(0)?);
        bytes.truncate(result.split_whitespace().next()?.parse().ok()?);
        Some((at, bytes))
    };
    match name {
        "pwrite64" => {
            let (at, bytes) = written(numbers().next()?)?;
            Some(Step::Write(path()?, at, bytes))
        }
        "write" if arguments.starts_with("1<") => {
            Some(Step::Said(String::from_utf8(written(0)?.1).ok()?.trim_end().to_owned()))
        }
        // Files that are written from their beginning to their end.
        "write" => Some(Step::Write(path()?, 0, written(0)?.1)),
        "ftruncate" => Some(Step::Truncate(path()?, numbers().next()?)),
        "fsync" | "fdatasync" => {
            let path = path()?;
            Some(if path.is_dir() { Step::SyncFolder } else { Step::Sync(path) })
        }
        "openat" if arguments.contains("O_TRUNC") => Some(Step::Truncate(named(0)?, 0)),
        "openat" if arguments.contains("O_CREAT") => Some(Step::Create(named(0)?)),
        "unlink" => Some(Step::Unlink(named(0)?)),
        "rename" => Some(Step::Rename(named(0)?, named(1)?)),
        _ => None,
    }
}

fn text(hexadecimal: &str) -> String {
    String::from_utf8(bytes(hexadecimal)).unwrap()
}

/// `\x2f\x74`
fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits = hexadecimal.as_bytes().chunks_exact(4);
    digits.map(|each| u8::from_str_radix(std::str::from_utf8(&each[2..]).unwrap(), 16).unwrap()).collect()
}
