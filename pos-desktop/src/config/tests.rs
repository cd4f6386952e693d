use std::fs;

use sync_identity::Validity;
use sync_identity::standin::StandIn;
use sync_proto::{DeviceId, StationCode, TerminalNo};

use super::*;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let chain =
            StandIn::make(Validity { from_ms: 1_000_000_000_000, until_ms: 4_000_000_000_000 }).unwrap();
        let agent = chain.agent(&StationCode::new("ST0001").unwrap(), DeviceId([1; 16])).unwrap();
        agent.write(&folder.path("agent.json")).unwrap();
        let till = chain.of_station(&agent, Kind::Till(TerminalNo(1)), DeviceId([2; 16])).unwrap();
        till.write(&folder.path("till.json")).unwrap();
        fs::write(folder.path("token"), "a-token\n").unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, edit: impl Fn(String) -> String) -> Result<Config, ConfigError> {
        let text = format!(
            "data_dir = {:?}\nidentity_file = {:?}\nagent_url = \"https://127.0.0.1:1\"\nlanguage = \"ko\"\n\
             [local_api]\naddr = \"127.0.0.1:0\"\ntoken_file = {:?}\n",
            self.path("data"),
            self.path("till.json"),
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
    let cases: [(Edit, &str); 10] = [
        (|text| format!("keep_days = 30\n{text}"), "keep_days is 30; write 90 to 3660"),
        (|text| format!("colour = \"red\"\n{text}"), "unknown field `colour`"),
        (|text| format!("{text}prot = 1\n"), "unknown field `prot`"),
        (|text| text.replace("agent_url", "# agent_url"), "missing field `agent_url`"),
        (|text| text.replace("language", "hq_url = \"http://10.1.0.1:7002\"\nlanguage"), "hq_url"),
        (|text| text.replace("\"ko\"", "\"fr\""), "neither \"ko\" nor \"en\""),
        (|text| text.replace("127.0.0.1:0", "0.0.0.0:0"), "loopback"),
        (|text| text.replace("https://", "http://"), "not an https address"),
        (|text| text.replace("127.0.0.1:0", "10.0.0.2:0"), "whoever reaches it can sell"),
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
    fs::write(folder.path("token"), "a-token").unwrap();
    fs::write(folder.path("till.json"), "{}").unwrap();
    let why = folder.read(|text| text).unwrap().identity().unwrap_err().to_string();
    assert!(why.contains("enrol the device again"), "{why}");
}

#[test]
fn a_till_has_its_own_identity_another_kinds_or_none_yet() {
    let folder = Folder::new();
    let identity = |edit: fn(String) -> String| folder.read(edit).unwrap().identity();
    let own = identity(|text| text).unwrap().unwrap();
    assert_eq!(own.certified().subject.kind, Kind::Till(TerminalNo(1)));
    let why = identity(|text| text.replace("till.json", "agent.json")).unwrap_err().to_string();
    assert!(why.contains("another kind of device"), "{why}");
    assert!(identity(|text| text.replace("till.json", "none.json")).unwrap().is_none());
}

#[test]
fn the_local_api_is_off_unless_it_is_configured() {
    let config = Folder::new().read(|text| text.split("[local_api]").next().unwrap().to_owned()).unwrap();
    assert!(config.local_api.is_none());
}
