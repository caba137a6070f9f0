//! The channels of alerts. Nothing is sent unless it is asked for.

use std::time::{Duration, Instant};

use crate::alert::Alert;
use crate::alert::send::{Bounds, ChannelSender, Sender as _};
use crate::config::job::{AlertChannel, AlertTarget, Job};
use crate::http;
use crate::model::Message;

use super::step::{Step, joined};
use super::subject::Subject;
use super::surroundings::Surroundings;

/// How long a channel may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long all channels together may take.
const PATIENCE_WITH_ALL: Duration = Duration::from_secs(30);

/// What is waited for when channels are tried.
pub(super) fn part() -> Message {
    Message::fixed("0.7 告警渠道", "0.7 (the alert channels)")
}

/// Whether the channels of a job can be used; with a test alert on each, if that is asked for.
pub(super) fn look(job: &Job, around: &Surroundings<'_>) -> Step {
    if job.alerts.is_empty() {
        return Step::not_configured(
            Subject::Alerts,
            Message::fixed(
                "没有 [[alert]]：批次未发布或文件未到时不会通知任何人",
                "there is no [[alert]]: nobody hears of refused or late deliveries",
            ),
            Message::fixed(
                "请添加告警渠道，如企业微信群机器人",
                "add a channel, such as the robot of a WeCom group",
            ),
        )
        .for_job("[[alert]]\nkind = \"wecom-robot\"\nurl = { env = \"ALERT_ROBOT_URL\" }");
    }
    let names: Vec<&str> = job.alerts.iter().map(|channel| channel.name.as_str()).collect();
    let names = names.join(", ");
    let end = Instant::now() + PATIENCE_WITH_ALL;
    let faults: Vec<Message> =
        job.alerts.iter().filter_map(|channel| fault(job, channel, around, end)).collect();
    if !faults.is_empty() {
        return Step::failed(
            Subject::Alerts,
            joined(&faults, "；", "; "),
            Message::fixed(
                "请改正该 [[alert]] 后重新执行",
                "correct that [[alert]] and run this again",
            ),
        );
    }
    match around.sends_test_alert {
        true => Step::ok(
            Subject::Alerts,
            Message::new(
                format!("测试告警已经发出：{names}"),
                format!("a test alert was sent: {names}"),
            ),
        ),
        false => Step::not_checkable(
            Subject::Alerts,
            Message::new(
                format!("已配置 {names}，未发送测试告警"),
                format!("{names}: configured, no test alert was sent"),
            ),
            Message::fixed(
                "加 --send-test-alert 会向每个渠道发送一条测试告警",
                "--send-test-alert sends a test alert on each channel",
            ),
        ),
    }
}

/// What is wrong with a channel.
fn fault(
    job: &Job,
    channel: &AlertChannel,
    around: &Surroundings<'_>,
    end: Instant,
) -> Option<Message> {
    let wrong = |message: Message| {
        let name = &channel.name;
        Message::new(format!("{name}：{}", message.zh), format!("{name}: {}", message.en))
    };
    let url = match &channel.to {
        AlertTarget::WecomRobot { url } | AlertTarget::Webhook { url, .. } => Some(url),
        AlertTarget::Command { .. } => None,
    };
    match url.map(|url| url.reveal()).transpose() {
        Err(error) => return Some(wrong(error.message())),
        Ok(Some(url)) if http::url(url.expose()).is_none() => {
            return Some(wrong(Message::fixed(
                "地址不是有效的 https:// 地址",
                "the address is no https:// address",
            )));
        }
        Ok(_) => {}
    }
    if !around.sends_test_alert {
        return None;
    }
    let alert =
        Alert::of_test(&job.tenant, job.name.as_deref(), job.business_date(around.now), around.now);
    let bounds =
        Bounds { deadline: end.min(Instant::now() + PATIENCE), cancel: around.cancel.clone() };
    let sent = ChannelSender::default().send(channel, &alert, &bounds);
    sent.err().map(|error| wrong(error.message()))
}
