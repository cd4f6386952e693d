//! Requests over HTTP: fields of integrations in a query, a form or JSON, and the bodies of our own clients.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use hq_server::http::Params;
use serde::Serialize;
use serde::de::DeserializeOwned;
use station_agent::http::Fields;

/// The first byte says what the rest claims to be.
pub fn request(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    match kind % 4 {
        0 => fields("/?", rest, "application/json"),
        1 => fields("/?", rest, "application/x-www-form-urlencoded"),
        2 => {
            let query = format!("/?{}", String::from_utf8_lossy(rest));
            fields(&query, b"", "");
        }
        _ => bodies(rest),
    }
}

fn fields(uri: &str, body: &[u8], kind: &str) {
    let made = || Request::builder().uri(uri).header(CONTENT_TYPE, kind).body(Body::from(body.to_vec())).ok();
    let (Some(for_agent), Some(for_hq)) = (made(), made()) else { return };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else { return };
    if let Ok(fields) = runtime.block_on(Fields::from_request(for_agent, &())) {
        let _ = (fields.milli("qty"), fields.page(), fields.business_day(), fields.text("productId"));
    }
    if let Ok(params) = runtime.block_on(Params::from_request(for_hq, &())) {
        let _ = (params.qty_milli(), params.page(), params.price());
        if let Ok(product) = params.product_id() {
            assert_eq!(Some(product.as_str()), params.optional("productId"));
        }
    }
}

fn bodies(body: &[u8]) {
    round_trip::<station_api::PlaceOrder>(body);
    round_trip::<station_api::ConfirmDelivery>(body);
    round_trip::<station_api::Problem>(body);
    round_trip::<station_api::Overview>(body);
    round_trip::<sync_identity::exchange::Enrol>(body);
    round_trip::<sync_identity::exchange::Renew>(body);
    round_trip::<sync_identity::exchange::Issued>(body);
}

/// What reads is written and read again with the same text.
fn round_trip<T: DeserializeOwned + Serialize>(body: &[u8]) {
    let Ok(first) = serde_json::from_slice::<T>(body) else { return };
    let Ok(text) = serde_json::to_vec(&first) else { return };
    let again = serde_json::from_slice::<T>(&text).ok().and_then(|again| serde_json::to_vec(&again).ok());
    assert_eq!(again, Some(text));
}
