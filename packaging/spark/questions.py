"""Questions over all insurers of a lake, each as of its newest date.

    spark-submit --py-files packaging/spark/lake.py packaging/spark/questions.py --lake /srv/lake [--question agents_by_channel]
"""

import argparse

from lake import Lake
from pyspark.sql import SparkSession

TABLES = ["organ", "node", "agent", "organ_tree", "node_tree", "recruit_tree", "agent_event", "headcount"]

QUESTIONS = {
    "agents_by_channel": """
        select lake_tenant, channel, count(*) as agents, sum(int(agent_status = 1)) as active
        from agent group by 1, 2 order by 1, 2""",
    "size_of_teams": """
        select lake_tenant, count(*) as teams, round(avg(active_agent_count), 1) as mean_active,
               percentile(active_agent_count, 0.5) as median_active, max(active_agent_count) as most
        from node_tree where child_count = 0 group by 1 order by 1""",
    "depth_of_recruitment": """
        select lake_tenant, max(depth) as deepest, round(avg(depth), 2) as mean, sum(int(depth = 0)) as without_recruiter
        from recruit_tree group by 1 order by 1""",
    "entered_and_left_on_the_newest_date": """
        select lake_tenant, business_date, kind, count(*) as agents
        from agent_event group by 1, 2, 3 order by 1, 2, 3""",
    "share_of_those_who_left_by_grade": """
        select lake_tenant, agent_grade_level, count(*) as agents, round(avg(int(agent_status = 2)), 4) as share_left
        from agent group by 1, 2 order by 1, 2""",
    "people_with_two_insurers": """
        select count(*) as same_id_in_several
        from (select id from agent where agent_status = 1 group by id having count(distinct lake_tenant) > 1)""",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lake", required=True, help="the root of the lake")
    parser.add_argument("--as-of", help="of each tenant the newest date that is not after this one")
    parser.add_argument("--question", choices=sorted(QUESTIONS), action="append", help="one of them, several times if need be")
    arguments = parser.parse_args()
    spark = SparkSession.builder.appName("orgsnap questions").getOrCreate()
    lake = Lake(spark, arguments.lake, arguments.as_of)
    for table in TABLES:
        lake.table(table).createOrReplaceTempView(table)
    for name in arguments.question or QUESTIONS:
        print(name)
        spark.sql(QUESTIONS[name]).show(100, truncate=False)
    spark.stop()


if __name__ == "__main__":
    main()
