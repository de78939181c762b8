"""Who makes which file: the makers of the delivery feature."""

from typing import BinaryIO

from pledge.delivery import exports, list_rows
from pledge.delivery.jobs import Made, Makers, Progress
from pledge.delivery.models import JobKind


def makers() -> Makers:
    return {JobKind.EXPORT: exports.make, JobKind.LIST: list_rows.make, JobKind.PACK: _pack}


def _pack(delivery_id: int, file: BinaryIO, progress: Progress) -> Made:
    # Here and not above: what sets a letter and makes a workbook stays in memory, and days pass between two packs.
    from pledge.delivery import packing  # noqa: PLC0415

    return packing.pack(delivery_id, file, progress)
