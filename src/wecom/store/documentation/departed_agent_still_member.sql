create temp view departed_agent_still_member as
-- Agents whom the newest delivery marks as having left.
select m.user_id, m.name as member_name, a.agent_name, a.leave_company_date, a.working_organ_name,
       a.working_node_name, 1 as in_files, m.changed_at
from main.member m
join org.agent a on a.id = m.user_id
where m.deleted_at is null and coalesce(m.status, '') <> '5' and a.agent_status = 2
union all
-- Agents who were delivered once and no longer are.
select m.user_id, m.name, h.agent_name, h.leave_company_date, h.working_organ_name,
       h.working_node_name, 0, m.changed_at
from main.member m
join org.agent_history h on h.id = m.user_id
where m.deleted_at is null and coalesce(m.status, '') <> '5'
  and not exists (select 1 from org.agent a where a.id = m.user_id)
  and h.valid_from = (select max(x.valid_from) from org.agent_history x where x.id = h.id);
