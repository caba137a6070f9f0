"""Checks schemas/datapackage.json with the frictionless Python package, which nobody here wrote.

    python3 tests/frictionless.py [DELIVERY_DIR]

The package must be valid with the small delivery that stands beside it, and so must a delivery given as an
argument (UTF-8, '|', with a header, as `orgsnap sample DIR --encoding utf-8` writes it).
Exit codes: 0 valid, or the frictionless package is not installed; 1 not valid.
"""

import pathlib
import shutil
import sys
import tempfile

SCHEMAS = pathlib.Path(__file__).resolve().parent.parent / "schemas"

# Run as a script, this file's own folder comes first in sys.path, and this file is named frictionless.py.
sys.path = [p for p in sys.path if pathlib.Path(p or ".").resolve() != SCHEMAS.parent / "tests"]


def faults(folder):
    """The faults of the package in a folder and of the data beside it."""
    from frictionless import Package

    found = [str(error) for error in Package.metadata_validate(_descriptor(folder))]
    report = Package(str(folder / "datapackage.json")).validate()
    found += [error.note for error in report.errors]
    for task in report.tasks:
        found += [f"{task.place}: {error.message}" for error in task.errors[:10]]
        if not task.stats.get("rows"):
            found.append(f"{task.place}: no row was read")
    return found


def _descriptor(folder):
    import json

    return json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))


def main(argv):
    try:
        import frictionless  # noqa: F401
    except ImportError:
        print("skipped: pip install frictionless")
        return 0
    found = faults(SCHEMAS)
    for delivery in argv:
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            for schema in SCHEMAS.glob("*.json"):
                shutil.copy(schema, folder)
            for feed in pathlib.Path(delivery).glob("temp_*.txt"):
                shutil.copy(feed, folder)
            found += faults(folder)
    for fault in found:
        print(fault)
    print("not valid" if found else "valid")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
