"""Messages that must not be lost: kept on disk until the broker has acknowledged them."""
