"""Phase fetch: the plant's register, as its planning tool exports it."""
import csv


def process(source):
    rows = []
    with open(source["path"], newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        header = next(reader)
        for number, cells in enumerate(reader, start=2):
            place = f'{source["path"]}:{number}'
            if len(cells) != len(header):
                rows.append({"place": place, "problem": f"expected {len(header)} cells, found {len(cells)}"})
                continue
            rows.append({"place": place, **dict(zip(header, cells))})
    print(f'read {len(rows)} rows from {source["path"]}')
    return rows
