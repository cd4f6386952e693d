//! The client against a server that speaks raw bytes, well and badly.

use std::error::Error as _;
use std::time::Duration;

use station_api::{
    Client, ClientError, ConfirmDelivery, ErrorCode, IdempotencyKey, PlaceOrder, REPLY_BYTES_MAX,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const NO_DELIVERIES: &str = "[]";

/// Serves one request with `reply` and hands back what was asked.
#[cfg(test)]
async fn serve_once(reply: Vec<u8>) -> (Client, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let count = stream.read(&mut buffer).await.unwrap();
            asked.extend_from_slice(&buffer[..count]);
            let text = String::from_utf8_lossy(&asked);
            let is_whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
                let length = head
                    .lines()
                    .find_map(|line| {
                        line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned)
                    })
                    .map_or(0, |length| length.parse().unwrap());
                body.len() >= length
            });
            if count == 0 || is_whole {
                break;
            }
        }
        // The client hangs up in the middle of a reply that is too large.
        let _ = stream.write_all(&reply).await;
        let _ = stream.shutdown().await;
        String::from_utf8(asked).unwrap()
    });
    (Client::local(&url, "secret-token\n").unwrap(), served)
}

fn reply(status: u16, media_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
        .into_bytes()
}

fn problem(status: u16, code: &str) -> Vec<u8> {
    let body = format!(
        r#"{{"type":"about:blank","title":"T","status":{status},"code":"{code}","detail":"why","result":false}}"#
    );
    reply(status, "application/problem+json", &body)
}

#[cfg(test)]
fn key() -> IdempotencyKey {
    IdempotencyKey::new("key-1").unwrap()
}

#[tokio::test]
async fn a_question_carries_the_token_and_nothing_else() {
    let (client, served) = serve_once(reply(200, "application/json", NO_DELIVERIES)).await;
    assert!(client.deliveries().await.unwrap().is_empty());
    let asked = served.await.unwrap().to_ascii_lowercase();
    assert!(asked.starts_with("get /api/v1/deliveries http/1.1\r\n"), "{asked}");
    assert!(asked.contains("authorization: bearer secret-token\r\n"));
    assert!(!asked.contains("idempotency-key"));
}

