"""Phase process: one spelling for everything that both registers hold."""


def process(batch):
    return [normalise(row) for row in batch]


def normalise(row):
    if "problem" in row:
        return row
    return {
        "place": row["place"],
        "tag": str(row["tag"]).strip().upper(),
        "name": " ".join(str(row["name"]).split()),
        "type": str(row["type"]).strip().lower(),
        "area": str(row["area"]).strip().lower(),
        "power_kw": row["power_kw"],
        "commissioned": str(row["commissioned"]).strip(),
    }
