//! One delivery pass: each alert in a tenant's outbox is sent once, its channels in parallel.

use std::thread;
use std::time::Instant;

use crate::config::job::AlertChannel;
use crate::model::{Cancel, Message};

use super::document::Alert;
use super::ledger::{Ledger, LedgerError};
use super::send::{Bounds, SendError, Sender};

/// The result of a delivery pass.
#[derive(Debug, Default)]
pub(super) struct DeliveryPass {
    /// Alerts still in the outbox, counted once a channel.
    pub(super) unsent: u64,
    /// Why they were not sent.
    pub(super) faults: Vec<Fault>,
}

/// Why alerts of a tenant were not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The tenant.
    pub tenant: String,
    /// Name of the channel; empty where the ledger is at fault.
    pub channel: String,
    /// What happened and what to do.
    pub message: Message,
}

impl Fault {
    /// The whole of it, in both languages.
    pub fn message(&self) -> Message {
        let Fault { tenant, channel, message } = self;
        if channel.is_empty() {
            return message.clone();
        }
        Message::new(
            format!("租户 {tenant} 的告警未能经 {channel} 发出：{}", message.zh),
            format!("an alert of tenant {tenant} was not sent on {channel}: {}", message.en),
        )
    }
}

/// Sends the alerts in a tenant's outbox, each once, oldest first. A channel that fails is not tried again in this
/// pass: it would most likely fail again.
pub(super) fn send_all(
    ledger: &Ledger,
    tenant: &str,
    channels: &[AlertChannel],
    sender: &dyn Sender,
    cancel: &Cancel,
    deadline: Instant,
) -> DeliveryPass {
    let run = || -> Result<DeliveryPass, LedgerError> {
        let waiting = ledger.read()?;
        if waiting.outbox.is_empty() {
            return Ok(DeliveryPass::default());
        }
        // Another process is sending them.
        let Some(_sending) = ledger.try_lock_sending() else {
            return Ok(DeliveryPass { unsent: waiting.unsent(), faults: Vec::new() });
        };
        // Read again: until now, others may have sent some.
        let outbox = ledger.read()?.outbox;
        let bounds = Bounds { deadline, cancel: cancel.clone() };
        let bounds = &bounds;
        let mut faults = Vec::new();
        thread::scope(|scope| {
            let mut threads = Vec::new();
            for channel in channels {
                let alerts: Vec<&Alert> = outbox
                    .iter()
                    .filter(|entry| entry.to.contains(&channel.name))
                    .map(|entry| &entry.alert)
                    .collect();
                if !alerts.is_empty() {
                    let sent = move || send_on(channel, &alerts, sender, ledger, bounds);
                    threads.push((channel, scope.spawn(sent)));
                }
            }
            for (channel, handle) in threads {
                // A panic of one sender must not affect the others.
                let internal = || Some(SendError::Internal.message());
                if let Some(message) = handle.join().unwrap_or_else(|_| internal()) {
                    let (tenant, channel) = (tenant.to_owned(), channel.name.clone());
                    faults.push(Fault { tenant, channel, message });
                }
            }
        });
        Ok(DeliveryPass { unsent: ledger.read()?.unsent(), faults })
    };
    run().unwrap_or_else(|error| {
        let fault =
            Fault { tenant: tenant.to_owned(), channel: String::new(), message: error.message() };
        DeliveryPass { unsent: 1, faults: vec![fault] }
    })
}

/// Sends alerts on one channel until one fails; returns why it failed.
fn send_on(
    channel: &AlertChannel,
    alerts: &[&Alert],
    sender: &dyn Sender,
    ledger: &Ledger,
    bounds: &Bounds,
) -> Option<Message> {
    for alert in alerts {
        if bounds.cancel.is_asked() {
            return Some(SendError::Cancelled.message());
        }
        if Instant::now() >= bounds.deadline {
            return Some(SendError::TimedOut.message());
        }
        if let Err(error) = sender.send(channel, alert, bounds) {
            return Some(error.message());
        }
        tracing::info!(alert = %alert.id, channel = %channel.name, "alert sent");
        // At once: after a kill before this, the alert is sent again.
        if let Err(error) = ledger.update(|content| content.deliver(&alert.id, &channel.name)) {
            return Some(error.message());
        }
    }
    None
}
