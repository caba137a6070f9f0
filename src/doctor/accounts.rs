//! Section 七: official accounts and mini programs, which must be accounts of their own.

use crate::config::job::{Job, PlatformAccount};
use crate::model::Message;
use crate::wecom::api::AccountUse;

use super::enterprise::Enterprise;
use super::step::{State, Step, joined};
use super::subject::Subject;

/// The step 七.1. `shared` says that another tenant has one of the AppIDs.
pub(super) fn judge(job: &Job, found: &Enterprise, shared: Option<&Message>) -> Step {
    const SUBJECT: Subject = Subject::PlatformAccounts;
    if job.wecom.accounts.is_empty() {
        return Step::not_configured(
            SUBJECT,
            Message::fixed(
                "没有 [[official_account]] 和 [[mini_program]]",
                "there is neither [[official_account]] nor [[mini_program]]",
            ),
            Message::fixed(
                "请保险公司提供独立的公众号和小程序（不能是正在使用的账号，其配置会被覆盖）的 AppID 和 AppSecret",
                "have the insurer give AppID and AppSecret of accounts of their own: the settings of one in use would be overwritten",
            ),
        )
        .for_job("[[official_account]]\nappid = \"wx0123456789abcdef\"\nsecret = { file = \"secrets/official-account\" }\n[[mini_program]]\nappid = \"wxfedcba9876543210\"\nsecret = { file = \"secrets/mini-program\" }",
        );
    }
    if let Some(shared) = shared {
        return Step::failed(
            SUBJECT,
            shared.clone(),
            Message::fixed(
                "请保险公司另行提供独立的账号",
                "have the insurer give another account, of its own",
            ),
        );
    }
    let checked = job.wecom.accounts.iter().zip(&found.accounts);
    let wrong = checked.filter_map(|(account, outcome)| {
        let step = outcome.as_ref().err()?.step(SUBJECT);
        let (name, seen) = (shown(account), &step.seen);
        let seen = Message::new(format!("{name}：{}", seen.zh), format!("{name}: {}", seen.en));
        Some(Step { seen, ..step })
    });
    let all: Vec<Step> = wrong.collect();
    let seen: Vec<Message> = all.iter().map(|step| step.seen.clone()).collect();
    if let Some(first) = all.into_iter().find(|step| step.state == State::Failed) {
        return Step { seen: joined(&seen, "；", "; "), ..first };
    }
    if let Some(in_use) = in_use(job, found) {
        return in_use;
    }
    let names: Vec<String> = job.wecom.accounts.iter().map(shown).collect();
    let names = names.join(", ");
    Step::ok(
        SUBJECT,
        Message::new(
            format!("{names}：AppSecret 有效；请保险公司确认不是正在使用的账号"),
            format!(
                "{names}: the AppSecret is right; have the insurer confirm that the account is not in use elsewhere"
            ),
        ),
    )
}

/// Accounts that answer or have a menu: a platform would overwrite both. That a token was fetched lately is no proof, as an
/// earlier look fetches one too.
fn in_use(job: &Job, found: &Enterprise) -> Option<Step> {
    let signs = job.wecom.accounts.iter().zip(&found.accounts).flat_map(|(account, uses)| {
        let uses = uses.iter().flatten();
        uses.filter(|sign| !matches!(sign, AccountUse::Token { .. }))
            .map(move |sign| (account, sign))
    });
    let signs: Vec<_> = signs.collect();
    let (_, first) = signs.first()?;
    let seen: Vec<Message> = signs
        .iter()
        .map(|(account, sign)| {
            let (name, what) = (shown(account), sign.explanation().what);
            Message::new(format!("{name}：{}", what.zh), format!("{name}: {}", what.en))
        })
        .collect();
    let action = first.explanation().action;
    Some(Step::failed(Subject::PlatformAccounts, joined(&seen, "；", "; "), action))
}

fn shown(account: &PlatformAccount) -> String {
    match &account.name {
        Some(name) => format!("{name} {}", account.app_id),
        None => account.app_id.clone(),
    }
}
