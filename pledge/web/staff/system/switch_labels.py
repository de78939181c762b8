"""What each switch (pledge/switches/registry.py) is called on its page, on the desk and in the audit log."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True)
class SwitchLabels:
    title: Any
    explained: Any
    act: Any  #: in the audit log
    button: Any
    #: Of a switch that pauses: the button that ends the pause, and what the desk says meanwhile.
    resume: Any = None
    paused: Any = None


SWITCH_LABELS = {
    "signing": SwitchLabels(
        title=_l("Signing"),
        explained=_l(
            "While it is paused no new signature and no new endorsement is taken; the pages say so. Links in e-mails that were sent before still work."
        ),
        act=_l("Paused or resumed signing"),
        button=_l("Pause signing"),
        resume=_l("Take signatures again"),
        paused=_l("signing is paused"),
    ),
    "mail": SwitchLabels(
        title=_l("E-mail"),
        explained=_l(
            "While sending is paused, e-mails wait in the outbox and none is lost. People who sign get theirs later."
        ),
        act=_l("Paused or resumed e-mail"),
        button=_l("Pause e-mail"),
        resume=_l("Send e-mail again"),
        paused=_l("e-mail is paused"),
    ),
    "banner": SwitchLabels(
        title=_l("Banner"),
        explained=_l(
            "A line at the top of every public page. Leave it empty in every language to remove it."
        ),
        act=_l("Changed the banner"),
        button=_l("Save the banner"),
    ),
    "limits": SwitchLabels(
        title=_l("Limit of sign-ups"),
        explained=_l(
            "How often one network or one e-mail domain may send the form. Raise it when a hall of people or a whole company signs at once."
        ),
        act=_l("Changed the limits"),
        button=_l("Save the limit"),
    ),
}
