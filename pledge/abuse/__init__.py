"""What is done against abuse: signals and what follows from them, proof of work, the list of networks and domains that staff hold or allow, alerts to staff."""
