use std::time::Instant;

use pos_core::menu::{self, MENU_ROWS_MAX, MenuProduct, PricePoint};
use sync_proto::tax::TaxClass;
use sync_proto::{Money, Unit};

use crate::fixture::{GASOLINE, NOW_MS, Till, station};

fn search(till: &mut Till, query: &str) -> Vec<MenuProduct> {
    let station = station();
    let point = PricePoint { station: &station, at_ms: NOW_MS };
    menu::search(till.node.store().connection(), point, query).unwrap()
}

fn ids(found: &[MenuProduct]) -> Vec<&str> {
    found.iter().map(|each| each.product.as_str()).collect()
}

#[test]
fn the_menu_lists_fuels_first_with_the_price_now_and_the_next_one() {
    let mut till = Till::new();
    till.price(GASOLINE, 1_700, NOW_MS + 1_000);
    let menu = search(&mut till, "");
    assert_eq!(ids(&menu), ["CD1001", "CD2001", "CD2002"]);
    assert_eq!(menu[0].price, Money(1_670));
    assert_eq!(menu[0].next, Some((Money(1_700), NOW_MS + 1_000)));
}

#[test]
fn products_are_found_by_name_code_and_barcode_and_wildcards_are_plain_letters() {
    let mut till = Till::new();
    for (query, expected) in [
        ("휘발", &["CD1001"][..]),
        ("WATER", &["CD2001"]),
        ("cd200", &["CD2001", "CD2002"]),
        ("880CD2002", &["CD2002"]),
        ("%", &[]),
        ("_", &[]),
        ("'; DROP TABLE products; --", &[]),
    ] {
        assert_eq!(ids(&search(&mut till, query)), expected, "{query}");
    }
}

#[test]
fn a_product_without_a_price_cannot_be_sold_and_is_not_listed() {
    let mut till = Till::new();
    till.product("CD4001", ("세차", "Car wash"), Unit::Piece, TaxClass::Taxed);
    till.price("CD4001", 5_000, NOW_MS + 1);
    assert!(search(&mut till, "CD4001").is_empty());
}

#[test]
fn twenty_thousand_products_are_searched_within_a_key_press() {
    let mut till = Till::new();
    let connection = till.node.store().connection();
    connection
        .execute_batch(
            "BEGIN;
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
             INSERT INTO products SELECT printf('P%05d', i), printf('상품 %05d', i), printf('Product %05d', i),
                 'goods', 'ea', 'taxed', printf('88%011d', i), 1 FROM n;
             INSERT INTO prices SELECT product_id, '', 0, 1000, 1 FROM products WHERE product_id LIKE 'P%';
             COMMIT;",
        )
        .unwrap();
    assert_eq!(search(&mut till, "").len(), MENU_ROWS_MAX);
    let begin = Instant::now();
    assert_eq!(ids(&search(&mut till, "8800000019999")), ["P19999"]);
    let took_ms = begin.elapsed().as_millis();
    // 5 ms on an idle machine; the limit leaves room for a loaded one and still finds a missing limit.
    assert!(took_ms < 250, "{took_ms} ms");
}
