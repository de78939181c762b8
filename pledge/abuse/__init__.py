"""What is done against abuse: signals and what follows from them, proof of work, blocks of networks and domains, alerts to staff."""
