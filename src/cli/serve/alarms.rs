//! The cron expressions of all jobs, rung by tokio-cron-scheduler.
//!
//! An alarm only wakes the scheduler, which decides itself what is due: tokio-cron-scheduler keeps the offset
//! that a time zone had when a job was added, and remembers nothing over a restart.

use std::sync::mpsc::Sender;

use orgsnap::daemon::{Alarm, Event};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// Alarms that ring until they are dropped for others.
#[derive(Default)]
pub(super) struct Alarms {
    ringing: Option<JobScheduler>,
}

impl Alarms {
    /// Has these ring, and no others.
    ///
    /// # Errors
    /// If one cannot be set. None rings then, and the scheduler wakes by its own reckoning.
    pub(super) async fn set(
        &mut self,
        alarms: &[Alarm],
        sender: &Sender<Event>,
    ) -> Result<(), JobSchedulerError> {
        if let Some(mut before) = self.ringing.take() {
            before.shutdown().await?;
        }
        let scheduler = JobScheduler::new().await?;
        for alarm in alarms {
            let sender = sender.clone();
            let ring = move |_, _| {
                let sender = sender.clone();
                let rung: std::pin::Pin<Box<dyn Future<Output = ()> + Send>> =
                    Box::pin(async move {
                        // Nobody listens any more when the daemon ends.
                        let _ = sender.send(Event::Rang);
                    });
                rung
            };
            scheduler.add(Job::new_async_tz(&alarm.cron, alarm.zone, ring)?).await?;
        }
        scheduler.start().await?;
        self.ringing = Some(scheduler);
        Ok(())
    }
}
