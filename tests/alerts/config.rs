//! `[[alert]]` in a job file: what it resolves to, and what each complaint says.

use std::path::Path;
use std::time::Duration;

use orgsnap::{
    config::job::{self, AlertKind, AlertTarget, ConfigError, Job},
    model::Language,
};

fn parse(alerts: &str) -> Result<Job, ConfigError> {
    let env = |name: &str| (name == "ROBOT").then(|| "https://robot/?key=S3CRET".to_owned());
    job::parse(Path::new("jobs/x.toml"), &format!("tenant = 't'\n{alerts}"), &env)
}

#[test]
fn channels_resolve_with_their_defaults() {
    let job = parse(
        "[[alert]]\nkind = 'wecom-robot'\nurl = { env = 'ROBOT' }\n\
         [[alert]]\nkind = 'webhook'\nurl = 'https://ops/x'\non = ['late']\nlanguage = 'en'\n\
         [[alert]]\nkind = 'webhook'\nurl = { file = 'hook' }\nname = 'night'\n\
         [[alert]]\nkind = 'command'\ncommand = ['bin/tell', 'a b']\ntimeout = '1m'\n\
         [[alert]]\nkind = 'command'\ncommand = ['mail']\n",
    )
    .unwrap();
    let names: Vec<&str> = job.alerts.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["wecom-robot", "webhook", "night", "command", "command-2"]);
    assert_eq!(job.alerts[0].on, AlertKind::EVENTS);
    assert_eq!(
        (job.alerts[0].language, job.alerts[1].language),
        (Language::Chinese, Language::English)
    );
    assert_eq!(job.alerts[1].on, [AlertKind::Late]);
    let AlertTarget::WecomRobot { url } = &job.alerts[0].to else { panic!("a robot") };
    assert_eq!(url.reveal().unwrap().expose(), "https://robot/?key=S3CRET");
    let commands: Vec<(&[String], Duration)> = job
        .alerts
        .iter()
        .filter_map(|channel| match &channel.to {
            AlertTarget::Command { argv, timeout } => Some((argv.as_slice(), *timeout)),
            _ => None,
        })
        .collect();
    // A program with a slash is relative to the job file; one without is looked up.
    assert_eq!(
        commands[0],
        (&["jobs/bin/tell".to_owned(), "a b".to_owned()][..], Duration::from_secs(60))
    );
    assert_eq!(commands[1], (&["mail".to_owned()][..], Duration::from_secs(10)));
    assert!(!format!("{job:?}").contains("S3CRET"), "Debug shows the key");
    assert!(job.warnings.is_empty(), "{:?}", job.warnings);
}

#[test]
fn a_secret_in_the_job_file_gives_a_warning_that_does_not_show_it() {
    let job =
        parse("[[alert]]\nkind = 'wecom-robot'\nurl = 'https://robot/?key=S3CRET'\n").unwrap();
    let said = &job.warnings[0];
    assert!(said.en.starts_with("jobs/x.toml:4: the robot's URL"), "{}", said.en);
    assert!(!said.en.contains("S3CRET") && !said.zh.contains("S3CRET"));
    let job = parse("[[alert]]\nkind = 'webhook'\nurl = 'https://x/'\nbearer = 'T0KEN'\n").unwrap();
    assert!(job.warnings[0].en.contains("the bearer token stands in the job file"));
}

#[test]
fn every_alert_configuration_error_names_line_key_and_expected_value() {
    let robot = "[[alert]]\nkind = 'wecom-robot'\n";
    let command = "[[alert]]\nkind = 'command'\n";
    for (alerts, said) in [
        (
            "[alert]\nkind = 'command'\n".to_owned(),
            "2: bad value [alert] for alert; expected [[alert]] tables",
        ),
        (
            "[[alert]]\n".to_owned(),
            "2: missing key \"kind\" in [alert]; expected \"wecom-robot\", \"webhook\" or \"command\"",
        ),
        (
            "[[alert]]\nkind = 'mail'\n".to_owned(),
            "3: bad value 'mail' for alert.kind; expected \"wecom-robot\", \"webhook\" or \"command\"",
        ),
        (robot.to_owned(), "2: missing key \"url\" in [alert]; expected { env = \"VARIABLE\" }"),
        (format!("{robot}urls = 1\n"), "4: unknown key \"urls\" in [alert]; did you mean \"url\"?"),
        (
            format!("{robot}url = 'ftp://S3CRET'\n"),
            "4: bad value for alert.url; expected { env = \"VARIABLE\" }",
        ),
        (format!("{robot}url = 5\n"), "4: bad value for alert.url; expected"),
        (
            format!("{robot}url = {{ envv = 'X' }}\n"),
            "4: unknown key \"envv\" in [alert.url]; did you mean \"env\"?",
        ),
        (
            format!("{robot}url = {{ env = 'X' }}\non = []\n"),
            "5: bad value [] for alert.on; expected a list of \"refused\"",
        ),
        (
            format!("{robot}url = {{ env = 'X' }}\non = ['published']\n"),
            "5: bad value 'published' for alert.on; expected a list of",
        ),
        (
            format!("{robot}url = {{ env = 'X' }}\non = [1]\n"),
            "5: bad value 1 for alert.on; expected a list of",
        ),
        (
            format!("{robot}url = {{ env = 'X' }}\nbearer = {{ env = 'X' }}\n"),
            "5: alert.bearer: means nothing with kind = \"wecom-robot\"; take it out",
        ),
        (
            format!("{command}command = 'mail x'\n"),
            "4: bad value 'mail x' for alert.command; expected a program and its arguments",
        ),
        (
            format!("{command}command = []\n"),
            "4: bad value [] for alert.command; expected a program and its arguments",
        ),
        (
            format!("{command}command = ['x']\ntimeout = '6m'\n"),
            "5: bad value '6m' for alert.timeout; expected a duration up to 5m",
        ),
        (
            format!("{command}command = ['x']\nlanguage = 'de'\n"),
            "5: bad value 'de' for alert.language; expected \"zh\" or \"en\"",
        ),
        (
            format!("{command}command = ['x']\nname = 'n'\n{command}command = ['y']\nname = 'n'\n"),
            "9: alert.name: another [[alert]] has this name; choose a different one",
        ),
    ] {
        let error = parse(&alerts).expect_err(&alerts);
        let expected = format!("jobs/x.toml:{said}");
        assert!(error.to_string().starts_with(&expected), "{alerts}\n{error}\n{expected}");
        assert!(!error.to_string().contains("S3CRET"), "{error}");
        let message = error.message();
        assert!(message.zh.contains(error.key.as_deref().unwrap()), "{}", message.zh);
    }
}
