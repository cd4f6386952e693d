//! Certificates that end: by revocation, by time, by the next one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use sync_identity::exchange::{RENEW_PATH, Renew};
use sync_identity::{Identity, authority};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Office, eventually, https, tls_of};
use crate::wire::{Wire, dial};

async fn session(office: &Office, identity: &Identity) -> Option<Wire> {
    let client_id = identity.certified().subject.device.to_hex();
    Wire::connect(office.running.mqtt_addr, &Arc::new(tls_of(identity)), &client_id, None).await
}

async fn status(office: &Office, identity: &Identity, path: &str) -> u16 {
    let answer = https(tls_of(identity)).post(office.link_url(path)).body("no message").send().await;
    answer.unwrap().status().as_u16()
}

/// Asks for the next certificate.
async fn renew(office: &Office, identity: &Identity) -> Result<Identity, String> {
    let (key, request) = authority::new_key().unwrap();
    let (authority_key, authority_request) = authority::new_key().unwrap();
    let asked = Renew { request, authority_request: Some(authority_request) };
    let answer = https(tls_of(identity)).post(office.link_url(RENEW_PATH)).json(&asked).send().await.unwrap();
    if answer.status() != 200 {
        let refusal: serde_json::Value = answer.json().await.unwrap();
        return Err(refusal["code"].as_str().unwrap().to_owned());
    }
    Ok(Identity::of(key, Some(authority_key), answer.json().await.unwrap()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_agents_open_connections_end_and_it_comes_back_only_by_enrolling_again() {
    let office = Office::open().await;
    let agent = office.enrol("ST0001").await;
    let device = agent.certified().subject.device;
    let mut mqtt = session(&office, &agent).await.unwrap();
    let mut http = dial(office.running.link_addr, &Arc::new(tls_of(&agent))).await.unwrap();
    http.write_all(b"POST /sync HTTP/1.1\r\nhost: hq\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    http.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 400");
    let begun = Instant::now();
    office.revoke(device).await;
    assert!(mqtt.ends().await, "the MQTT session goes on");
    let rest = tokio::time::timeout(Duration::from_secs(10), http.read_to_end(&mut Vec::new())).await;
    assert!(rest.is_ok(), "the HTTPS connection goes on");
    println!("cut after {} ms", begun.elapsed().as_millis());
    assert!(session(&office, &agent).await.is_none());
    assert_eq!(status(&office, &agent, "/sync").await, 403);
    assert_eq!(renew(&office, &agent).await, Err("not_allowed".to_owned()));
    let again = office.enrol_as("ST0001", Some(device)).await;
    assert_eq!(again.certified().subject.generation, 2);
    assert!(session(&office, &again).await.is_some());
    assert_eq!(status(&office, &again, "/sync").await, 400, "it may speak; this is no message");
    assert!(session(&office, &agent).await.is_none(), "the old certificate stays what it is");
}

#[tokio::test]
async fn a_young_certificate_is_not_renewed() {
    let office = Office::open().await;
    let agent = office.enrol("ST0001").await;
    assert_eq!(renew(&office, &agent).await, Err("not_due".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_ended_renews_and_opens_nothing_else() {
    let office = Office::open_with(|config| config.certificates.device = SignedDuration::from_secs(3)).await;
    let agent = office.enrol("ST0001").await;
    let mut open = session(&office, &agent).await.unwrap();
    eventually("the certificate's end", async || {
        (status(&office, &agent, "/sync").await == 403).then_some(())
    })
    .await;
    assert!(session(&office, &agent).await.is_none());
    assert!(open.ends().await, "an open session outlives its certificate");
    let next = renew(&office, &agent).await.unwrap();
    assert_eq!(next.certified().subject, agent.certified().subject);
    assert!(session(&office, &next).await.is_some());
    assert_eq!(status(&office, &next, "/sync").await, 400, "it may speak; this is no message");
}

#[tokio::test(flavor = "multi_thread")]
async fn grace_has_an_end() {
    let office = Office::open_with(|config| {
        config.certificates.device = SignedDuration::from_secs(1);
        config.certificates.grace = SignedDuration::from_secs(1);
    })
    .await;
    let agent = office.enrol("ST0001").await;
    eventually("the end of its grace", async || {
        let client = https(tls_of(&agent));
        client.post(office.link_url(RENEW_PATH)).send().await.is_err().then_some(())
    })
    .await;
}
