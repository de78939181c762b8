"""The makers of all kinds of files: packs and exports."""

from pledge.deliveries.pack import packing
from pledge.exports import services
from pledge.jobs.models import JobKind
from pledge.jobs.services import Makers


def makers() -> Makers:
    return {JobKind.EXPORT: services.make, JobKind.PACK: packing.pack}
