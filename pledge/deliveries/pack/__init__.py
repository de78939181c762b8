"""The pack that is handed over."""
