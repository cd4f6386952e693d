//! What is refused at the door, and what the database refuses by itself.

use sync::{Store as _, StoreError};
use sync_postgres::{MIGRATIONS, PostgresStore, Writers, standin};
use sync_proto::rows::Table as _;
use sync_proto::{ChainHash, Seq};

use crate::support::{Database, open, step, stream};

sync_proto::table! {
    /// Says that it has a column which the table does not have.
    pub struct Drifted in "stock" { station: String, product_id: String } { on_hand_ml: i64 }
}

#[test]
fn r7_a_second_writer_is_refused_and_told_why() {
    let Some(database) = Database::new() else { return };
    let first = database.open(Writers::One).unwrap();
    for writers in [Writers::One, Writers::Several] {
        let second = database.open(writers).unwrap_err();
        assert!(matches!(second, StoreError::InUse(_)), "{second}");
        assert!(second.to_string().contains(&database.name) && second.to_string().contains("stop it first"));
    }
    drop(first);
    let several = [(); 2].map(|()| database.open(Writers::Several).unwrap());
    assert!(matches!(database.open(Writers::One), Err(StoreError::InUse(_))));
    drop(several);
    database.open(Writers::One).unwrap();
}

#[test]
fn a_newer_schema_and_another_programs_database_are_refused() {
    let Some(newer) = Database::new() else { return };
    drop(newer.open(Writers::One).unwrap());
    newer.sql("UPDATE juyu_schema SET version = 99");
    let why = newer.open(Writers::One).unwrap_err();
    assert!(matches!(why, StoreError::Newer { found: 99, .. }), "{why}");
    let foreign = Database::new().unwrap();
    foreign.sql("CREATE TABLE mine (x int)");
    let why = foreign.open(Writers::One).unwrap_err();
    assert!(matches!(why, StoreError::NotOurs(_)), "{why}");
    assert_eq!(foreign.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "1");
}

#[test]
fn a_migration_that_fails_leaves_the_schema_before_it() {
    let Some(database) = Database::new() else { return };
    let broken = [MIGRATIONS[0], "CREATE TABLE half (x int); SELECT 1 / 0"];
    PostgresStore::open(&database.url, Writers::One, &broken, &[]).unwrap_err();
    assert_eq!(database.sql("SELECT version FROM juyu_schema"), "1");
    assert_eq!(database.sql("SELECT to_regclass('half') IS NULL"), "t");
    database.open(Writers::One).unwrap();
}

#[test]
fn a_table_that_drifted_from_its_rows_is_refused_at_the_start() {
    let Some(database) = Database::new() else { return };
    let why = PostgresStore::open(&database.url, Writers::One, &MIGRATIONS, &[Drifted::SPEC]).unwrap_err();
    assert!(why.to_string().contains("on_hand_ml"), "{why}");
}

#[test]
fn a_server_on_another_machine_is_refused_while_the_link_is_not_encrypted() {
    for url in ["postgres://hq:secret@192.0.2.7/hq", "host=db.example user=hq password=secret dbname=hq"] {
        let why = open(url, Writers::One).unwrap_err();
        assert!(matches!(&why, StoreError::Refused(text) if text.contains("not encrypted")), "{why}");
        assert!(!why.to_string().contains("secret"));
    }
    let why = open("postgres://hq:secret@%zz", Writers::One).unwrap_err();
    assert!(!why.to_string().contains("secret"), "{why}");
}

#[test]
fn a_server_that_could_lose_what_it_confirmed_is_refused() {
    let Some(server) = standin::own().unwrap() else { return };
    let url = server.database("hq").unwrap();
    server.sql("hq", "ALTER SYSTEM SET fsync = off").unwrap();
    server.sql("hq", "SELECT pg_reload_conf()").unwrap();
    crate::support::eventually("the setting is read", || server.sql("hq", "SHOW fsync").unwrap() == "off");
    let why = open(&url, Writers::One).unwrap_err();
    assert!(matches!(&why, StoreError::Refused(text) if text.contains("fsync")), "{why}");
}

#[test]
fn r33_the_journal_refuses_to_be_changed_and_lets_go_only_of_what_was_purged() {
    let Some(database) = Database::new() else { return };
    let mut store = database.open(Writers::One).unwrap();
    let mut before = ChainHash::genesis(&stream(1));
    for seq in 1..=3 {
        let commit = step(1, seq, before);
        before = commit.append[0].hash;
        store.commit(&commit).unwrap();
    }
    let refused = |statement: &str, word: &str| {
        let why = database.server.sql(&database.name, statement).unwrap_err().to_string();
        assert!(why.contains(word), "{statement}: {why}");
    };
    refused("UPDATE entries SET bytes = 'x' WHERE seq = 1", "never changed");
    refused("DELETE FROM entries WHERE seq = 1", "never deleted");
    refused("TRUNCATE entries CASCADE", "never deleted");
    refused("UPDATE streams SET purged_through = 3", "stops before the head");
    assert_eq!(store.purge(&stream(1), Seq(2)).unwrap(), 2);
    refused("DELETE FROM entries", "never deleted");
    refused("UPDATE streams SET purged_through = 1", "only goes forward");
}
