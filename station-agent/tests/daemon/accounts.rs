//! Credit accounts, their holders' names, and charges.

use serde_json::json;
use sync_proto::ledger::Subject;

use crate::station::Agent;
use crate::till::Till;

#[tokio::test]
async fn an_account_reaches_the_till_and_is_charged_and_credited() {
    let (agent, _hq) = Agent::start().await;
    let mut till = Till::connected(&agent, 1).await;
    let opened = agent.post_form("/accounts", "accountName=한강물류&limit=500000").await;
    assert_eq!((opened.status, opened.body), (200, json!(true)));
    till.until::<Subject>(|subject| subject.name == "한강물류").await;

    let listed = agent.get("/accounts").await.body;
    assert_eq!(listed[0]["accountName"], "한강물류");
    assert_eq!((&listed[0]["amount"], &listed[0]["limit"]), (&json!(0), &json!(500_000)));
    let id = listed[0]["accountId"].as_str().unwrap().to_owned();
    let sold = till.sell("CD1001", 20_000, Some(&id)).await;
    agent.until("/accounts", |rows| rows[0]["amount"] == 33_400).await;
    till.cancel(&sold).await;
    agent.until("/accounts", |rows| rows[0]["amount"] == 0).await;
}

#[tokio::test]
async fn a_holders_name_is_in_no_journal_and_in_no_stored_request() {
    let (agent, _hq) = Agent::start().await;
    agent.post_form_as("/accounts", "accountName=Gildong", Some("k")).await;
    let entries = agent.node(|node| {
        node.store().connection().query_row(
            "SELECT (SELECT count(*) FROM entries WHERE instr(CAST(bytes AS TEXT), 'Gildong')) \
              + (SELECT count(*) FROM idempotency_keys WHERE instr(request || outcome, 'Gildong'))",
            [],
            |row| row.get::<_, i64>(0),
        )
    });
    assert_eq!(entries.await.unwrap(), 0);
    let other = agent.post_form_as("/accounts", "accountName=Cheolsu", Some("k")).await;
    assert_eq!((other.status, other.code()), (422, "idempotency_key_reused"));
    assert_eq!(agent.post_form_as("/accounts", "accountName=Gildong", Some("k")).await.status, 200);
    assert_eq!(agent.get("/accounts").await.body.as_array().unwrap().len(), 1);
}
