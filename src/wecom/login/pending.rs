//! A login that WeCom has not answered yet: its `state`, and the cookie that binds it to one browser.
//!
//! The state is what WeCom's page carries, so it is in an address that others may see. It helps nobody without the cookie:
//! somebody else's browser has none, and a cookie that was made up is not signed. Where the login leads to is in the cookie,
//! as a state has at most 128 letters and digits; the signature in the state covers it.
//!
//! A browser sends all cookies of a host in one line, which proxies bound. So there are as many cookies as logins may be under
//! way at once and no more, whatever their tenants: a further login takes the place of the oldest one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};

use super::pages::MAX_NEXT;
use super::signer::{Signer, hex, same};

/// How long WeCom's answer may take. Its code is good for as long.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(5);

/// Hex digits of the random part of a state.
const NONCE: usize = 32;
/// Hex digits of the time until which a state is good.
const EXPIRES: usize = 10;
/// Hex digits of a signature.
const TAG: usize = 64;
/// Hex digits of what the cookie repeats of the state.
const HEAD: usize = NONCE + EXPIRES;

/// Hex digits that tell in which order a browser began its logins of one second.
const TURN: usize = 2;

/// Logins that one browser may have under way at once, each in its own tab.
pub const MAX_PENDING: usize = 4;

/// Most bytes of the value of a cookie.
pub const MAX_VALUE: usize = HEAD + TURN + 1 + MAX_NEXT.div_ceil(3) * 4;

/// A login that has begun.
#[derive(Clone, PartialEq, Eq)]
pub struct PendingLogin {
    /// What WeCom carries: 106 lower-case hex digits.
    pub state: String,
    /// The value of the cookie.
    pub cookie: String,
}

/// What a login that is answered rightly was begun with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The page that it leads to.
    pub next: String,
    /// Until when its state is good, and has to be remembered as used.
    pub expires: DateTime<Utc>,
}

/// Why an answer belongs to no login of this browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StateFault {
    /// It is no state at all.
    #[error("the state has not the form of one")]
    Form,
    /// The browser has no cookie for it.
    #[error("the browser that answers did not begin this login")]
    OtherBrowser,
    /// The state or the cookie is not signed by this program since it was started.
    #[error("the state is not signed by this program since it was started")]
    Forged,
    /// It took too long, or the clock was set.
    #[error("the login took longer than five minutes")]
    Expired,
}

/// Begins a login that leads to `next`, in a browser with these cookies of others.
pub fn begin(
    signer: &Signer,
    random: [u8; 16],
    now: DateTime<Utc>,
    next: &str,
    taken: &[Option<&str>],
) -> PendingLogin {
    let (nonce, expires) = (hex(&random), (now + LIFETIME).timestamp());
    let turns = taken.iter().flatten().filter_map(|cookie| order(cookie));
    let last = turns.filter(|(second, _)| *second == expires).map(|(_, turn)| turn).max();
    let turn = last.map_or(0, |last| last.saturating_add(1));
    let head = format!("{nonce}{expires:0EXPIRES$x}");
    let state = format!("{head}{}", signer.tag(&[&head, next]));
    let cookie = format!("{head}{turn:0TURN$x}.{}", URL_SAFE_NO_PAD.encode(next));
    PendingLogin { state, cookie }
}

/// Which of the places of a browser the cookie of a further login takes, by what is in them: one that is free, or the oldest
/// one's. Of several free ones `random` chooses, as several tabs may begin at once.
pub fn place(taken: &[Option<&str>; MAX_PENDING], random: u8) -> usize {
    let free: Vec<usize> = (0..MAX_PENDING).filter(|at| taken[*at].is_none()).collect();
    if let Some(at) = free.get(usize::from(random) % free.len().max(1)) {
        return *at;
    }
    // What is no cookie of a login is the oldest of all.
    (0..MAX_PENDING).min_by_key(|at| taken[*at].and_then(order)).unwrap_or_default()
}

