"""Whether edgedet works, told to systemd, Prometheus, probes and people."""
