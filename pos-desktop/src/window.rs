//! The till's window.

use std::env;
use std::os::unix::process::CommandExt as _;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, bail};
use sync_identity::Identity;
use tauri::Manager as _;

use crate::cli::runtime;
use crate::commands;
use crate::config::Config;
use crate::dto::StartTrouble;
use crate::headless::Running;
use crate::setup::{self, Setup};
use crate::shutdown;

/// Opens the window over a running till, until it is closed.
///
/// # Errors
/// There is no display, or the till does not start.
pub fn run(config: &Config, identity: Identity) -> anyhow::Result<()> {
    wants_display()?;
    let runtime = runtime()?;
    let mut running = match runtime.block_on(Running::start(config, identity)) {
        Ok(running) => running,
        Err(why) => return Err(tell(config, &runtime, why)),
    };
    let till = running.till().clone();
    tauri::async_runtime::set(runtime.handle().clone());
    let app = tauri::Builder::default()
        .manage(running.till().clone())
        .manage(Setup {
            config: config.clone(),
            enrolled: true,
            again: AtomicBool::new(false),
            trouble: None,
        })
        .invoke_handler(tauri::generate_handler![
            setup::setup_state,
            commands::till_status,
            commands::product_menu,
            commands::cart,
            commands::cart_add_line,
            commands::cart_set_quantity,
            commands::cart_remove_line,
            commands::cart_clear,
            commands::cart_set_account,
            commands::complete_sale,
            commands::recent_sales,
            commands::sale_detail,
            commands::cancel_sale,
            commands::accounts,
            commands::set_language,
            commands::set_theme,
        ])
        .build(tauri::generate_context!())
        .context("the window could not be opened")?;
    let handle = app.handle().clone();
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let watch = runtime.spawn(async move {
        let code = tokio::select! {
            _ = shutdown::requested() => 0,
            _ = &mut stopped => 0,
            failed = running.failed() => {
                tracing::error!(why = ?failed.err(), "the till cannot go on");
                1
            }
        };
        running.stop().await;
        handle.exit(code);
        code
    });
    let code = app.run_return(|_, _| {});
    // The receiver is gone when the till stopped by itself.
    let _ = stop.send(());
    let failed = runtime.block_on(watch).unwrap_or(1);
    if let Some(fault) = till.fault() {
        return Err(fault.into());
    }
    if code != 0 || failed != 0 {
        bail!("the till has stopped; its log says why");
    }
    Ok(())
}

/// Opens the setup view of a till that does not belong yet; once it does, the program starts anew in its place.
///
/// # Errors
/// There is no display, or the program cannot start anew.
pub fn set_up(config: &Config) -> anyhow::Result<()> {
    wants_display()?;
    let runtime = runtime()?;
    tauri::async_runtime::set(runtime.handle().clone());
    let app = tauri::Builder::default()
        .manage(Setup {
            config: config.clone(),
            enrolled: false,
            again: AtomicBool::new(false),
            trouble: None,
        })
        .invoke_handler(tauri::generate_handler![setup::setup_state, setup::enrol_till, setup::restart])
        .build(tauri::generate_context!())
        .context("the window could not be opened")?;
    let handle = app.handle().clone();
    runtime.spawn(async move {
        if shutdown::requested().await.is_ok() {
            handle.exit(0);
        }
    });
    let setup = app.handle().clone();
    app.run_return(|_, _| {});
    if !setup.state::<Setup>().again.load(Ordering::Relaxed) {
        return Ok(());
    }
    drop(runtime);
    // In place of this process: whoever watches it sees one till, before and after.
    let program = env::current_exe().context("the program does not find itself")?;
    let why = std::process::Command::new(program).args(env::args_os().skip(1)).exec();
    Err(why).context("the till is enrolled, but could not start by itself; start it again")
}

/// Says in the window why the till did not start, until it is closed: nobody at a till reads a log. Returns what the
/// program ends with.
fn tell(config: &Config, runtime: &tokio::runtime::Runtime, why: anyhow::Error) -> anyhow::Error {
    tracing::error!(why = crate::cli::one_line(&why), "the till did not start");
    tauri::async_runtime::set(runtime.handle().clone());
    let trouble = Some(StartTrouble::of(&why));
    let app = tauri::Builder::default()
        .manage(Setup { config: config.clone(), enrolled: true, again: AtomicBool::new(false), trouble })
        .invoke_handler(tauri::generate_handler![setup::setup_state])
        .build(tauri::generate_context!());
    match app {
        Ok(app) => {
            let handle = app.handle().clone();
            runtime.spawn(async move {
                if shutdown::requested().await.is_ok() {
                    handle.exit(0);
                }
            });
            app.run_return(|_, _| {});
            why
        }
        Err(window) => why.context(format!("the window could not be opened either: {window}")),
    }
}

fn wants_display() -> anyhow::Result<()> {
    if ["DISPLAY", "WAYLAND_DISPLAY"].iter().all(|name| env::var_os(name).is_none()) {
        bail!("there is no display for the window; start in a desktop session, or with --headless");
    }
    Ok(())
}
