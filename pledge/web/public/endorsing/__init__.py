"""An organisation endorses; what is an endorsement's own on the pages of its mailed links."""
