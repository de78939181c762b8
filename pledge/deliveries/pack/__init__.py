"""The pack that is handed over: making it and checking it."""
