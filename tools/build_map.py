"""Make the map of Korea's provinces from the package that it comes from: fewer points, whole numbers, ISO codes.

    npm pack @svg-maps/south-korea@2.0.0
    python tools/build_map.py svg-maps-south-korea-2.0.0.tgz

The package is by Victor Cazanave, after a map by MapSVG, under CC BY 4.0 (pledge/statistics/maps/LICENSE.md). What is
changed: coordinates are rounded and thinned out, islands too small to be seen are left out, the codes of
ISO 3166-2:KR stand for the names, and Dokdo, which the map lacks, is added as a dot at its place.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tarfile
from itertools import pairwise
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "pledge" / "statistics" / "maps" / "south_korea.json"
SHA256 = "12bb9b218765aa2ca7fa9eef096723db415e6d8553cdd56bf7934ecf6e9c66f3"
CODES = {
    "seoul": "KR-11",
    "busan": "KR-26",
    "daegu": "KR-27",
    "incheon": "KR-28",
    "gwangju": "KR-29",
    "daejeon": "KR-30",
    "ulsan": "KR-31",
    "gyeonggi": "KR-41",
    "gangwon": "KR-42",
    "north-chungcheong": "KR-43",
    "south-chungcheong": "KR-44",
    "north-jeolla": "KR-45",
    "south-jeolla": "KR-46",
    "north-gyeongsang": "KR-47",
    "south-gyeongsang": "KR-48",
    "jeju": "KR-49",
    "sejong": "KR-50",
}
#: 37.24° N, 131.87° E, where the map's own scale puts it; it belongs to North Gyeongsang.
DOKDO = {"region": "KR-47", "x": 602, "y": 164}
SIZE = (612, 634)
#: How far a point may lie from the line that is drawn without it, and the smallest island that is kept.
TOLERANCE, SMALLEST_ISLAND = 1.3, 4.0

Point = tuple[float, float]


def rings(path: str) -> list[list[Point]]:
    """The closed lines of a path of `m` and `z` commands: each pair is relative to the one before. One lacks its z."""
    result: list[list[Point]] = []
    x = y = 0.0
    for part in re.findall(r"m([^mz]*)", path):
        numbers = [float(number) for number in re.findall(r"-?\d*\.?\d+(?:e-?\d+)?", part)]
        ring: list[Point] = []
        for step_x, step_y in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = x + step_x, y + step_y
            ring.append((x, y))
        result.append(ring)
        x, y = ring[0]
    return result


def area(ring: list[Point]) -> float:
    pairs = zip(ring, ring[1:] + ring[:1], strict=True)
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)) / 2


def thinned(line: list[Point]) -> list[Point]:
    """The line simplified by the Ramer–Douglas–Peucker algorithm."""
    (x0, y0), (x1, y1) = line[0], line[-1]
    length = max(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5, 1e-9)
    far = [abs((x1 - x0) * (y0 - y) - (x0 - x) * (y1 - y0)) / length for x, y in line[1:-1]]
    if not far or max(far) <= TOLERANCE:
        return [line[0], line[-1]]
    middle = far.index(max(far)) + 1
    return thinned(line[: middle + 1])[:-1] + thinned(line[middle:])


def drawn(ring: list[Point]) -> str:
    """A closed line in whole numbers, as short steps."""
    half = max(
        range(len(ring)),
        key=lambda place: abs(ring[place][0] - ring[0][0]) + abs(ring[place][1] - ring[0][1]),
    )
    points = thinned(ring[: half + 1])[:-1] + thinned(ring[half:] + ring[:1])[:-1]
    whole = [(round(x), round(y)) for x, y in points]
    kept = [point for place, point in enumerate(whole) if place == 0 or point != whole[place - 1]]
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(kept)]
    text = " ".join(f"{x} {y}" for x, y in steps).replace(" -", "-")
    return f"M{kept[0][0]} {kept[0][1]}l{text}z"


def main(archive: str) -> None:
    content = Path(archive).read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise SystemExit(f"{archive} is not the package that this script was written for")
    with tarfile.open(archive) as package:
        member = package.extractfile("package/index.js")
        assert member is not None
        source = json.loads(member.read().decode().removeprefix("export default ").strip().rstrip(";"))
    regions = {}
    for place in source["locations"]:
        lines = [ring for ring in rings(place["path"]) if area(ring) >= SMALLEST_ISLAND]
        regions[CODES[place["id"]]] = "".join(map(drawn, sorted(lines, key=area, reverse=True)))
    ordered = dict(sorted(regions.items()))
    document = {"width": SIZE[0], "height": SIZE[1], "dokdo": DOKDO, "regions": ordered}
    TARGET.write_text(json.dumps(document, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
