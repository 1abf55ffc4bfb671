"""Home Assistant: one message that describes the device and its sources as entities."""
