create temp view active_agent_without_account as
select a.id, a.agent_name, a.agent_grade_level, a.working_organ_id, a.working_organ_name,
       a.working_node_id, a.working_node_name, m.deleted_at as account_deleted_at
from org.agent a
left join main.member m on m.user_id = a.id
where a.agent_status = 1
  and (m.user_id is null or m.deleted_at is not null or m.status = '5');
