"""The rule for the address of a member of staff."""

from email_validator import EmailNotValidError, validate_email

MAX_ADDRESS = 254


class BadStaffAddress(Exception):
    """Not an address that a mail can be sent to."""


def clean_address(text: str) -> str:
    """The address in lower case, by which accounts are found. Raises BadStaffAddress."""
    try:
        found = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise BadStaffAddress from None
    address = (found.ascii_email or found.normalized).lower()
    if len(address) > MAX_ADDRESS:
        raise BadStaffAddress
    return address
