//! Sending one alert on one channel, once.

mod bounds;
mod command;
mod error;
mod http;
mod robot;

use std::fmt;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Instant;

use crate::config::job::{AlertChannel, AlertTarget};

use super::document::Alert;
use super::markdown::markdown;

pub use bounds::{ATTEMPT_TIMEOUT, Bounds};
pub use error::SendError;

/// Sends alerts. Called from several threads, never twice at a time for one tenant and channel.
pub trait Sender: Send + Sync + fmt::Debug {
    /// Sends an alert once; trying again is the caller's business. Comes back soon after the deadline.
    ///
    /// # Errors
    /// If it is not certain that the alert arrived.
    fn send(&self, channel: &AlertChannel, alert: &Alert, bounds: &Bounds)
    -> Result<(), SendError>;
}

/// The real thing: HTTP and commands.
#[derive(Debug, Default)]
pub struct ChannelSender {
    // Created when first needed: most runs send no alert.
    http: OnceLock<Option<http::Http>>,
}

impl ChannelSender {
    fn http(&self) -> Result<&http::Http, SendError> {
        self.http.get_or_init(http::Http::new).as_ref().ok_or(SendError::Internal)
    }

    /// Posts to a server whose authority is named, or one that the public roots vouch for.
    fn post(
        &self,
        ca: Option<&Path>,
        request: http::Request<'_>,
        bounds: &Bounds,
    ) -> Result<Vec<u8>, SendError> {
        match ca {
            Some(ca) => http::Http::trusting(ca)?.post(request, bounds),
            None => self.http()?.post(request, bounds),
        }
    }
}

impl Sender for ChannelSender {
    fn send(
        &self,
        channel: &AlertChannel,
        alert: &Alert,
        bounds: &Bounds,
    ) -> Result<(), SendError> {
        let document = || serde_json::to_vec(alert).map_err(|_| SendError::Internal);
        match &channel.to {
            AlertTarget::WecomRobot { url } => {
                let body = robot::body(&markdown(alert, channel.language))?;
                let url = url.reveal()?;
                let request = http::Request { url: &url, bearer: None, body };
                robot::judge(&self.http()?.post(request, bounds)?, &url)
            }
            AlertTarget::Webhook { url, bearer, ca } => {
                let bearer = bearer.as_ref().map(|bearer| bearer.reveal()).transpose()?;
                let request = http::Request {
                    url: &url.reveal()?,
                    bearer: bearer.as_ref(),
                    body: document()?,
                };
                self.post(ca.as_deref(), request, bounds).map(|_| ())
            }
            AlertTarget::Command { argv, timeout } => {
                let bounds = Bounds {
                    deadline: bounds.deadline.min(Instant::now() + *timeout),
                    cancel: bounds.cancel.clone(),
                };
                command::run(argv, alert, &document()?, &bounds)
            }
        }
    }
}
