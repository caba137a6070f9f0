create temp view active_agent_without_account as
-- WeCom does not tell upper from lower case in ids.
with account as materialized (
  select lower(user_id) as id, max(deleted_at is null and coalesce(status, '') <> '5') as usable,
         max(deleted_at) as deleted_at
  from main.member
  group by 1
)
select a.id, a.agent_name, a.agent_grade_level, a.working_organ_id, a.working_organ_name,
       a.working_node_id, a.working_node_name, account.deleted_at as account_deleted_at
from org.agent a
left join account on account.id = lower(a.id)
where a.agent_status = 1 and coalesce(account.usable, 0) = 0;
