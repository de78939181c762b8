"""What each switch (pledge/switches/registry.py) is called on its page, on the desk and in the audit log."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True)
class SwitchWords:
    title: Any
    explained: Any
    act: Any  #: in the audit log
    button: Any
    #: Of a switch that pauses: the button that ends the pause, and what the desk says meanwhile.
    resume: Any = None
    paused: Any = None


SWITCH_WORDS = {
    "signing": SwitchWords(
        title=_l("Signing"),
        explained=_l(
            "While it is paused no new signature and no new endorsement is taken; the pages say so. Mails that are out can still be confirmed."
        ),
        act=_l("Paused signing or let it go"),
        button=_l("Pause signing"),
        resume=_l("Take signatures again"),
        paused=_l("signing is paused"),
    ),
    "mail": SwitchWords(
        title=_l("E-mail"),
        explained=_l(
            "While it is paused mails wait in the outbox and none is lost. People who sign get theirs later."
        ),
        act=_l("Paused mail or let it go"),
        button=_l("Pause mail"),
        resume=_l("Send mail again"),
        paused=_l("mail is paused"),
    ),
    "banner": SwitchWords(
        title=_l("Banner"),
        explained=_l("A line at the top of every public page. Empty in every language takes it away."),
        act=_l("Changed the banner"),
        button=_l("Save the banner"),
    ),
    "limits": SwitchWords(
        title=_l("Limit of sign-ups"),
        explained=_l(
            "How often one network, or one mail domain, may send the form. Raise it when a hall of people or a whole company signs at once."
        ),
        act=_l("Changed the limits"),
        button=_l("Save the limit"),
    ),
}
