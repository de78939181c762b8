"""Signing by people, and what is special to signatures on the pages of mailed links."""
