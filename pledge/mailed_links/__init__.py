"""What is the same for every mailed link, whether it was mailed for a signature or for an endorsement."""
