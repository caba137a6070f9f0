"""Opens the workbook that `orgsnap check --xlsx` writes with openpyxl and with LibreOffice, which nobody here wrote.

    python3 tests/workbook.py PROGRAM

A delivery is made, with ids of 18 digits, a name `=1+1` and an impossible date among its lines. Every line to be corrected
must be in the workbook cell by cell as it was delivered, every cell of it text; what LibreOffice makes of the workbook must
have the same cells.
Exit codes: 0 all holds, or openpyxl or LibreOffice is not installed; 1 something does not hold.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

ID = "110101199001011234"
FORMULA = "=1+1"
DATE = "2024-02-30"
LONGEST = 32_767


def deliver(program, folder):
    """A delivery with defects, and three lines whose texts spreadsheets like to change."""
    subprocess.run(
        [program, "sample", folder, "--agents", "2000", "--defects=all", "--encoding", "utf-8"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    agents = folder / "temp_agent.txt"
    # Some bytes are no UTF-8: they are defects, too.
    lines = agents.read_bytes().decode("utf-8", "surrogateescape").split("\n")
    titles = lines[0].rstrip("\r").split("|")
    for number, (field, text) in enumerate([("id", ID), ("agentName", FORMULA), ("enterCompanyDate", DATE)]):
        cells = lines[1 + number].split("|")
        cells[titles.index(field)] = text
        cells[titles.index("gender")] = "9"
        lines[1 + number] = "|".join(cells)
    agents.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))


def rows(path):
    """The cells of every sheet as texts, empty ones at the end of a row left out, and the formulas among them."""
    import openpyxl

    sheets, formulas = {}, []
    book = openpyxl.load_workbook(path, read_only=True)
    for sheet in book.worksheets:
        found = []
        for row in sheet.iter_rows():
            cells = []
            for cell in row:
                if cell.data_type == "f":
                    formulas.append(f"{sheet.title}!{cell.coordinate}")
                cells.append(cell.value)
            while cells and cells[-1] in (None, ""):
                cells.pop()
            found.append(cells)
        while found and not found[-1]:
            found.pop()
        sheets[sheet.title] = found
    return sheets, formulas


def faults(sheets, formulas, delivery):
    """What of the workbook is not as it should be."""
    found = [f"{place} is a formula" for place in formulas]
    names = list(sheets)
    wanted = ["说明", "汇总（按原因）", "问题明细", "需更正清单-代理人"]
    if names[:4] != wanted or names[-1] != "数据字典":
        found.append(f"sheets: {names}")
        return found
    files = {"代理人": "temp_agent", "外勤区部组": "temp_base_node", "内勤机构": "temp_organization", "内勤人员": "temp_principal"}
    lines_seen = 0
    for name in names:
        feed = name.removeprefix("需更正清单-")
        if feed == name:
            continue
        text = (delivery / f"{files[feed]}.txt").read_bytes().decode("utf-8", "replace")
        # One file has its lines end in CR alone, which is a defect.
        lines = text.split("\n") if "\n" in text else text.split("\r")
        head, *body = sheets[name]
        head = [title or "" for title in head]
        width = len(head) - 6
        titles = lines[0].split("|")
        if head[0] != "行号" or head[1 : 1 + len(titles)] != titles or head[-5:] != ["代码", "级别", "问题", "建议", "原因序号"]:
            found.append(f"{name}: head {head}")
        for row in body:
            number, row = row[0], row + [None] * (len(head) - len(row))
            if not isinstance(number, int):
                found.append(f"{name}: line {number!r}")
                continue
            lines_seen += 1
            # A cell of a workbook holds no more.
            delivered = [cell[:LONGEST] for cell in lines[number - 1].split("|")[:width]]
            cells = [cell or "" for cell in row[1 : 1 + len(delivered)]]
            if cells != delivered:
                found.append(f"{name}: line {number}: {cells} is not {delivered}"[:500])
            if not row[-5] or not row[-3] or not row[-2] or not row[-1]:
                found.append(f"{name}: line {number} has no code, reason, advice or cause: {row[-5:]}")
    if lines_seen < 20:
        found.append(f"only {lines_seen} lines to be corrected")
    values = {cell for name, found_rows in sheets.items() for row in found_rows for cell in row}
    found += [f"{text!r} is lost" for text in (ID, FORMULA, DATE) if text not in values]
    codes = [row[0] for row in sheets["问题明细"][1:]]
    if len(codes) < 50 or any(not isinstance(row[3], (int, type(None))) for row in sheets["问题明细"][1:]):
        found.append("the findings, or their lines, are not there")
    return found


def differences(ours, theirs):
    """Where LibreOffice has other cells."""
    found = []
    if list(ours) != list(theirs):
        return [f"LibreOffice has the sheets {list(theirs)}"]
    for name, rows_of_ours in ours.items():
        if len(rows_of_ours) != len(theirs[name]):
            found.append(f"{name}: {len(rows_of_ours)} rows, LibreOffice {len(theirs[name])}")
        for number, (a, b) in enumerate(zip(rows_of_ours, theirs[name]), 1):
            if a != b:
                found.append(f"{name} row {number}: {a} is {b} in LibreOffice")
    return found[:20]


def main(argv):
    try:
        import openpyxl  # noqa: F401
    except ImportError:
        print("skipped: pip install openpyxl")
        return 0
    [program] = argv
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        delivery, workbook = folder / "delivery", folder / "findings.xlsx"
        delivery.mkdir()
        deliver(program, delivery)
        # Chinese headings whatever the machine speaks; a delivery with defects ends with 3.
        done = subprocess.run(
            [program, "--lang", "zh", "check", delivery, "--xlsx", workbook], stdout=subprocess.DEVNULL
        )
        if done.returncode != 3 or not workbook.exists():
            print(f"check ended with {done.returncode}")
            return 1
        sheets, formulas = rows(workbook)
        found = faults(sheets, formulas, delivery)
        if shutil.which("soffice"):
            subprocess.run(
                ["soffice", "--headless", f"-env:UserInstallation=file://{folder}/office", "--convert-to", "xlsx"]
                + ["--outdir", folder / "out", workbook],
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            found += differences(sheets, rows(folder / "out" / "findings.xlsx")[0])
        else:
            print("skipped: LibreOffice (soffice) is not installed")
    for fault in found:
        print(fault)
    print("not as delivered" if found else "as delivered")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
