"""Chaos: people sign, confirm and withdraw while parts of the site die; afterwards everything that was acknowledged must be there.

`make chaos SEED=7 T=60 ON=postgresql` runs it; rehearsals/chaos runs three seeds shortly. The seed fixes who
does what and which fault comes when; how the two meet is the machine's.
"""
