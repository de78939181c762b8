"""Mails that come back, and complaints: the return path of each mail, what a report says, and where reports come from."""
