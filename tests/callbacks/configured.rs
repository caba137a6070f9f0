//! What a job file says of WeCom: what it resolves to, and what every complaint says.

use std::path::Path;

use orgsnap::config::job::{self, AgentId, ConfigError, Job};

use super::receiver::{CORP, JOB, KEY, TOKEN};

fn parse(text: &str) -> Result<Job, ConfigError> {
    job::parse(Path::new("jobs/x.toml"), text, &|name| {
        (name == "SET").then(|| "from-env".to_owned())
    })
}

#[test]
fn a_job_with_callbacks_and_no_source_resolves() {
    let job = parse(JOB).unwrap();
    assert!(job.source.is_none() && job.schedule.is_none());
    let wecom = &job.wecom;
    assert_eq!(wecom.corp_id.as_deref(), Some(CORP));
    assert_eq!(wecom.public_url.as_deref(), Some("https://wecom.example.com"));
    let ids: Vec<AgentId> = wecom.apps.iter().map(|app| app.agent_id).collect();
    let numbers = [AgentId::Number(1_000_008), AgentId::Number(1_000_009)];
    assert_eq!(ids, [AgentId::Contacts, AgentId::Customers, numbers[0], numbers[1]]);
    let contacts = wecom.apps[0].callback.as_ref().unwrap();
    assert_eq!(contacts.token.reveal().unwrap().expose(), TOKEN);
    assert_eq!(contacts.aes_key.reveal().unwrap().expose(), KEY);
    assert_eq!(wecom.apps[1].callback.as_ref().unwrap().receive_ids, ["", "suite"]);
    // Without token and key it is complete, and receives nothing.
    assert!(wecom.apps[2].callback.is_none());
    assert_eq!(wecom.domain_verification[0].content, "OTLPha66qJcN7Wpf");
    // Every literal secret is warned of, and none is shown.
    let warnings: Vec<&str> = job.warnings.iter().map(|warning| warning.en.as_ref()).collect();
    assert_eq!(warnings.len(), 8, "{warnings:?}");
    assert!(
        warnings
            .iter()
            .any(|w| w.starts_with("jobs/x.toml:9: the callbacks' token stands in the job file"))
    );
    let all = format!("{job:?}");
    for secret in [TOKEN, KEY, "of-the-contacts"] {
        assert!(!all.contains(secret), "{secret}");
    }
}

