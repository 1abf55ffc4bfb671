"""From a float graph to INT8 that keeps its accuracy; start at `train.quantize.writer`."""
