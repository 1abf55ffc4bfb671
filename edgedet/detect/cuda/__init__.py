"""A small part of CUDA behind one protocol; each binding that provides it has one file."""

from edgedet.detect.cuda.base import Cuda, DeviceInfo, Event, Graph, Memory, Stream
from edgedet.detect.cuda.choice import open_cuda

__all__ = ["Cuda", "DeviceInfo", "Event", "Graph", "Memory", "Stream", "open_cuda"]
