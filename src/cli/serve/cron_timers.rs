//! The cron expressions of all jobs, rung by tokio-cron-scheduler.
//!
//! An alarm only wakes the scheduler, which decides itself what is due: tokio-cron-scheduler keeps the offset
//! that a time zone had when a job was added, and remembers nothing over a restart.

use std::sync::mpsc::Sender;

use orgsnap::daemon::{CronTimer, Event};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// CronTimers that ring until they are dropped for others.
#[derive(Default)]
pub(super) struct CronTimers {
    ringing: Option<JobScheduler>,
}

impl CronTimers {
    /// Has these ring, and no others.
    ///
    /// # Errors
    /// If one cannot be set. None rings then, and the scheduler wakes by its own reckoning.
    pub(super) async fn set(
        &mut self,
        timers: &[CronTimer],
        sender: &Sender<Event>,
    ) -> Result<(), JobSchedulerError> {
        if let Some(mut before) = self.ringing.take() {
            before.shutdown().await?;
        }
        let scheduler = JobScheduler::new().await?;
        for timer in timers {
            let sender = sender.clone();
            let ring = move |_, _| {
                let sender = sender.clone();
                let rung: std::pin::Pin<Box<dyn Future<Output = ()> + Send>> =
                    Box::pin(async move {
                        // Nobody listens any more when the daemon ends.
                        let _ = sender.send(Event::TimerFired);
                    });
                rung
            };
            scheduler.add(Job::new_async_tz(&timer.cron, timer.zone, ring)?).await?;
        }
        scheduler.start().await?;
        self.ringing = Some(scheduler);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{RecvTimeoutError, channel};
    use std::time::Duration;

    use super::*;

    #[test]
    fn cron_timers_fire_until_they_are_replaced() {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let (sender, inbox) = channel();
        let mut timers = CronTimers::default();
        let every_second =
            CronTimer { cron: "* * * * * *".to_owned(), zone: chrono_tz::Asia::Shanghai };
        runtime.block_on(timers.set(&[every_second], &sender)).unwrap();
        for _ in 0..2 {
            assert!(matches!(inbox.recv_timeout(Duration::from_secs(60)), Ok(Event::TimerFired)));
        }
        runtime.block_on(timers.set(&[], &sender)).unwrap();
        // One may be on its way.
        while inbox.recv_timeout(Duration::from_millis(1_500)).is_ok() {}
        let silence = inbox.recv_timeout(Duration::from_secs(2));
        assert!(matches!(silence, Err(RecvTimeoutError::Timeout)));
        let nonsense = CronTimer { cron: "never".to_owned(), zone: chrono_tz::UTC };
        assert!(runtime.block_on(timers.set(&[nonsense], &sender)).is_err());
    }
}
