use super::*;

/// Numbers that schemes publish for tests; none is anybody's card.
const CARDS: [&str; 16] = [
    "4111111111111111",
    "4222222222222",
    "4012888888881881",
    "4000000000000000006",
    "5555555555554444",
    "5105105105105100",
    "2223003122003222",
    "378282246310005",
    "371449635398431",
    "30569309025904",
    "38520000023237",
    "3530111333300000",
    "6011111111111117",
    "6200000000000005",
    "6759649826438453",
    "9490123456789013",
];

fn grouped(number: &str, lens: &[usize], separator: &str) -> String {
    let mut rest = number;
    let mut parts = Vec::new();
    for len in lens {
        let (part, after) = rest.split_at((*len).min(rest.len()));
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    parts.retain(|part| !part.is_empty());
    parts.join(separator)
}

#[test]
fn a_card_number_is_found_alone_and_among_other_text() {
    for number in CARDS {
        assert!(holds_card(number), "{number}");
        assert!(holds_card(&format!("고객 카드 {number} 재결제")), "{number}");
        assert!(holds_card(&format!("card{number}")), "{number}");
        assert!(holds_card(&format!("12 {number} 50000")), "{number}");
    }
}

#[test]
fn a_card_number_in_groups_is_found() {
    for number in CARDS {
        for separator in [" ", "-", "  ", " - ", "\u{a0}", ".", "–"] {
            let fours = grouped(number, &[4, 4, 4, 4], separator);
            assert!(holds_card(&fours), "{fours}");
            let text = format!("tel 010-1234-5678, {fours}, 12/29");
            assert!(holds_card(&text), "{text}");
        }
    }
    for grouped in
        ["3782 822463 10005", "3056-930902-5904", "41 11 11 11 11 11 11 11", "50000 4111 1111 1111 1111"]
    {
        assert!(holds_card(grouped), "{grouped}");
    }
    assert!(holds_card("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"));
}

#[test]
fn a_card_number_in_wide_digits_is_found() {
    assert!(holds_card("４１１１ １１１１ １１１１ １１１１"));
}

#[test]
fn track_data_is_found() {
    for track in [
        "%B4111111111111111^HONG/GILDONG^29121010000000000000?",
        "%b4111 1111 1111 1111^HONG/GILDONG^2912101?",
        "%B941000000000^KIM^2912?",
        ";4111111111111111=29121010000000000000?",
        ";941000000000=2912101?",
        "4111111111111111=2912101",
        "4111111111111111D29121010000000000F",
    ] {
        assert!(holds_card(track), "{track}");
    }
}

#[test]
fn a_wrong_check_digit_or_an_unknown_issuer_is_no_card() {
    for number in ["4111111111111112", "1111111111111117", "8000000000000008", "0000000000000000"] {
        assert!(!holds_card(number), "{number}");
    }
    // Twenty digits, which pass Luhn: longer than a card number.
    assert!(!holds_card("41111111111111111110"));
}

#[test]
fn what_a_station_writes_is_no_card() {
    for text in [
        "",
        "ST0001-01-ABCDE-000001",
        "ST0001-12-KQXRT-001234",
        "010-1234-5678",
        "+82 10 1234 5678",
        "02-1234-5678",
        "경기80사1021",
        "123가4568",
        "12345678",
        "3012345678",
        "123-45-67890",
        "900101-1234567",
        "1000000000.000",
        "50,000",
        "1000000000000",
        "9000000000000000000",
        "2026-11-24T09:30:00.123456Z",
        "20261124134120123456",
        "1795527600000",
        "1795527600000000000",
        "서울특별시 마포구 양화로 127, 04032",
        "302-1234-5678-91",
        "127.0.0.1:18080",
    ] {
        assert!(!holds_card(text), "{text}");
    }
}

#[test]
fn barcodes_are_no_cards() {
    let barcodes = (4_000_000_000_000_u64..4_000_000_005_000)
        .map(|number| number.to_string())
        .filter(|text| is_ean_13(&text.chars().filter_map(digit).collect::<Vec<_>>()));
    let mut count = 0;
    for barcode in barcodes {
        assert!(!holds_card(&barcode), "{barcode}");
        count += 1;
    }
    assert_eq!(count, 500);
}

/// A generator with a fixed seed: every run sees the same ids.
fn noise(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state ^ (state >> 29)
    }
}

#[test]
fn twenty_thousand_uuids_and_digests_are_no_cards() {
    let mut next = noise(1);
    for _ in 0..20_000 {
        let (a, b) = (next(), next());
        let uuid = format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            b >> 52,
            b & 0xffff_ffff_ffff
        );
        assert!(!holds_card(&uuid), "{uuid}");
        let digest = format!("{:016x}{:016x}{:016x}a{:015x}", a, b, next(), next() >> 4);
        assert!(!holds_card(&digest), "{digest}");
    }
}

#[test]
fn json_is_searched_as_it_stands_and_behind_its_escapes() {
    for json in [
        r#"{"name":"4111 1111 1111 1111"}"#,
        r#"{"limit":4111111111111111}"#,
        r#"{"4111111111111111":1}"#,
        r#"{"a":[{"name":"\u0034111111111111111"}]}"#,
        r#"{"\u0034111111111111111":null}"#,
        r#"{"name":"4111111111111111"#,
    ] {
        assert!(json_holds_card(json.as_bytes()), "{json}");
    }
    for json in [
        r#"{"name":"한강 \"운수\"","credit_limit":1000000000}"#,
        r#"{"product_id":"CD1001","quantity_milli":1000000000000,"barcode":"8801234567893"}"#,
        r#"{"a":"4111","b":"1111","c":"1111","d":"1111"}"#,
        r#"[4111,1111,1111,1111]"#,
    ] {
        assert!(!json_holds_card(json.as_bytes()), "{json}");
    }
}
