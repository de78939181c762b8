"""Lists of the names of those who agreed to it, encrypted for a recipient that the law lets ask."""
