"""The kinds of organisations: of those that endorse a campaign and of those behind it."""

from enum import StrEnum

from pledge.core.i18n import Phrase


class OrganizationType(StrEnum):
    BUSINESS = "business"
    CITY = "city"  #: city or province
    GOVERNMENT = "government"  #: national government body
    EMBASSY = "embassy"
    INTERNATIONAL = "international"
    CIVIL = "civil"
    ACADEMIA = "academia"  #: academia and school
    FAITH = "faith"
    YOUTH = "youth"
    MEDIA = "media"
    OTHER = "other"


#: What they are called, on pages as in tables and mails.
TYPES = {
    "business": Phrase("table", "Business"),
    "city": Phrase("table", "City or province"),
    "government": Phrase("table", "National government body"),
    "embassy": Phrase("table", "Embassy"),
    "international": Phrase("table", "International organisation"),
    "civil": Phrase("table", "Civil society"),
    "academia": Phrase("table", "Academia or school"),
    "faith": Phrase("table", "Faith"),
    "youth": Phrase("table", "Youth"),
    "media": Phrase("table", "Media"),
    "other": Phrase("table", "Other"),
}
