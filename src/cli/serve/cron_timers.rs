//! Timers for the cron expressions of all jobs, by tokio-cron-scheduler.
//!
//! A timer only wakes the scheduler, which decides itself what is due: tokio-cron-scheduler keeps the offset
//! that a time zone had when a job was added, and remembers nothing over a restart.

use std::sync::mpsc::Sender;

use orgsnap::daemon::{CronTimer, Event};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// Timers that fire until they are replaced.
#[derive(Default)]
pub(super) struct CronTimers {
    active: Option<JobScheduler>,
}

impl CronTimers {
    /// Replaces all timers.
    ///
    /// # Errors
    /// If one cannot be set. None fires then, and the scheduler still wakes at its poll interval.
    pub(super) async fn set(
        &mut self,
        timers: &[CronTimer],
        sender: &Sender<Event>,
    ) -> Result<(), JobSchedulerError> {
        if let Some(mut before) = self.active.take() {
            before.shutdown().await?;
        }
        let scheduler = JobScheduler::new().await?;
        for timer in timers {
            let sender = sender.clone();
            let fire = move |_, _| {
                let sender = sender.clone();
                let sent: std::pin::Pin<Box<dyn Future<Output = ()> + Send>> =
                    Box::pin(async move {
                        // The receiver is dropped when the daemon ends.
                        let _ = sender.send(Event::TimerFired);
                    });
                sent
            };
            scheduler.add(Job::new_async_tz(&timer.cron, timer.zone, fire)?).await?;
        }
        scheduler.start().await?;
        self.active = Some(scheduler);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, TryRecvError, channel};
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
        runtime.block_on(timers.set(std::slice::from_ref(&every_second), &sender)).unwrap();
        for _ in 0..2 {
            assert!(matches!(inbox.recv_timeout(Duration::from_secs(60)), Ok(Event::TimerFired)));
        }
        let (other, other_inbox) = channel();
        runtime.block_on(timers.set(&[every_second], &other)).unwrap();
        let fires = |inbox: &Receiver<Event>| inbox.recv_timeout(Duration::from_secs(60)).is_ok();
        assert!(fires(&other_inbox));
        // One of the replaced timer may have been sent before it was replaced.
        while inbox.try_recv().is_ok() {}
        // By the time the new timer has fired twice more, the old one would have fired, too.
        assert!(fires(&other_inbox) && fires(&other_inbox));
        assert!(matches!(inbox.try_recv(), Err(TryRecvError::Empty)));
        let nonsense = CronTimer { cron: "never".to_owned(), zone: chrono_tz::UTC };
        assert!(runtime.block_on(timers.set(&[nonsense], &other)).is_err());
    }
}
