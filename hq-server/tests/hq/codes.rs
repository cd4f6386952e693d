//! One-time codes, as head office takes them.

use serde_json::json;
use sync_identity::exchange::ENROL_PATH;
use sync_identity::verify::ServerCheck;
use sync_identity::{EnrolmentCode, tls};
use tokio::task::JoinSet;

use crate::support::{Asked, Office, https};

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_who_use_one_code_at_once_one_is_enrolled() {
    let office = Office::open().await;
    let code = office.code("ST0001").await;
    let addr = office.running.link_addr.to_string();
    let mut all = JoinSet::new();
    for _ in 0..100 {
        let (code, addr) = (code.clone(), addr.clone());
        all.spawn(async move { Asked::of(&code, None).send(&addr, &code).await.map(|_| ()) });
    }
    let answers = all.join_all().await;
    let count = |wanted: &Result<(), String>| answers.iter().filter(|answer| *answer == wanted).count();
    assert_eq!((count(&Ok(())), count(&Err("code_used".to_owned()))), (1, 99), "{answers:?}");
    assert_eq!(office.get("/api/v1/devices").await.as_array().unwrap().len(), 1);
}

/// Uses a code with another secret.
async fn guess(office: &Office, code: &EnrolmentCode, secret: &str) -> Result<(), String> {
    let mut asked = Asked::of(code, None);
    secret.clone_into(&mut asked.body.secret);
    asked.send(&office.running.link_addr.to_string(), code).await.map(|_| ())
}

#[tokio::test]
async fn five_wrong_secrets_close_a_code_for_the_right_one_too() {
    let office = Office::open().await;
    let code = office.code("ST0001").await;
    for _ in 0..4 {
        assert_eq!(guess(&office, &code, "AAAAAAAAAAAA").await, Err("code_unknown".to_owned()));
    }
    assert_eq!(guess(&office, &code, "").await, Err("code_used_up".to_owned()));
    assert_eq!(guess(&office, &code, &code.secret()).await, Err("code_used_up".to_owned()));
    assert_eq!(office.get("/api/v1/devices").await, json!([]));
    assert!(guess(&office, &office.code("ST0001").await, "").await.is_err());
}

#[tokio::test]
async fn a_refused_enrolment_repeats_no_secret_and_a_bad_request_leaves_the_code_open() {
    let office = Office::open().await;
    let code = office.code("ST0001").await;
    let check = ServerCheck::head_office_fitting(code.clone()).unwrap();
    let client = https(tls::client(None, check).unwrap());
    let body = json!({ "codeId": code.id(), "secret": code.secret(), "device": null,
        "request": "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        "authorityRequest": null });
    for body in [body.to_string(), body.to_string().replace("\"device\"", "\"devise\""), "{".to_owned()] {
        let answer = client.post(office.link_url(ENROL_PATH)).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 400);
        assert!(!answer.text().await.unwrap().contains(&code.secret()));
    }
    assert_eq!(guess(&office, &code, &code.secret()).await, Ok(()));
}
