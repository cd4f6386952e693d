//! What people type, what stands in files, and what a stranger's certificate says.

use rustls::pki_types::CertificateDer;
use station_agent::config::Config as AgentConfig;
use sync_identity::{Certified, EnrolmentCode, Identity, Subject, certificate as certificates};
use sync_proto::card::{holds_card, json_holds_card};

/// Certificates of a chain at most: a peer sends its own, its authority's and perhaps the root.
const CHAIN_LEN_MAX: usize = 4;

/// The detector of card numbers: a card in a text is found wherever it stands in a JSON string.
pub fn card(data: &[u8]) {
    let found = json_holds_card(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    if holds_card(text) {
        let Ok(json) = serde_json::to_vec(&[text]) else { return };
        assert!(json_holds_card(&json), "missed in JSON: {text:?}");
    }
    let _ = found;
}

/// Certificates of a chain, each after its length in two bytes.
pub fn certificate(data: &[u8]) {
    let mut rest = data;
    let mut chain = Vec::new();
    while chain.len() < CHAIN_LEN_MAX
        && let Some((len, more)) = rest.split_first_chunk::<2>()
    {
        let (one, more) = more.split_at(usize::from(u16::from_be_bytes(*len)).min(more.len()));
        chain.push(CertificateDer::from(one.to_vec()));
        rest = more;
    }
    if let Ok(certified) = Certified::read(&chain) {
        let named = certified.subject.name().ok().and_then(|name| Subject::parse(&name));
        assert_eq!(named.as_ref(), Some(&certified.subject));
    }
    let _ = certificates::window(&chain);
}

/// An identity file, an enrolment code and a name in a certificate.
pub fn identity(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(why) = Identity::parse(text) {
        // The file holds a key; what is wrong with it is said without a word of it.
        assert!(why.len() < 400);
    }
    if let Ok(code) = EnrolmentCode::parse(text) {
        assert_eq!(EnrolmentCode::parse(&code.text()).map(|again| again.text()), Ok(code.text()));
    }
    if let Some(subject) = Subject::parse(text) {
        let again = subject.name().ok().and_then(|name| Subject::parse(&name));
        assert_eq!(again.as_ref(), Some(&subject));
    }
}

/// The two programs' configurations.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(why) = AgentConfig::parse("agent.toml", text) {
        assert!(!why.to_string().contains('\n'));
    }
    let _ = hq_server::config::Config::parse(text);
}
