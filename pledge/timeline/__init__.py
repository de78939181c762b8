"""The story of a campaign by its days: opening, steps, news, handing over, answers, closing."""
