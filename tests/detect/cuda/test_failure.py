import pytest

from edgedet.detect.cuda.failure import cuda_error, no_device_error


@pytest.mark.parametrize("reason", ["CUDA_ERROR_OUT_OF_MEMORY", "cuMemAlloc failed: out of memory"])
def test_out_of_memory_says_what_to_lower(reason: str) -> None:
    error = cuda_error("allocating 12.0 MiB", reason)

    assert "no memory left for allocating 12.0 MiB" in str(error)
    assert "batch.max_size" in str(error)


@pytest.mark.parametrize(
    "reason",
    [
        "CUDA_ERROR_ILLEGAL_ADDRESS",
        "cuEventSynchronize failed: an illegal memory access was encountered",
        "CUDA_ERROR_LAUNCH_FAILED",
        "cuStreamSynchronize failed: unspecified launch failure",
        "CUDA_ERROR_ECC_UNCORRECTABLE",
        "CUDA_ERROR_MISALIGNED_ADDRESS",
        "CUDA_ERROR_CONTEXT_IS_DESTROYED",
    ],
)
def test_a_lost_context_says_to_start_anew(reason: str) -> None:
    told = str(cuda_error("waiting for the GPU", reason))

    assert reason in told
    assert "restart edgedet" in told


def test_other_errors_keep_the_driver_s_word() -> None:
    told = str(cuda_error("copying to the GPU", "CUDA_ERROR_INVALID_VALUE"))

    assert told == "CUDA failed while copying to the GPU: CUDA_ERROR_INVALID_VALUE"


def test_no_device_says_what_to_do() -> None:
    assert "driver is loaded" in str(no_device_error("pycuda", "no device"))
