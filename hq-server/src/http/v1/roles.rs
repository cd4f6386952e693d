//! Roles, settings of Logistics and totals.

use axum::Json;
use axum::extract::State;

use crate::api::{LogisticsSettingsDto, RoleStateDto, SummaryDto};
use crate::http::body::{JsonBody, Named};
use crate::http::{App, Problem};
use crate::role::{self, Role};
use crate::{logistics, overview};

/// `GET /roles`.
pub(in crate::http) async fn roles(State(app): State<App>) -> Result<Json<Vec<RoleStateDto>>, Problem> {
    let states = app
        .command(|node, _| {
            let mut states = Vec::with_capacity(Role::ALL.len());
            for role in Role::ALL {
                states.push(RoleStateDto::of(role.as_str(), role::is_running(node, role)?));
            }
            Ok(states)
        })
        .await?;
    Ok(Json(states))
}

/// `POST /roles/{role}/stop`.
pub(in crate::http) async fn stop_role(
    State(app): State<App>,
    Named(name): Named,
) -> Result<Json<RoleStateDto>, Problem> {
    set(&app, &name, false).await
}

/// `POST /roles/{role}/start`.
pub(in crate::http) async fn start_role(
    State(app): State<App>,
    Named(name): Named,
) -> Result<Json<RoleStateDto>, Problem> {
    set(&app, &name, true).await
}

async fn set(app: &App, name: &str, running: bool) -> Result<Json<RoleStateDto>, Problem> {
    let role = Role::parse(name)?;
    app.command(move |node, now| Ok(role::set_running(node, role, running, now.wall_ms)?)).await?;
    tracing::info!(role = role.as_str(), running, "a role was switched");
    app.wake(role);
    Ok(Json(RoleStateDto::of(role.as_str(), running)))
}

/// `GET /settings/logistics`.
pub(in crate::http) async fn logistics_settings(
    State(app): State<App>,
) -> Result<Json<LogisticsSettingsDto>, Problem> {
    let auto_dispatch = app.command(|node, _| Ok(logistics::auto_dispatch(node)?)).await?;
    Ok(Json(LogisticsSettingsDto { auto_dispatch }))
}

/// `PUT /settings/logistics`.
pub(in crate::http) async fn set_logistics_settings(
    State(app): State<App>,
    JsonBody { value, .. }: JsonBody<LogisticsSettingsDto>,
) -> Result<Json<LogisticsSettingsDto>, Problem> {
    let row = logistics::set_auto_dispatch(value.auto_dispatch);
    app.command(move |node, now| Ok(node.write(vec![row], now.wall_ms)?)).await?;
    Ok(Json(value))
}

/// `GET /summary`.
pub(in crate::http) async fn summary(State(app): State<App>) -> Result<Json<SummaryDto>, Problem> {
    let totals = app.read(overview::totals).await?;
    Ok(Json(SummaryDto::of(&totals, app.incarnation())))
}
