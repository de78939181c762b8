"""The kinds of organisations that endorse a campaign or stand behind it."""

from enum import StrEnum

from pledge.core.i18n import Phrase


class OrganizationType(StrEnum):
    """In the order of pages and tables."""

    CITY = "city"  #: city or province
    ACADEMIA = "academia"  #: academia and school
    CIVIL = "civil"
    YOUTH = "youth"
    FAITH = "faith"
    GOVERNMENT = "government"  #: national government body
    INTERNATIONAL = "international"
    EMBASSY = "embassy"
    BUSINESS = "business"
    MEDIA = "media"
    OTHER = "other"


#: Their names, on pages, in tables and in mails.
TYPES = {
    "city": Phrase("table", "City or province"),
    "academia": Phrase("table", "Academia or school"),
    "civil": Phrase("table", "Civil society"),
    "youth": Phrase("table", "Youth"),
    "faith": Phrase("table", "Faith"),
    "government": Phrase("table", "National government body"),
    "international": Phrase("table", "International organisation"),
    "embassy": Phrase("table", "Embassy"),
    "business": Phrase("table", "Business"),
    "media": Phrase("table", "Media"),
    "other": Phrase("table", "Other"),
}
