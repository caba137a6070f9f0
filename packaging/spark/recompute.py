"""Computes the four trees of all tenants of a lake anew and compares them with those that orgsnap published.

Run by spark-submit on any cluster of Spark 4 (standalone, Kubernetes, YARN):

    spark-submit --py-files packaging/spark/lake.py packaging/spark/recompute.py --lake /srv/lake --work /srv/lake-work

--work is a folder on storage that all workers share, for reliable checkpoints: a worker that dies loses nothing.
Exit code 0 if all is equal, 1 if anything differs; what differs is printed, and written to --out if it is given.
"""

import argparse
import sys
import time

from lake import Lake
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

# Table of the tree, feed, parent column, column of agents that counts in it (None: no levels), status column of the feed.
FORESTS = [
    ("organ_tree", "organ", "parent_id", "working_organ_id", None),
    ("node_tree", "node", "parent_node_id", "working_node_id", None),
    ("recruit_tree", "agent", "recommend_by_agent_id", None, "agent_status"),
    ("mentor_tree", "node", "mentored_by_node_id", None, "work"),
]
KEY = ["lake_tenant", "forest", "id"]
COUNTS = ["depth", "child_count", "descendant_count", "agent_count", "active_agent_count", "active_descendant_count"]
# A chain of 2^24 records; what is not resolved after so many rounds goes round in a circle.
MOST_ROUNDS = 24


def edges(lake: Lake) -> DataFrame:
    """The records of all forests: tenant, forest, id, the parent that the feed names, whether it is active."""
    parts = []
    for forest, feed, parent, _, status in FORESTS:
        rows = lake.table(feed)
        active = (F.coalesce(F.col(status), F.lit(0)) == 1) if status else F.lit(True)
        parts.append(rows.select(
            "lake_tenant", F.lit(forest).alias("forest"), "id", F.col(parent).alias("named"), active.cast("long").alias("active")))
    all_parts = parts[0]
    for part in parts[1:]:
        all_parts = all_parts.unionByName(part)
    return all_parts


def known_parents(rows: DataFrame) -> DataFrame:
    """As the rows, with `parent`: the named one, if there is such a record."""
    known = rows.select("lake_tenant", "forest", F.col("id").alias("named"), F.lit(True).alias("known"))
    rows = rows.join(known, ["lake_tenant", "forest", "named"], "left")
    return rows.withColumn("parent", F.when(F.col("known"), F.col("named"))).drop("known")


def doubled(rows: DataFrame, values: list[str]) -> tuple[DataFrame, DataFrame | None, int]:
    """Pointer doubling: depth, root and for each of `values` its sum over the record and all below it.

    Returns that, the members of circles if there are any (what is above them, and above what hangs on them, has no end), and the number
    of rounds. A record that ends in no top has come to a member of a circle after as many steps as there are such records; on the
    circle itself these steps only turn it, so that all of its members are come to.
    """
    state = rows.select(
        *KEY,
        F.col("parent").alias("above"),
        F.when(F.col("parent").isNull(), 0).otherwise(1).cast("long").alias("depth"),
        F.coalesce("parent", "id").alias("root"),
        *[F.col(value).alias(f"sum_{value}") for value in values],
    ).checkpoint()
    before = None
    for round_number in range(MOST_ROUNDS + 1):
        unresolved = state.where("above is not null")
        count = unresolved.count()
        if count == 0:
            return state, None, round_number
        if round_number == MOST_ROUNDS or (count == before and 2**round_number > count):
            members = unresolved.select("lake_tenant", "forest", F.col("above").alias("id")).distinct()
            return state, members.checkpoint(), round_number
        before = count
        # What the record 2^n steps below has in it comes on top of what this one has.
        below = unresolved.groupBy("lake_tenant", "forest", F.col("above").alias("id")).agg(
            *[F.sum(f"sum_{value}").alias(f"more_{value}") for value in values])
        above = state.select(
            "lake_tenant", "forest", F.col("id").alias("above"), F.col("above").alias("next"),
            F.col("depth").alias("steps"), F.col("root").alias("top"))
        state = (
            state.join(above, ["lake_tenant", "forest", "above"], "left")
            .join(below, KEY, "left")
            .select(
                *KEY,
                F.col("next").alias("above"),
                (F.col("depth") + F.coalesce("steps", F.lit(0))).alias("depth"),
                F.coalesce("top", "root").alias("root"),
                *[(F.col(f"sum_{v}") + F.coalesce(f"more_{v}", F.lit(0))).alias(f"sum_{v}") for v in values],
            )
            .checkpoint()
        )
    raise AssertionError("not reached")


def with_agents(lake: Lake, rows: DataFrame) -> DataFrame:
    """As the rows, with the agents and the active agents that belong to the record itself, where the forest counts them."""
    parts = []
    agents = lake.table("agent")
    for forest, _, _, place, _ in FORESTS:
        if place:
            parts.append(agents.groupBy("lake_tenant", F.col(place).alias("id")).agg(
                F.count("*").alias("agents"), F.sum(F.when(F.col("agent_status") == 1, 1).otherwise(0)).alias("active_agents"))
                .withColumn("forest", F.lit(forest)))
    counted = parts[0].unionByName(parts[1])
    rows = rows.join(counted, KEY, "left")
    return rows.fillna(0, ["agents", "active_agents"])


