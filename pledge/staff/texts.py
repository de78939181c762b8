"""What Flask-Security says on the pages that we use, in our words: (text, kind of notice)."""

from flask_babel import lazy_gettext as _l

_UNKNOWN = (_l("That passkey could not be used here."), "warning")
_LOST = (_l("Something was missing in what your browser sent. Please try again."), "warning")

MESSAGES = {
    "API_ERROR": _LOST,
    "GENERIC_AUTHN_FAILED": (_l("This address and this password do not belong together."), "warning"),
    "TWO_FACTOR_PERMISSION_DENIED": (_l("Please sign in again."), "warning"),
    "REAUTHENTICATION_SUCCESSFUL": (_l("Thank you. You can go on."), "done"),
    "WEBAUTHN_EXPIRED": (_l("That took too long. Please try again."), "warning"),
    "WEBAUTHN_NAME_REQUIRED": (_l("Give the passkey a name, such as the device that it is on."), "warning"),
    "WEBAUTHN_NAME_INUSE": (_l("You have a passkey of this name already."), "warning"),
    "WEBAUTHN_NAME_DISALLOWED_CHARACTERS": (_l("The name has a character that cannot be used."), "warning"),
    "INVALID_INPUT": (_l("The name has a character that cannot be used."), "warning"),
    "INVALID_INPUT_LENGTH": (_l("The name is too long."), "warning"),
    "WEBAUTHN_REGISTER_SUCCESSFUL": (_l("The passkey was added."), "done"),
    "WEBAUTHN_CREDENTIAL_ID_INUSE": (_l("This passkey is in use already."), "warning"),
    "WEBAUTHN_UNKNOWN_CREDENTIAL_ID": _UNKNOWN,
    "WEBAUTHN_ORPHAN_CREDENTIAL_ID": _UNKNOWN,
    "WEBAUTHN_NO_VERIFY": _UNKNOWN,
    "WEBAUTHN_CREDENTIAL_WRONG_USAGE": _UNKNOWN,
    "WEBAUTHN_MISMATCH_USER_HANDLE": _UNKNOWN,
    "DISABLED_ACCOUNT": _UNKNOWN,
}
