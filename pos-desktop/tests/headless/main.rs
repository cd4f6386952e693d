//! The till without a window: over HTTP in this process, and as a process of its own.

#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod enrolling;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod permissions;
#[cfg(test)]
mod process;
#[cfg(test)]
mod selling;
