//! The till without a window: the drivers and the local API. Nothing of GTK is touched.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use sync::WriterGone;
use sync_identity::Identity;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::config::Config;
use crate::links;
use crate::local_api;
use crate::till::Till;

/// Requests under way at a stop get this long to finish; what is committed needs no longer.
const DRAIN: Duration = Duration::from_secs(5);

/// A till at work: its drivers and, if it is configured, its local API.
#[derive(Debug)]
pub struct Running {
    till: Till,
    drivers: JoinSet<Result<(), WriterGone>>,
    api: Option<Api>,
}

#[derive(Debug)]
struct Api {
    addr: SocketAddr,
    stop: watch::Sender<bool>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Running {
    /// Opens the till, binds the local API and starts the drivers.
    ///
    /// # Errors
    /// The database does not open or the port is in use; nothing runs then.
    pub async fn start(config: &Config, identity: Identity) -> anyhow::Result<Self> {
        let till = Till::open(config, &identity)?;
        let api = match &config.local_api {
            Some(api) => {
                let listener = TcpListener::bind(api.addr).await.with_context(|| {
                    format!("the local API cannot listen on {}; free the port or choose another", api.addr)
                })?;
                let addr = listener.local_addr()?;
                let (stop, mut stopped) = watch::channel(false);
                let router = local_api::router(till.clone(), &api.token);
                let server = axum::serve(listener, router).with_graceful_shutdown(async move {
                    // An error means that the sender is gone, which is a stop too.
                    let _ = stopped.wait_for(|stop| *stop).await;
                });
                Some(Api { addr, stop, server: tokio::spawn(async move { server.await }) })
            }
            None => None,
        };
        let drivers = links::start(&till, config, identity)?;
        tracing::info!(station = %till.me().station, local_api = ?api.as_ref().map(|api| api.addr), "the till is at work");
        Ok(Self { till, drivers, api })
    }

    /// The till.
    pub const fn till(&self) -> &Till {
        &self.till
    }

    /// Where the local API listens.
    pub fn api_addr(&self) -> Option<SocketAddr> {
        self.api.as_ref().map(|api| api.addr)
    }

    /// Waits for something to end that should not.
    ///
    /// # Errors
    /// Always: a till whose drivers or API have ended cannot go on.
    pub async fn failed(&mut self) -> anyhow::Result<()> {
        let ended = tokio::select! {
            fault = self.till.broken() => return Err(fault.into()),
            ended = self.drivers.join_next() => ended,
        };
        match ended {
            Some(Ok(Err(why))) => Err(why.into()),
            Some(Err(why)) => Err(anyhow!("a driver ended early: {why}")),
            Some(Ok(Ok(()))) | None => Err(anyhow!("a driver ended early")),
        }
    }

    /// Answers what is under way, then stops.
    pub async fn stop(mut self) {
        self.drivers.abort_all();
        while self.drivers.join_next().await.is_some() {}
        if let Some(api) = self.api.take() {
            api.stop.send_replace(true);
            let mut server = api.server;
            if tokio::time::timeout(DRAIN, &mut server).await.is_err() {
                server.abort();
            }
        }
        tracing::info!("the till has stopped");
    }
}
