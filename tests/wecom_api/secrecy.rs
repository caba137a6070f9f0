//! Nothing secret is in a log at any level, in an error, or in what `Debug` shows.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use orgsnap::config::job::AccountKind;
use orgsnap::wecom::api::ApiError;
use tracing_subscriber::filter::LevelFilter;

use super::server::{
    ACCOUNT, AGENT_ID, APP_SECRET, ApiServer, CONTACTS_SECRET, Enterprise, Misbehaviour,
};
use super::{client, run, secret};

const CODE: &str = "C0DE-of-the-login-page";

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Errors of every call, whose answers go wrong like this, if at all.
async fn calls(server: &ApiServer) -> Vec<ApiError> {
    let client = client(server);
    let (app, contacts) = (secret(APP_SECRET), secret(CONTACTS_SECRET));
    let mut errors = Vec::new();
    errors.extend(client.agent_get(&app, AGENT_ID).await.err());
    errors.extend(client.user_list_id(&contacts, None).await.err());
    errors.extend(client.department_simplelist(&contacts, None).await.err());
    errors.extend(client.user_info_by_code(&app, CODE).await.err());
    errors.extend(client.jsapi_ticket(&app).await.err());
    errors.extend(client.agent_config_ticket(&app).await.err());
    for kind in [AccountKind::OfficialAccount, AccountKind::MiniProgram] {
        errors.extend(client.account_uses(kind, ACCOUNT.0, &secret(ACCOUNT.1)).await.err());
        errors.extend(client.account_uses(kind, ACCOUNT.0, &secret("wrong-S3CRET")).await.err());
    }
    errors.extend(client.agent_get(&secret("wrong-S3CRET"), AGENT_ID).await.err());
    assert!(!format!("{client:?}").contains("S3CRET"));
    errors
}

#[test]
fn no_secret_code_token_or_ticket_is_in_a_log_at_trace_level_or_in_an_error() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let everything = |text: &str| Misbehaviour::Body(text.to_owned());
    let misbehaviours = [
        None,
        Some(Misbehaviour::Echo(99_999)),
        Some(Misbehaviour::Echo(-1)),
        Some(Misbehaviour::Echo(42001)),
        Some(Misbehaviour::Status(500)),
        Some(Misbehaviour::CutOff),
        Some(Misbehaviour::Close),
        Some(everything("T0KEN-1-")),
        Some(everything(r#"{"errcode":0,"access_token":["T0KEN-1-"],"ticket":{"x":"T0KEN-1-"}}"#)),
    ];
    // With a single subscriber, a place that another test's thread reaches first would count as never logged.
    let _second = tracing::Dispatch::new(tracing_subscriber::fmt().with_writer(io::sink).finish());
    let mut told = String::new();
    tracing::subscriber::with_default(subscriber, || {
        for misbehaviour in misbehaviours {
            for expired in [false, true] {
                let server = ApiServer::start(Enterprise::example());
                server.change(|enterprise| {
                    enterprise.codes = [(CODE.to_owned(), Some("A1".to_owned()))].into();
                });
                for call in [
                    "gettoken",
                    "agent/get",
                    "user/list_id",
                    "auth/getuserinfo",
                    "stable_token",
                    "get_current_selfmenu_info",
                ] {
                    // With a token, so that it can be repeated; or from the beginning.
                    let goes_wrong = !expired || call != "gettoken";
                    server.always(call, misbehaviour.clone().filter(|_| goes_wrong));
                }
                for error in run(calls(&server)) {
                    told += &format!("{error}\n{error:?}\n{}\n", error.message().zh);
                }
            }
        }
    });
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("TRACE") && logged.contains("is tried again"), "{logged}");
    assert!(told.contains("99999") && told.contains("***"), "{told}");
    for text in [logged, told] {
        for secret in ["S3CRET", "T0KEN", "C0DE", "T1CKET", "access_token=", "corpsecret="] {
            let found = text.lines().find(|line| line.contains(secret));
            assert_eq!(found, None, "{secret}");
        }
    }
}
