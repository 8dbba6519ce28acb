"""Phase save: the result as a register of its own, and the report for whoever mends the rows."""
import csv
import json


def process(checked):
    assets, errors = checked["assets"], checked["errors"]
    with open("out/assets.json", "w", encoding="utf-8") as file:
        json.dump(assets, file)
    with open("out/errors.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=["place", "tag", "problem"])
        writer.writeheader()
        writer.writerows(errors)
    by_type = {}
    for asset in assets:
        by_type[asset["type"]] = by_type.get(asset["type"], 0) + 1
    return {"created": len(assets), "refused": len(errors), "by_type": by_type}
