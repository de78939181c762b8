"""What waits for staff: gathered from the packages below, and whom each of it waits for."""
