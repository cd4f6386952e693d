//! Making the agent belong, as a process: before, while and after.

use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;

use reqwest::Method;
use station_api::ErrorCode;

use crate::head_office::HeadOffice;
use crate::program::{Program, configured, output};
use crate::station::{TOKEN, plain_client};

async fn ask(program: &Program, method: Method, path: &str, token: &str) -> (u16, String) {
    let request = plain_client().request(method, program.url(path)).bearer_auth(token);
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body: serde_json::Value = response.json().await.unwrap_or_default();
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

async fn refused(program: &Program, code: &str) -> ErrorCode {
    program.client().set_up(code).await.unwrap_err().problem().unwrap().code
}

fn mistyped(code: &str) -> String {
    let other = if code.starts_with('0') { "1" } else { "0" };
    format!("{other}{}", &code[1..])
}

#[tokio::test]
async fn an_agent_that_is_not_enrolled_answers_its_setup_and_nothing_else() {
    let program = Program::waiting_for(&HeadOffice::start().await).await;
    assert_eq!(ask(&program, Method::GET, "/livez", "").await.0, 200);
    let state = program.client().setup_state().await.unwrap();
    assert_eq!((state.enrolled, state.station_code.as_str()), (false, "ST0001"));
    for method in [Method::GET, Method::POST] {
        let answer = ask(&program, method, "/api/v1/setup", "a-wrong-token").await;
        assert_eq!(answer, (401, "unauthorized".to_owned()));
    }
    for path in
        ["/readyz", "/", "/api/v1/overview", "/api/v1/enrolment-codes", "/accounts", "/sync", "/link/enrol"]
    {
        for method in [Method::GET, Method::POST] {
            assert_eq!(ask(&program, method, path, TOKEN).await, (503, "not_enrolled".to_owned()), "{path}");
        }
    }
    assert!(!program.folder.path().join("data").exists(), "nothing was opened");
}

#[tokio::test]
async fn with_a_good_code_the_same_process_goes_live() {
    let hq = HeadOffice::start().await;
    let program = Program::waiting_for(&hq).await;
    let process = program.id();
    // Neither of these may hold up the station: one says nothing, the other not all.
    let _silent = TcpStream::connect(&program.addr).unwrap();
    let mut stuck = TcpStream::connect(&program.addr).unwrap();
    stuck.write_all(b"GET /livez HTTP/1.1\r\n").unwrap();
    assert!(program.client().set_up(&hq.code_for("ST0001")).await.unwrap().enrolled);
    let program = program.until_ready().await;
    assert_eq!(program.id(), process);
    assert!(program.client().setup_state().await.unwrap().enrolled);
    assert_eq!(program.client().overview().await.unwrap().station_code, "ST0001");
    assert_eq!(program.identity().certified().subject.station.as_str(), "ST0001");
    let mode = std::fs::metadata(program.identity_file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_mistyped_code_is_found_before_anything_is_sent() {
    let hq = HeadOffice::start().await;
    let program = Program::waiting_for(&hq).await;
    for typed in [mistyped(&hq.code_for("ST0001")), "ABCD".to_owned(), String::new(), "가나다".to_owned()]
    {
        assert_eq!(refused(&program, &typed).await, ErrorCode::CodeMistyped, "{typed}");
    }
    assert_eq!(hq.asked(), 0);
    assert!(!program.identity_file().exists());
}

#[tokio::test]
async fn a_code_of_another_head_office_is_told_and_its_secret_is_not_sent() {
    let (hq, other) = (HeadOffice::start().await, HeadOffice::start().await);
    let program = Program::waiting_for(&hq).await;
    assert_eq!(refused(&program, &other.code_for("ST0001")).await, ErrorCode::WrongAuthority);
    assert_eq!((hq.asked(), other.asked()), (0, 0));
}

#[tokio::test]
async fn head_office_away_is_told() {
    let program = Program::waiting_at("127.0.0.1:9").await;
    let code = HeadOffice::start().await.code_for("ST0001");
    assert_eq!(refused(&program, &code).await, ErrorCode::HqUnreachable);
    assert!(!program.client().setup_state().await.unwrap().enrolled);
}

#[tokio::test]
async fn a_code_is_good_once_for_its_station_and_closed_after_five_wrong_secrets() {
    let hq = HeadOffice::start().await;
    let program = Program::waiting_for(&hq).await;
    assert_eq!(refused(&program, &hq.code_for("ST0002")).await, ErrorCode::OtherDevice);
    assert!(!program.identity_file().exists());
    let (code, unknown) = (hq.code_for("ST0001"), HeadOffice::start().await.code_for("ST0001"));
    assert_eq!(refused(&program, &unknown).await, ErrorCode::WrongAuthority);
    program.client().set_up(&code).await.unwrap();
    let program = program.until_ready().await;
    assert_eq!(refused(&program, &code).await, ErrorCode::CodeUsed);
    assert_eq!(program.client().overview().await.unwrap().station_code, "ST0001", "and it goes on");
}

#[tokio::test]
async fn an_agent_that_is_enrolled_again_keeps_its_device_and_its_journal() {
    let hq = HeadOffice::start().await;
    let program = Program::waiting_for(&hq).await;
    program.client().set_up(&hq.code_for("ST0001")).await.unwrap();
    let program = program.until_ready().await;
    let before = (program.identity(), program.client().journal(100).await.unwrap());
    assert!(!before.1.is_empty());
    program.client().set_up(&hq.code_for("ST0001")).await.unwrap();
    let program = program.until_ready().await;
    let after = (program.identity(), program.client().journal(100).await.unwrap());
    let (old, new) = (&before.0.certified().subject, &after.0.certified().subject);
    assert_eq!((new.device, new.generation), (old.device, old.generation + 1));
    assert_eq!(after.1[after.1.len() - before.1.len()..], before.1, "what was there is there, in its place");
}

#[tokio::test]
async fn of_two_codes_at_once_one_counts() {
    let hq = HeadOffice::start().await;
    let mut program = Program::waiting_for(&hq).await;
    for generation in 1..=2 {
        let (client, one, other) = (program.client(), hq.code_for("ST0001"), hq.code_for("ST0001"));
        let answers = tokio::join!(client.set_up(&one), client.set_up(&other));
        // The second is refused, or meets an agent that is gone for a moment.
        assert!(answers.0.is_ok() != answers.1.is_ok(), "{answers:?}");
        program = program.until_ready().await;
        assert_eq!(program.identity().certified().subject.generation, generation);
        assert_eq!(hq.asked(), usize::try_from(generation).unwrap());
    }
}

#[tokio::test]
async fn the_command_enrols_through_the_daemon_that_waits_and_without_one() {
    let hq = HeadOffice::start().await;
    let (folder, config) = configured(&hq.addr.to_string());
    let done = output(&config, &["enrol", &hq.code_for("ST0001")]).await;
    assert_eq!(String::from_utf8_lossy(&done.stdout), "the agent of ST0001 is enrolled\n", "{done:?}");
    let first = sync_identity::Identity::read(&folder.path().join("identity.json")).unwrap();

    let failed = output(&config, &["enrol", &mistyped(&hq.code_for("ST0001"))]).await;
    let said = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert_eq!((failed.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.contains("mistyped") && said.contains("type it again"), "{said}");
    let kept = sync_identity::Identity::read(&folder.path().join("identity.json")).unwrap();
    assert!(kept == first, "a code that brings nothing changes nothing");

    let program = Program::waiting_for(&hq).await;
    let text = std::fs::read_to_string(program.folder.path().join("agent.toml")).unwrap();
    let running = program.folder.path().join("running.toml");
    std::fs::write(&running, text.replacen("127.0.0.1:0", &program.addr, 1)).unwrap();
    let done = output(&running, &["enrol", &hq.code_for("ST0001")]).await;
    assert!(done.status.success(), "{done:?}");
    assert!(program.until_ready().await.client().setup_state().await.unwrap().enrolled);
}
