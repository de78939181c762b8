"""Pictures that other sites show beside a link to a campaign, drawn from words and a number."""
