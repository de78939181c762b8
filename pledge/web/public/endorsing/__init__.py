"""Endorsing by organisations, and what is special to endorsements on the pages of mailed links."""
