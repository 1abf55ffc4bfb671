"""What leaves the device: payloads and topics, the MQTT sink, JSON lines, the try-out broker."""
