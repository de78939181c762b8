"""The blueprint of the staff area. It refuses by default: sign-in and a declared permission are needed for every view."""

from pledge.web.address_book import AddressBook
from pledge.web.staff.auth.access import check_access

staff = AddressBook("staff", __name__, url_prefix="/staff")
staff.before_request(check_access)
