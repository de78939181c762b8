"""The tables of a delivery, as CSV and XLSX."""
