"""edgedet: cameras in through GStreamer, YOLOv7-tiny detections out over MQTT.

This package runs on the device and installs without torch. Importing it does nothing.
"""

__version__ = "0.1.0"
