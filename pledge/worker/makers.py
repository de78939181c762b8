"""The makers of all kinds of files: packs, exports, name lists."""

from pledge.deliveries.pack import packing
from pledge.exports import services
from pledge.jobs.models import JobKind
from pledge.jobs.services import Makers
from pledge.name_lists import rows


def makers() -> Makers:
    return {JobKind.EXPORT: services.make, JobKind.LIST: rows.make, JobKind.PACK: packing.pack}
