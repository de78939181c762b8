"""The mark of a site of sample data on pictures, which leave the site without its banner."""

from flask_babel import gettext as _

from pledge.switches import queries as switches


def marked(text: str) -> str:
    """The text, saying that the data are samples where they are."""
    return _("Sample data: %(text)s", text=text) if switches.current().sample_data else text