/// Whether a cookie is that of the login with this state.
pub fn belongs(cookie: &str, state: &str) -> bool {
    let bound = cookie.split_once('.').map(|(bound, _)| bound);
    let bound =
        bound.filter(|bound| bound.len() == HEAD + TURN).and_then(|bound| bound.get(..HEAD));
    bound.zip(state.get(..HEAD)).is_some_and(|(bound, head)| same(bound, head))
}

fn is_state(text: &str) -> bool {
    text.len() == HEAD + TAG
        && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// When the login of a cookie began: the second until which it is good, and its turn among those of that second.
fn order(cookie: &str) -> Option<(i64, u8)> {
    let turn = u8::from_str_radix(cookie.get(HEAD..HEAD + TURN)?, 16).ok()?;
    Some((expires(cookie.get(..HEAD)?)?, turn))
}

fn expires(head: &str) -> Option<i64> {
    i64::from_str_radix(head.get(NONCE..)?, 16).ok()
}

/// The page that a login leads to, if its state and its cookie are signed, however old they are.
pub fn next(signer: &Signer, state: &str, cookie: Option<&str>) -> Result<String, StateFault> {
    if !is_state(state) {
        return Err(StateFault::Form);
    }
    let cookie = cookie.filter(|cookie| belongs(cookie, state)).ok_or(StateFault::OtherBrowser)?;
    let next = cookie.get(HEAD + TURN + 1..).and_then(|next| URL_SAFE_NO_PAD.decode(next).ok());
    let next = next.and_then(|next| String::from_utf8(next).ok()).ok_or(StateFault::Forged)?;
    let (head, tag) = state.split_at(HEAD);
    if signer.is_tag(tag, &[head, &next]) { Ok(next) } else { Err(StateFault::Forged) }
}

/// Checks the state that WeCom carried against the cookie of the browser that brings it.
///
/// # Errors
/// Why it is no login of this browser.
pub fn answered(
    signer: &Signer,
    state: &str,
    cookie: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Answered, StateFault> {
    let next = next(signer, state, cookie)?;
    let expires = state.get(..HEAD).and_then(expires);
    let expires = expires.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    // What is good for longer than a login may take was made before the clock was set back.
    match expires {
        Some(expires) if now < expires && expires <= now + LIFETIME => {
            Ok(Answered { next, expires })
        }
        _ => Err(StateFault::Expired),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEXT: &str = "https://app.example.com/page?a=1#b";

    fn signer() -> Signer {
        Signer::new(b"secret", &["state", "t1"])
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_764_300_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_state_has_the_letters_and_the_length_that_wecom_takes() {
        let pending = begin(&signer(), [0xab; 16], at(0), NEXT, &[]);
        assert!(pending.state.len() <= 128, "{}", pending.state.len());
        assert!(pending.state.bytes().all(|b| b.is_ascii_alphanumeric()), "{}", pending.state);
        assert!(is_state(&pending.state) && belongs(&pending.cookie, &pending.state));
    }

    #[test]
    fn a_further_login_takes_a_free_place_and_else_that_of_the_oldest() {
        let begun = |seconds| begin(&signer(), [1; 16], at(seconds), NEXT, &[]).cookie;
        let [a, b, c, d] = [3, 1, 4, 2].map(begun);
        let full = [Some(&*a), Some(&*b), Some(&*c), Some(&*d)];
        for (taken, random, expected) in [
            ([None; 4], 0, 0),
            ([None; 4], 7, 3),
            ([Some(&*a), None, Some(&*c), None], 0, 1),
            ([Some(&*a), None, Some(&*c), None], 255, 3),
            (full, 9, 1),
            ([Some(&*a), Some(&*b), Some("what another program left"), Some(&*d)], 9, 2),
            ([Some(&*a), Some(&*b), Some(""), Some(&*d)], 9, 2),
        ] {
            assert_eq!(place(&taken, random), expected, "{taken:?} {random}");
        }
    }

    #[test]
    fn of_logins_that_began_within_one_second_the_first_is_the_oldest() {
        let mut places: [Option<String>; MAX_PENDING] = Default::default();
        let mut placed = Vec::new();
        for random in [3, 1, 0, 0, 9, 9, 9, 9, 9] {
            let taken = places.each_ref().map(Option::as_deref);
            let begun = begin(&signer(), [random; 16], at(0), NEXT, &taken).cookie;
            let at = place(&taken, random);
            placed.push(at);
            places[at] = Some(begun);
        }
        let (first, replaced) = placed.split_at(MAX_PENDING);
        assert_eq!(first, [3, 1, 0, 2]);
        assert_eq!(replaced, [3, 1, 0, 2, 3]);
    }

    #[test]
    fn the_longest_cookie_has_as_many_bytes_as_are_reckoned_with() {
        let next = "x".repeat(MAX_NEXT);
        let PendingLogin { cookie, .. } = begin(&signer(), [1; 16], at(0), &next, &[]);
        assert!((MAX_VALUE - 3..=MAX_VALUE).contains(&cookie.len()), "{}", cookie.len());
    }

    #[test]
    fn a_state_is_good_for_five_minutes_in_the_browser_that_began_the_login() {
        let PendingLogin { state, cookie } = begin(&signer(), [1; 16], at(0), NEXT, &[]);
        let other = begin(&signer(), [2; 16], at(0), NEXT, &[]);
        let answered_at = |seconds| answered(&signer(), &state, Some(&cookie), at(seconds));
        for seconds in [0, 299] {
            let found = answered_at(seconds).unwrap();
            assert_eq!((found.next.as_str(), found.expires), (NEXT, at(300)), "{seconds}");
        }
        for seconds in [300, 301, 1_000_000, -1, -1_000] {
            assert_eq!(answered_at(seconds), Err(StateFault::Expired), "{seconds}");
        }
        for cookie in [None, Some(""), Some("."), Some(other.cookie.as_str()), Some(&*state)] {
            let found = answered(&signer(), &state, cookie, at(1));
            assert_eq!(found, Err(StateFault::OtherBrowser), "{cookie:?}");
        }
    }

    #[test]
    fn forged_states_and_cookies_are_refused() {
        let PendingLogin { state, cookie } = begin(&signer(), [1; 16], at(0), NEXT, &[]);
        let other_key = Signer::new(b"other", &["state", "t1"]);
        let other_tenant = Signer::new(b"secret", &["state", "t2"]);
        for signer in [other_key, other_tenant] {
            assert_eq!(answered(&signer, &state, Some(&cookie), at(1)), Err(StateFault::Forged));
        }
        // The same login, led elsewhere.
        let head = &state[..HEAD];
        let elsewhere = format!("{head}00.{}", URL_SAFE_NO_PAD.encode("https://evil.example/"));
        let broken =
            [elsewhere, format!("{head}00."), format!("{head}00.!"), format!("{head}00._w")];
        for cookie in broken {
            let found = answered(&signer(), &state, Some(&cookie), at(1));
            assert_eq!(found, Err(StateFault::Forged), "{cookie}");
        }
        // Each digit of the state counts.
        for index in 0..state.len() {
            let mut changed = state.clone().into_bytes();
            changed[index] = if changed[index] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(changed).unwrap();
            let cookie = cookie.replace(head, &changed[..HEAD]);
            let found = answered(&signer(), &changed, Some(&cookie), at(1));
            assert_eq!(found, Err(StateFault::Forged), "{index}");
        }
        for form in ["", "x", &state[1..], &format!("{state}0"), &state.to_uppercase(), "é"] {
            let cookie = format!("{form}.{}", URL_SAFE_NO_PAD.encode(NEXT));
            assert_eq!(answered(&signer(), form, Some(&cookie), at(1)), Err(StateFault::Form));
        }
    }
}
