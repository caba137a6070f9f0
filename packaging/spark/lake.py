"""Reads the lake of orgsnap in Spark: the newest state of every tenant, through its publications (docs/lake.md)."""

import json
from collections import defaultdict

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F


def text_of(spark: SparkSession, paths: list[str]) -> dict[str, str]:
    """Small files with their contents, by any file system that Spark reads."""
    rows = spark.read.text(paths, wholetext=True).select("value", F.col("_metadata.file_path").alias("path"))
    return {row["path"]: row["value"] for row in rows.collect()}


class Lake:
    """The publications of a lake, followed to the files that hold the state of a date of each tenant."""

    def __init__(self, spark: SparkSession, root: str, as_of: str | None = None):
        self.spark, self.root = spark, root.rstrip("/")
        self.by_date = defaultdict(dict)
        for text in text_of(spark, [f"{self.root}/v1/publication/*/*/*.json"]).values():
            one = json.loads(text)
            if one["format"] != 1:
                raise SystemExit(f"a publication of format {one['format']}: this program reads format 1")
            self.by_date[(one["tenant"], one["business_date"])][one["revision"]] = one
        newest = {}
        for (tenant, date), revisions in self.by_date.items():
            last = revisions[max(revisions)]
            if last["form"] != "retracted" and (as_of is None or date <= as_of):
                if tenant not in newest or newest[tenant]["business_date"] < date:
                    newest[tenant] = last
        self.newest = newest
        self.tables = {}

    def chain(self, last: dict) -> list[dict]:
        """The publications from the full copy to this one."""
        chain = [last]
        while "base" in chain[-1]:
            base = chain[-1]["base"]
            key = (last["tenant"], base["business_date"])
            chain.append(self.by_date[key][base["revision"]])
        return chain[::-1]

    def table(self, name: str) -> DataFrame:
        """The rows of a table of all tenants, each as of its newest date. They are kept, as a feed is read more than once."""
        if name not in self.tables:
            self.tables[name] = self.read(name).persist()
        return self.tables[name]

    def read(self, name: str) -> DataFrame:
        paths, order, key = [], {}, ["id"]
        for last in self.newest.values():
            for step, publication in enumerate(self.chain(last)):
                tables = [table for table in publication["tables"] if table["name"] == name]
                for table in tables:
                    key = table["key"]
                    if table["scope"] == "date" and publication is not last:
                        continue
                    order[publication["folder"]] = step
                    paths += [f"{self.root}/{file['path']}" for file in table["files"]]
        if not paths:
            raise SystemExit(f"the lake has no table {name}")
        # Files are named one by one: what else lies in the folders is not published. Their columns may differ by date.
        rows = self.spark.read.option("mergeSchema", "true").parquet(*paths)
        steps = self.spark.createDataFrame(list(order.items()), "step_run string, step int")
        rows = rows.join(F.broadcast(steps), rows.lake_run == steps.step_run)
        # Rows of one key in one publication would be two: `rank` keeps both, so that they are found.
        last = Window.partitionBy("lake_tenant", *key).orderBy(F.col("step").desc())
        rows = rows.withColumn("nth", F.rank().over(last))
        rows = rows.where("nth = 1 and lake_removed = 0")
        return rows.drop("nth", "step", "step_run", "lake_removed", "lake_run", "lake_date")
