"""From sources to sinks: channels, threads, batches. Knows the stages by their `base` alone."""
