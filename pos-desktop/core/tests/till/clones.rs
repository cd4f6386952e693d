//! One image on several computers (R4, R6).

use std::collections::BTreeSet;

use pos_core::sale::{self, QuickSale};
use pos_core::store;
use sync::retention::KeepDays;
use sync_proto::Stamp;

use crate::fixture::{NOW_MS, Till, WATER, id, origin};

#[test]
fn r6_three_clones_of_one_image_share_no_receipt_number() {
    let mut till = Till::new();
    let mut numbers = BTreeSet::new();
    for _ in 0..3 {
        numbers.insert(till.sell(WATER, 1_000));
    }
    let Till { node, calendar, folder, now, .. } = till;
    drop(node);
    for clone in 1..=3u8 {
        let copy = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
            std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
        let opened =
            store::open_at_work(&copy.path().join(store::FILE_NAME), KeepDays::default(), NOW_MS).unwrap();
        let mut node = store::open_node(opened, origin(), [clone; 16], Stamp::at_wall_ms(NOW_MS)).unwrap();
        for counter in 1..=50 {
            let quick = QuickSale { product: id(WATER), milli: 1_000, account: None };
            let sold = sale::sell_one(&mut node, &calendar, &now, &quick, None).unwrap();
            assert!(
                sold.as_str().ends_with(&format!("-{counter:06}")),
                "each series counts from one: {sold}"
            );
            assert!(numbers.insert(sold), "used before");
        }
    }
    assert_eq!(numbers.len(), 153);
}
