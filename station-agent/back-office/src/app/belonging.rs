//! Belonging: whether the agent and this back office have an identity, the codes that bring one, and the station's devices.

use std::sync::Arc;

use iced::Task;
use iced::widget::operation;
use jiff::Timestamp;
use station_api::{ClientError, DeviceKind, ErrorCode, SetupState};
use sync_identity::Identity;
use sync_identity::exchange::Place;

use super::{App, Message, Standing};
use crate::fault::Trouble;
use crate::link::{self, JoinError};
use crate::screen::{devices, setup};

impl App {
    /// A second has passed.
    pub(super) fn tick(&mut self) -> Task<Message> {
        match &self.standing {
            Standing::Finding => self.find_out(),
            // Somebody may enrol the agent by its command meanwhile.
            Standing::SettingUp(state) if state.waits_for_agent() => self.ask_setup(),
            Standing::SettingUp(_) => Task::none(),
            Standing::Working => self.ask(),
        }
    }

    /// Whether the agent belongs to a chain comes before everything else, where it can be asked.
    pub(super) fn find_out(&mut self) -> Task<Message> {
        if self.link.setup_client().is_some() { self.ask_setup() } else { self.open_pages() }
    }

    fn ask_setup(&mut self) -> Task<Message> {
        let Some(client) = self.link.setup_client().cloned().filter(|_| !self.is_asking) else {
            return Task::none();
        };
        self.is_asking = true;
        Task::perform(async move { client.setup_state().await }, |result| Message::HeardSetup {
            at: Timestamp::now(),
            result: result.map_err(Arc::new),
        })
    }

    pub(super) fn heard_setup(
        &mut self,
        at: Timestamp,
        result: Result<SetupState, Arc<ClientError>>,
    ) -> Task<Message> {
        self.is_asking = false;
        match (result, &mut self.standing) {
            (Ok(state), Standing::SettingUp(screen)) => {
                if state.enrolled && screen.waits_for_agent() {
                    screen.update(setup::Message::Answered(Ok(place_of(state))));
                }
                Task::none()
            }
            (Ok(state), _) if !state.enrolled => self.set_up(setup::State::open(setup::Whom::Agent(state))),
            (Err(error), Standing::Finding) if error.is_unreachable() => {
                self.station.hear(at, Err(error));
                Task::none()
            }
            (_, Standing::Finding) => self.open_pages(),
            (_, Standing::SettingUp(_) | Standing::Working) => Task::none(),
        }
    }

    fn set_up(&mut self, screen: setup::State) -> Task<Message> {
        self.standing = Standing::SettingUp(screen);
        operation::focus(setup::CODE)
    }

    /// The pages, or the code that this back office needs before them.
    fn open_pages(&mut self) -> Task<Message> {
        if self.link.client().is_none() {
            return self.set_up(setup::State::open(self.this_office()));
        }
        self.standing = Standing::Working;
        self.ask()
    }

    fn this_office(&self) -> setup::Whom {
        setup::Whom::Office { agent_url: self.link.agent_url().to_owned() }
    }

    /// The agent, or this back office, may have lost its identity while the pages were open.
    pub(super) fn on_refusal(&mut self, error: &ClientError) -> Task<Message> {
        let Trouble::Refused { code, .. } = Trouble::of(error) else {
            return Task::none();
        };
        match code {
            ErrorCode::NotEnrolled if self.link.setup_client().is_some() => {
                self.standing = Standing::Finding;
                self.find_out()
            }
            ErrorCode::NotAllowed | ErrorCode::NoCertificate if self.link.holds() => {
                self.link.drop_identity();
                self.set_up(setup::State::open_after(self.this_office(), Trouble::of(error)))
            }
            _ => Task::none(),
        }
    }

    pub(super) fn on_setup(&mut self, message: setup::Message) -> Task<Message> {
        let Standing::SettingUp(screen) = &mut self.standing else {
            return Task::none();
        };
        match screen.update(message) {
            None => Task::none(),
            Some(setup::Event::PlaceCursor(position)) => operation::move_cursor_to(setup::CODE, position),
            Some(setup::Event::SetUpAgent { code }) => {
                let Some(client) = self.link.setup_client().cloned() else {
                    return Task::none();
                };
                Task::perform(async move { client.set_up(&code).await }, |result| {
                    Message::AgentSetUp(result.map_err(Arc::new))
                })
            }
            Some(setup::Event::EnrolOffice { code }) => {
                let Some(file) = self.link.identity_file().map(ToOwned::to_owned) else {
                    return Task::none();
                };
                let url = self.link.agent_url().to_owned();
                Task::perform(link::enrol(url, code, file), |result| {
                    Message::Enrolled(result.map(Box::new).map_err(Arc::new))
                })
            }
            Some(setup::Event::Go) => {
                self.standing = Standing::Finding;
                self.find_out()
            }
        }
    }

    pub(super) fn agent_set_up(&mut self, result: Result<SetupState, Arc<ClientError>>) -> Task<Message> {
        let outcome = result.map(place_of).map_err(|error| Trouble::of(&error));
        self.on_setup(setup::Message::Answered(outcome))
    }

    pub(super) fn enrolled(
        &mut self,
        result: Result<Box<(Identity, Place)>, Arc<JoinError>>,
    ) -> Task<Message> {
        let outcome = result.map_err(|error| Trouble::of_enrolment(&error)).and_then(|enrolled| {
            let (identity, place) = *enrolled;
            let taken = self.link.take(identity);
            taken.map_err(|error| Trouble::Unusable { detail: error.to_string() })?;
            Ok(setup::Place { station_code: place.code.to_string(), station_name: place.name })
        });
        self.on_setup(setup::Message::Answered(outcome))
    }

    pub(super) fn on_devices(&mut self, event: devices::Event) -> Task<Message> {
        match event {
            devices::Event::Focus(field) => {
                Task::batch([operation::focus(field), operation::select_all(field)])
            }
            devices::Event::MakeCode { kind, terminal } => self.make_code(kind, terminal),
            devices::Event::Revoke { device_id, reason, override_pending } => {
                self.revoke(device_id, reason, override_pending)
            }
            devices::Event::Revoked(device) => {
                self.station.put_device(device);
                self.ask()
            }
        }
    }

    fn make_code(&self, kind: DeviceKind, terminal: Option<u16>) -> Task<Message> {
        let Some(client) = self.link.client().cloned() else {
            return Task::none();
        };
        Task::perform(async move { client.enrolment_code(kind, terminal).await }, |result| {
            Message::Devices(devices::Message::CodeMade(result.map_err(Arc::new)))
        })
    }

    fn revoke(&self, device_id: String, reason: String, override_pending: bool) -> Task<Message> {
        let Some(client) = self.link.client().cloned() else {
            return Task::none();
        };
        let asked = device_id.clone();
        let revoking = async move { client.revoke_device(&device_id, &reason, override_pending).await };
        Task::perform(revoking, move |result| {
            let device_id = asked.clone();
            let result = result.map(Box::new).map_err(Arc::new);
            Message::Devices(devices::Message::Revoked { device_id, result })
        })
    }
}

fn place_of(state: SetupState) -> setup::Place {
    setup::Place { station_code: state.station_code, station_name: state.station_name }
}