#[tokio::test]
async fn a_write_carries_its_key_and_a_hostile_order_id_stays_one_segment() {
    let body = r#"{"order_id":"x","ship_id":"s","product_id":"CD1001","name_ko":"휘발유","name_en":"Gasoline","unit":"L",
        "quantity_milli":20000,"car_number":null,"shipped_at":"2026-11-23T05:05:07Z","state":"confirmed",
        "received_milli":19990,"received_at":"2026-11-23T05:05:07Z"}"#;
    let (client, served) = serve_once(reply(200, "application/json", body)).await;
    let confirm = ConfirmDelivery { quantity_milli: 19_990 };
    let delivery = client.confirm_delivery("../a b?c#d/e", confirm, &key()).await.unwrap();
    assert_eq!(delivery.over_short_milli(), Some(-10));
    let asked = served.await.unwrap();
    assert!(
        asked.starts_with("POST /api/v1/deliveries/..%2Fa%20b%3Fc%23d%2Fe/confirm HTTP/1.1\r\n"),
        "{asked}"
    );
    assert!(asked.contains("idempotency-key: key-1\r\n"));
    assert!(asked.ends_with(r#"{"quantity_milli":19990}"#));
}

#[tokio::test]
async fn a_refusal_keeps_its_code_and_its_words() {
    let (client, _served) = serve_once(problem(404, "unknown_product")).await;
    let order = PlaceOrder { product_id: "NOPE".to_owned(), quantity_milli: 1 };
    let error = client.place_order(&order, &key()).await.unwrap_err();
    let problem = error.problem().unwrap();
    assert_eq!(
        (problem.code, problem.detail.as_str(), problem.result),
        (ErrorCode::UnknownProduct, "why", false)
    );
    assert!(!error.is_unreachable() && !error.is_malformed());
}

#[tokio::test]
async fn a_code_of_a_newer_agent_is_still_a_refusal() {
    let (client, _served) = serve_once(problem(409, "station_on_the_moon")).await;
    let error = client.orders().await.unwrap_err();
    assert_eq!(error.problem().unwrap().code, ErrorCode::Unrecognised);
}

#[tokio::test]
async fn an_agent_that_is_not_there_is_unreachable_and_the_cause_is_kept() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Client::local(&url, "t").unwrap().overview().await.unwrap_err();
    assert!(error.is_unreachable());
    assert!(error.source().is_some());
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_unreachable_not_malformed() {
    let whole = reply(200, "application/json", NO_DELIVERIES);
    let (client, _served) = serve_once(whole[..whole.len() - 1].to_vec()).await;
    assert!(client.deliveries().await.unwrap_err().is_unreachable());
}

#[tokio::test]
async fn garbage_is_malformed() {
    for body in ["", "hello", "{", "[{}]", "null", r#"{"order_id":1}"#] {
        let (client, _served) = serve_once(reply(200, "application/json", body)).await;
        let error = client.deliveries().await.unwrap_err();
        assert!(matches!(error, ClientError::NotJson(_)), "{body}: {error}");
        assert!(error.is_malformed());
    }
}

#[tokio::test]
async fn a_status_without_a_problem_is_malformed() {
    for (status, media_type, body) in [
        (500, "text/html", "<h1>oops</h1>"),
        (404, "application/json", "{}"),
        (302, "text/plain", ""),
        (
            401,
            "text/plain",
            r#"{"type":"about:blank","title":"T","status":401,"code":"unauthorized","detail":"d"}"#,
        ),
    ] {
        let (client, _served) = serve_once(reply(status, media_type, body)).await;
        let error = client.overview().await.unwrap_err();
        assert!(matches!(error, ClientError::UnexpectedStatus { status: got } if got == status), "{error}");
    }
}

#[tokio::test]
async fn a_reply_of_ten_megabytes_is_not_read_whether_announced_or_not() {
    let body = " ".repeat(10 * 1024 * 1024);
    let announced = reply(200, "application/json", &body);
    let unannounced =
        format!("HTTP/1.1 200 X\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{body}");
    for reply in [announced, unannounced.into_bytes()] {
        let (client, _served) = serve_once(reply).await;
        let error = client.products().await.unwrap_err();
        assert!(matches!(error, ClientError::TooLarge { limit_bytes: REPLY_BYTES_MAX }), "{error}");
    }
}

#[tokio::test]
async fn a_silent_agent_is_given_up_within_the_time_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = Client::local(&url, "t").unwrap();
    let limit = station_api::REQUEST_TIME_MAX + Duration::from_secs(5);
    let error =
        tokio::time::timeout(limit, client.overview()).await.expect("gives up by itself").unwrap_err();
    assert!(error.is_unreachable());
}

#[tokio::test]
async fn the_journal_is_asked_for_with_its_limit() {
    let body = r#"[{"device":"00","terminal":null,"seq":7,"type":"Sold","at":"2026-11-23T05:05:07Z","summary":"s"}]"#;
    let (client, served) = serve_once(reply(200, "application/json", body)).await;
    let rows = client.journal(50).await.unwrap();
    assert_eq!((rows[0].fact_type.as_str(), rows[0].seq), ("Sold", 7));
    assert!(served.await.unwrap().starts_with("GET /api/v1/journal?limit=50 "));
}

#[test]
fn settings_that_cannot_work_are_refused_before_anything_is_sent() {
    for url in [
        "",
        "agent",
        "https://127.0.0.1:1",
        "ftp://127.0.0.1",
        "http://",
        "http://10.0.0.2:7100",
        "http://agent:7100",
    ] {
        assert!(matches!(Client::local(url, "t"), Err(ClientError::Settings { .. })), "{url}");
    }
    for token in ["", "  ", "a\nb", "a\u{0}b"] {
        assert!(matches!(Client::local("http://127.0.0.1:1", token), Err(ClientError::Settings { .. })));
    }
    for key in ["", "a b", "열쇠", &"k".repeat(129)] {
        assert!(IdempotencyKey::new(key).is_err());
    }
}

#[test]
fn the_token_is_not_in_what_a_log_prints() {
    let client = Client::local("http://127.0.0.1:1", "secret-token").unwrap();
    assert!(!format!("{client:?}").contains("secret"));
}