#[test]
fn the_job_file_in_docs_wecom_resolves() {
    let guide = include_str!("../../docs/wecom.md");
    let (_, rest) = guide.split_once("```toml\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let job = parse(text).unwrap();
    let receiving = job.wecom.apps.iter().filter(|app| app.callback.is_some()).count();
    assert_eq!((job.wecom.apps.len(), receiving), (3, 2));
    assert_eq!(job.wecom.domain_verification.len(), 1);
    assert!(job.warnings.is_empty(), "{:?}", job.warnings);
}

#[test]
fn agent_ids_are_numbers_or_the_two_known_words() {
    for (written, expected) in [
        ("1000002", Some(AgentId::Number(1_000_002))),
        ("'1000002'", Some(AgentId::Number(1_000_002))),
        ("'chengyuan'", Some(AgentId::Contacts)),
        ("'kehu'", Some(AgentId::Customers)),
        ("'Kehu'", None),
        ("-1", None),
        ("0", None),
        ("'007'", None),
        ("'1 '", None),
        ("1.5", None),
        ("true", None),
        ("''", None),
    ] {
        let text = format!(
            "tenant = 't'\ncorp_id = 'c'\n[[wecom_app]]\nagent_id = {written}\nsecret = {{ env = 'SET' }}\n"
        );
        match (parse(&text), expected) {
            (Ok(job), Some(id)) => assert_eq!(job.wecom.apps[0].agent_id, id, "{written}"),
            (Err(error), None) => {
                let said = error.to_string();
                assert!(said.starts_with("jobs/x.toml:4: bad value "), "{written}: {said}");
                assert!(said.ends_with("for wecom_app.agent_id; expected the application's AgentId (a number), \"chengyuan\" (contacts) or \"kehu\" (customers)"), "{said}");
            }
            (found, _) => panic!("{written}: {found:?}"),
        }
    }
}

#[test]
fn wecom_configuration_errors_name_line_and_key_and_no_secret() {
    let both = "callbacks need both token and aes_key";
    let token = "bad value for wecom_app.token; expected { env = \"VARIABLE\" } or { file = \"PATH\" } with up to 32 letters and digits";
    let key = "bad value for wecom_app.aes_key; expected { env = \"VARIABLE\" } or { file = \"PATH\" } with 43 letters and digits (EncodingAESKey)";
    let long = "S".repeat(44);
    for (from, to, line, said) in [
        (
            "corp_id = \"ww08a41f56c8db31fb\"",
            "",
            6,
            "missing key \"corp_id\" at the top level; expected the enterprise's CorpID",
        ),
        ("corp_id = \"ww08a41f56c8db31fb\"", "corp_id = ''", 3, "bad value '' for corp_id"),
        ("corp_id = \"ww08a41f56c8db31fb\"", "corp_id = 'ww/1'", 3, "bad value 'ww/1' for corp_id"),
        (
            "https://wecom.example.com",
            "wecom.example.com",
            4,
            "bad value \"wecom.example.com\" for public_url; expected the address seen from outside",
        ),
        (
            "https://wecom.example.com",
            "https://wecom.example.com/?a",
            4,
            "bad value \"https://wecom.example.com/?a\" for public_url",
        ),
        ("agent_id = \"chengyuan\"", "", 6, "missing key \"agent_id\" in [wecom_app]"),
        (
            "agent_id = \"kehu\"",
            "agent_id = \"chengyuan\"",
            13,
            "wecom_app.agent_id: the [[wecom_app]] of line 6 is chengyuan already",
        ),
        ("secret = \"of-the-application\"", "", 19, "missing key \"secret\" in [wecom_app]"),
        ("secret = \"of-the-application\"", "secret = 'x'\ntoken = 'SECRET'", 22, both),
        ("secret = \"of-the-application\"", "secret = 'x'\naes_key = { env = 'K' }", 22, both),
        ("secret = \"of-the-application\"", "secret = 'x'\nreceive_ids = ['']", 22, both),
        ("token = \"QDG6eK\"", "token = 'SECRET!'", 9, token),
        ("token = \"QDG6eK\"", "token = 123456", 9, token),
        ("token = \"QDG6eK\"", "token = ''", 9, token),
        (
            "aes_key = \"jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C\"",
            &format!("aes_key = '{long}'"),
            10,
            key,
        ),
        (
            "aes_key = \"jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C\"",
            "aes_key = ['SECRET']",
            10,
            key,
        ),
        (
            "aes_key = \"jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C\"",
            "aeskey = 'SECRET'",
            10,
            "unknown key \"aeskey\" in [wecom_app]; did you mean \"aes_key\"?",
        ),
        (
            "receive_ids = [\"\", \"suite\"]",
            "receive_ids = ''",
            17,
            "bad value '' for wecom_app.receive_ids; expected a list",
        ),
        (
            "receive_ids = [\"\", \"suite\"]",
            "receive_ids = ['a b']",
            17,
            "bad value 'a b' for wecom_app.receive_ids",
        ),
        (
            "[[domain_verification]]",
            "[[domain_verificaton]]",
            29,
            "unknown key \"domain_verificaton\" at the top level; did you mean \"domain_verification\"?",
        ),
        (
            "WW_verify_OTLPha66qJcN7Wpf.txt",
            "../WW_verify_x.txt",
            30,
            "bad value \"../WW_verify_x.txt\" for domain_verification.file; expected a file name such as \"WW_verify_XXXX.txt\"",
        ),
        (
            "WW_verify_OTLPha66qJcN7Wpf.txt",
            "WW_verify_a.txt\"\n[[domain_verification]]\nfile = \"WW_verify_a.txt",
            32,
            "domain_verification.file: this file is given twice",
        ),
    ] {
        assert!(JOB.contains(from), "{from}");
        let error = parse(&JOB.replacen(from, to, 1)).expect_err(to);
        let text = error.to_string();
        assert!(text.starts_with(&format!("jobs/x.toml:{line}: ")), "{to}: {text}");
        assert!(text.contains(said), "{to}: {text}");
        let zh = error.message().zh;
        for secret in ["SECRET", &long, "123456"] {
            assert!(!text.contains(secret) && !zh.contains(secret), "{text} {zh}");
        }
    }
}
