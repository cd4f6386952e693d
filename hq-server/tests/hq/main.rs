//! Head office as a whole: a real server on free ports, real HTTP and MQTT clients.

#[cfg(test)]
mod bare;
#[cfg(test)]
mod behind;
#[cfg(test)]
mod bindings;
#[cfg(test)]
mod broker;
#[cfg(test)]
mod cast;
#[cfg(test)]
mod codes;
#[cfg(test)]
mod compat;
#[cfg(test)]
mod console_api;
#[cfg(test)]
mod life;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod mosquitto;
#[cfg(test)]
mod pending;
#[cfg(test)]
mod quarantine;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod replies;
mod retire;
#[cfg(test)]
mod revocation;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod strain;
#[cfg(test)]
mod support;
#[cfg(test)]
mod table;
#[cfg(test)]
mod wire;
