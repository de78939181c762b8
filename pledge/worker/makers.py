"""Who makes which file: the makers of the delivery feature."""

from pledge.delivery import exports, list_rows, packing
from pledge.delivery.jobs import Makers
from pledge.delivery.models import JobKind


def makers() -> Makers:
    return {JobKind.EXPORT: exports.make, JobKind.LIST: list_rows.make, JobKind.PACK: packing.pack}
