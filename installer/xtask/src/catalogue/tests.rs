use std::collections::BTreeSet;

use super::*;

fn check_digit(first_twelve: &str) -> u32 {
    let sum: u32 = first_twelve
        .chars()
        .filter_map(|digit| digit.to_digit(10))
        .zip([1, 3].into_iter().cycle())
        .map(|(digit, weight)| digit * weight)
        .sum();
    (10 - sum % 10) % 10
}

#[test]
fn the_catalogue_has_the_four_fuels_and_goods_with_right_barcodes() {
    let products = products().unwrap();
    assert!(products.len() >= 14);
    let fuels: Vec<_> = products.iter().filter(|product| product.kind == "fuel").collect();
    assert_eq!(
        fuels.iter().map(|fuel| fuel.name_ko.as_str()).collect::<Vec<_>>(),
        ["휘발유", "경유", "고급휘발유", "실내등유"]
    );
    for product in products.iter().filter(|product| product.kind == "goods") {
        let barcode = product.barcode.as_deref().unwrap();
        assert_eq!(barcode.len(), 13, "{barcode}");
        assert_eq!(barcode[12..].parse::<u32>().unwrap(), check_digit(&barcode[..12]), "{barcode}");
    }
    let ids: BTreeSet<_> = products.iter().map(|product| &product.product_id).collect();
    assert_eq!(ids.len(), products.len());
}

#[test]
fn any_number_of_stations_has_distinct_codes_names_and_addresses() {
    let stations = stations(9).unwrap();
    assert_eq!(stations.len(), 9);
    assert_eq!((stations[0].name.as_str(), stations[0].address.as_str()), ("SK Imme", "SK Imme Station"));
    for field in [|s: &Station| s.code.clone(), |s: &Station| s.name.clone(), |s: &Station| s.address.clone()]
    {
        assert_eq!(stations.iter().map(field).collect::<BTreeSet<_>>().len(), 9);
    }
}

#[test]
fn every_product_has_an_opening_stock_that_outlasts_the_sample_day() {
    let day = day().unwrap();
    let opening = opening_stock().unwrap();
    for product in products().unwrap() {
        let sold: u64 = day
            .iter()
            .filter(|sale| sale.product_id == product.product_id)
            .map(|sale| sale.quantity_milli)
            .sum();
        let stock = opening.iter().find(|stock| stock.product_id == product.product_id).unwrap();
        assert!(stock.quantity_milli > sold, "{}: {sold} of {}", product.product_id, stock.quantity_milli);
    }
}

#[test]
fn thousandths_become_decimals_without_trailing_zeros() {
    for (milli, text) in [(30_229, "30.229"), (2_000, "2"), (1_500, "1.5"), (7, "0.007")] {
        assert_eq!(decimal(milli), text);
    }
}
