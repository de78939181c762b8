"""Is this installation sound? For `flask doctor`, for /readyz, and for the start of a production process."""

from pledge.diagnosis.database import refuse_unsafe_database
from pledge.diagnosis.doctor import diagnose
from pledge.diagnosis.findings import Finding, Level
from pledge.diagnosis.state import Readiness, readiness

__all__ = ["Finding", "Level", "Readiness", "diagnose", "readiness", "refuse_unsafe_database"]
