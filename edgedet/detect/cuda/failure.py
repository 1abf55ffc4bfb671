"""What CUDA's errors mean for whoever runs edgedet: one line, with what to do."""

from edgedet.errors import ModelError

# Parts of the driver's names (CUresult) and of its texts, which some bindings give instead.
# After one of these the context answers every call with the same error, until the process ends.
# Source: CUDA Driver API, CUresult: "The context cannot be used, so it must be destroyed".
_LOST = (
    "illegal address",
    "illegal memory access",
    "illegal instruction",
    "launch failed",
    "launch failure",
    "launch timeout",
    "launch timed out",
    "misaligned address",
    "invalid address space",
    "invalid pc",
    "invalid program counter",
    "hardware stack error",
    "device side assert",
    "error assert",
    "ecc uncorrectable",
    "uncorrectable ecc",
    "context is destroyed",
    "external device",
    "device lost",
)
_NO_MEMORY = ("out of memory", "outofmemory", "insufficient memory")
_MIB = 1 << 20


def cuda_error(doing: str, reason: str, library: str = "CUDA") -> ModelError:
    """The error for a call that failed while `doing`, for the driver's name or text of it.

    `library` is who says so: TensorRT hands the driver's texts on among its own.

    >>> print(cuda_error("copying pictures", "CUDA_ERROR_UNKNOWN"))
    CUDA failed while copying pictures: CUDA_ERROR_UNKNOWN
    """
    told = reason.strip() or "no reason given"
    plain = told.lower().replace("_", " ").replace("-", " ")
    if any(part in plain for part in _NO_MEMORY):
        return ModelError(
            f"the GPU has no memory left for {doing} ({library}: {told}); stop what else uses it, "
            "or build the engine anew with a smaller `edgedet build-engine --max-batch`"
        )
    if any(part in plain for part in _LOST):
        return ModelError(
            f"{library} failed while {doing}: {told}; this process cannot use the GPU any more: "
            "restart edgedet, and see the kernel's log if it happens again"
        )
    return ModelError(f"{library} failed while {doing}: {told}")


def no_device_error(binding: str, reason: object) -> ModelError:
    """The error for a machine whose GPU cannot be opened."""
    told = str(reason).strip() or "no reason given"
    return ModelError(
        f"no NVIDIA GPU can be used here ({binding}: {told}); see that its "
        "driver is loaded (in a container: `docker run --runtime nvidia`), or choose another "
        "backend: onnxruntime runs everywhere"
    )


def size_text(size_bytes: int) -> str:
    """As in `12.3 MiB`, for what was being allocated."""
    return f"{size_bytes / _MIB:.1f} MiB"
