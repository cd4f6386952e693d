use super::*;

fn sample() -> Vec<DaySale> {
    day(&catalogue::products().unwrap()).unwrap()
}

fn between(sales: &[DaySale], from_hour: u32, to_hour: u32) -> usize {
    sales.iter().filter(|sale| (from_hour * 3600..to_hour * 3600).contains(&sale.second)).count()
}

#[test]
fn the_day_is_the_same_at_every_run() {
    assert_eq!(sample(), sample());
}

#[test]
fn the_day_has_a_few_hundred_sales_of_which_85_percent_are_fuel() {
    let sales = sample();
    assert_eq!(sales.len(), SALES);
    let fuel = sales.iter().filter(|sale| sale.product_id.starts_with("CD1")).count();
    assert_eq!(fuel * 100 / sales.len(), FUEL_PERCENT);
}

#[test]
fn the_day_peaks_in_the_morning_and_in_the_evening() {
    let sales = sample();
    assert!(sales.windows(2).all(|pair| pair[0].second <= pair[1].second));
    let (morning, noon, evening, night) =
        (between(&sales, 7, 9), between(&sales, 10, 12), between(&sales, 17, 19), between(&sales, 1, 3));
    assert!(morning > noon && evening > noon && noon > night, "{morning} {noon} {evening} {night}");
}

#[test]
fn the_day_has_amount_presets_whole_litres_and_a_few_cancellations() {
    let sales = sample();
    let preset = 50_000 * 1000 / 1654;
    assert!(sales.iter().any(|sale| sale.product_id == "CD1001" && sale.quantity_milli == preset));
    assert!(sales.iter().any(|sale| sale.product_id == "CD1002" && sale.quantity_milli % 1000 == 0));
    let cancelled = sales.iter().filter(|sale| sale.cancelled_after_s.is_some()).count();
    assert!((5..=12).contains(&cancelled), "{cancelled}");
    assert!(sales.iter().all(|sale| sale.quantity_milli > 0 && sale.terminal >= 1));
}
