//! `orgsnap run`: what is due by the schedules of the jobs, beside other machines that do the same over one store.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::argument;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;

/// Run what is due by the schedules of the jobs and exit; on any number of machines over one PostgreSQL store
#[derive(Debug, Args)]
#[cfg_attr(
    not(feature = "postgres"),
    expect(dead_code, reason = "they are read where the store is built in")
)]
pub(super) struct Arguments {
    /// So many insurers run side by side; each run is claimed in the store first
    #[arg(long, value_name = "N", value_parser = argument::at_least_one)]
    claim: usize,
    /// The folder of job files, or one of them
    #[arg(long, value_name = "DIR", default_value = "jobs")]
    jobs: PathBuf,
    /// The PostgreSQL server at this URL, whatever the jobs say; a password is better in the job's [store]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Another machine takes a run over if this one has not renewed its claim for so long
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = argument::duration)]
    lease: Duration,
}

#[cfg(not(feature = "postgres"))]
pub(super) fn run(_: &Arguments, _: &Environment) -> Result<Exit, Failure> {
    Err(orgsnap::store::StoreError::ServerNotBuiltIn.into())
}

#[cfg(feature = "postgres")]
pub(super) use claiming::run;

#[cfg(feature = "postgres")]
mod claiming {
    use std::sync::mpsc;

    use chrono::{DateTime, Utc};
    use orgsnap::alert::RunEvent;
    use orgsnap::config::job::Job;
    use orgsnap::daemon::plan::{MissingPrecondition, RunOutcome};
    use orgsnap::daemon::{ClaimSettings, Ended, LogEntry, Observer, TenantStatus, run_claimed};
    use orgsnap::disk::this_process;
    use orgsnap::store::ClaimTerms;

    use super::super::alerting::Alerting;
    use super::super::run_report::{ResultLine, Subject};
    use super::super::serve::{SystemEnvironment, cannot_read, hear_signals, runtime};
    use super::super::{logging, output};
    use super::{Arguments, Environment, Exit, Failure};

    /// The log, and the alerts.
    struct RunObserver<'a> {
        environment: &'a Environment,
        alerting: &'a Alerting<'a>,
    }

    impl Observer for RunObserver<'_> {
        fn log(&self, log: &LogEntry) {
            logging::entry(self.environment.language, log);
        }

        fn on_event(&self, job: &Job, event: &RunEvent, _: DateTime<Utc>) {
            self.alerting.report(job, event);
        }

        fn job_loaded(&self, job: &Job, _: DateTime<Utc>) {
            self.alerting.watch(job);
        }

        fn on_tick(&self, _: &[TenantStatus], _: DateTime<Utc>) {}
    }

    /// Runs what is due. The exit code is the gravest one.
    pub(in super::super) fn run(
        arguments: &Arguments,
        environment: &Environment,
    ) -> Result<Exit, Failure> {
        std::fs::metadata(&arguments.jobs).map_err(|error| cannot_read(&arguments.jobs, &error))?;
        let (sender, inbox) = mpsc::channel();
        let runtime = runtime()?;
        hear_signals(&runtime, sender.clone())?;
        let settings = ClaimSettings {
            jobs: arguments.jobs.clone(),
            data: environment.data.clone(),
            store: arguments.store.clone(),
            most_running: arguments.claim,
            terms: ClaimTerms { owner: this_process(), lease: arguments.lease },
        };
        let alerting = Alerting::new(environment);
        let observer = RunObserver { environment, alerting: &alerting };
        let mut worst = Exit::Done;
        let mut told = |ended| {
            let (line, exit) = line_of(ended, environment);
            worst = worst.max(exit);
            if let Err(failure) = line.print(environment, false, exit) {
                output::complain(environment, &failure);
                worst = worst.max(failure.exit);
            }
        };
        let mut system =
            SystemEnvironment::new(environment, runtime.handle().clone(), sender, inbox);
        let variable = |name: &str| Environment::variable(name);
        run_claimed(&settings, &variable, &observer, &mut system, &mut told);
        alerting.finish();
        // Runs that did not stop in time end with the process; what they had not committed is undone.
        runtime.shutdown_background();
        Ok(worst)
    }

    fn line_of(ended: Ended, environment: &Environment) -> (ResultLine, Exit) {
        match ended {
            Ended::Run { job, outcome, report } => {
                let exit = exit_of(&outcome);
                let line = match report {
                    Some(report) => ResultLine::of(&report),
                    None => {
                        let (tenant, job) = (Some(job.tenant.as_str()), Some(job.path.as_path()));
                        ResultLine::of_failure(&Subject { tenant, job })
                    }
                };
                (line, exit)
            }
            Ended::NotRun { job, fault, message } => {
                let failure = Failure { exit: Exit::of(fault), message };
                output::complain(environment, &failure);
                let subject = match &job {
                    Some(job) => Subject { tenant: Some(&job.tenant), job: Some(&job.path) },
                    None => Subject::default(),
                };
                (ResultLine::of_failure(&subject), failure.exit)
            }
        }
    }

    /// The exit code of a run, as `import` gives it.
    fn exit_of(outcome: &RunOutcome) -> Exit {
        match outcome {
            RunOutcome::Published => Exit::Done,
            RunOutcome::Refused => Exit::Refused,
            RunOutcome::Stopped => Exit::Unavailable,
            RunOutcome::Without { missing, transient, .. } => match (missing, transient) {
                (MissingPrecondition::Lock, _) => Exit::Locked,
                (MissingPrecondition::Files, _)
                | (MissingPrecondition::Source | MissingPrecondition::Machine, true) => {
                    Exit::Unavailable
                }
                (MissingPrecondition::Source | MissingPrecondition::Setup, _) => Exit::Usage,
                (MissingPrecondition::Machine, false) => Exit::Internal,
            },
        }
    }
}
