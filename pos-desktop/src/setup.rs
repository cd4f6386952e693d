//! Making the till belong: one code of its station, typed once, in the setup view or as `pos-desktop enrol`.

use std::sync::atomic::{AtomicBool, Ordering};

use pos_core::store;
use station_api::ErrorCode;
use station_api::enrolment::{self, Applicant, EnrolError};
use sync::{Store as _, StoreError};
use sync_proto::DeviceId;
use tauri::{AppHandle, State};

use crate::config::Config;
use crate::dto::{Enrolled, Refusal, SetupState, StartTrouble};

/// Why the till does not belong.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The database is in use or does not open.
    #[error("the till's database does not open: {0}; end the till that runs and try again")]
    Database(#[from] StoreError),
    /// What the agent said, or that nobody did.
    #[error(transparent)]
    Enrol(#[from] EnrolError),
}

impl SetupError {
    /// The stable code that screens match on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Database(_) => "storage_failed",
            Self::Enrol(why) if why.is_unreachable() => "agent_unreachable",
            Self::Enrol(why) => why.code().as_str(),
        }
    }

    /// What happened, in the agent's words where it spoke.
    pub fn message(&self) -> String {
        let said = match self {
            Self::Enrol(EnrolError::Client(why)) => why.problem().map(|problem| problem.detail.clone()),
            Self::Enrol(_) | Self::Database(_) => None,
        };
        said.unwrap_or_else(|| self.to_string())
    }
}

/// Uses a code of the station and keeps what it brings. A till with a journal keeps its device.
///
/// # Errors
/// See [`SetupError`]; nothing was kept.
pub async fn enrol(config: &Config, code: &str) -> Result<Enrolled, SetupError> {
    let device = device_of_database(config)?;
    let (identity, place) = enrolment::enrol(&config.agent_url, code, Applicant::OfStation, device).await?;
    let subject = &identity.certified().subject;
    let Some(terminal) = subject.kind.terminal() else {
        let why = "the code was made for a back office, not for a till".to_owned();
        return Err(EnrolError::OtherPlace(why).into());
    };
    identity.write(&config.identity_file).map_err(EnrolError::from)?;
    tracing::info!(station = %place.code, terminal = terminal.0, "the till is enrolled");
    Ok(Enrolled {
        station_code: place.code.to_string(),
        station_name: if place.name.is_empty() { place.code.to_string() } else { place.name },
        terminal: terminal.0,
    })
}

fn device_of_database(config: &Config) -> Result<Option<DeviceId>, StoreError> {
    let path = config.data_dir.join(store::FILE_NAME);
    if !path.exists() {
        return Ok(None);
    }
    let mut store = store::open_store(&path)?;
    Ok(store.streams()?.into_iter().rev().find(|row| row.own).map(|row| row.id.device))
}

/// What the setup view works on.
#[derive(Debug)]
pub struct Setup {
    /// How the till is configured.
    pub config: Config,
    /// Whether it belongs already.
    pub enrolled: bool,
    /// Set when the program has to start anew.
    pub again: AtomicBool,
    /// Why the till did not start.
    pub trouble: Option<StartTrouble>,
}

impl StartTrouble {
    /// Of what stopped the start.
    pub fn of(why: &anyhow::Error) -> Self {
        let store = why.chain().find_map(|cause| cause.downcast_ref::<StoreError>());
        let code = match store {
            Some(StoreError::Newer { .. }) => "database_newer",
            Some(StoreError::InUse(_)) => "database_in_use",
            Some(StoreError::NotOurs(_)) => "database_of_another",
            Some(StoreError::DiskFull) => "storage_full",
            Some(_) => "database_damaged",
            None => "till_not_started",
        };
        Self { code: code.to_owned(), detail: crate::cli::one_line(why) }
    }
}

/// Whether the setup view or the till is shown.
#[tauri::command]
#[expect(clippy::needless_pass_by_value, reason = "the bridge hands its state over by value")]
pub fn setup_state(setup: State<'_, Setup>) -> SetupState {
    SetupState {
        enrolled: setup.enrolled,
        agent_url: setup.config.agent_url.clone(),
        language: setup.config.language.as_str(),
        trouble: setup.trouble.clone(),
    }
}

/// Uses a code.
///
/// # Errors
/// What the agent refused, under a code of its own.
#[tauri::command(rename = "enrol")]
pub async fn enrol_till(setup: State<'_, Setup>, code: String) -> Result<Enrolled, Refusal> {
    if setup.enrolled {
        return Err(Refusal::new(ErrorCode::BadRequest.as_str(), "the till is enrolled already"));
    }
    enrol(&setup.config, &code).await.map_err(|why| Refusal::new(why.code(), &why.message()))
}

/// Starts the program anew, as the till that it is now.
#[tauri::command]
#[expect(clippy::needless_pass_by_value, reason = "the bridge hands its state over by value")]
pub fn restart(app: AppHandle, setup: State<'_, Setup>) {
    setup.again.store(true, Ordering::Relaxed);
    app.exit(0);
}
