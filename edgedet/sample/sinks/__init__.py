"""Where kept frames go: one file a service, all behind one protocol."""
