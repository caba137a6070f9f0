//! The clock of the machine against the clocks of servers, by the `Date` of their answers.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::Message;

use super::step::{Step, joined};
use super::subject::Subject;

/// A clock that is further off spoils signatures, the five minutes of a login, and ages of files.
const MOST: TimeDelta = TimeDelta::seconds(60);

/// What another clock said when it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OtherClock {
    /// Whose.
    pub(super) whose: Message,
    /// What it said.
    pub(super) said: DateTime<Utc>,
    /// What the clock of the machine said at that moment.
    pub(super) here: DateTime<Utc>,
}

/// Why no other clock said anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoClock {
    /// No server is named whose clock could be asked.
    NoneToAsk,
    /// None of them answered.
    NoAnswer,
    /// They answered without a `Date`.
    NotTold,
}

impl NoClock {
    fn words(self) -> Message {
        match self {
            NoClock::NoneToAsk => Message::fixed(
                "没有可对照的时钟：任务文件没有 public_url 和 [[wecom_app]]",
                "there is no clock to compare with: neither public_url nor a [[wecom_app]] is given",
            ),
            NoClock::NoAnswer => Message::fixed(
                "没有可对照的时钟：public_url 和企业微信的服务器都没有响应",
                "there is no clock to compare with: the servers of public_url and of WeCom did not answer",
            ),
            NoClock::NotTold => Message::fixed(
                "没有可对照的时钟：服务器有响应，但没有给出时间（Date）",
                "there is no clock to compare with: a server answered, but without a time (Date)",
            ),
        }
    }
}

/// How far the clock of the machine is off; `none` says why there is no other.
pub(super) fn judge(others: &[OtherClock], none: NoClock) -> Step {
    if others.is_empty() {
        return Step::not_checkable(
            Subject::Clock,
            none.words(),
            Message::fixed(
                "请在本机执行 timedatectl，确认已启用时间同步（NTP）",
                "run timedatectl here and see that the clock is synchronised (NTP)",
            ),
        );
    }
    let offset = |other: &OtherClock| other.here - other.said;
    let seen: Vec<Message> = others
        .iter()
        .map(|other| {
            let (seconds, whose) = (offset(other).num_seconds(), &other.whose);
            match seconds {
                // The `Date` of an answer has no fractions of seconds.
                -1..=1 => {
                    Message::new(format!("与{}一致", whose.zh), format!("as that of {}", whose.en))
                }
                2.. => Message::new(
                    format!("比{}快 {seconds} 秒", whose.zh),
                    format!("{seconds} s ahead of {}", whose.en),
                ),
                _ => Message::new(
                    format!("比{}慢 {} 秒", whose.zh, -seconds),
                    format!("{} s behind {}", -seconds, whose.en),
                ),
            }
        })
        .collect();
    let seen = joined(&seen, "；", "; ");
    match others.iter().any(|other| offset(other).abs() > MOST) {
        false => Step::ok(Subject::Clock, seen),
        true => Step::failed(
            Subject::Clock,
            seen,
            Message::fixed(
                "请启用时间同步：timedatectl set-ntp true（时钟不准会使登录、签名和证书校验失败）",
                "synchronise the clock: timedatectl set-ntp true (a wrong clock fails logins, signatures and certificates)",
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::step::State;
    use super::*;

    fn off(seconds: i64) -> OtherClock {
        let here: DateTime<Utc> = "2026-11-28T10:00:00Z".parse().unwrap();
        OtherClock {
            whose: Message::fixed("服务器", "a server"),
            said: here - TimeDelta::seconds(seconds),
            here,
        }
    }

    #[test]
    fn a_clock_is_right_within_a_minute_of_every_other_one() {
        for (others, state, words) in [
            (vec![], State::NotCheckable, "no clock to compare with: the servers of public_url"),
            (vec![off(0)], State::Ok, "as that of a server"),
            (vec![off(60), off(-60)], State::Ok, "60 s ahead of a server; 60 s behind a server"),
            (vec![off(0), off(61)], State::Failed, "61 s ahead"),
            (vec![off(-3_600)], State::Failed, "3600 s behind"),
        ] {
            let step = judge(&others, NoClock::NoAnswer);
            assert_eq!(step.state, state, "{others:?}");
            assert!(step.seen.en.contains(words), "{step:?}");
        }
    }
}
