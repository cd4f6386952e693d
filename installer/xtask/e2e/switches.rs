//! What only the simulator can do, the programs must not be able to do.

use std::fs;

use xtask::workspace;

/// Said by the simulator when it runs a product that is broken on purpose (`sync_sim::breakage::BROKEN`).
const BROKEN: &[u8] = b"juyu simulator: broken on purpose";

const PROGRAMS: [&str; 4] = ["hq-server", "station-agent", "pos-desktop", "back-office"];

fn carries_the_switch(program: &str) -> bool {
    let bytes = fs::read(workspace::binary(program)).unwrap();
    bytes.windows(BROKEN.len()).any(|window| window == BROKEN)
}

#[test]
fn r37_no_program_carries_the_switch_that_breaks_a_rule() {
    assert!(carries_the_switch("sync-sim"), "or this test looks for the wrong words");
    for program in PROGRAMS {
        assert!(!carries_the_switch(program), "{program} can be broken on purpose");
    }
}
