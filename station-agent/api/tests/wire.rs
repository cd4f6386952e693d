//! The words on the wire, which other programs depend on.

use station_api::{ConfirmDelivery, DeliveryState, ErrorCode, Kind, OrderStatus, PlaceOrder, Problem, Unit};

#[cfg(test)]
fn json(value: impl serde::Serialize) -> String {
    serde_json::to_string(&value).unwrap()
}

#[test]
fn every_code_is_written_as_its_name_and_read_back() {
    for code in ErrorCode::ALL {
        assert_eq!(json(code), format!("\"{}\"", code.as_str()));
        let read: ErrorCode = serde_json::from_str(&json(code)).unwrap();
        assert_eq!(read, code);
        assert!((400..600).contains(&code.status()));
    }
}

#[test]
fn words_of_states_and_units_are_stable() {
    assert_eq!(json(Unit::Litre), r#""L""#);
    assert_eq!(json(Unit::Piece), r#""ea""#);
    assert_eq!(json([Kind::Fuel, Kind::Goods]), r#"["fuel","goods"]"#);
    assert_eq!(json([DeliveryState::Expected, DeliveryState::Confirmed]), r#"["expected","confirmed"]"#);
    assert_eq!(
        json([
            OrderStatus::Requested,
            OrderStatus::Ordered,
            OrderStatus::Shipped,
            OrderStatus::Confirmed,
            OrderStatus::Cancelled,
            OrderStatus::Refused
        ]),
        r#"["requested","ordered","shipped","confirmed","cancelled","refused"]"#
    );
}

#[test]
fn a_problem_says_false_for_integrations_that_read_a_boolean() {
    assert_eq!(
        json(Problem::new(ErrorCode::BadQuantity, "d")),
        r#"{"type":"about:blank","title":"Bad quantity","status":400,"code":"bad_quantity","detail":"d","result":false}"#
    );
}

#[test]
fn a_request_with_an_unknown_or_a_missing_field_or_a_fraction_is_refused() {
    for body in [
        r#"{}"#,
        r#"{"quantity_milli":1.5}"#,
        r#"{"quantity_milli":"1"}"#,
        r#"{"quantity_milli":1,"price":2}"#,
        r#"{"quantity_milli":99999999999999999999}"#,
        r#"{"quantity_milli":NaN}"#,
    ] {
        assert!(serde_json::from_str::<ConfirmDelivery>(body).is_err(), "{body}");
    }
    assert!(serde_json::from_str::<PlaceOrder>(r#"{"quantity_milli":1}"#).is_err());
}
