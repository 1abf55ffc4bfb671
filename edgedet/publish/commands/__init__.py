"""Commands over MQTT: read and checked, carried out once, and answered."""
