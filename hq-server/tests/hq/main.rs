//! Head office as a whole: a real server on free ports, real HTTP and MQTT clients.

mod bindings;
mod broker;
mod compat;
mod console_api;
mod life;
mod roles;
mod support;
