"""Labels of the acts in the audit log. An act without a label is shown as it is recorded; a test finds it."""

from typing import Any

from flask_babel import lazy_gettext as _l

from pledge.web.staff.system.switch_words import SWITCH_WORDS

ACTIONS: dict[str, Any] = {
    "export.command": _l("Exported rows on the command line"),
    "export.download": _l("Downloaded an export"),
    "export.request": _l("Asked for an export"),
    "export.totals": _l("Exported the totals"),
    "audit.export": _l("Downloaded the audit log"),
    "sample_data.fill": _l("Filled the demo campaign with sample data"),
    "campaign.create": _l("Created a campaign"),
    "campaign.event.add": _l("Added an event"),
    "campaign.event.change": _l("Changed an event"),
    "campaign.event.remove": _l("Removed an event"),
    "campaign.forget": _l("Deleted the signers’ data of a campaign that is over"),
    "campaign.letter": _l("Changed the campaign letter"),
    "campaign.letter_text": _l("Changed the letter to read"),
    "campaign.list_terms": _l("Set terms for a list of names"),
    "campaign.list_terms_end": _l("Ended the terms for a list of names"),
    "campaign.partner.add": _l("Added a partner"),
    "campaign.partner.change": _l("Changed a partner"),
    "campaign.partner.move": _l("Changed the order of the partners"),
    "campaign.partner.remove": _l("Removed a partner"),
    "campaign.photo": _l("Changed the photograph"),
    "campaign.pledge": _l("Changed the pledge text"),
    "campaign.schedule": _l("Changed goal or dates"),
    "campaign.sister.add": _l("Added a sister campaign"),
    "campaign.sister.change": _l("Changed a sister campaign"),
    "campaign.sister.remove": _l("Removed a sister campaign"),
    "campaign.state": _l("Opened, closed or archived a campaign"),
    "campaign.texts": _l("Changed texts of a campaign"),
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
    "ledger.recount": _l("Recounted the ledger"),
    "ledger.dismiss": _l("Looked into log entries that were set aside"),
    "list.approve": _l("Approved a list of names"),
    "list.ask": _l("Asked for a list of names"),
    "list.download": _l("Downloaded a list of names"),
    "list.encrypted": _l("A list of names was encrypted"),
    "list.expired": _l("The file of a list of names was deleted"),
    "list.refuse": _l("Refused a list of names"),
    "list.retry": _l("Made a list of names again"),
    "list.retract": _l("Cancelled a request for a list of names"),
    "mail.retry": _l("Queued undelivered e-mails again"),
    "news.approve": _l("Approved news"),
    "news.begin": _l("News reached its milestone"),
    "news.change": _l("Changed a draft of news"),
    "news.propose": _l("Proposed news"),
    "news.remove": _l("Removed a draft of news"),
    "news.sent": _l("Queued all e-mails of news"),
    "news.stop": _l("Stopped news"),
    "news.take_back": _l("Took news back into a draft"),
    "news.test": _l("Had a test of news sent"),
    "news.write": _l("Wrote a draft of news"),
    "reason.save": _l("Changed a reason of the list"),
    "signature.allow_name": _l("Showed a signer’s name again"),
    "signature.hide_name": _l("Hid a signer’s name"),
    "signature.look_up": _l("Looked a signature up"),
    "signature.resend": _l("Sent a signer’s e-mail again"),
    "signature.erase": _l("Erased a signature on request"),
    "signature.stop_news": _l("Stopped the news on request"),
    "signature.withdraw": _l("Withdrew a signature on request"),
    "staff.accept_invitation": _l("Accepted an invitation"),
    "staff.add_passkey": _l("Added a passkey"),
    "staff.change_password": _l("Changed their own password"),
    "staff.close": _l("Closed a staff account"),
    "staff.end_sessions": _l("Ended sessions"),
    "staff.invite": _l("Invited somebody to the staff"),
    "staff.invite_again": _l("Sent an invitation again"),
    "staff.make_recovery_codes": _l("Made new recovery codes"),
    "staff.remove_authenticator": _l("Removed the authenticator app"),
    "staff.remove_passkey": _l("Removed a passkey"),
    "staff.set_authenticator": _l("Set up the authenticator app"),
    "staff.set_roles": _l("Changed somebody’s roles"),
    "staff.sign_in": _l("Signed in"),
    "staff.use_recovery_code": _l("Used a recovery code"),
    **{f"switch.{name}": words.act for name, words in SWITCH_WORDS.items()},
}

ROOMS: dict[str, Any] = {
    "campaign": _l("Campaigns"),
    "endorsement": _l("Organisations"),
    "signature": _l("Signatures"),
    "invalidation": _l("Invalidations"),
    "staff": _l("Staff members"),
    "switch": _l("Switches"),
    "mail": _l("E-mail"),
    "ledger": _l("Ledger"),
    "delivery": _l("Deliveries"),
    "list": _l("Lists of names"),
    "news": _l("News"),
    "export": _l("Exports"),
    "reason": _l("Reasons"),
    "audit": _l("Audit log"),
}


def action_words(action: str) -> str:
    """The label of an act in the page's language."""
    return str(ACTIONS.get(action, action))


def choices() -> list[tuple[str, str, list[tuple[str, str]]]]:
    """For a select field: each area with its code and label, and its acts."""
    acts = {
        room: [(code, str(words)) for code, words in ACTIONS.items() if code.startswith(f"{room}.")]
        for room in ROOMS
    }
    return [(room, str(words), acts[room]) for room, words in ROOMS.items()]
