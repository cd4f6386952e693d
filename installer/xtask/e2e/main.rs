//! The whole system, by processes only: what `demo` starts, these tests use, break and look into.

#[cfg(test)]
mod bad_config;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod canaries;
#[cfg(test)]
mod demo_command;
#[cfg(test)]
mod direct;
#[cfg(test)]
mod eventually;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod impostors;
#[cfg(test)]
mod invariants;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod lapses;
#[cfg(test)]
mod leaks;
#[cfg(test)]
mod mqtt;
#[cfg(test)]
mod papers;
#[cfg(test)]
mod prices;
#[cfg(test)]
mod process;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod scenes;
#[cfg(test)]
mod seller;
#[cfg(test)]
mod siege;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod switches;
