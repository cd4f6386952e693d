//! What an error of the driver means for the store's caller.

use std::error::Error as _;

use sync::store::{ServerError, ServerFault, StoreError};
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// The error with its meaning.
pub(super) fn server_error(why: Error) -> ServerError {
    ServerError { fault: fault_of(&why), source: Box::new(why) }
}

/// The same as an error of the store.
pub(super) fn failed(why: Error) -> StoreError {
    StoreError::Server(server_error(why))
}

/// Whether the connection is gone, so that a new one may do better.
pub(super) const fn is_lost(why: &StoreError) -> bool {
    matches!(why, StoreError::Server(ServerError { fault: ServerFault::Unreachable, .. }))
}

fn fault_of(why: &Error) -> ServerFault {
    let Some(state) = why.code() else {
        // What did not come from the server came from the link to it, or from a cell of another type.
        let of_the_link =
            why.is_closed() || why.source().is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
        return if of_the_link { ServerFault::Unreachable } else { ServerFault::Refused };
    };
    match *state {
        SqlState::T_R_SERIALIZATION_FAILURE
        | SqlState::T_R_DEADLOCK_DETECTED
        | SqlState::LOCK_NOT_AVAILABLE => ServerFault::Contended,
        SqlState::DISK_FULL => ServerFault::DiskFull,
        SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::TOO_MANY_CONNECTIONS
        | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => ServerFault::Unreachable,
        _ if state.code().starts_with("08") => ServerFault::Unreachable,
        _ => ServerFault::Refused,
    }
}
