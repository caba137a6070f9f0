//! What the tables and columns of `wecom.db` mean, in Chinese and English.

mod contacts;
mod customers;

/// Name, Chinese title, English title, Chinese meaning, English meaning.
pub(super) type Words = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// A table or view with its columns.
pub(super) type TableWords = (Words, &'static [Words]);

const CHANGED: Words = (
    "changed_at",
    "变更时间",
    "changed",
    "最近一次变更发生的时间（UTC）",
    "when it changed last (UTC)",
);
const EVENT: Words = (
    "event_id",
    "变更事件",
    "event",
    "最近一次变更所依据的事件，即 callback_event.id",
    "the event that changed it last: callback_event.id",
);
const CREATED: Words = (
    "created_at",
    "创建时间",
    "created",
    "创建事件的时间（UTC）；为空表示没有收到创建事件",
    "time of the event that created it (UTC); null if no such event came",
);
const DELETED: Words = (
    "deleted_at",
    "删除时间",
    "deleted",
    "删除事件的时间（UTC）；为空表示仍然存在；删除后其余列保留最后已知的值",
    "time of the event that deleted it (UTC); null while it is there; the other columns keep what was last known",
);
const USER: Words =
    ("user_id", "成员帐号", "user id", "企业微信成员的 UserID", "UserID of the member");
const ADDED: Words =
    ("added_at", "添加时间", "added", "加上标签的时间（UTC）", "when it got the tag (UTC)");
const REMOVED: Words = (
    "removed_at",
    "移除时间",
    "removed",
    "去掉标签的时间（UTC）；为空表示仍有",
    "when it lost the tag (UTC); null while it has it",
);
const TAG: Words = ("tag_id", "标签编号", "tag id", "标签编号", "id of the tag");
const DEPARTMENT: Words =
    ("department_id", "部门编号", "department id", "部门编号", "id of the department");

const OWN: [TableWords; 3] = [
    (
        (
            "callback_event",
            "回调事件",
            "callback events",
            "收到的每个事件，解密后的原文逐字保存，从不删除",
            "every event received, its decrypted text verbatim; nothing is ever deleted",
        ),
        &[
            ("id", "编号", "id", "按存储先后编号", "number, in the order of storing"),
            (
                "received_at",
                "收到时间",
                "received",
                "首次收到的时间（UTC，毫秒）",
                "when it arrived first (UTC, milliseconds)",
            ),
            (
                "occurred_at",
                "发生时间",
                "occurred",
                "CreateTime 对应的时间（UTC）；缺失或无效时为收到时间；状态按此列和 id 的先后推导",
                "time of CreateTime (UTC), or of arrival where there is none; state follows in the order of this and id",
            ),
            (
                "endpoint",
                "接收地址",
                "endpoint",
                "member 通讯录地址、external 客户联系地址",
                "member (contacts) or external (customers): the address it came to",
            ),
            ("corp_id", "企业 ID", "corp id", "回调地址中的 corpId", "corp id of the address"),
            (
                "agent_id",
                "应用",
                "agent id",
                "回调地址中的 agentId：编号、chengyuan 或 kehu",
                "agent id of the address: a number, chengyuan or kehu",
            ),
            (
                "receive_id",
                "接收方 ID",
                "receive id",
                "密文中的接收方：企业 ID、套件 ID 或空",
                "receiver named within the encrypted text: corp id, suite id or empty",
            ),
            (
                "timestamp",
                "请求时间戳",
                "timestamp",
                "请求中的 timestamp（1970 年以来的秒数）",
                "timestamp of the request, seconds since 1970",
            ),
            ("nonce", "随机数", "nonce", "请求中的 nonce", "nonce of the request"),
            ("msg_type", "消息类型", "message type", "MsgType", "MsgType"),
            (
                "event",
                "事件",
                "event",
                "Event；第三方套件为 InfoType",
                "Event, or InfoType of a suite",
            ),
            ("change_type", "变更类型", "change type", "ChangeType", "ChangeType"),
            (
                "object_kind",
                "对象类型",
                "kind of object",
                "事件所变更的状态表；为空表示不影响状态表",
                "state table that the event changes; null if it changes none",
            ),
            (
                "object_id",
                "对象编号",
                "object id",
                "UserID、ExternalUserID、Id、TagId、ChatId 或 JobId",
                "UserID, ExternalUserID, Id, TagId, ChatId or JobId",
            ),
            (
                "user_id",
                "成员帐号",
                "user id",
                "相关成员的 UserID",
                "UserID of the member concerned",
            ),
            (
                "new_user_id",
                "新帐号",
                "new user id",
                "NewUserID，与原帐号不同时",
                "NewUserID, where it differs",
            ),
            ("from_user", "发送方", "from", "FromUserName", "FromUserName"),
            (
                "create_time",
                "事件时间戳",
                "create time",
                "CreateTime 或 TimeStamp（1970 年以来的秒数）",
                "CreateTime or TimeStamp, seconds since 1970",
            ),
            ("suite_id", "套件 ID", "suite id", "SuiteId", "SuiteId"),
            ("auth_corp_id", "授权企业", "authorising corp", "AuthCorpId", "AuthCorpId"),
            (
                "problem",
                "问题",
                "problem",
                "not_utf8 不是 UTF-8、not_readable 不是 XML 或 JSON、doctype 含 DOCTYPE 或自定义实体、too_large 层次或元素过多、missing_id 缺少编号、state_failed 未能计入状态表；为空表示正常",
                "not_utf8, not_readable (neither XML nor JSON), doctype (or an entity), too_large (too deep or too many elements), missing_id, state_failed (not applied to the state); null if all is well",
            ),
            (
                "deliveries",
                "送达次数",
                "deliveries",
                "同一事件送达的次数",
                "how often the same event was delivered",
            ),
            (
                "last_received_at",
                "最近收到",
                "last received",
                "最近一次收到的时间（UTC，毫秒）",
                "when it arrived last (UTC, milliseconds)",
            ),
            (
                "content_hash",
                "内容校验值",
                "content hash",
                "原文的 SHA-256；地址、企业、应用和原文都相同即为重复送达",
                "SHA-256 of the text; the same text for the same endpoint, corp and agent is a repeated delivery",
            ),
            (
                "body",
                "原文",
                "body",
                "解密后的原文；UTF-8 存为文本，否则存为字节",
                "the decrypted text; bytes where it is not UTF-8",
            ),
        ],
    ),
    (
        (
            "data_dictionary",
            "数据字典",
            "data dictionary",
            "各表各列的含义",
            "what tables and columns mean",
        ),
        &[
            ("table_name", "表", "table", "表名", "name of the table"),
            (
                "column_name",
                "列",
                "column",
                "列名；为空表示表本身",
                "name of the column; empty for the table itself",
            ),
            ("title_zh", "中文名", "title (Chinese)", "中文名", "title in Chinese"),
            ("title_en", "英文名", "title (English)", "英文名", "title in English"),
            ("meaning_zh", "含义（中文）", "meaning (Chinese)", "中文含义", "meaning in Chinese"),
            ("meaning_en", "含义（英文）", "meaning (English)", "英文含义", "meaning in English"),
        ],
    ),
    (
        (
            "documentation",
            "查询示例",
            "documentation",
            "与 org.db 联查的视图：在租户文件夹中用 sqlite3 打开 wecom.db，先执行 attach 'org.db' as org; 再执行 sql 列",
            "views that join with org.db: open wecom.db in the tenant's folder, run attach 'org.db' as org; then the sql",
        ),
        &[
            ("name", "视图名", "name", "sql 所创建的临时视图", "the temporary view that sql makes"),
            (
                "title_zh",
                "问题（中文）",
                "question (Chinese)",
                "中文说明",
                "what it answers, in Chinese",
            ),
            (
                "title_en",
                "问题（英文）",
                "question (English)",
                "英文说明",
                "what it answers, in English",
            ),
            ("sql", "SQL", "SQL", "创建视图的语句", "the statement that makes the view"),
        ],
    ),
];

/// All tables and views.
pub(super) fn tables() -> impl Iterator<Item = &'static TableWords> {
    OWN.iter().chain(&contacts::TABLES).chain(&customers::TABLES)
}
