create temp view departed_agent_still_member as
-- WeCom does not tell upper from lower case in ids.
with account as materialized (
  select lower(user_id) as id, user_id, name, changed_at
  from main.member
  where deleted_at is null and coalesce(status, '') <> '5'
)
-- Agents whom the newest delivery marks as having left.
select m.user_id, m.name as member_name, a.agent_name, a.leave_company_date, a.working_organ_name,
       a.working_node_name, 1 as in_files, m.changed_at
from org.agent a
join account m on m.id = lower(a.id)
where a.agent_status = 2
union all
-- Agents who were delivered once and no longer are.
select m.user_id, m.name, h.agent_name, h.leave_company_date, h.working_organ_name,
       h.working_node_name, 0, m.changed_at
from org.agent_history h
join account m on m.id = lower(h.id)
where m.id not in (select lower(a.id) from org.agent a)
  and h.valid_from = (select max(x.valid_from) from org.agent_history x where x.id = h.id);
