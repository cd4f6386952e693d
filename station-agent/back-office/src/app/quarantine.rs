//! What the program asks the agent for the pages of entries set aside.

use std::sync::Arc;

use iced::Task;

use super::{App, Message};
use crate::screen::quarantine;

impl App {
    pub(super) fn on_quarantine(&mut self, event: quarantine::Event) -> Task<Message> {
        let Some(client) = self.link.client().cloned() else {
            return Task::none();
        };
        match event {
            quarantine::Event::Look { key } => {
                let asked = key.clone();
                Task::perform(async move { client.quarantined(&key).await }, move |result| {
                    let (key, result) = (asked.clone(), result.map(Box::new).map_err(Arc::new));
                    Message::Quarantine(quarantine::Message::Looked { key, result })
                })
            }
            quarantine::Event::Replay { key } => {
                let asked = key.clone();
                Task::perform(async move { client.replay(&key).await }, move |result| {
                    let (key, result) = (asked.clone(), result.map(Box::new).map_err(Arc::new));
                    Message::Quarantine(quarantine::Message::Replayed { key, result })
                })
            }
            quarantine::Event::ReplayAll => {
                Task::perform(async move { client.replay_all().await }, |result| {
                    Message::Quarantine(quarantine::Message::ReplayedAll(result.map_err(Arc::new)))
                })
            }
            quarantine::Event::Tried => self.ask(),
        }
    }
}
