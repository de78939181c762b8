"""Bulk invalidation by staff: counted first, decided by a second person, applied in batches."""
