//! The public test vectors, each by GET and by POST, one tenant a vector.

use orgsnap::web::server::Limits;
use serde_json::Value;

use super::receiver::{Receiver, percent};

const VECTORS: &str = include_str!("../../fixtures/wecom/vectors.json");

/// The one that is meant for another enterprise, and which that is.
const NEGATIVE: (&str, &str) = ("goworkwx-other-corp-same-key", "ww6a112864f8022910");

pub(super) struct Vector {
    document: Value,
}

impl Vector {
    fn field(&self, name: &str) -> &str {
        self.document[name].as_str().unwrap_or_default()
    }

    fn corp_id(&self) -> &str {
        match self.field("id") == NEGATIVE.0 {
            true => NEGATIVE.1,
            false => self.field("receive_id"),
        }
    }

    fn job(&self) -> String {
        format!(
            "tenant = '{}'\ncorp_id = '{}'\n[[wecom_app]]\nagent_id = 218\nsecret = 'x'\ntoken = '{}'\naes_key = '{}'\n",
            self.field("id"),
            self.corp_id(),
            self.field("token"),
            self.field("encoding_aes_key")
        )
    }
}

/// The vectors of callbacks. The seventh of the file signs a page of the JS-SDK, which no callback does.
pub(super) fn load() -> Vec<Vector> {
    let mut document: Value = serde_json::from_str(VECTORS).unwrap();
    let Value::Array(vectors) = document["vectors"].take() else { panic!("a list of vectors") };
    let vectors: Vec<Vector> = vectors
        .into_iter()
        .filter(|vector| vector["kind"] != "jsapi_signature")
        .map(|document| Vector { document })
        .collect();
    assert_eq!(vectors.len(), 6);
    vectors
}

pub(super) fn receiver(vectors: &[Vector]) -> Receiver {
    let jobs: Vec<String> = vectors.iter().map(Vector::job).collect();
    Receiver::with(&jobs.iter().map(String::as_str).collect::<Vec<_>>(), Limits::default())
}

/// Sends each vector by GET and by POST; `ask` takes the target and the body of a POST.
pub(super) fn walk(
    vectors: &[Vector],
    receiver: &Receiver,
    ask: impl Fn(&str, Option<&[u8]>) -> (u16, String),
) {
    for vector in vectors {
        let id = vector.field("id");
        let path = format!(
            "/customer/work-weixin-integration/wxCallBack/member/{}/{id}/218",
            vector.corp_id()
        );
        let encrypted = vector.field("encrypt");
        let query = format!(
            "msg_signature={}&timestamp={}&nonce={}",
            vector.field("msg_signature"),
            vector.field("timestamp"),
            vector.field("nonce")
        );
        let echo = match vector.field("encrypt_as_in_url") {
            "" => percent(encrypted),
            echo => echo.to_owned(),
        };
        let body = match vector.field("post_body") {
            "" => format!("<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"),
            body => body.to_owned(),
        };
        let got = ask(&format!("{path}?{query}&echostr={echo}"), None);
        let posted = ask(&format!("{path}?{query}"), Some(body.as_bytes()));
        if id == NEGATIVE.0 {
            let refused = (403, "refused\n".to_owned());
            assert_eq!((&got, &posted), (&refused, &refused), "{id}");
            assert_eq!(receiver.bodies(id), Vec::<String>::new(), "{id}");
            continue;
        }
        let text = match vector.field("expected_plaintext") {
            "" => vector.field("plaintext_from_our_decryption"),
            text => text,
        };
        assert_eq!(got, (200, text.to_owned()), "{id}");
        assert_eq!(posted, (200, String::new()), "{id}");
        assert_eq!(receiver.bodies(id), [text], "{id}");
    }
}

#[test]
fn every_callback_vector_is_accepted_by_get_and_by_post() {
    let vectors = load();
    let receiver = receiver(&vectors);
    walk(&vectors, &receiver, |target, body| {
        let answer = match body {
            None => receiver.get(target),
            Some(body) => receiver.post(target, body),
        };
        (answer.status, answer.body)
    });
}
