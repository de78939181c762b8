"""What switches (pledge/switches/registry.py) are called, and the acts in the audit log.

An act without a label is shown as it is recorded; a test finds it.
"""

import json
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

ACTIONS: dict[str, Any] = {
    "export.command": _l("Exported rows on the command line"),
    "export.download": _l("Downloaded an export"),
    "export.request": _l("Asked for an export"),
    "export.totals": _l("Exported the totals"),
    "audit.export": _l("Downloaded the audit log"),
    "sample_data.fill": _l("Filled the demo campaign with sample data"),
    "block.allow": _l("Allowed what comes from a network or e-mail domain"),
    "block.lift": _l("Took a network or e-mail domain off the list"),
    "block.place": _l("Held what comes from a network or e-mail domain"),
    "campaign.create": _l("Created a campaign"),
    "campaign.event.add": _l("Added an event"),
    "campaign.event.change": _l("Changed an event"),
    "campaign.event.remove": _l("Removed an event"),
    "campaign.forget": _l("Deleted the signers’ data of a campaign that is over"),
    "campaign.letter": _l("Changed the campaign letter"),
    "campaign.letter_text": _l("Changed the letter to read"),
    "campaign.partner.add": _l("Added a partner"),
    "campaign.partner.change": _l("Changed a partner"),
    "campaign.partner.import": _l("Imported partners"),
    "campaign.partner.move": _l("Changed the order of the partners"),
    "campaign.partner.remove": _l("Removed a partner"),
    "campaign.photo": _l("Changed the photograph"),
    "campaign.pledge": _l("Changed the pledge text"),
    "campaign.reply_to": _l("Changed where answers to e-mails go"),
    "campaign.schedule": _l("Changed goal or dates"),
    "campaign.sister.add": _l("Added a sister campaign"),
    "campaign.sister.change": _l("Changed a sister campaign"),
    "campaign.sister.remove": _l("Removed a sister campaign"),
    "campaign.state": _l("Opened, closed or archived a campaign"),
    "campaign.texts": _l("Changed texts of a campaign"),
    "campaign.quotation": _l("Changed the quotation"),
    "campaign.video": _l("Changed the video"),
    "delivery.answer": _l("Recorded an answer"),
    "delivery.correct": _l("Corrected a handing over"),
    "delivery.correct_answer": _l("Corrected an answer"),
    "delivery.discard": _l("Discarded a delivery"),
    "delivery.download": _l("Downloaded a pack"),
    "delivery.freeze": _l("Froze a delivery"),
    "delivery.hand_over": _l("Recorded a handing over"),
    "delivery.retry": _l("Made a file again"),
    "endorsement.absorb": _l("Merged a duplicate into it"),
    "endorsement.ask_for_changes": _l("Asked for changes"),
    "endorsement.certify": _l("Marked an organisation as checked"),
    "endorsement.check_site": _l("Checked an organisation’s website"),
    "endorsement.decline": _l("Declined an organisation"),
    "endorsement.merge": _l("Merged a duplicate"),
    "endorsement.note": _l("Wrote a note about an organisation"),
    "endorsement.take_back": _l("Took a publication back"),
    "endorsement.publish": _l("Published an organisation"),
    "endorsement.reinstate": _l("Put an organisation back"),
    "endorsement.remove": _l("Removed an organisation"),
    "endorsement.reopen": _l("Reopened a decision"),
    "endorsement.take": _l("Took a case over from a colleague"),
    "endorsement.uncertify": _l("Revoked the check of an organisation"),
    "invalidation.applied": _l("Signatures were taken out"),
    "invalidation.approve": _l("Approved an invalidation"),
    "invalidation.discard": _l("Discarded an invalidation"),
    "invalidation.propose": _l("Proposed an invalidation"),
    "invalidation.undo": _l("Undid an invalidation"),
    "invalidation.undone": _l("Signatures were put back"),
    "hold.applied": _l("Signatures were put on hold"),
    "hold.approve": _l("Approved that sign-ups are held"),
    "hold.discard": _l("Discarded a proposal to hold sign-ups"),
    "hold.propose": _l("Proposed to hold sign-ups"),
    "release.applied": _l("Held signatures were released"),
    "release.approve": _l("Approved a release of held signatures"),
    "release.discard": _l("Discarded a release of held signatures"),
    "release.propose": _l("Proposed to release held signatures"),
    "ledger.recount": _l("Recounted the ledger"),
    "ledger.dismiss": _l("Looked into log entries that were set aside"),
    # There are no lists of names any more (docs/adr/0054); what was done with them stays in the log.
    "campaign.list_terms": _l("Set terms for a list of names"),
    "campaign.list_terms_end": _l("Ended the terms for a list of names"),
    "list.approve": _l("Approved a list of names"),
    "list.ask": _l("Asked for a list of names"),
    "list.download": _l("Downloaded a list of names"),
    "list.encrypted": _l("A list of names was encrypted"),
    "list.expired": _l("The file of a list of names was deleted"),
    "list.refuse": _l("Refused a list of names"),
    "list.retry": _l("Made a list of names again"),
    "list.retract": _l("Cancelled a request for a list of names"),
    "mail.lift": _l("Let e-mails go to an address again"),
    "mail.retry": _l("Queued undelivered e-mails again"),
    "news.announce": _l("Announced news to the staff"),
    "news.approve": _l("Approved news"),
    "news.begin": _l("News reached its milestone or its time"),
    "news.change": _l("Changed a draft of news"),
    "news.propose": _l("Proposed news"),
    "news.remove": _l("Removed a draft of news"),
    "news.sent": _l("Queued all e-mails of news"),
    "news.stop": _l("Stopped news"),
    "news.stop_announced": _l("Stopped announced news"),
    "news.take_back": _l("Took news back into a draft"),
    "news.test": _l("Had a test of news sent"),
    "news.write": _l("Wrote a draft of news"),
    "paper.agree": _l("Counted paper signatures again: both numbers agree"),
    "paper.change": _l("Corrected a batch of paper signatures"),
    "paper.dispute": _l("Counted paper signatures again: the numbers differ"),
    "paper.download": _l("Downloaded the scan of paper signatures"),
    "paper.enter": _l("Entered a batch of paper signatures"),
    "paper.remove": _l("Removed a batch of paper signatures"),
    "paper.withdraw": _l("Took a batch of paper signatures back"),
    "reason.save": _l("Changed a reason of the list"),
    "signature.allow_name": _l("Showed a signer’s name again"),
    "signature.clear": _l("Cleared a sign-up that would be held"),
    "signature.hide_name": _l("Hid a signer’s name"),
    "signature.look_up": _l("Looked a signature up"),
    "signature.release": _l("Released a held signature"),
    "signature.resend": _l("Sent a signer’s e-mail again"),
    "signature.erase": _l("Erased a signature on request"),
    "signature.stop_news": _l("Stopped the news on request"),
    "signature.withdraw": _l("Withdrew a signature on request"),
    "staff.accept_invitation": _l("Accepted an invitation"),
    "staff.add_passkey": _l("Added a passkey"),
    "staff.change_password": _l("Changed their own password"),
    "staff.choose_alerts": _l("Chose their own alerts"),
    "staff.close": _l("Closed a staff account"),
    "staff.end_sessions": _l("Ended sessions"),
    "staff.invite": _l("Invited somebody to the staff"),
    "staff.invite_again": _l("Sent an invitation again"),
    "staff.make_recovery_codes": _l("Made new recovery codes"),
    "staff.remove_authenticator": _l("Removed the authenticator app"),
    "staff.remove_passkey": _l("Removed a passkey"),
    "staff.rename": _l("Changed their own name"),
    "staff.set_authenticator": _l("Set up the authenticator app"),
    "staff.set_roles": _l("Changed somebody’s roles"),
    "staff.sign_in": _l("Signed in"),
    "staff.use_recovery_code": _l("Used a recovery code"),
    "watch.look_up": _l("Looked for a network or an e-mail domain"),
    **{f"switch.{name}": words.act for name, words in SWITCH_LABELS.items()},
}

AREAS: dict[str, Any] = {
    "campaign": _l("Campaigns"),
    "endorsement": _l("Organisations"),
    "signature": _l("Signatures"),
    "invalidation": _l("Invalidations"),
    "hold": _l("Sign-ups put on hold"),
    "release": _l("Held signatures released"),
    "watch": _l("Watch"),
    "block": _l("Networks and e-mail domains on hold"),
    "staff": _l("Staff members"),
    "switch": _l("Switches"),
    "mail": _l("E-mail"),
    "ledger": _l("Ledger"),
    "delivery": _l("Deliveries"),
    "list": _l("Lists of names"),
    "news": _l("News"),
    "paper": _l("Paper signatures"),
    "export": _l("Exports"),
    "reason": _l("Reasons"),
    "sample_data": _l("Sample data"),
    "audit": _l("Audit log"),
}


def action_words(action: str, details: str) -> str:
    """The label of an act in the page's language; a pause and its end have the words of their buttons."""
    switch = SWITCH_LABELS.get(action.removeprefix("switch."))
    if switch and switch.resume and "after" in (said := json.loads(details)):
        return str(switch.button if said["after"] else switch.resume)
    return str(ACTIONS.get(action, action))
