"""The letter of a campaign as a PDF, one for each language."""
