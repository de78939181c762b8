"""The HTTP side: public site, staff area, API, operations, and what is common to all requests."""
