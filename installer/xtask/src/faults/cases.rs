//! The names of the faults, each with the whole-system test that makes it.

/// A fault and its test.
#[derive(Debug)]
pub(super) struct Case {
    /// As the command line and the table say it.
    pub(super) name: &'static str,
    /// Its test in `e2e`.
    pub(super) test: &'static str,
}

impl Case {
    /// A name chooses itself and whatever begins with it and a hyphen: `kill` is every `kill-...`.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }
}

const fn case(name: &'static str, test: &'static str) -> Case {
    Case { name, test }
}

/// In the order of the table.
pub(super) const CASES: &[Case] = &[
    case("siege", "siege::head_office_agent_and_till_are_killed_and_nothing_is_lost_or_doubled"),
    case("till", "kills::a_till_killed_in_mid_stream_keeps_every_sale_it_confirmed"),
    case("agent", "kills::an_agent_killed_in_mid_stream_holds_up_no_till_and_loses_nothing"),
    case("hq", "kills::a_killed_head_office_gets_everything_when_it_is_back"),
    case("kill-sale", "faults::kills::r1_a_till_killed_at_any_call_of_a_sale_keeps_what_it_confirmed"),
    case("kill-first-start", "faults::kills::r3_a_till_killed_at_any_call_of_its_first_start_begins_anew"),
    case(
        "kill-cancellation",
        "faults::kills::r1_a_till_killed_at_any_call_of_a_cancellation_has_it_whole_or_not",
    ),
    case("kill-feed", "faults::kills::r21_a_till_killed_at_any_call_of_a_feed_has_all_of_an_answer_or_none"),
    case(
        "kill-acknowledgement",
        "faults::kills::r10_a_till_killed_at_any_call_of_an_acknowledgement_asks_again_or_knows_it",
    ),
    case(
        "kill-receipt-agent",
        "faults::kills::r10_an_agent_killed_at_any_call_of_a_receipt_holds_what_it_acknowledged",
    ),
    case(
        "kill-receipt-hq",
        "faults::kills::r8_a_head_office_killed_at_any_call_of_a_receipt_holds_what_it_acknowledged",
    ),
    case("kill-whole-till", "faults::whole::r1_a_whole_till_killed_at_its_calls_keeps_what_it_confirmed"),
    case(
        "kill-whole-agent",
        "faults::whole::r10_a_whole_agent_killed_at_its_calls_holds_what_it_acknowledged",
    ),
    case(
        "kill-whole-hq",
        "faults::whole::r8_a_whole_head_office_killed_at_its_calls_holds_what_it_acknowledged",
    ),
    case(
        "hq-commit-ack",
        "faults::whole::r10_a_head_office_that_dies_between_commit_and_acknowledgement_gets_nothing_twice",
    ),
    case("random-kills", "faults::whole::r1_programs_killed_at_random_lose_and_double_nothing"),
    case("random-kills-small", "faults::whole::r1_a_till_killed_at_random_moments_keeps_what_it_confirmed"),
    case("power-sale", "faults::power::r1_a_sale_that_was_shown_survives_a_power_cut_at_any_moment"),
    case("power-proof", "faults::power::r1_the_power_cuts_find_a_till_that_does_not_wait_for_its_disk"),
    case("power-feed", "faults::power::r21_a_feed_that_was_applied_survives_a_power_cut_whole"),
    case("power-receipt", "faults::power::r10_a_receipt_that_was_acknowledged_survives_a_power_cut"),
    case("disk-full-write", "faults::io::r32_a_till_whose_disk_is_full_at_any_write_keeps_what_it_confirmed"),
    case("disk-full", "faults::io::r32_a_till_on_a_full_disk_refuses_whole_and_sells_on_when_there_is_room"),
    case("read-only-write", "faults::io::r1_a_till_whose_disk_turns_read_only_keeps_what_it_confirmed"),
    case("read-only", "faults::io::r32_a_till_on_a_read_only_disk_says_so_and_sells_when_it_may_write"),
    case("eio-sync", "faults::io::r1_a_till_whose_disk_fails_at_any_sync_keeps_what_it_confirmed"),
    case("short-read", "faults::io::r1_a_till_whose_reads_fail_or_are_short_keeps_what_it_confirmed"),
    case("short-write", "faults::io::r1_a_till_whose_writes_are_cut_short_keeps_what_it_confirmed"),
    case("upgrade", "faults::schema::r34_an_upgrade_killed_at_any_call_keeps_what_waited_for_its_upload"),
    case("downgrade", "faults::schema::r34_a_database_of_a_newer_schema_is_refused_and_left_as_it_is"),
    case(
        "partition-hq",
        "faults::network::r13_a_station_cut_off_from_head_office_sells_on_and_everything_arrives",
    ),
    case(
        "partition-lan",
        "faults::network::r36_a_till_cut_off_from_its_station_sells_on_and_everything_arrives",
    ),
    case("loss-hq", "faults::network::r15_a_line_that_loses_packets_or_is_narrow_brings_everything"),
    case("broker-lies", "faults::broker::r2_a_broker_that_acknowledges_and_drops_loses_nothing"),
    case("broker-storm", "faults::broker::r10_messages_lost_repeated_and_reordered_bring_everything_once"),
    case("broker-wiped", "faults::broker::r2_a_broker_that_forgets_everything_at_any_moment_loses_nothing"),
    case(
        "hq-restored",
        "faults::restored::r11_a_head_office_put_back_two_days_gets_every_sale_again_and_none_twice",
    ),
    case(
        "till-restored",
        "faults::restored::r4_a_till_put_back_from_an_old_copy_loses_neither_its_new_sales_nor_its_old_ones",
    ),
    case(
        "till-imaged",
        "faults::restored::r5_a_till_whose_disk_is_an_old_image_is_found_and_both_tails_are_kept",
    ),
    case("till-cloned", "faults::restored::r4_three_tills_with_one_identity_are_kept_apart_and_lose_nothing"),
    case(
        "disk-full-till",
        "faults::whole_disks::r32_a_whole_till_on_a_full_disk_refuses_and_sells_on_without_a_restart",
    ),
    case(
        "disk-full-agent",
        "faults::whole_disks::r32_an_agent_on_a_full_disk_loses_nothing_and_goes_on_when_there_is_room",
    ),
    case(
        "disk-full-hq",
        "faults::whole_disks::r32_a_head_office_on_a_full_disk_loses_nothing_and_goes_on_when_there_is_room",
    ),
    case("eio-whole", "faults::whole_disks::r1_a_whole_program_whose_disk_fails_ends_and_is_started_again"),
    case("clocks", "faults::whole_disks::r35_clocks_three_days_back_and_five_years_ahead_hold_up_nothing"),
    case("bit-flip", "faults::damage::r27_a_flipped_bit_anywhere_in_the_database_is_found_or_harmless"),
    case("truncation", "faults::damage::r27_a_database_that_is_cut_short_is_found"),
    case("wal-deleted", "faults::damage::r4_a_log_that_was_deleted_is_found_and_a_new_life_begins"),
    case("insider", "faults::damage::r27_an_insiders_edit_of_the_journal_is_found"),
];
