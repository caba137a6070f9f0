//! 三.3: login of members and the JS-SDK.

use crate::config::job::Job;
use crate::model::Message;

use super::step::Step;
use super::subject::Subject;

/// The step 三.3.
pub(super) fn judge(_job: &Job) -> Step {
    Step::not_configured(
        Subject::Login,
        Message::fixed("任务文件没有配置网页授权登录", "the job file has no login of members"),
        Message::fixed(
            "应用页面需要识别成员或使用 JS-SDK 时再配置，其余情况无需处理",
            "it is needed where pages have to know the member or use the JS-SDK, and not otherwise",
        ),
    )
}
