"""Campaigns: their texts, pledge texts with versions, partners."""
