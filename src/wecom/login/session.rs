//! The cookie that says which member has logged in, signed and good for a short time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};

use super::signer::Signer;

/// Why a cookie is no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionFault {
    /// It was not signed with this key, or is broken.
    #[error("the session is not signed by this program")]
    Forged,
    /// Its time is over.
    #[error("the session has ended")]
    Expired,
}

/// The value of the cookie of a member from `now` on.
pub fn begin(signer: &Signer, member: &str, now: DateTime<Utc>, lifetime: TimeDelta) -> String {
    let expires = (now + lifetime).timestamp().to_string();
    let tag = signer.tag(&[&expires, member]);
    format!("{expires}.{}.{tag}", URL_SAFE_NO_PAD.encode(member))
}

/// The member whom a cookie names.
///
/// # Errors
/// If it is none of this program's, or too old.
pub fn member(signer: &Signer, cookie: &str, now: DateTime<Utc>) -> Result<String, SessionFault> {
    let read = || -> Option<(&str, String, &str)> {
        let (expires, rest) = cookie.split_once('.')?;
        let (member, tag) = rest.split_once('.')?;
        let member = String::from_utf8(URL_SAFE_NO_PAD.decode(member).ok()?).ok()?;
        Some((expires, member, tag))
    };
    let (expires, member, tag) = read().ok_or(SessionFault::Forged)?;
    if !signer.is_tag(tag, &[expires, &member]) {
        return Err(SessionFault::Forged);
    }
    match expires.parse::<i64>() {
        Ok(expires) if now.timestamp() < expires => Ok(member),
        _ => Err(SessionFault::Expired),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_764_300_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_session_names_its_member_until_it_ends() {
        let signer = Signer::new(b"secret", &["session", "t1"]);
        for name in ["A000136", "zhang.san@x", "张三"] {
            let cookie = begin(&signer, name, at(0), TimeDelta::hours(2));
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
            assert!(cookie.bytes().all(plain), "{cookie}");
            assert_eq!(member(&signer, &cookie, at(7_199)), Ok(name.to_owned()));
            assert_eq!(member(&signer, &cookie, at(7_200)), Err(SessionFault::Expired));
        }
    }

    #[test]
    fn a_session_that_is_not_signed_with_the_key_of_the_tenant_is_refused() {
        let signer = Signer::new(b"secret", &["session", "t1"]);
        let cookie = begin(&signer, "A1", at(0), TimeDelta::hours(2));
        let later = cookie.replacen("17643", "27643", 1);
        let other =
            cookie.replacen(&URL_SAFE_NO_PAD.encode("A1"), &URL_SAFE_NO_PAD.encode("A2"), 1);
        assert!(later != cookie && other != cookie);
        for forged in [&later, &other, "", ".", "..", "1.2.3", &cookie[1..], &format!("{cookie}0")]
        {
            assert_eq!(member(&signer, forged, at(1)), Err(SessionFault::Forged), "{forged}");
        }
        for purpose in [["session", "t2"], ["state", "t1"]] {
            let signer = Signer::new(b"secret", &purpose);
            assert_eq!(member(&signer, &cookie, at(1)), Err(SessionFault::Forged), "{purpose:?}");
        }
    }
}
