"""Staff: who they are, what they may do, how they prove who they are."""
