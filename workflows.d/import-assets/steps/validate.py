"""Phase validate: each row is an asset or a line of the error report, never both."""
from datetime import date

TYPES = {"pump", "motor", "valve", "tank", "conveyor", "transformer"}


def process(batches):
    assets, errors, seen = [], [], {}
    for row in (row for batch in batches for row in batch):
        problem = row.get("problem") or problem_of(row, seen)
        if problem:
            errors.append({"place": row["place"], "tag": row.get("tag", ""), "problem": problem})
            continue
        seen[row["tag"]] = row["place"]
        assets.append({key: value for key, value in row.items() if key != "place"})
    return {"assets": assets, "errors": errors}


def problem_of(row, seen):
    if not row["tag"]:
        return "the tag is missing"
    if row["tag"] in seen:
        return f'tag {row["tag"]} stands at {seen[row["tag"]]} already'
    if row["type"] not in TYPES:
        return f'unknown type "{row["type"]}"'
    try:
        row["power_kw"] = float(row["power_kw"])
    except ValueError:
        return f'power_kw is "{row["power_kw"]}", expected a number'
    if row["power_kw"] < 0:
        return f'power_kw is {row["power_kw"]}, expected 0 or more'
    try:
        date.fromisoformat(row["commissioned"])
    except ValueError:
        return f'commissioned is "{row["commissioned"]}", expected a date such as 2019-02-28'
    return None
