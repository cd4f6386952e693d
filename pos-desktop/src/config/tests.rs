use std::fs;

use sync_proto::{StationCode, TerminalNo};

use super::*;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let station = StationCode::new("ST0001").unwrap();
        let till = DeviceFile::mint(station.clone(), Role::Terminal, Some(TerminalNo(1))).unwrap();
        till.write(&folder.path("till.device")).unwrap();
        DeviceFile::mint(station, Role::Agent, None).unwrap().write(&folder.path("agent.device")).unwrap();
        fs::write(folder.path("token"), "a-token\n").unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, edit: impl Fn(String) -> String) -> Result<Config, ConfigError> {
        let text = format!(
            "data_dir = {:?}\ndevice_file = {:?}\nagent_url = \"http://127.0.0.1:1\"\nlanguage = \"ko\"\n\
             [local_api]\naddr = \"127.0.0.1:0\"\ntoken_file = {:?}\n",
            self.path("data"),
            self.path("till.device"),
            self.path("token")
        );
        fs::write(self.path("till.toml"), edit(text)).unwrap();
        Config::read(&self.path("till.toml"))
    }
}

#[test]
fn a_whole_configuration_is_read_with_the_files_it_names() {
    let config = Folder::new().read(|text| text).unwrap();
    assert_eq!(config.local_api.as_ref().unwrap().token, "a-token");
    assert!(!format!("{config:?}").contains("a-token"));
}

#[test]
fn what_is_wrong_is_told_on_one_line_that_names_it() {
    let folder = Folder::new();
    type Edit = fn(String) -> String;
    let cases: [(Edit, &str); 8] = [
        (|text| format!("colour = \"red\"\n{text}"), "unknown field `colour`"),
        (|text| format!("{text}prot = 1\n"), "unknown field `prot`"),
        (|text| text.replace("agent_url", "# agent_url"), "missing field `agent_url`"),
        (|text| text.replace("\"ko\"", "\"fr\""), "neither \"ko\" nor \"en\""),
        (|text| text.replace("127.0.0.1:0", "0.0.0.0:0"), "loopback"),
        (|text| text.replace("http://", "mqtt://"), "not an http address"),
        (|text| text.replace("till.device", "agent.device"), "another kind of device"),
        (|text| format!("time_zone = \"Asia/Atlantis\"\n{text}"), "Asia/Atlantis"),
    ];
    for (edit, expected) in cases {
        let why = folder.read(edit).unwrap_err().to_string();
        assert!(why.contains(expected), "{why}");
        assert_eq!(why.lines().count(), 1, "{why}");
    }
}

#[test]
fn a_missing_or_damaged_file_is_named() {
    let folder = Folder::new();
    fs::remove_file(folder.path("token")).unwrap();
    assert!(folder.read(|text| text).unwrap_err().to_string().contains("token"));
    fs::write(folder.path("token"), "two words").unwrap();
    assert!(folder.read(|text| text).unwrap_err().to_string().contains("one token"));
    fs::write(folder.path("till.device"), "{}").unwrap();
    fs::write(folder.path("token"), "a-token").unwrap();
    assert!(folder.read(|text| text).unwrap_err().to_string().contains("enrol the device again"));
}
