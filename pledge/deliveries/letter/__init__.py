"""The letter of a delivery, as PDF."""
