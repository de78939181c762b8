"""Lists of the names of consenting signers, encrypted for a recipient that a law entitles to ask."""
