//! `hq-server`: head office.

mod command;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use hq_server::role::Role;

/// Head office of the chain: catalogue, orders, logistics, stations.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves until it is told to stop.
    Run {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Checks the configuration, prints it and ends.
        #[arg(long)]
        check_config: bool,
        /// Writes logs as JSON.
        #[arg(long)]
        log_json: bool,
    },
    /// Prints a one-time code that makes a station's agent belong; head office may run or not.
    Code {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// The station's code.
        #[arg(long)]
        station: String,
    },
    /// Revokes a device: its connections are cut, and what it has opens nothing any more.
    Revoke {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// The device's id, 32 hexadecimal digits.
        #[arg(long)]
        device: String,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
        /// Go on although entries of it have not reached head office.
        #[arg(long)]
        override_pending: bool,
    },
    /// Carries a journal in a file.
    Journal {
        #[command(subcommand)]
        what: JournalCommand,
    },
    /// Writes what an external Mosquitto needs to serve the stations' topics; head office may run or not.
    BrokerFiles {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// The folder to write to; files of an earlier run are replaced.
        #[arg(long)]
        out: PathBuf,
        /// Where that broker listens.
        #[arg(long, default_value = "0.0.0.0:8883")]
        listen: SocketAddr,
    },
    /// Copies the database into a file in DIR and verifies it; head office may run.
    Backup {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// The folder for the file.
        dir: PathBuf,
    },
    /// Checks the whole database, every journal in it, and that the books are what the journals make them; head office may
    /// run. Ends with 1 when something is wrong.
    Check {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Puts a backup in the place of the database, which is set aside; head office must not run.
    Restore {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// The file of the backup.
        file: PathBuf,
    },
    /// Stops or starts a role of the running head office.
    Role {
        /// What to do.
        action: Action,
        /// Which role.
        role: RoleName,
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum JournalCommand {
    /// Takes in a file that a station or a till wrote; head office may run or not.
    Import {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// The file.
        file: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Action {
    Stop,
    Start,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    Order,
    Logistics,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Run { config, check_config: true, .. } => command::check_config(&config),
        Command::Run { config, log_json, .. } => command::run(&config, log_json),
        Command::Code { config, station } => command::open_code(&config, &station),
        Command::Revoke { config, device, reason, override_pending } => {
            command::revoke(&config, &device, &reason, override_pending)
        }
        Command::Journal { what: JournalCommand::Import { config, file } } => {
            command::import_journal(&config, &file)
        }
        Command::BrokerFiles { config, out, listen } => command::write_broker_files(&config, &out, listen),
        Command::Check { config } => command::check(&config),
        Command::Backup { config, dir } => command::backup(&config, &dir),
        Command::Restore { config, file } => command::restore(&config, &file),
        Command::Role { action, role, config } => {
            let role = match role {
                RoleName::Order => Role::Order,
                RoleName::Logistics => Role::Logistics,
            };
            command::switch_role(&config, role, matches!(action, Action::Start))
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
