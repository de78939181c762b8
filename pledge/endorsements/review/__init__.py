"""What staff do with an endorsement."""
