"""The blueprint of the staff area. It refuses by default: no sign-in, no declaration, no permission — no view."""

from flask import Blueprint

staff = Blueprint("staff", __name__, url_prefix="/staff")
