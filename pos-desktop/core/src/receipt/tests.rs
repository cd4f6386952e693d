use sync_proto::fact::{Line, ProductKind};
use sync_proto::{AccountId, FeedVersion, Pieces, ProductId, Volume};

use super::*;

fn line(name: (&str, &str), quantity: Quantity, price: i64, amount: i64, tax: TaxClass) -> CartLine {
    CartLine {
        line_no: 1,
        name_ko: name.0.to_owned(),
        name_en: name.1.to_owned(),
        kind: ProductKind::Fuel,
        line: Line {
            product: ProductId::new("CD1001").unwrap(),
            quantity,
            unit_price: Money(price),
            amount: Money(amount),
            tax,
            price_version: FeedVersion(1),
        },
    }
}

fn receipt() -> Receipt {
    let fuel = Quantity::Volume(Volume(20_000));
    let rice = Quantity::Pieces(Pieces(2));
    Receipt {
        station: ("SK Imme".to_owned(), "SK Imme Station".to_owned()),
        terminal: 1,
        sale: SaleId::new("ST0001-01-K7Q2M-000042").unwrap(),
        sold_at_ms: 1_795_410_300_000,
        cancelled_at_ms: None,
        lines: vec![
            line(("휘발유", "Gasoline"), fuel, 1_670, 33_400, TaxClass::Taxed),
            line(("쌀 2kg", "Rice 2 kg"), rice, 9_000, 18_000, TaxClass::Exempt),
        ],
        tenders: vec![
            Tender::Cash { amount: Money(1_400) },
            Tender::Card { amount: Money(30_000), approval: "12345678".to_owned() },
            Tender::Account { amount: Money(20_000), account: AccountId::new("AC0001").unwrap() },
        ],
        cash_received: Money(2_000),
    }
}

fn seoul() -> Calendar {
    Calendar::new("Asia/Seoul", "00:00").unwrap()
}

#[test]
fn a_korean_receipt_aligns_letters_of_two_columns() {
    let expected = "            SK Imme
        SK Imme Station
--------------------------------
영수증    ST0001-01-K7Q2M-000042
2026-11-23 14:05          단말 1
--------------------------------
휘발유
  20.000 L x 1,670        33,400
쌀 2kg*
  2 x 9,000               18,000
--------------------------------
합계                      51,400
과세물품가액              30,364
부가세                     3,036
면세물품가액*             18,000
--------------------------------
현금                       1,400
카드                      30,000
  승인번호              12345678
외상                      20,000
  외상계정                AC0001
받은 금액                  2,000
거스름돈                     600
";
    assert_eq!(text(&receipt(), Paper::Narrow, Language::Korean, &seoul()), expected);
}

#[test]
fn every_line_of_both_papers_and_languages_fits_and_pairs_fill_the_paper() {
    let mut receipt = receipt();
    receipt.cancelled_at_ms = Some(1_795_410_360_000);
    receipt.lines[0].name_ko =
        "아주 긴 이름의 고급 무연 휘발유와 첨가제 한 병을 함께 담은 꾸러미\n".to_owned();
    for paper in [Paper::Narrow, Paper::Wide] {
        for language in [Language::Korean, Language::English] {
            let text = text(&receipt, paper, language, &seoul());
            for line in text.lines() {
                assert!(width(line) <= paper.columns(), "{line:?} has {} columns", width(line));
            }
            let total = text.lines().find(|line| line.ends_with("51,400")).unwrap();
            assert_eq!(width(total), paper.columns());
        }
    }
}

#[test]
fn a_cancelled_sale_says_so() {
    let mut receipt = receipt();
    receipt.cancelled_at_ms = Some(1_795_410_360_000);
    let english = text(&receipt, Paper::Wide, Language::English, &seoul());
    assert!(english.contains("** CANCELLED **"), "{english}");
    assert!(english.contains("2026-11-23 14:06"), "{english}");
}

#[test]
fn money_is_grouped_by_thousands() {
    for (amount, expected) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567")] {
        assert_eq!(grouped(Money(amount)), expected);
    }
}