def recomputed(lake: Lake) -> tuple[DataFrame, dict]:
    """The trees, and what was found on the way."""
    rows = edges(lake).checkpoint()
    duplicates = rows.groupBy(*KEY).count().where("count > 1").count()
    rows = with_agents(lake, known_parents(rows)).withColumn("one", F.lit(1).cast("long")).checkpoint()
    orphans = rows.where("named is not null and parent is null")
    facts = {
        "records": rows.count(),
        "duplicates": duplicates,
        "orphans": {row["forest"]: row["count"] for row in orphans.groupBy("forest").count().collect()},
    }
    values = ["one", "active", "agents", "active_agents"]
    cut = rows
    state, members, rounds = doubled(cut, values)
    facts["rounds"], facts["in cycles"] = rounds, {}
    if members is not None:
        facts["in cycles"] = {row["forest"]: row["count"] for row in members.groupBy("forest").count().collect()}
        # No edge of a circle counts.
        marked = rows.join(members.withColumn("in_cycle", F.lit(True)), KEY, "left")
        cut = marked.withColumn("parent", F.when(F.col("in_cycle").isNull(), F.col("parent"))).drop("in_cycle").checkpoint()
        state, members, rounds = doubled(cut, values)
        if members is not None:
            raise SystemExit(f"records are not resolved after {rounds} rounds")
    children = cut.where("parent is not null").groupBy("lake_tenant", "forest", F.col("parent").alias("id")).agg(
        F.count("*").alias("child_count"))
    own = cut.select(*KEY, F.col("parent").alias("parent_id"), F.col("active").alias("own_active"))
    levels = F.col("forest").isin("organ_tree", "node_tree")
    state = state.join(own, KEY).join(children, KEY, "left").select(
        *KEY,
        "parent_id",
        F.when(~levels, F.col("root")).alias("root_id"),
        "depth",
        F.coalesce("child_count", F.lit(0)).alias("child_count"),
        (F.col("sum_one") - 1).alias("descendant_count"),
        F.when(levels, F.col("sum_agents")).alias("agent_count"),
        F.when(levels, F.col("sum_active_agents")).alias("active_agent_count"),
        F.when(~levels, F.col("sum_active") - F.col("own_active")).alias("active_descendant_count"),
    )
    return state, facts


def published(lake: Lake) -> DataFrame:
    """The trees that orgsnap published."""
    parts = []
    for forest, *_ in FORESTS:
        rows = lake.table(forest).withColumn("forest", F.lit(forest))
        for column in ["root_id"] + COUNTS:
            if column not in rows.columns:
                rows = rows.withColumn(column, F.lit(None).cast("string" if column == "root_id" else "long"))
        parts.append(rows.select(*KEY, "parent_id", "root_id", *COUNTS))
    all_parts = parts[0]
    for part in parts[1:]:
        all_parts = all_parts.unionByName(part)
    return all_parts


def compared(ours: DataFrame, theirs: DataFrame) -> DataFrame:
    """One row for each record that differs, and in what."""
    columns = ["parent_id", "root_id"] + COUNTS
    a = ours.select(*KEY, F.lit(True).alias("in_recomputed"), *[F.col(c).alias(f"r_{c}") for c in columns])
    b = theirs.select(*KEY, F.lit(True).alias("in_published"), *[F.col(c).alias(f"p_{c}") for c in columns])
    both = a.join(b, KEY, "full")
    differs = [
        F.when(~F.col(f"r_{c}").eqNullSafe(F.col(f"p_{c}")),
               F.concat(F.lit(f"{c}: "), F.coalesce(F.col(f"r_{c}").cast("string"), F.lit("-")), F.lit(" / "),
                        F.coalesce(F.col(f"p_{c}").cast("string"), F.lit("-"))))
        for c in columns
    ]
    what = (
        F.when(F.col("in_published").isNull(), "not published")
        .when(F.col("in_recomputed").isNull(), "not in the feed")
        .otherwise(F.concat_ws("; ", *differs))
    )
    return both.select(*KEY, what.alias("recomputed / published")).where(F.col("recomputed / published") != "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lake", required=True, help="the root of the lake")
    parser.add_argument("--work", required=True, help="a folder that all workers share, for checkpoints")
    parser.add_argument("--as-of", help="of each tenant the newest date that is not after this one")
    parser.add_argument("--out", help="a folder for the differences, as CSV")
    arguments = parser.parse_args()

    began = time.monotonic()
    spark = SparkSession.builder.appName("orgsnap recompute").getOrCreate()
    spark.conf.set("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
    spark.sparkContext.setCheckpointDir(arguments.work)
    lake = Lake(spark, arguments.lake, arguments.as_of)
    for tenant, publication in sorted(lake.newest.items()):
        print(f"{tenant}: {publication['business_date']}, revision {publication['revision']}, run {publication['run']}")
    ours, facts = recomputed(lake)
    ours = ours.checkpoint()
    took = time.monotonic() - began
    differences = compared(ours, published(lake)).checkpoint()
    count = differences.count()
    for name, value in facts.items():
        print(f"{name}: {value}")
    print(f"trees after {took:.1f} s, all after {time.monotonic() - began:.1f} s")
    if count:
        differences.orderBy(*KEY).show(50, truncate=False)
        if arguments.out:
            differences.coalesce(1).write.mode("overwrite").option("header", True).csv(arguments.out)
    is_equal = count == 0 and facts["duplicates"] == 0
    print(f"differences: {count}" if not is_equal else "equal")
    spark.stop()
    return 0 if is_equal else 1


if __name__ == "__main__":
    sys.exit(main())
