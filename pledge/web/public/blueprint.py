"""The blueprint of the public pages: every address begins with a language."""

from pledge.web.address_book import AddressBook

public = AddressBook("public", __name__, url_prefix="/<language:lang>")
