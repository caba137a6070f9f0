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

/// Most bytes of a member's user id (document 90195). A longer one is none of WeCom's, and would fill the cookie.
pub const MAX_MEMBER: usize = 64;

/// Most bytes of the value of the cookie: two times, the member in Base64, the signature, and three dots.
pub const MAX_VALUE: usize = 2 * 10 + MAX_MEMBER.div_ceil(3) * 4 + 64 + 3;

/// Who has logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The user id.
    pub member: String,
    /// When WeCom said so.
    pub since: DateTime<Utc>,
}

/// The value of the cookie of a member from `now` on; none if the user id is too long to be one.
pub fn begin(
    signer: &Signer,
    member: &str,
    now: DateTime<Utc>,
    lifetime: TimeDelta,
) -> Option<String> {
    if member.len() > MAX_MEMBER {
        return None;
    }
    let [since, expires] = [now, now + lifetime].map(|at| at.timestamp().to_string());
    let tag = signer.tag(&[&since, &expires, member]);
    Some(format!("{since}.{expires}.{}.{tag}", URL_SAFE_NO_PAD.encode(member)))
}

/// What a cookie says.
///
/// # Errors
/// If it is none of this program's, or too old.
pub fn read(signer: &Signer, cookie: &str, now: DateTime<Utc>) -> Result<Session, SessionFault> {
    let parts: Vec<&str> = cookie.split('.').collect();
    let [since, expires, member, tag] = parts[..] else { return Err(SessionFault::Forged) };
    let member = URL_SAFE_NO_PAD.decode(member).ok().and_then(|name| String::from_utf8(name).ok());
    let member = member.ok_or(SessionFault::Forged)?;
    if !signer.is_tag(tag, &[since, expires, &member]) {
        return Err(SessionFault::Forged);
    }
    let at = |text: &str| DateTime::from_timestamp(text.parse().ok()?, 0);
    match (at(since), at(expires)) {
        // What began in the future was made before the clock was set back, and would be good for longer than it may be.
        (Some(since), Some(expires)) if since <= now && now < expires => {
            Ok(Session { member, since })
        }
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
            let cookie = begin(&signer, name, at(0), TimeDelta::hours(2)).unwrap();
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
            assert!(cookie.bytes().all(plain), "{cookie}");
            let session = Session { member: name.to_owned(), since: at(0) };
            assert_eq!(read(&signer, &cookie, at(7_199)), Ok(session));
            for seconds in [7_200, 1_000_000, -1, -1_000_000] {
                let found = read(&signer, &cookie, at(seconds));
                assert_eq!(found, Err(SessionFault::Expired), "{seconds}");
            }
        }
    }

    #[test]
    fn a_user_id_that_is_longer_than_any_of_wecoms_has_no_session() {
        let signer = Signer::new(b"secret", &["session", "t1"]);
        let of = |length| begin(&signer, &"x".repeat(length), at(0), TimeDelta::hours(2));
        assert!(of(MAX_MEMBER).unwrap().len() <= MAX_VALUE);
        assert_eq!(of(MAX_MEMBER + 1), None);
    }

    #[test]
    fn a_session_that_is_not_signed_with_the_key_of_the_tenant_is_refused() {
        let signer = Signer::new(b"secret", &["session", "t1"]);
        let cookie = begin(&signer, "A1", at(0), TimeDelta::hours(2)).unwrap();
        let later = cookie.replacen("17643", "27643", 1);
        let other =
            cookie.replacen(&URL_SAFE_NO_PAD.encode("A1"), &URL_SAFE_NO_PAD.encode("A2"), 1);
        assert!(later != cookie && other != cookie);
        for forged in
            [&later, &other, "", ".", "...", "1.2.3.4", &cookie[1..], &format!("{cookie}0")]
        {
            assert_eq!(read(&signer, forged, at(1)), Err(SessionFault::Forged), "{forged}");
        }
        for purpose in [["session", "t2"], ["state", "t1"]] {
            let signer = Signer::new(b"secret", &purpose);
            assert_eq!(read(&signer, &cookie, at(1)), Err(SessionFault::Forged), "{purpose:?}");
        }
    }
}
